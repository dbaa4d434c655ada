// The keyboard's cursor: a place in the picture, moved by the arrow keys, at which prompts are put.

import { Emitter } from "./emitter.js";
import { BOX_HANDLES, boxWithHandle, nameOf, orderedBox, placeOf } from "./marks.js";
import { Mask } from "./rle.js";
import { OBJECT } from "./prompt.js";
import { BRANCHES, BRANCH_NAMES } from "./wire.js";

/**
 * @import { Answers } from "./answers.js"
 * @import { DraftBox } from "./draft-box.js"
 * @import { Editor } from "./editor.js"
 * @import { Mark } from "./marks.js"
 * @import { Picking } from "./picking.js"
 * @import { Mode } from "./mode.js"
 * @import { Session } from "./session.js"
 * @import { StatusLine } from "./status-line.js"
 * @import { Surface } from "./surface.js"
 * @import { Branch, Point, Prompt } from "./wire.js"
 *
 * @typedef {object} CursorEvents
 * @property {() => void} moved
 * @property {(mark: Mark) => void} reached it is on a mark.
 *
 * @typedef {readonly [across: number, down: number]} Direction
 */

/** @extends {Emitter<CursorEvents>} */
export class Cursor extends Emitter {
  /** @type {Point | null} in picture pixels */
  #place = null;
  /** @type {Point | null} where a box was begun */
  #boxStart = null;
  /** @type {number | null} which of the marks it was sent to last */
  #lastMark = null;

  /**
   * @param {object} parts
   * @param {Session} parts.session
   * @param {Answers} parts.answers
   * @param {Editor} parts.editor
   * @param {DraftBox} parts.draftBox
   * @param {Surface} parts.surface
   * @param {Mode} parts.mode
   * @param {StatusLine} parts.status
   * @param {Picking} parts.picking
   */
  constructor({ session, answers, editor, draftBox, surface, mode, status, picking }) {
    super();
    this.session = session;
    this.answers = answers;
    this.editor = editor;
    this.draftBox = draftBox;
    this.surface = surface;
    this.mode = mode;
    this.status = status;
    this.picking = picking;
  }

  /** Where it is, in picture pixels; null while it is not used. */
  get place() {
    return this.#place;
  }

  /** The mark under it. */
  get mark() {
    return this.#place && this.editor.markNear(this.surface.view.toPane(...this.#place), "mouse");
  }

  /** The middle of what is seen, where the cursor is not there yet. */
  #ensured() {
    const { view } = this.surface;
    this.#place ??= this.editor.clamped(view.toPicture(view.pane.width / 2, view.pane.height / 2));
    return this.#place;
  }

  hide() {
    if (!this.#place) return;
    this.#place = null;
    this.#boxStart = null;
    this.#lastMark = null;
    this.draftBox.drop();
    this.emit("moved");
  }

  /**
   * @param {Direction} direction
   * @param {number} step in pane pixels, or 0 for one picture pixel.
   */
  move([dx, dy], step) {
    if (!this.mode.isReady) return;
    const by = this.#place ? this.#distance(step) : 0; // the first press only shows it
    const [x, y] = this.#ensured();
    this.#put([x + dx * by, y + dy * by]);
  }

  /** @param {number} step */
  #distance(step) {
    return step ? Math.max(1, step / this.surface.view.scale) : 1;
  }

  /** @param {Point} place */
  #put(place) {
    const clamped = this.editor.clamped(place);
    this.#place = clamped;
    this.surface.view.reveal(...clamped);
    if (this.#boxStart) this.draftBox.draw(this.#boxStart, clamped);
    this.surface.schedule();
    this.emit("moved");
    this.status.say(this.#words(clamped));
  }

  /**
   * What is under the cursor, for those who do not see it.
   *
   * @param {Point} place
   */
  #words([x, y]) {
    if (this.mode.isPicking) return `Cursor at x ${Math.floor(x)}, y ${Math.floor(y)}, ${this.picking.words}.`;
    const branches = BRANCHES.filter((branch) => this.#isIn(branch, x, y));
    const masks = branches.map((branch) => `${BRANCH_NAMES[branch]}'s mask`);
    const where = masks.length ? `, in ${masks.join(" and ")}` : "";
    return `Cursor at x ${Math.floor(x)}, y ${Math.floor(y)}${where}.`;
  }

  /**
   * @param {Branch} branch
   * @param {number} x
   * @param {number} y
   */
  #isIn(branch, x, y) {
    const rle = this.answers.rle(this.session.selected, branch);
    if (!rle) return false;
    const mask = Mask.of(rle);
    const { width, height } = this.surface.view.picture;
    return mask.contains((x / width) * mask.width, (y / height) * mask.height);
  }

  /** @param {number} label */
  putPoint(label) {
    if (!this.mode.isReady) return;
    const place = this.#ensured();
    if (this.mode.isPicking) this.picking.keep(label === OBJECT ? "sam_hq" : "sam", place);
    else this.editor.placePoint(place, label);
  }

  /** Begin a box, then end it. */
  box() {
    if (!this.mode.isReady) return;
    const place = this.#ensured();
    if (this.#boxStart) this.#endBox(this.#boxStart, place);
    else {
      this.#boxStart = place;
      this.surface.focus();
      this.status.say("Box begun. Move the cursor to its other corner, then press B.");
    }
    this.emit("moved");
  }

  /**
   * @param {Point} start
   * @param {Point} end
   */
  #endBox(start, end) {
    this.#boxStart = null;
    this.draftBox.draw(start, end);
    const box = this.draftBox.finish();
    if (box) this.session.setBox(box);
    else this.status.say("That box was too small.");
  }

  /** All marks one after another: points, then the box's corners. */
  toNextMark() {
    const { prompt } = this.session.selected;
    const marks = marksOf(prompt);
    if (!marks.length) {
      this.status.say("This object has no point or box yet.");
      return;
    }
    this.#lastMark = this.#lastMark === null ? 0 : (this.#lastMark + 1) % marks.length;
    const mark = marks[this.#lastMark];
    this.surface.focus();
    this.#put(placeOf(mark, prompt));
    this.emit("reached", mark);
    this.status.say(`On ${nameOf(mark, prompt)}. Alt and arrows move it, Delete removes it.`);
  }

  /**
   * Move what is under the cursor, and the cursor with it.
   *
   * @param {Direction} direction
   * @param {number} step as in `move`.
   */
  nudge([dx, dy], step) {
    const { mark, session } = this;
    if (!mark) {
      this.status.say("The cursor is on no point and no corner of the box. M goes to the next one.");
      return;
    }
    const by = this.#distance(step);
    const { prompt } = session.selected;
    const [x, y] = placeOf(mark, prompt);
    const to = this.editor.clamped([x + dx * by, y + dy * by]);
    if (mark.kind === "point") session.movePoint(mark.index, ...to, `point ${mark.index}`);
    else if (prompt.box) session.setBox(orderedBox(boxWithHandle(prompt.box, mark.handle, ...to)), "box");
    this.#put(to);
  }
}

/**
 * @param {Prompt} prompt
 * @returns {Mark[]}
 */
function marksOf({ points, box }) {
  /** @type {Mark[]} */
  const marks = points.map((_, index) => ({ kind: "point", index }));
  if (!box) return marks;
  return [...marks, ...BOX_HANDLES.slice(0, 4).map((handle) => /** @type {const} */ ({ kind: "box", handle }))];
}
