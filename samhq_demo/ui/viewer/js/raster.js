// From run lengths to pixels of the screen.

/**
 * @import { Mask } from "./rle.js"
 *
 * @typedef {{ width: number, height: number }} Size
 * @typedef {{ left: number, top: number, width: number, height: number }} Area A part of a raster, in its pixels.
 *
 * @typedef {object} FrameScale
 * @property {number} x The frame's corner, in picture pixels.
 * @property {number} y
 * @property {number} scale Raster pixels for one picture pixel.
 * @typedef {Size & FrameScale} Frame Which part of the picture a raster shows.
 */

/**
 * The raster's pixels that the mask's box can touch, or null when none is in the frame.
 *
 * @param {Mask} mask
 * @param {Frame} frame
 * @param {Size} picture
 * @returns {Area | null}
 */
export function touched(mask, frame, picture) {
  if (!mask.box) return null;
  const across = (picture.width / mask.width) * frame.scale;
  const down = (picture.height / mask.height) * frame.scale;
  const left = Math.max(0, Math.floor(mask.box.left * across - frame.x * frame.scale));
  const top = Math.max(0, Math.floor(mask.box.top * down - frame.y * frame.scale));
  const right = Math.min(frame.width, Math.ceil(mask.box.right * across - frame.x * frame.scale));
  const bottom = Math.min(frame.height, Math.ceil(mask.box.bottom * down - frame.y * frame.scale));
  return right > left && bottom > top ? { left, top, width: inFours(right - left), height: bottom - top } : null;
}

/**
 * Widths of areas are multiples of four: four pixels are looked at at once. What is too much is outside the mask.
 *
 * @param {number} width
 */
export function inFours(width) {
  return Math.ceil(width / 4) * 4;
}

let scratch = new Float32Array(0); // kept between calls: a fresh array of a million floats costs as much as the work

/** @param {number} length */
function cleared(length) {
  if (scratch.length < length) scratch = new Float32Array(length);
  else scratch.fill(0, 0, length);
  return scratch;
}

/**
 * How much of each pixel of `area` the mask covers, 0 to 255, row by row.
 * Each piece of a run adds four numbers; a running sum down the columns then fills the pixels in
 * between. So thin lines fade instead of breaking when a large picture is shown small, and the cost
 * is that of the runs and of the pixels shown, never that of the picture's own pixels.
 *
 * @param {Mask} mask
 * @param {Frame} frame
 * @param {Size} picture
 * @param {Area} area
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function coverage(mask, frame, picture, area) {
  const { width, height } = area;
  const across = (picture.width / mask.width) * frame.scale;
  const down = (picture.height / mask.height) * frame.scale;
  const originX = frame.x * frame.scale + area.left;
  const originY = frame.y * frame.scale + area.top;
  const steps = cleared(width * (height + 2));

  let columnNow = -1; // the mask's column that the next two are of
  let left = 0; // the first of the raster's columns that it lies over
  /** @type {number[]} */
  let shares = []; // how much of each of them it covers
  /** @type {(y: number, sign: number) => void} */
  const turn = (y, sign) => {
    const row = Math.min(height, Math.max(0, Math.floor(y)));
    const part = Math.min(1, Math.max(0, y - row));
    const at = row * width + left;
    for (let pixel = 0; pixel < shares.length; pixel++) {
      const weight = sign * shares[pixel];
      steps[at + pixel] += weight * (1 - part);
      steps[at + pixel + width] += weight * part;
    }
  };
  /** @type {(column: number, top: number, bottom: number) => void} */
  const addPiece = (column, top, bottom) => {
    if (column !== columnNow) {
      columnNow = column;
      const from = Math.max(0, column * across - originX);
      const to = Math.min(width, (column + 1) * across - originX);
      left = Math.floor(from);
      shares = [];
      for (let pixel = left; pixel < to; pixel++) shares.push(Math.min(to, pixel + 1) - Math.max(from, pixel));
    }
    turn(snapped(top * down - originY), 1);
    turn(snapped(bottom * down - originY), -1);
  };
  const first = Math.max(0, Math.floor(originX / across));
  const last = Math.min(mask.width, Math.ceil((originX + width) / across));
  mask.eachPiece(first, last, addPiece);
  return summedDown(steps, width, height);
}

/**
 * Whole numbers that floats missed by a hair, so that equal scales give exact pixels.
 *
 * @param {number} value
 */
function snapped(value) {
  const whole = Math.round(value);
  return Math.abs(value - whole) < 1e-3 ? whole : value;
}

/**
 * @param {Float32Array} steps
 * @param {number} width
 * @param {number} height
 */
function summedDown(steps, width, height) {
  const alpha = new Uint8Array(width * height);
  for (let x = 0; x < width; x++) alpha[x] = steps[x] * 255 + 0.5;
  for (let at = width; at < width * height; at++) {
    const covered = steps[at] + steps[at - width]; // 0 to 1, but for rounding
    steps[at] = covered;
    alpha[at] = covered * 255 + 0.5;
  }
  return alpha;
}

const MAX_RIM = 4; // pixels: what lies further away is not in the fours next to a pixel's own
const INSIDE = 0x80808080 | 0; // the bits that four pixels inside the mask have set

/**
 * A rim's thickness in whole pixels, for about so many of them.
 *
 * @param {number} pixels
 */
export function rimThickness(pixels) {
  return Math.min(MAX_RIM, Math.max(1, Math.round(pixels)));
}

/**
 * 255 on the inner rim of a mask, `thickness` pixels wide, at most MAX_RIM, else 0. Most pixels are far from it, and
 * passed by in fours.
 *
 * @param {Uint8Array<ArrayBuffer>} alpha
 * @param {number} width
 * @param {number} height
 * @param {number} thickness
 */
export function rim(alpha, width, height, thickness) {
  const edge = new Uint8Array(alpha.length);
  const fours = new Int32Array(alpha.buffer, 0, alpha.length >> 2);
  const across = width >> 2;
  const up = across * thickness;
  for (let y = 0, at = 0; y < height; y++) {
    // Rows above and below the area count as outside the mask: its box ends there.
    const hasRows = y >= thickness && y < height - thickness;
    for (let column = 0; column < across; column++, at++) {
      const four = fours[at] & INSIDE;
      if (!four) continue;
      const isDeep = hasRows && column > 0 && column < across - 1
        && (four & fours[at - 1] & fours[at + 1] & fours[at - up - 1] & fours[at - up] & fours[at - up + 1]
          & fours[at + up - 1] & fours[at + up] & fours[at + up + 1] & INSIDE) === INSIDE;
      if (!isDeep) markRim(edge, alpha, width, thickness, at * 4, column * 4, hasRows);
    }
  }
  return edge;
}

/**
 * The same for the four pixels from `first` on, which lies in column `x`.
 *
 * @param {Uint8Array} edge
 * @param {Uint8Array} alpha
 * @param {number} width
 * @param {number} thickness
 * @param {number} first
 * @param {number} x
 * @param {boolean} hasRows
 */
function markRim(edge, alpha, width, thickness, first, x, hasRows) {
  const far = thickness * width;
  for (let at = first, column = x; at < first + 4; at++, column++) {
    if (alpha[at] < 128) continue;
    const inside = hasRows && column >= thickness && column < width - thickness
      && alpha[at - thickness] > 127 && alpha[at + thickness] > 127
      && alpha[at - far] > 127 && alpha[at + far] > 127
      && alpha[at - far - thickness] > 127 && alpha[at - far + thickness] > 127
      && alpha[at + far - thickness] > 127 && alpha[at + far + thickness] > 127;
    if (!inside) edge[at] = 255;
  }
}
