// The prompts as one sees and grabs them: points, the box, the cursor. All sizes in CSS pixels.

const POINT_RADIUS = 6;
const REACH = { mouse: 9, touch: 20 }; // how near a pointer must come to a mark to take it
const REMOVER_OFFSET = 15; // where the small x sits, right of and above a point or the box's corner

/** Handles of a box, by the coordinates each moves: x of the left or right side, y of top or bottom. */
const BOX_HANDLES = [
  { name: "nw", x: 0, y: 1 }, { name: "ne", x: 2, y: 1 }, { name: "sw", x: 0, y: 3 }, { name: "se", x: 2, y: 3 },
  { name: "w", x: 0, y: null }, { name: "e", x: 2, y: null },
  { name: "n", x: null, y: 1 }, { name: "s", x: null, y: 3 },
];

const CURSORS = {
  nw: "nwse-resize", se: "nwse-resize", ne: "nesw-resize", sw: "nesw-resize",
  w: "ew-resize", e: "ew-resize", n: "ns-resize", s: "ns-resize",
};

/** A mark is {kind: "point", index} or {kind: "box", handle}. The nearest one in reach, or null. */
function markAt(prompt, view, paneX, paneY, reach) {
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
function placeOf(mark, prompt) {
  if (mark.kind === "point") return prompt.points[mark.index];
  const { box } = prompt;
  const { x, y } = mark.handle;
  return [x === null ? (box[0] + box[2]) / 2 : box[x], y === null ? (box[1] + box[3]) / 2 : box[y]];
}

/** Where the x that removes a mark sits, in picture pixels: the point, or the box's top right corner. */
function removerPlace(mark, prompt) {
  return mark.kind === "point" ? prompt.points[mark.index] : [prompt.box[2], prompt.box[1]];
}

function sameMark(one, other) {
  return one?.kind === other?.kind && one?.index === other?.index;
}

function isOfPrompt(mark, prompt) {
  return mark.kind === "point" ? mark.index < prompt.points.length : Boolean(prompt.box);
}

function nameOf(mark, prompt) {
  if (mark.kind === "box") return "box";
  return `${prompt.labels[mark.index] === OBJECT ? "object" : "background"} point ${mark.index + 1}`;
}

/** The box with one handle moved to (x, y); its corners in order whichever way it was turned. */
function boxWithHandle(box, handle, x, y) {
  const moved = [...box];
  if (handle.x !== null) moved[handle.x] = x;
  if (handle.y !== null) moved[handle.y] = y;
  return moved;
}

function orderedBox([x0, y0, x1, y1]) {
  return [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
}

/** Draws marks on one pane's upper canvas; `scene` is what the viewer knows, see Viewer.scene(). */
class MarkPainter {
  constructor(context, view) {
    this.context = context;
    this.view = view;
  }

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

  /** Prompts of objects that are not selected: small, out of the way. */
  #others({ prompt, color }) {
    const { context } = this;
    context.globalAlpha = 0.7;
    if (prompt.box) this.#strokeBox(prompt.box, [[3, "#0006", []], [1, color, [3, 3]]]);
    prompt.points.forEach(([x, y], index) => {
      this.#circle(...this.view.toPane(x, y), 3, prompt.labels[index] === OBJECT ? color : "#222", "#fff", 1);
    });
    context.globalAlpha = 1;
  }

  #point([x, y], label, color, isActive) {
    const [px, py] = this.view.toPane(x, y);
    const { context } = this;
    const radius = POINT_RADIUS + (isActive ? 1.5 : 0);
    this.#circle(px, py, radius + 1.5, "#0000", "#0009", 1.5);
    this.#circle(px, py, radius, label === OBJECT ? color : "#1c1c1c", "#fff", 2);
    // A plus or a minus: the label is never told by colour alone.
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

  /** The pointer's place, shown in the other pane. */
  #ghost([x, y]) {
    this.#cross(...this.view.toPane(x, y), 4, 11);
  }

  /** The keyboard's cursor. */
  #cursor([x, y]) {
    const [px, py] = this.view.toPane(x, y);
    this.#cross(px, py, 5, 16);
    this.#circle(px, py, 11, "#0000", "#000a", 3.5);
    this.#circle(px, py, 11, "#0000", "#fff", 1.75);
  }

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
