// The pointer at rest: which mark it is near, the small x there, the place in the other pane, what a click would give.

import { Emitter } from "./emitter.js";
import { CURSORS, REMOVER_OFFSET, isOfPrompt, nameOf, removerPlace } from "./marks.js";
import { isAnswerable } from "./prompt.js";

/**
 * @import { Answers } from "./answers.js"
 * @import { Decoder } from "./decoder.js"
 * @import { Editor } from "./editor.js"
 * @import { Mark } from "./marks.js"
 * @import { Mode } from "./mode.js"
 * @import { Pane } from "./pane.js"
 * @import { ObjectRecord, Session } from "./session.js"
 * @import { Surface } from "./surface.js"
 * @import { Branch, Point, Prompt, Rle } from "./wire.js"
 *
 * @typedef {{ pane: Pane, at: Point }} Spot A place in a pane, in pane pixels.
 *
 * @typedef {object} HoverEvents
 * @property {() => void} toggled
 */

const REST_MS = 60; // a pointer on its way to a click asks for nothing
const LONGEST_REST_MS = 1500; // where answers are slow: somebody who waits wants to see
const REMOVER_REACH = 30; // the x stays while the pointer is on its way to it

/** @extends {Emitter<HoverEvents>} */
export class Hover extends Emitter {
  /** @type {Spot | null} */
  #spot = null;
  /** @type {Mark | null} the mark whose x is shown */
  #active = null;
  /** @type {ObjectRecord | null} with the point that a click would add */
  #asked = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined;

  /**
   * @param {HTMLButtonElement} remover
   * @param {object} parts
   * @param {Session} parts.session
   * @param {Answers} parts.answers
   * @param {Decoder} parts.decoder
   * @param {Editor} parts.editor
   * @param {Surface} parts.surface
   * @param {Mode} parts.mode
   * @param {object} options
   * @param {boolean} options.isAnswerOn whether what a click would give is shown.
   */
  constructor(remover, { session, answers, decoder, editor, surface, mode }, { isAnswerOn }) {
    super();
    this.remover = remover;
    this.session = session;
    this.answers = answers;
    this.decoder = decoder;
    this.editor = editor;
    this.surface = surface;
    this.mode = mode;
    this.isAnswerOn = isAnswerOn;
    remover.addEventListener("click", () => this.#removeActive());
  }

  get active() {
    return this.#active;
  }

  get pane() {
    return this.#spot?.pane ?? null;
  }

  /** Where the pointer is, in picture pixels. */
  get place() {
    return this.#spot && this.surface.view.toPicture(...this.#spot.at);
  }

  /** @param {Spot | null} spot null when the pointer has left or a gesture has begun. */
  move(spot) {
    this.#spot = spot;
    this.#forgetAnswer();
    const mark = spot && !this.mode.isPicking ? this.editor.markNear(spot.at, "mouse") : null;
    if (mark) this.#active = mark;
    else if (!spot || !this.#isNearRemover(spot.at)) this.#active = null;
    this.#setCursor(mark);
    this.refresh();
    if (spot && !mark && !this.#active) this.#timer = setTimeout(() => this.#rest(), this.#restMilliseconds);
  }

  /** @param {Mark} mark */
  activate(mark) {
    this.#active = mark;
    this.refresh();
  }

  /** After any edit or move: a mark that is gone has no x, and the x goes with its mark. */
  refresh() {
    const { session, surface } = this;
    const { prompt } = session.selected;
    if (this.#active && !isOfPrompt(this.#active, prompt)) this.#active = null;
    const isShown = this.#active && !session.isOpen && this.#isInSight(this.#active, prompt);
    this.remover.hidden = !isShown;
    if (this.#active && isShown) this.#placeRemover(this.#active, prompt);
    surface.schedule({ masks: false });
  }

  /**
   * @param {Mark} mark
   * @param {Prompt} prompt
   */
  #isInSight(mark, prompt) {
    const { view } = this.surface;
    const [x, y] = view.toPane(...removerPlace(mark, prompt));
    return x >= 0 && y >= 0 && x <= view.pane.width && y <= view.pane.height;
  }

  /**
   * @param {Mark} mark
   * @param {Prompt} prompt
   */
  #placeRemover(mark, prompt) {
    const { surface } = this;
    const pane = surface.shown.find((each) => each === this.pane) ?? surface.shown[0];
    const [x, y] = surface.view.toPane(...removerPlace(mark, prompt));
    const { offsetLeft, offsetTop } = pane.element;
    const room = surface.view.pane;
    // Near the right or upper end of the pane the x goes to the other side of its mark.
    const left = x + REMOVER_OFFSET > room.width - 14 ? x - REMOVER_OFFSET : x + REMOVER_OFFSET;
    const top = y - REMOVER_OFFSET < 14 ? y + REMOVER_OFFSET : y - REMOVER_OFFSET;
    this.remover.style.transform = `translate(${offsetLeft + left}px, ${offsetTop + top}px) translate(-50%, -50%)`;
    const label = `Remove ${nameOf(mark, prompt)}`;
    if (this.remover.title !== label) Object.assign(this.remover, { title: label, ariaLabel: label });
  }

  #removeActive() {
    const mark = this.#active;
    this.#active = null;
    if (mark) this.editor.removeMark(mark);
    this.surface.focus();
  }

  /** @param {Point} at in pane pixels */
  #isNearRemover(at) {
    const { prompt } = this.session.selected;
    if (!this.#active || !isOfPrompt(this.#active, prompt)) return false;
    const [x, y] = this.surface.view.toPane(...removerPlace(this.#active, prompt));
    return Math.hypot(at[0] - x, at[1] - y) < REMOVER_REACH;
  }

  /** @param {Mark | null} mark */
  #setCursor(mark) {
    const { stage } = this.surface;
    const cursor = mark?.kind === "box" ? CURSORS[mark.handle.name] : mark ? "move" : "";
    if (stage.style.cursor !== cursor) stage.style.cursor = cursor;
  }

  /** How long the pointer rests before it asks: a slow answer would be in a click's way. */
  get #restMilliseconds() {
    return this.decoder.isQuick ? REST_MS : Math.min(LONGEST_REST_MS, 2 * this.decoder.lastMilliseconds);
  }

  // ---- what a click would give -----------------------------------------------------------------------

  #rest() {
    const { place, mode } = this;
    if (!this.isAnswerOn || !place || mode.isPanning || mode.isPicking) return;
    const asked = this.editor.withPoint(place, mode.label);
    if (!asked || !isAnswerable(asked)) return;
    this.#asked = asked;
    this.decoder.hover(asked);
  }

  #forgetAnswer() {
    clearTimeout(this.#timer);
    if (!this.#asked) return;
    this.#asked = null;
    this.decoder.forgetHovered();
  }

  /**
   * The masks that a click at the pointer's place would give, once they are there.
   *
   * @returns {Record<Branch, Rle> | null}
   */
  get masks() {
    const answer = this.#asked && this.answers.get(this.#asked);
    return answer ? { sam: answer.rle("sam"), sam_hq: answer.rle("sam_hq") } : null;
  }

  toggleAnswer() {
    this.isAnswerOn = !this.isAnswerOn;
    this.#forgetAnswer();
    this.refresh();
    this.emit("toggled");
  }
}
