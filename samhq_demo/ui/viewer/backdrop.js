// The picture under the masks, scaled once for each view.

import { areSame } from "./lists.js";

/** The picture as all panes show it now. Scaling it well takes longer than all else that an answer paints. */
export class Backdrop {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.key = [];
  }

  /** A canvas of the `size` of a pane's with the part of the picture that the view shows. */
  of({ bitmap, ground }, view, density, size) {
    const key = [bitmap, ground, view.x, view.y, view.scale, density, size.width, size.height];
    if (!areSame(key, this.key)) this.#draw({ bitmap, ground }, view, density, size);
    this.key = key;
    return this.canvas;
  }

  #draw({ bitmap, ground }, view, density, { width, height }) {
    const { canvas, context } = this;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.fillStyle = ground;
    context.fillRect(0, 0, width, height);
    bitmap?.draw(context, view.x, view.y, view.scale * density);
  }
}
