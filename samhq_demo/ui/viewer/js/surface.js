// The panes together: their size, which of them are seen, when they are painted.

import { Backdrop } from "./backdrop.js";
import { Divider } from "./divider.js";
import { cssSize, partOf, partsOf } from "./dom.js";
import { Emitter } from "./emitter.js";
import { Pane } from "./pane.js";
import { View } from "./view.js";

/**
 * @import { Seen } from "./found-masks.js"
 * @import { ObjectRecord } from "./session.js"
 * @import { Mark } from "./marks.js"
 * @import { Look } from "./mode.js"
 * @import { PictureBitmap } from "./picture.js"
 * @import { Box, Branch, Picture, Point, Rle } from "./wire.js"
 *
 * @typedef {object} SceneMask
 * @property {number} id the object's.
 * @property {string} color
 * @property {Record<Branch, Rle | null>} rles
 *
 * @typedef {object} Scene All that is painted.
 * @property {PictureBitmap | null} bitmap
 * @property {SceneMask[]} masks
 * @property {ObjectRecord} selected
 * @property {readonly ObjectRecord[]} others
 * @property {number} opacity
 * @property {boolean} outlineOnly
 * @property {Look} look
 * @property {boolean} isMoving
 * @property {Mark | null} active the mark whose x is shown.
 * @property {Pane | null} hoveredPane
 * @property {Point | null} ghost the pointer's place, shown in the other pane.
 * @property {Record<Branch, readonly Seen[]> | null} seen of all that was found in the picture.
 * @property {Record<Branch, Rle | null> | null} hoverMasks what a click at the pointer's place would give.
 * @property {string} hoverColor
 * @property {Point | null} cursor
 * @property {Box | null} draftBox
 *
 * @typedef {Scene & { ground: string }} PaintScene With the color around the picture.
 *
 * @typedef {object} SurfaceEvents
 * @property {(how: "panned" | "zoomed") => void} moved another part of the picture is seen.
 */

const SETTLE_MS = 90; // after the last wheel step or the last change of size
const QUICK_RASTER_MS = 9; // masks are made anew in every frame of a gesture where that takes no longer

/** @extends {Emitter<SurfaceEvents>} */
export class Surface extends Emitter {
  /**
   * @param {HTMLElement} root
   * @param {() => Scene} scene
   */
  constructor(root, scene) {
    super();
    this.stage = partOf(root, ".stage", HTMLElement);
    this.scene = scene; // () -> what to paint now
    this.view = new View();
    this.backdrop = new Backdrop();
    const elements = partsOf(root, ".pane", HTMLElement);
    this.panes = elements.map((element) => new Pane(element, this.view, this.backdrop));
    /** @type {Pane[]} */
    this.shown = []; // the panes in sight
    this.ground = ""; // the color around the picture
    /** @type {PictureBitmap | null} */
    this.bitmap = null;
    this.isMoving = false;
    this.isPaintDue = false;
    this.areMarksDue = false;
    /** @type {number | null} */
    this.frameRequest = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.settleTimer = undefined;
    this.paintMilliseconds = 0;
    this.divider = new Divider(partOf(root, ".divider", HTMLElement), this.stage);
    this.#watchSizes();
  }

  /**
   * The pane under a pointer. In the slider view the two lie on each other and have one geometry.
   *
   * @param {number} clientX
   * @param {number} clientY
   */
  paneAt(clientX, clientY) {
    return this.shown.find(({ element }) => {
      const box = element.getBoundingClientRect();
      return clientX >= box.left && clientX < box.right && clientY >= box.top && clientY < box.bottom;
    });
  }

  /**
   * @param {Picture} picture
   * @param {PictureBitmap} bitmap
   */
  setPicture(picture, bitmap) {
    this.bitmap?.close();
    this.bitmap = bitmap;
    for (const pane of this.panes) pane.layers.clear();
    const ratio = picture.width / picture.height;
    this.stage.style.setProperty("--ratio", String(ratio));
    this.stage.dataset.shape = ratio > 1.9 ? "wide" : ratio < 0.8 ? "tall" : "plain";
    this.view.setPicture(picture);
    this.measure();
  }

  /**
   * Where a picture position is on the page, in client pixels.
   *
   * @param {number} x
   * @param {number} y
   * @param {string} name of the pane: its canvas's data-model.
   * @returns {[x: number, y: number]}
   */
  clientOf(x, y, name) {
    const pane = this.panes.find(({ canvas }) => canvas.dataset.model === name);
    if (!pane) throw new Error(`There is no pane ${name}.`);
    const box = pane.element.getBoundingClientRect();
    const [paneX, paneY] = this.view.toPane(x, y);
    return [
      box.left + (paneX / this.view.pane.width) * box.width,
      box.top + (paneY / this.view.pane.height) * box.height,
    ];
  }

  /** Bring the picture into sight where it is not. */
  scrollIntoView() {
    const { top, bottom } = this.stage.getBoundingClientRect();
    if (top < 0 || bottom > window.innerHeight) this.stage.scrollIntoView({ block: "nearest" });
  }

  /** Let the keyboard move the cursor. */
  focus() {
    this.stage.focus({ preventScroll: true });
  }

  removePicture() {
    this.bitmap?.close();
    this.bitmap = null;
  }

  #watchSizes() {
    const observer = new ResizeObserver(() => this.measure());
    for (const { element } of this.panes) observer.observe(element);
    for (const { canvas } of [this.backdrop, ...this.panes]) {
      canvas.addEventListener("contextrestored", () => this.#paintAnew());
    }
    this.#watchDensity();
  }

  /** The browser may take a canvas's pixels while the page is out of sight. */
  #paintAnew() {
    this.backdrop.key = [];
    for (const pane of this.panes) pane.layers.clear();
    this.measure();
  }

  /** Another screen or another page zoom can leave all sizes in CSS pixels as they are. */
  #watchDensity() {
    const query = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    const changed = () => {
      if (!this.stage.isConnected) return;
      this.measure();
      this.#watchDensity();
    };
    query.addEventListener("change", changed, { once: true });
  }

  measure() {
    this.shown = this.panes.filter((pane) => pane.isInSight());
    if (!this.shown.length) return;
    const { width, height } = cssSize(this.shown[0].element);
    const { scale } = this.view;
    this.view.setPane(width, height);
    for (const pane of this.shown) pane.resize(width, height, window.devicePixelRatio || 1);
    this.#repaint();
    this.paintMarks();
    if (this.view.scale !== scale) this.emit("moved", "zoomed");
  }

  // ---- painting --------------------------------------------------------------------------------------

  /** The theme may have changed too. Where nothing but an answer is new, `paint` alone does not ask the page. */
  #repaint() {
    this.ground = getComputedStyle(this.stage).backgroundColor;
    this.paint();
  }

  paint() {
    const scene = { ...this.scene(), ground: this.ground };
    const started = performance.now();
    for (const pane of this.shown) pane.paint(scene);
    this.paintMilliseconds = performance.now() - started;
    this.isPaintDue = false;
  }

  paintMarks() {
    const scene = this.scene();
    for (const pane of this.shown) pane.paintMarks(scene);
    this.areMarksDue = false;
  }

  /**
   * In the next frame, however often it is asked for before that.
   *
   * @param {{ masks?: boolean }} [what]
   */
  schedule({ masks = true } = {}) {
    this.isPaintDue ||= masks;
    this.areMarksDue = true;
    if (this.frameRequest) return;
    this.frameRequest = requestAnimationFrame(() => {
      this.frameRequest = null;
      if (this.isPaintDue) this.#repaint();
      if (this.areMarksDue) this.paintMarks();
    });
  }

  // ---- moving ----------------------------------------------------------------------------------------

  /**
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.view.panBy(dx, dy);
    this.#moved();
    this.emit("moved", "panned");
  }

  /**
   * @param {number} paneX
   * @param {number} paneY
   * @param {number} factor
   */
  zoom(paneX, paneY, factor) {
    this.view.zoomAt(paneX, paneY, factor);
    this.#moved();
    this.emit("moved", "zoomed");
  }

  /** @param {number} factor */
  zoomAtCenter(factor) {
    this.zoom(this.view.pane.width / 2, this.view.pane.height / 2, factor);
    this.settleSoon();
  }

  fit() {
    this.view.fit();
    this.settle();
    this.schedule();
    this.emit("moved", "zoomed");
  }

  #moved() {
    // Where masks take long, a gesture moves what was painted last and paints anew when it ends.
    this.isMoving = this.isMoving || this.paintMilliseconds > QUICK_RASTER_MS;
    this.schedule();
  }

  settle() {
    clearTimeout(this.settleTimer);
    if (this.isMoving) this.schedule();
    this.isMoving = false;
  }

  settleSoon() {
    clearTimeout(this.settleTimer);
    this.settleTimer = setTimeout(() => this.settle(), SETTLE_MS);
  }
}
