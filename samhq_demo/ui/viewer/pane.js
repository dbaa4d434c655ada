// One pane: a canvas with the picture and masks, and one above it with the marks. Marks follow the
// pointer, masks do not; apart, neither makes the other be painted again.

import { areSame } from "./lists.js";
import { MarkPainter } from "./mark-painter.js";
import { coverage, inFours, rimThickness, touched } from "./raster.js";
import { Mask } from "./rle.js";
import { canvasOf, differenceTinted, tinted } from "./tint.js";

const MAX_CANVAS = 4096; // device pixels a side: more is not seen and slows every frame
const MAX_RASTER = 2048; // mask pixels a side

export class Pane {
  /** `backdrop`: shared by all panes, which show one view. */
  constructor(element, view, backdrop) {
    this.element = element;
    this.view = view;
    this.backdrop = backdrop;
    this.canvas = element.querySelector("canvas[data-model]");
    this.model = this.canvas.dataset.model;
    this.marksCanvas = element.querySelector("canvas.marks");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.marks = new MarkPainter(this.marksCanvas.getContext("2d"), view);
    this.layers = new Map(); // object id -> {canvas, area, key}
    this.painted = []; // all that the canvas was last painted from
    this.previewLayer = null;
  }

  /** Whether the page shows it; to find out, the page may have to be laid out. */
  isInSight() {
    return this.element.offsetParent !== null && this.element.clientWidth > 0;
  }

  /**
   * One canvas pixel for each pixel of the screen. The canvases may reach over the pane's edge by a part of a pixel:
   * were they as large as the pane, they would be stretched, and masks and pointer would lie beside each other.
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

  /** Pane pixels of a pointer event; right under page zoom and scaled ancestors too. */
  at(clientX, clientY) {
    const box = this.element.getBoundingClientRect();
    const x = ((clientX - box.left) / box.width) * this.view.pane.width;
    const y = ((clientY - box.top) / box.height) * this.view.pane.height;
    return [x, y];
  }

  /** The frame that the masks need now: what is seen, and a rim so that no outline shows at its edge. */
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

  paint(scene) {
    const { context, canvas, view } = this;
    const from = this.#paintedFrom(scene);
    if (areSame(from, this.painted)) return;
    this.painted = from;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.backdrop.of(scene, view, this.density, canvas), 0, 0);
    if (!scene.bitmap) return;
    if (this.model === "difference") this.#paintDifference(scene);
    else this.#paintObjects(scene);
  }

  #paintedFrom({ bitmap, ground, opacity, outlineOnly, isMoving, masks }) {
    const { x, y, scale } = this.view;
    const shown = masks.flatMap(({ id, color, rles: { sam, sam_hq } }) => [id, color, sam, sam_hq]);
    return [bitmap, ground, x, y, scale, opacity, outlineOnly, isMoving, ...shown];
  }

  #paintObjects(scene) {
    const kept = new Map();
    for (const { id, color, rles } of scene.masks) {
      const rle = rles[this.model];
      if (!rle) continue;
      const layer = this.#layer(this.layers.get(id), [rle], scene, { color });
      kept.set(id, layer);
      this.#drawLayer(this.context, layer);
    }
    this.layers = kept; // layers of objects that are gone go too
  }

  #paintDifference(scene) {
    this.#dimPicture(scene.bitmap);
    const rles = scene.masks.flatMap(({ rles: { sam, sam_hq } }) => [sam, sam_hq]).filter(Boolean);
    if (!rles.length) return;
    const sides = {
      sam: scene.masks.map(({ rles: each }) => each.sam).filter(Boolean),
      samHq: scene.masks.map(({ rles: each }) => each.sam_hq).filter(Boolean),
    };
    const layer = this.#layer(this.layers.get("difference"), rles, scene, { sides });
    this.layers = new Map([["difference", layer]]);
    this.#drawLayer(this.context, layer);
  }

  /** The picture steps back behind the colours. */
  #dimPicture({ width, height }) {
    const { context, view } = this;
    const scale = view.scale * this.density;
    context.fillStyle = "rgba(0, 0, 0, 0.35)";
    context.fillRect(-view.x * scale, -view.y * scale, width * scale, height * scale);
  }

  /** The tinted raster of some masks, made anew only when they, the frame or the style changed. */
  #layer(known, rles, scene, { color, sides }) {
    const frame = scene.isMoving && known ? known.frame : this.frame();
    const style = {
      color, opacity: scene.opacity, outlineOnly: scene.outlineOnly, thickness: this.rimThickness,
    };
    const key = JSON.stringify([frame, style]);
    const sameMasks = known && known.rles.length === rles.length && rles.every((rle, at) => rle === known.rles[at]);
    if (sameMasks && known.key === key) return known;
    const area = unionArea(rles.map((rle) => touched(Mask.of(rle), frame, scene.bitmap)).filter(Boolean));
    const layer = { rles, key, frame, area, canvas: known?.canvas ?? null };
    if (!area) return layer;
    const cover = (group) => unionCoverage(group, frame, scene.bitmap, area);
    const pixels = sides
      ? differenceTinted(cover(sides.sam), cover(sides.samHq), area, style)
      : tinted(cover(rles), area, style);
    layer.canvas = canvasOf(pixels, layer.canvas);
    return layer;
  }

  #drawLayer(context, { canvas, frame, area }) {
    if (!area) return;
    const scale = this.view.scale * this.density;
    const stretch = scale / frame.scale;
    const near = (value) => (Math.abs(stretch - 1) < 1e-9 ? Math.round(value) : value);
    const left = near((frame.x - this.view.x) * scale + area.left * stretch);
    const top = near((frame.y - this.view.y) * scale + area.top * stretch);
    context.imageSmoothingEnabled = stretch !== 1;
    const { width, height } = area;
    context.drawImage(canvas, 0, 0, width, height, left, top, width * stretch, height * stretch);
  }

  paintMarks(scene) {
    const context = this.marks.context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    if (!scene.bitmap) return;
    if (scene.preview?.[this.model]) this.#paintPreview(context, scene);
    context.setTransform(this.density, 0, 0, this.density, 0, 0);
    this.marks.paint(scene.hoveredPane === this ? { ...scene, ghost: null } : scene);
  }

  #paintPreview(context, scene) {
    const style = { color: scene.selected.color };
    const rles = [scene.preview[this.model]];
    const faint = { ...scene, isMoving: false, opacity: 0.3, outlineOnly: false };
    this.previewLayer = this.#layer(this.previewLayer, rles, faint, style);
    this.#drawLayer(context, this.previewLayer);
  }
}

function unionArea(areas) {
  if (!areas.length) return null;
  const left = Math.min(...areas.map((area) => area.left));
  const top = Math.min(...areas.map((area) => area.top));
  const right = Math.max(...areas.map((area) => area.left + area.width));
  const bottom = Math.max(...areas.map((area) => area.top + area.height));
  return { left, top, width: inFours(right - left), height: bottom - top };
}

function unionCoverage(rles, frame, picture, area) {
  const [first, ...others] = rles.map((rle) => coverage(Mask.of(rle), frame, picture, area));
  if (!first) return new Uint8Array(area.width * area.height);
  for (const other of others) {
    for (let at = 0; at < first.length; at++) if (other[at] > first[at]) first[at] = other[at];
  }
  return first;
}
