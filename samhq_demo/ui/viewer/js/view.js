// Which part of the picture is seen: one view for all panes, so that they zoom and pan in step.
// Three spaces: picture pixels; pane pixels (CSS pixels from the pane's corner); device pixels.

const MAX_SCALE = 48; // pane pixels for one picture pixel
const KEPT_IN_SIGHT = 48; // pane pixels of the picture that panning never pushes out

/** @import { Size } from "./raster.js" */

export class View {
  constructor() {
    /** @type {Size} */
    this.picture = { width: 1, height: 1 };
    /** @type {Size} */
    this.pane = { width: 1, height: 1 };
    this.scale = 1; // pane pixels for one picture pixel
    this.x = 0; // the picture position at the pane's upper left corner
    this.y = 0;
    this.fit();
  }

  get fitScale() {
    return Math.min(this.pane.width / this.picture.width, this.pane.height / this.picture.height);
  }

  get isFit() {
    return this.scale <= this.fitScale * 1.0001;
  }

  fit() {
    this.scale = this.fitScale;
    this.#settle();
  }

  /** @param {Size} picture */
  setPicture(picture) {
    this.picture = picture;
    this.fit();
  }

  /**
   * A new size of the panes keeps the zoom and the center; a fitted picture stays fitted.
   *
   * @param {number} width
   * @param {number} height
   */
  setPane(width, height) {
    if (width === this.pane.width && height === this.pane.height) return;
    const wasFit = this.isFit;
    const center = this.toPicture(this.pane.width / 2, this.pane.height / 2);
    this.pane = { width, height };
    if (wasFit) {
      this.fit();
      return;
    }
    this.x = center[0] - width / 2 / this.scale;
    this.y = center[1] - height / 2 / this.scale;
    this.#settle();
  }

  /**
   * @param {number} paneX
   * @param {number} paneY
   * @returns {[x: number, y: number]}
   */
  toPicture(paneX, paneY) {
    return [this.x + paneX / this.scale, this.y + paneY / this.scale];
  }

  /**
   * @param {number} x
   * @param {number} y
   * @returns {[x: number, y: number]}
   */
  toPane(x, y) {
    return [(x - this.x) * this.scale, (y - this.y) * this.scale];
  }

  /**
   * @param {number} paneX
   * @param {number} paneY
   * @param {number} factor
   */
  zoomAt(paneX, paneY, factor) {
    const [x, y] = this.toPicture(paneX, paneY);
    const largest = Math.max(MAX_SCALE, this.fitScale);
    this.scale = Math.min(largest, Math.max(this.fitScale, this.scale * factor));
    this.x = x - paneX / this.scale;
    this.y = y - paneY / this.scale;
    this.#settle();
  }

  /**
   * @param {number} paneX
   * @param {number} paneY
   */
  panBy(paneX, paneY) {
    this.x -= paneX / this.scale;
    this.y -= paneY / this.scale;
    this.#settle();
  }

  /**
   * Pan just so far that a picture position is in sight: for the keyboard's cursor.
   *
   * @param {number} x
   * @param {number} y
   */
  reveal(x, y) {
    const [paneX, paneY] = this.toPane(x, y);
    const margin = Math.min(KEPT_IN_SIGHT, this.pane.width / 4, this.pane.height / 4);
    /** @type {(at: number, size: number) => number} */
    const beyond = (at, size) => Math.min(0, at - margin) + Math.max(0, at - size + margin);
    this.panBy(-beyond(paneX, this.pane.width), -beyond(paneY, this.pane.height));
  }

  #settle() {
    this.x = this.#within(this.x, this.picture.width, this.pane.width);
    this.y = this.#within(this.y, this.picture.height, this.pane.height);
  }

  /**
   * @param {number} start
   * @param {number} length
   * @param {number} room
   */
  #within(start, length, room) {
    const seen = room / this.scale;
    if (seen >= length) return (length - seen) / 2; // smaller than the pane: centered
    return Math.min(length - seen, Math.max(0, start));
  }
}
