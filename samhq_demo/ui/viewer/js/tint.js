// Turns mask coverage (how much of each pixel) into colors.

import { contextOf } from "./dom.js";
import { rim } from "./raster.js";
import { BRANCH_COLORS } from "./shared.js";

/**
 * @import { Area, Size } from "./raster.js"
 *
 * @typedef {[red: number, green: number, blue: number]} Rgb
 *
 * @typedef {object} Style
 * @property {number} opacity
 * @property {boolean} outlineOnly
 * @property {number} thickness of the rim, in pixels of the raster.
 */

const RIM_ALPHA = 242;

/**
 * @param {string} hex
 * @returns {Rgb}
 */
function hexToRgb(hex) {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

let pixelScratch = new Uint8ClampedArray(0); // kept between calls, as above

/**
 * An image of the area's size, to be used before the next one is made. `shade` fills all its pixels, see `word`.
 *
 * @param {Size} size
 * @param {(pixels: Int32Array) => void} shade
 */
function imageOf({ width, height }, shade) {
  const length = width * height * 4;
  if (pixelScratch.length < length) pixelScratch = new Uint8ClampedArray(length);
  shade(new Int32Array(pixelScratch.buffer, 0, width * height));
  return new ImageData(pixelScratch.subarray(0, length), width, height);
}

/**
 * A canvas with the image in its upper left corner; `last` where it is of use: to make one takes longer than to
 * fill it.
 *
 * @param {ImageData} image
 * @param {HTMLCanvasElement | null} [last]
 */
export function canvasOf(image, last) {
  const { width, height } = image;
  const fits = last && last.width >= width && last.height >= height && last.width * last.height <= 4 * width * height;
  const canvas = fits ? last : Object.assign(document.createElement("canvas"), { width, height });
  contextOf(canvas).putImageData(image, 0, 0);
  return canvas;
}

/**
 * Red, green, blue and alpha, 0 to 255, as the little-endian word that ImageData holds.
 *
 * @param {Rgb} rgb
 * @param {number} alpha
 */
function word([red, green, blue], alpha) {
  return (Math.round(Math.min(255, alpha)) << 24) | (blue << 16) | (green << 8) | red;
}

/**
 * The words of a color for each alpha from 0 to 255 times `share`.
 *
 * @param {Rgb} color
 * @param {number} share
 */
function words(color, share) {
  return Int32Array.from({ length: 256 }, (_, alpha) => word(color, alpha * share));
}

/**
 * The image of one mask in one color: its inside at `opacity`, its rim nearly solid.
 *
 * @param {Uint8Array<ArrayBuffer>} alpha
 * @param {Area} area
 * @param {Style & { color: string }} style
 */
export function tinted(alpha, area, { color, opacity, outlineOnly, thickness }) {
  const rgb = hexToRgb(color);
  const edge = rim(alpha, area.width, area.height, thickness);
  const inside = words(rgb, outlineOnly ? 0 : opacity);
  const outline = word(rgb, RIM_ALPHA);
  return imageOf(area, (pixels) => {
    // Apart, these loops take a third of the time of one that chooses.
    for (let at = 0; at < pixels.length; at++) pixels[at] = inside[alpha[at]];
    for (let at = 0; at < pixels.length; at++) if (edge[at]) pixels[at] = outline;
  });
}

// Okabe and Ito's orange and blue, which all common kinds of color vision tell apart; gray where both agree.

/**
 * The image of where two masks differ: only SAM, only SAM-HQ, both, each in its color.
 *
 * @param {Uint8Array<ArrayBuffer>} sam
 * @param {Uint8Array<ArrayBuffer>} samHq
 * @param {Area} area
 * @param {Style} style
 */
export function differenceTinted(sam, samHq, area, { opacity, outlineOnly, thickness }) {
  const { sam: samColor, sam_hq: samHqColor, both: bothColor } = BRANCH_COLORS;
  const [samRgb, samHqRgb, bothRgb] = [hexToRgb(samColor), hexToRgb(samHqColor), hexToRgb(bothColor)];
  const alone = Math.min(1, opacity + 0.4);
  const together = opacity * 0.7;
  const samRim = outlineOnly ? rim(sam, area.width, area.height, thickness) : null;
  const samHqRim = outlineOnly ? rim(samHq, area.width, area.height, thickness) : null;
  const same = words(bothRgb, samRim ? RIM_ALPHA / 255 : together);
  /** @type {(a: number, b: number) => number} */
  const shadeOf = (a, b) => {
    // Each pixel takes the color of its largest share; its alpha is the sum of the shares.
    const both = Math.min(a, b);
    const rgb = both >= Math.abs(a - b) ? bothRgb : a > b ? samRgb : samHqRgb;
    return word(rgb, samRim ? RIM_ALPHA : both * together + Math.abs(a - b) * alone);
  };
  return imageOf(area, (pixels) => {
    for (let at = 0; at < pixels.length; at++) {
      const a = samRim ? samRim[at] : sam[at];
      const b = samHqRim ? samHqRim[at] : samHq[at];
      pixels[at] = a === b ? same[a] : shadeOf(a, b);
    }
  });
}
