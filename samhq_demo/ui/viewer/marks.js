// The prompts as one grabs them: points and the box. All sizes in CSS pixels.

import { OBJECT } from "./prompt.js";

export const REACH = { mouse: 9, touch: 20 }; // how near a pointer must come to a mark to take it
export const REMOVER_OFFSET = 15; // where the small x sits, right of and above a point or the box's corner
export const SMALLEST_BOX = 2; // picture pixels

/** Handles of a box, by the coordinates each moves: x of the left or right side, y of top or bottom. */
export const BOX_HANDLES = [
  { name: "nw", x: 0, y: 1 }, { name: "ne", x: 2, y: 1 }, { name: "sw", x: 0, y: 3 }, { name: "se", x: 2, y: 3 },
  { name: "w", x: 0, y: null }, { name: "e", x: 2, y: null },
  { name: "n", x: null, y: 1 }, { name: "s", x: null, y: 3 },
];

export const CURSORS = {
  nw: "nwse-resize", se: "nwse-resize", ne: "nesw-resize", sw: "nesw-resize",
  w: "ew-resize", e: "ew-resize", n: "ns-resize", s: "ns-resize",
};

/** A mark is {kind: "point", index} or {kind: "box", handle}. The nearest one in reach, or null. */
export function markAt(prompt, view, paneX, paneY, reach) {
  let best = null;
  let nearest = reach;
  prompt.points.forEach(([x, y], index) => {
    const [px, py] = view.toPane(x, y);
    const distance = Math.hypot(px - paneX, py - paneY);
    if (distance <= nearest) [best, nearest] = [{ kind: "point", index }, distance];
  });
  return best ?? (prompt.box ? boxHandleAt(prompt.box, view, paneX, paneY, reach) : null);
}

function boxHandleAt(box, view, paneX, paneY, reach) {
  const [left, top] = view.toPane(box[0], box[1]);
  const [right, bottom] = view.toPane(box[2], box[3]);
  const sides = [left, top, right, bottom];
  const near = ({ x, y }) => {
    const tolerance = x !== null && y !== null ? reach : reach * 0.6; // sides are long: a click beside one is a prompt
    const nearX = x === null ? paneX > left && paneX < right : Math.abs(paneX - sides[x]) <= tolerance;
    const nearY = y === null ? paneY > top && paneY < bottom : Math.abs(paneY - sides[y]) <= tolerance;
    return nearX && nearY;
  };
  const handle = BOX_HANDLES.find(near);
  return handle ? { kind: "box", handle } : null;
}

/** Where in the picture a mark is: a point itself, of a box the handle's place. */
export function placeOf(mark, prompt) {
  if (mark.kind === "point") return prompt.points[mark.index];
  const { box } = prompt;
  const { x, y } = mark.handle;
  return [x === null ? (box[0] + box[2]) / 2 : box[x], y === null ? (box[1] + box[3]) / 2 : box[y]];
}

/** Where the x that removes a mark sits, in picture pixels: the point, or the box's top right corner. */
export function removerPlace(mark, prompt) {
  return mark.kind === "point" ? prompt.points[mark.index] : [prompt.box[2], prompt.box[1]];
}

export function sameMark(one, other) {
  return one?.kind === other?.kind && one?.index === other?.index;
}

export function isOfPrompt(mark, prompt) {
  return mark.kind === "point" ? mark.index < prompt.points.length : Boolean(prompt.box);
}

export function nameOf(mark, prompt) {
  if (mark.kind === "box") return "box";
  return `${prompt.labels[mark.index] === OBJECT ? "object" : "background"} point ${mark.index + 1}`;
}

/** The box with one handle moved to (x, y); its corners in order whichever way it was turned. */
export function boxWithHandle(box, handle, x, y) {
  const moved = [...box];
  if (handle.x !== null) moved[handle.x] = x;
  if (handle.y !== null) moved[handle.y] = y;
  return moved;
}

export function orderedBox([x0, y0, x1, y1]) {
  return [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
}
