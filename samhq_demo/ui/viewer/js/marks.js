// The prompts as one grabs them: points and the box. All sizes in CSS pixels.

import { OBJECT } from "./prompt.js";

/**
 * @import { Box, Point, Prompt } from "./wire.js"
 * @import { View } from "./view.js"
 *
 * @typedef {object} Handle
 * @property {"nw" | "ne" | "sw" | "se" | "w" | "e" | "n" | "s"} name
 * @property {0 | 2 | null} x
 * @property {1 | 3 | null} y
 *
 * @typedef {{ kind: "point", index: number }} PointMark
 * @typedef {{ kind: "box", handle: Handle }} BoxMark
 * @typedef {PointMark | BoxMark} Mark
 * @typedef {PointMark | { kind: "box" }} AnyMark The box as a whole, or a point.
 */

export const REACH = { mouse: 9, touch: 20 }; // how near a pointer must come to a mark to take it
export const REMOVER_OFFSET = 15; // where the small x sits, right of and above a point or the box's corner
export const SMALLEST_BOX = 2; // picture pixels

/**
 * Handles of a box, by the coordinates each moves: x of the left or right side, y of top or bottom.
 *
 * @type {readonly Handle[]}
 */
export const BOX_HANDLES = [
  { name: "nw", x: 0, y: 1 }, { name: "ne", x: 2, y: 1 }, { name: "sw", x: 0, y: 3 }, { name: "se", x: 2, y: 3 },
  { name: "w", x: 0, y: null }, { name: "e", x: 2, y: null },
  { name: "n", x: null, y: 1 }, { name: "s", x: null, y: 3 },
];

export const CURSORS = {
  nw: "nwse-resize", se: "nwse-resize", ne: "nesw-resize", sw: "nesw-resize",
  w: "ew-resize", e: "ew-resize", n: "ns-resize", s: "ns-resize",
};

/**
 * The nearest mark in reach, or null.
 *
 * @param {Prompt} prompt
 * @param {View} view
 * @param {number} paneX
 * @param {number} paneY
 * @param {number} reach
 * @returns {Mark | null}
 */
export function markAt(prompt, view, paneX, paneY, reach) {
  /** @type {PointMark | null} */
  let best = null;
  let nearest = reach;
  prompt.points.forEach(([x, y], index) => {
    const [px, py] = view.toPane(x, y);
    const distance = Math.hypot(px - paneX, py - paneY);
    if (distance > nearest) return;
    best = { kind: "point", index };
    nearest = distance;
  });
  return best ?? (prompt.box ? boxHandleAt(prompt.box, view, paneX, paneY, reach) : null);
}

/**
 * @param {Box} box
 * @param {View} view
 * @param {number} paneX
 * @param {number} paneY
 * @param {number} reach
 * @returns {BoxMark | null}
 */
function boxHandleAt(box, view, paneX, paneY, reach) {
  const [left, top] = view.toPane(box[0], box[1]);
  const [right, bottom] = view.toPane(box[2], box[3]);
  const sides = [left, top, right, bottom];
  /** @type {(handle: Handle) => boolean} */
  const near = ({ x, y }) => {
    const tolerance = x !== null && y !== null ? reach : reach * 0.6; // sides are long: a click beside one is a prompt
    const nearX = x === null ? paneX > left && paneX < right : Math.abs(paneX - sides[x]) <= tolerance;
    const nearY = y === null ? paneY > top && paneY < bottom : Math.abs(paneY - sides[y]) <= tolerance;
    return nearX && nearY;
  };
  const handle = BOX_HANDLES.find(near);
  return handle ? { kind: "box", handle } : null;
}

/**
 * Where in the picture a mark is: a point itself, of a box the handle's place.
 *
 * @param {Mark} mark
 * @param {Prompt} prompt
 * @returns {Point}
 */
export function placeOf(mark, prompt) {
  if (mark.kind === "point") return prompt.points[mark.index];
  const box = boxOf(prompt);
  const { x, y } = mark.handle;
  return [x === null ? (box[0] + box[2]) / 2 : box[x], y === null ? (box[1] + box[3]) / 2 : box[y]];
}

/**
 * Where the x that removes a mark sits, in picture pixels: the point, or the box's top right corner.
 *
 * @param {Mark} mark
 * @param {Prompt} prompt
 * @returns {Point}
 */
export function removerPlace(mark, prompt) {
  if (mark.kind === "point") return prompt.points[mark.index];
  const [, top, right] = boxOf(prompt);
  return [right, top];
}

/**
 * The box that a mark of it is part of.
 *
 * @param {Prompt} prompt
 */
function boxOf({ box }) {
  if (!box) throw new Error("The prompt has no box.");
  return box;
}

/**
 * @param {Mark | null} one
 * @param {Mark | null} other
 */
export function sameMark(one, other) {
  const indexOf = (/** @type {Mark | null} */ mark) => (mark?.kind === "point" ? mark.index : null);
  return one?.kind === other?.kind && indexOf(one) === indexOf(other);
}

/**
 * @param {Mark} mark
 * @param {Prompt} prompt
 */
export function isOfPrompt(mark, prompt) {
  return mark.kind === "point" ? mark.index < prompt.points.length : Boolean(prompt.box);
}

/**
 * @param {AnyMark} mark
 * @param {Prompt} prompt
 */
export function nameOf(mark, prompt) {
  if (mark.kind === "box") return "box";
  return `${prompt.labels[mark.index] === OBJECT ? "object" : "background"} point ${mark.index + 1}`;
}

/**
 * The box with one handle moved to (x, y); its corners in order whichever way it was turned.
 *
 * @param {Box} box
 * @param {Handle} handle
 * @param {number} x
 * @param {number} y
 * @returns {Box}
 */
export function boxWithHandle(box, handle, x, y) {
  const moved = /** @type {Box} */ ([...box]);
  if (handle.x !== null) moved[handle.x] = x;
  if (handle.y !== null) moved[handle.y] = y;
  return moved;
}

/**
 * @param {Box} box
 * @returns {Box}
 */
export function orderedBox([x0, y0, x1, y1]) {
  return [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
}
