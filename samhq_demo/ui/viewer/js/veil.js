// What lies over all of the picture but the masks: darkness, or the checkerboard of what is cut out.

import { contextOf } from "./dom.js";

/**
 * @import { Look } from "./mode.js"
 * @import { Size } from "./raster.js"
 *
 * @typedef {{ left: number, top: number } & Size} Place In pixels of the pane's canvas.
 */

const DARKNESS = "rgba(8, 10, 14, 0.74)";
const SQUARE = 10; // CSS pixels, of the checkerboard
const SQUARES = ["#ffffff", "#cfd3d8"];

export class Veil {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.context = contextOf(this.canvas);
  }

  /**
   * @param {CanvasRenderingContext2D} target
   * @param {object} how
   * @param {Look} how.look
   * @param {Place} how.picture where it lies.
   * @param {number} how.density
   * @param {(context: CanvasRenderingContext2D) => void} how.holes draws the masks, which stay free.
   */
  draw(target, { look, picture, density, holes }) {
    const { canvas, context } = this;
    const { width, height } = target.canvas;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.globalCompositeOperation = "source-over";
    context.clearRect(0, 0, width, height);
    context.fillStyle = look === "cutout" ? checkerboard(context, SQUARE * density) : DARKNESS;
    context.fillRect(picture.left, picture.top, picture.width, picture.height);
    context.globalCompositeOperation = "destination-out";
    holes(context);
    target.drawImage(canvas, 0, 0);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} square in canvas pixels
 */
function checkerboard(context, square) {
  const side = Math.max(1, Math.round(square));
  const tile = Object.assign(document.createElement("canvas"), { width: 2 * side, height: 2 * side });
  const drawing = contextOf(tile);
  [drawing.fillStyle] = SQUARES;
  drawing.fillRect(0, 0, 2 * side, 2 * side);
  [, drawing.fillStyle] = SQUARES;
  drawing.fillRect(0, 0, side, side);
  drawing.fillRect(side, side, side, side);
  return context.createPattern(tile, "repeat") ?? SQUARES[0];
}
