// The picture under the masks, scaled once for each view.

import { contextOf } from "./dom.js";
import { areSame } from "./lists.js";

/**
 * @import { PictureBitmap } from "./picture.js"
 * @import { View } from "./view.js"
 * @import { Size } from "./raster.js"
 *
 * @typedef {{ bitmap: PictureBitmap | null, ground: string }} Shown The picture, and the color around it.
 */

/** The picture as all panes show it now. Scaling it well takes longer than all else that an answer paints. */
export class Backdrop {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.context = contextOf(this.canvas, { alpha: false });
    /** @type {unknown[]} */
    this.key = [];
  }

  /**
   * A canvas of the `size` of a pane's with the part of the picture that the view shows.
   *
   * @param {Shown} shown
   * @param {View} view
   * @param {number} density
   * @param {Size} size
   * @returns {HTMLCanvasElement}
   */
  of({ bitmap, ground }, view, density, size) {
    const key = [bitmap, ground, view.x, view.y, view.scale, density, size.width, size.height];
    if (!areSame(key, this.key)) this.#draw({ bitmap, ground }, view, density, size);
    this.key = key;
    return this.canvas;
  }

  /**
   * @param {Shown} shown
   * @param {View} view
   * @param {number} density
   * @param {Size} size
   */
  #draw({ bitmap, ground }, view, density, { width, height }) {
    const { canvas, context } = this;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.fillStyle = ground;
    context.fillRect(0, 0, width, height);
    bitmap?.draw(context, view.x, view.y, view.scale * density);
  }
}
