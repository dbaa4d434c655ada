// Many masks in one raster, each in its color: a layer of its own for each would take the memory of a phone.

import { contextOf } from "./dom.js";
import { coverage, inFours, touched } from "./raster.js";
import { Mask } from "./rle.js";
import { canvasOf, tinted } from "./tint.js";

/**
 * @import { Seen } from "./found-masks.js"
 * @import { Frame, Size } from "./raster.js"
 * @import { Style } from "./tint.js"
 */

/**
 * Paint masks over each other, the first at the bottom.
 *
 * @param {readonly Seen[]} seen
 * @param {Frame} frame
 * @param {Size} picture
 * @param {Style} style
 * @param {HTMLCanvasElement | null} last is used again where it is of the right size.
 */
export function mosaicOf(seen, frame, picture, style, last) {
  const area = { left: 0, top: 0, width: inFours(frame.width), height: frame.height };
  const fits = last && last.width === area.width && last.height === area.height;
  const { width, height } = area;
  const canvas = fits ? last : Object.assign(document.createElement("canvas"), { width, height });
  const context = contextOf(canvas);
  context.clearRect(0, 0, width, height);
  /** @type {HTMLCanvasElement | null} */
  let piece = null;
  for (const { mask: { rle }, color } of seen) {
    const mask = Mask.of(rle);
    const part = touched(mask, frame, picture);
    if (!part) continue;
    piece = canvasOf(tinted(coverage(mask, frame, picture, part), part, { ...style, color }), piece);
    const { left, top } = part;
    context.drawImage(piece, 0, 0, part.width, part.height, left, top, part.width, part.height);
  }
  return { canvas, area };
}
