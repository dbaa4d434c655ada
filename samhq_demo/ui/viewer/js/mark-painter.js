// The prompts as one sees them: points, the box, the cursor. All sizes in CSS pixels.

import { orderedBox, sameMark } from "./marks.js";
import { OBJECT } from "./prompt.js";

/**
 * @import { ObjectRecord } from "./session.js"
 * @import { Scene } from "./surface.js"
 * @import { View } from "./view.js"
 * @import { Box, Point } from "./wire.js"
 */

const POINT_RADIUS = 6;

/** Draws marks on one pane's upper canvas; `scene` is what the viewer knows, see Viewer.scene(). */
export class MarkPainter {
  /**
   * @param {CanvasRenderingContext2D} context
   * @param {View} view
   */
  constructor(context, view) {
    this.context = context;
    this.view = view;
  }

  /** @param {Scene} scene */
  paint(scene) {
    for (const object of scene.others) this.#others(object);
    const { prompt, color } = scene.selected;
    const box = scene.draftBox ?? prompt.box;
    if (box) this.#box(orderedBox(box), color, Boolean(scene.draftBox));
    prompt.points.forEach((point, index) => {
      const isActive = sameMark(scene.active, { kind: "point", index });
      this.#point(point, prompt.labels[index], color, isActive);
    });
    if (scene.ghost) this.#ghost(scene.ghost);
    if (scene.cursor) this.#cursor(scene.cursor);
  }

  /**
   * Prompts of objects that are not selected: small, out of the way.
   *
   * @param {ObjectRecord} object
   */
  #others({ prompt, color }) {
    const { context } = this;
    context.globalAlpha = 0.7;
    if (prompt.box) this.#strokeBox(prompt.box, [[3, "#0006", []], [1, color, [3, 3]]]);
    prompt.points.forEach(([x, y], index) => {
      this.#circle(...this.view.toPane(x, y), 3, prompt.labels[index] === OBJECT ? color : "#222", "#fff", 1);
    });
    context.globalAlpha = 1;
  }

  /**
   * @param {Point} place
   * @param {number} label
   * @param {string} color
   * @param {boolean} isActive
   */
  #point([x, y], label, color, isActive) {
    const [px, py] = this.view.toPane(x, y);
    const { context } = this;
    const radius = POINT_RADIUS + (isActive ? 1.5 : 0);
    this.#circle(px, py, radius + 1.5, "#0000", "#0009", 1.5);
    this.#circle(px, py, radius, label === OBJECT ? color : "#1c1c1c", "#fff", 2);
    // A plus or a minus: the label is never told by color alone.
    context.beginPath();
    context.moveTo(px - 3, py);
    context.lineTo(px + 3, py);
    if (label === OBJECT) {
      context.moveTo(px, py - 3);
      context.lineTo(px, py + 3);
    }
    context.lineWidth = 1.75;
    context.strokeStyle = label === OBJECT ? "#111" : "#fff";
    context.stroke();
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} radius
   * @param {string} fill
   * @param {string} stroke
   * @param {number} width
   */
  #circle(x, y, radius, fill, stroke, width) {
    const { context } = this;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = fill;
    context.fill();
    context.lineWidth = width;
    context.strokeStyle = stroke;
    context.stroke();
  }

  /**
   * @param {Box} box
   * @param {string} color
   * @param {boolean} isDraft
   */
  #box(box, color, isDraft) {
    this.#strokeBox(box, [[4, "#0006", []], [2, "#fff", []], [2, color, isDraft ? [5, 5] : [7, 4]]]);
    if (isDraft) return;
    for (const x of [box[0], box[2]]) {
      for (const y of [box[1], box[3]]) {
        const [px, py] = this.view.toPane(x, y);
        this.context.fillStyle = "#fff";
        this.context.fillRect(px - 4, py - 4, 8, 8);
        this.context.lineWidth = 1.5;
        this.context.strokeStyle = "#222";
        this.context.strokeRect(px - 4, py - 4, 8, 8);
      }
    }
  }

  /**
   * @param {Box} box
   * @param {[width: number, color: string, dashes: number[]][]} strokes
   */
  #strokeBox(box, strokes) {
    const [left, top] = this.view.toPane(box[0], box[1]);
    const [right, bottom] = this.view.toPane(box[2], box[3]);
    for (const [width, color, dashes] of strokes) {
      this.context.lineWidth = width;
      this.context.strokeStyle = color;
      this.context.setLineDash(dashes);
      this.context.strokeRect(left, top, right - left, bottom - top);
    }
    this.context.setLineDash([]);
  }

  /**
   * The pointer's place, shown in the other pane.
   *
   * @param {Point} place
   */
  #ghost([x, y]) {
    this.#cross(...this.view.toPane(x, y), 4, 11);
  }

  /**
   * The keyboard's cursor.
   *
   * @param {Point} place
   */
  #cursor([x, y]) {
    const [px, py] = this.view.toPane(x, y);
    this.#cross(px, py, 5, 16);
    this.#circle(px, py, 11, "#0000", "#000a", 3.5);
    this.#circle(px, py, 11, "#0000", "#fff", 1.75);
  }

  /**
   * @param {number} px
   * @param {number} py
   * @param {number} inner
   * @param {number} outer
   */
  #cross(px, py, inner, outer) {
    const { context } = this;
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(px + dx * inner, py + dy * inner);
      context.lineTo(px + dx * outer, py + dy * outer);
    }
    context.lineWidth = 3.5;
    context.strokeStyle = "#000a";
    context.stroke();
    context.lineWidth = 1.5;
    context.strokeStyle = "#fff";
    context.stroke();
  }
}
