// The picture under the masks.

import { reachable } from "./address.js";

/**
 * @import { Size } from "./raster.js"
 * @import { Picture } from "./wire.js"
 */

const OVERVIEW = 2048; // a large picture is drawn from a copy of this size unless zoomed in
const CRISP_FROM = 6; // device pixels for a picture pixel from which pixels are shown as squares

/** The picture as it is drawn: decoded once; large ones with a smaller copy for the whole view. */
export class PictureBitmap {
  /**
   * @param {ImageBitmap} full
   * @param {ImageBitmap} overview
   * @param {Size} size the picture's own: the file shown may be a smaller copy.
   */
  constructor(full, overview, { width, height }) {
    this.full = full;
    this.overview = overview;
    this.width = width;
    this.height = height;
  }

  /** @param {Picture} picture */
  static async load({ file, width, height }) {
    const image = new Image();
    image.decoding = "async";
    image.src = reachable(file.url, location);
    await image.decode();
    const full = await createImageBitmap(image);
    const shrink = OVERVIEW / Math.max(image.naturalWidth, image.naturalHeight);
    if (shrink >= 0.75) return new PictureBitmap(full, full, { width, height });
    const resizeWidth = Math.round(image.naturalWidth * shrink);
    const resizeHeight = Math.round(image.naturalHeight * shrink);
    const overview = await createImageBitmap(image, { resizeWidth, resizeHeight, resizeQuality: "high" });
    return new PictureBitmap(full, overview, { width, height });
  }

  close() {
    this.full.close();
    this.overview.close();
  }

  /**
   * Draw the part of the picture seen from (x, y) on at `scale` device pixels a picture pixel.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {number} x
   * @param {number} y
   * @param {number} scale
   */
  draw(context, x, y, scale) {
    const { width, height } = this;
    const source = scale * width > this.overview.width * 1.25 ? this.full : this.overview;
    const left = Math.max(0, Math.floor(x));
    const top = Math.max(0, Math.floor(y));
    const right = Math.min(width, Math.ceil(x + context.canvas.width / scale));
    const bottom = Math.min(height, Math.ceil(y + context.canvas.height / scale));
    if (right <= left || bottom <= top) return;
    const across = source.width / width;
    const down = source.height / height;
    context.imageSmoothingEnabled = scale < CRISP_FROM;
    context.imageSmoothingQuality = scale < 1 ? "medium" : "low";
    context.drawImage(
      source, left * across, top * down, (right - left) * across, (bottom - top) * down,
      (left - x) * scale, (top - y) * scale, (right - left) * scale, (bottom - top) * scale,
    );
  }
}
