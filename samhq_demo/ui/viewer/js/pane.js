// One pane: a canvas with the picture and masks, and one above it with the marks. Marks follow the
// pointer, masks do not; apart, neither makes the other be painted again.

import { contextOf, partOf } from "./dom.js";
import { areSame } from "./lists.js";
import { MarkPainter } from "./mark-painter.js";
import { mosaicOf } from "./mosaic.js";
import { coverage, inFours, rimThickness, touched } from "./raster.js";
import { Mask } from "./rle.js";
import { canvasOf, differenceTinted, tinted } from "./tint.js";
import { Veil } from "./veil.js";
import { BRANCHES } from "./wire.js";

/**
 * @import { Backdrop } from "./backdrop.js"
 * @import { Area, Frame, Size } from "./raster.js"
 * @import { PaintScene, Scene } from "./surface.js"
 * @import { View } from "./view.js"
 * @import { Branch, Rle } from "./wire.js"
 *
 * @typedef {object} Layer The tinted raster of some masks, in the upper left of its canvas.
 * @property {readonly Rle[]} rles
 * @property {string} key all else that it was made from.
 * @property {Frame} frame
 * @property {Area | null} area null where nothing is to be seen.
 * @property {HTMLCanvasElement | null} canvas
 *
 * @typedef {object} LayerStyle
 * @property {number} opacity
 * @property {boolean} outlineOnly
 * @property {boolean} isMoving the last raster will do, if there is one.
 *
 * @typedef {{ color: string } | { sides: Record<Branch, Rle[]> }} Tint One color, or where the branches differ.
 */

const MAX_CANVAS = 4096; // device pixels a side: more is not seen and slows every frame
const MAX_RASTER = 2048; // mask pixels a side

export class Pane {
  /**
   * `backdrop`: shared by all panes, which show one view.
   *
   * @param {HTMLElement} element
   * @param {View} view
   * @param {Backdrop} backdrop
   */
  constructor(element, view, backdrop) {
    this.element = element;
    this.view = view;
    this.backdrop = backdrop;
    this.density = 1; // canvas pixels for one CSS pixel
    this.canvas = partOf(element, "canvas[data-model]", HTMLCanvasElement);
    this.branch = BRANCHES.find((branch) => branch === this.canvas.dataset.model) ?? null; // null: the difference
    this.marksCanvas = partOf(element, "canvas.marks", HTMLCanvasElement);
    this.context = contextOf(this.canvas, { alpha: false });
    this.marks = new MarkPainter(contextOf(this.marksCanvas), view);
    /** @type {Map<number | "difference", Layer>} by object */
    this.layers = new Map();
    /** @type {unknown[]} all that the canvas was last painted from */
    this.painted = [];
    /** @type {Layer | null} */
    this.hoverLayer = null;
    /** @type {Layer | null} of all that was found in the picture */
    this.everyLayer = null;
    this.veil = new Veil();
  }

  /** Whether the page shows it; to find out, the page may have to be laid out. */
  isInSight() {
    return this.element.offsetParent !== null && this.element.clientWidth > 0;
  }

  /**
   * One canvas pixel for each pixel of the screen. The canvases may reach over the pane's edge by a part of a pixel:
   * were they as large as the pane, they would be stretched, and masks and pointer would lie beside each other.
   *
   * @param {number} cssWidth
   * @param {number} cssHeight
   * @param {number} density
   */
  resize(cssWidth, cssHeight, density) {
    this.density = density * Math.min(1, MAX_CANVAS / (density * Math.max(cssWidth, cssHeight)));
    const width = Math.max(1, Math.ceil(cssWidth * this.density - 0.01));
    const height = Math.max(1, Math.ceil(cssHeight * this.density - 0.01));
    this.painted = [];
    for (const canvas of [this.canvas, this.marksCanvas]) {
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
      canvas.style.width = `${width / this.density}px`;
      canvas.style.height = `${height / this.density}px`;
    }
  }

  /**
   * Pane pixels of a pointer event; right under page zoom and scaled ancestors too.
   *
   * @param {number} clientX
   * @param {number} clientY
   * @returns {[x: number, y: number]}
   */
  at(clientX, clientY) {
    const box = this.element.getBoundingClientRect();
    const x = ((clientX - box.left) / box.width) * this.view.pane.width;
    const y = ((clientY - box.top) / box.height) * this.view.pane.height;
    return [x, y];
  }

  /**
   * The frame that the masks need now: what is seen, and a rim so that no outline shows at its edge.
   *
   * @returns {Frame}
   */
  frame() {
    const deviceScale = this.view.scale * this.density;
    const { width, height } = this.canvas;
    const scale = deviceScale * Math.min(1, MAX_RASTER / Math.max(width, height));
    const margin = this.rimThickness + 1;
    return {
      x: this.view.x - margin / scale,
      y: this.view.y - margin / scale,
      scale,
      width: Math.ceil((width / deviceScale) * scale) + 2 * margin,
      height: Math.ceil((height / deviceScale) * scale) + 2 * margin,
    };
  }

  get rimThickness() {
    return rimThickness(1.5 * this.density);
  }

  /** @param {PaintScene} scene */
  paint(scene) {
    const { context, canvas, view } = this;
    const from = this.#paintedFrom(scene);
    if (areSame(from, this.painted)) return;
    this.painted = from;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.backdrop.of(scene, view, this.density, canvas), 0, 0);
    if (!scene.bitmap) return;
    if (this.branch) this.#paintEverything(scene, scene.bitmap, this.branch);
    if (this.branch) this.#paintObjects(scene, scene.bitmap, this.branch);
    else this.#paintDifference(scene, scene.bitmap);
  }

  /** @param {PaintScene} scene */
  #paintedFrom({ bitmap, ground, opacity, look, isMoving, masks, seen }) {
    const { x, y, scale } = this.view;
    const shown = masks.flatMap(({ id, color, rles: { sam, sam_hq } }) => [id, color, sam, sam_hq]);
    const found = seen && this.branch ? seen[this.branch] : null;
    return [bitmap, ground, x, y, scale, opacity, look, isMoving, found, ...shown];
  }

  /**
   * @param {PaintScene} scene
   * @param {Size} picture
   * @param {Branch} branch
   */
  #paintEverything({ seen, isMoving, opacity, outlineOnly }, picture, branch) {
    const known = this.everyLayer;
    this.everyLayer = null;
    if (!seen) return;
    const rles = seen[branch].map(({ mask }) => mask.rle);
    const frame = isMoving && known ? known.frame : this.frame();
    const style = { opacity, outlineOnly, thickness: this.rimThickness };
    const key = JSON.stringify([frame, style]);
    const isKnown = known && known.key === key && areSame(rles, known.rles);
    const made = isKnown ? known : mosaicOf(seen[branch], frame, picture, style, known?.canvas ?? null);
    this.everyLayer = { rles, key, frame, area: made.area, canvas: made.canvas };
    this.#drawLayer(this.context, this.everyLayer);
  }

  /**
   * @param {PaintScene} scene
   * @param {Size} picture
   * @param {Branch} branch
   */
  #paintObjects(scene, picture, branch) {
    const isVeiled = scene.look === "spotlight" || scene.look === "cutout";
    const style = isVeiled ? { ...scene, opacity: 1, outlineOnly: false } : scene;
    /** @type {Map<number | "difference", Layer>} */
    const kept = new Map();
    for (const { id, color, rles } of scene.masks) {
      const rle = rles[branch];
      if (rle) kept.set(id, this.#layer(this.layers.get(id), [rle], style, picture, { color }));
    }
    this.layers = kept; // layers of objects that are gone go too
    const draw = (/** @type {CanvasRenderingContext2D} */ context) => {
      for (const layer of kept.values()) this.#drawLayer(context, layer);
    };
    if (!isVeiled) draw(this.context);
    else if (kept.size) this.#drawVeil(scene, picture, draw);
  }

  /**
   * @param {PaintScene} scene
   * @param {Size} picture
   * @param {(context: CanvasRenderingContext2D) => void} holes
   */
  #drawVeil({ look }, { width, height }, holes) {
    const scale = this.view.scale * this.density;
    const [left, top] = [-this.view.x * scale, -this.view.y * scale];
    const place = { left, top, width: width * scale, height: height * scale };
    this.veil.draw(this.context, { look, picture: place, density: this.density, holes });
  }

  /**
   * @param {PaintScene} scene
   * @param {Size} picture
   */
  #paintDifference(scene, picture) {
    this.#dimPicture(picture);
    const of = (/** @type {Branch} */ branch) => scene.masks.flatMap(({ rles }) => rles[branch] ?? []);
    const sides = { sam: of("sam"), sam_hq: of("sam_hq") };
    const all = [...sides.sam, ...sides.sam_hq];
    if (!all.length) return;
    const layer = this.#layer(this.layers.get("difference"), all, scene, picture, { sides });
    this.layers = new Map([["difference", layer]]);
    this.#drawLayer(this.context, layer);
  }

  /**
   * The picture steps back behind the colors.
   *
   * @param {Size} picture
   */
  #dimPicture({ width, height }) {
    const { context, view } = this;
    const scale = view.scale * this.density;
    context.fillStyle = "rgba(0, 0, 0, 0.35)";
    context.fillRect(-view.x * scale, -view.y * scale, width * scale, height * scale);
  }

  /**
   * The tinted raster of some masks, made anew only when they, the frame or the style changed.
   *
   * @param {Layer | null | undefined} known
   * @param {Rle[]} rles
   * @param {LayerStyle} how
   * @param {Size} picture
   * @param {Tint} tint
   * @returns {Layer}
   */
  #layer(known, rles, { isMoving, opacity, outlineOnly }, picture, tint) {
    const frame = isMoving && known ? known.frame : this.frame();
    const color = "color" in tint ? tint.color : null;
    const style = { opacity, outlineOnly, thickness: this.rimThickness };
    const key = JSON.stringify([frame, style, color]);
    if (known && known.key === key && areSame(rles, known.rles)) return known;
    const area = unionArea(rles.flatMap((rle) => touched(Mask.of(rle), frame, picture) ?? []));
    const last = known?.canvas ?? null;
    if (!area) return { rles, key, frame, area, canvas: last };
    const cover = (/** @type {Rle[]} */ group) => unionCoverage(group, frame, picture, area);
    const pixels = "sides" in tint
      ? differenceTinted(cover(tint.sides.sam), cover(tint.sides.sam_hq), area, style)
      : tinted(cover(rles), area, { ...style, color: tint.color });
    return { rles, key, frame, area, canvas: canvasOf(pixels, last) };
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Layer} layer
   */
  #drawLayer(context, { canvas, frame, area }) {
    if (!area || !canvas) return;
    const scale = this.view.scale * this.density;
    const stretch = scale / frame.scale;
    const near = (/** @type {number} */ value) => (Math.abs(stretch - 1) < 1e-9 ? Math.round(value) : value);
    const left = near((frame.x - this.view.x) * scale + area.left * stretch);
    const top = near((frame.y - this.view.y) * scale + area.top * stretch);
    context.imageSmoothingEnabled = stretch !== 1;
    const { width, height } = area;
    context.drawImage(canvas, 0, 0, width, height, left, top, width * stretch, height * stretch);
  }

  /** @param {Scene} scene */
  paintMarks(scene) {
    const context = this.marks.context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    if (!scene.bitmap) return;
    const hovered = scene.hoverMasks && this.branch ? scene.hoverMasks[this.branch] : null;
    if (hovered) this.#paintHovered(scene, scene.bitmap, hovered);
    context.setTransform(this.density, 0, 0, this.density, 0, 0);
    this.marks.paint(scene.hoveredPane === this ? { ...scene, ghost: null } : scene);
  }

  /**
   * @param {Scene} scene
   * @param {Size} picture
   * @param {Rle} rle
   */
  #paintHovered({ hoverColor }, picture, rle) {
    const faint = { isMoving: false, opacity: 0.3, outlineOnly: false };
    this.hoverLayer = this.#layer(this.hoverLayer, [rle], faint, picture, { color: hoverColor });
    this.#drawLayer(this.marks.context, this.hoverLayer);
  }
}

/**
 * @param {Area[]} areas
 * @returns {Area | null}
 */
function unionArea(areas) {
  if (!areas.length) return null;
  const left = Math.min(...areas.map((area) => area.left));
  const top = Math.min(...areas.map((area) => area.top));
  const right = Math.max(...areas.map((area) => area.left + area.width));
  const bottom = Math.max(...areas.map((area) => area.top + area.height));
  return { left, top, width: inFours(right - left), height: bottom - top };
}

/**
 * @param {Rle[]} rles
 * @param {Frame} frame
 * @param {Size} picture
 * @param {Area} area
 */
function unionCoverage(rles, frame, picture, area) {
  const [first, ...others] = rles.map((rle) => coverage(Mask.of(rle), frame, picture, area));
  if (!first) return new Uint8Array(area.width * area.height);
  for (const other of others) {
    for (let at = 0; at < first.length; at++) if (other[at] > first[at]) first[at] = other[at];
  }
  return first;
}
