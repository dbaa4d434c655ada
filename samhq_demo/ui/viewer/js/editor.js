// Edits of the selected object's prompts, with what is said about them where the edit itself does not show.

import { REACH, markAt, nameOf } from "./marks.js";
import { MAX_OBJECTS, MAX_POINTS, MAX_STEPS, isEmpty } from "./prompt.js";
import { howToMark } from "./texts.js";

/**
 * @import { Answers } from "./answers.js"
 * @import { AnyMark } from "./marks.js"
 * @import { Mode } from "./mode.js"
 * @import { ObjectRecord, Session } from "./session.js"
 * @import { StatusLine } from "./status-line.js"
 * @import { Surface } from "./surface.js"
 * @import { Branch, Point } from "./wire.js"
 */

export class Editor {
  /** @type {{ branch: Branch, index: number } | null} the candidate that was chosen before the candidates were there */
  #chosenAhead = null;

  /**
   * @param {object} parts
   * @param {Session} parts.session
   * @param {Answers} parts.answers
   * @param {Surface} parts.surface
   * @param {Mode} parts.mode
   * @param {StatusLine} parts.status
   */
  constructor({ session, answers, surface, mode, status }) {
    this.session = session;
    this.answers = answers;
    this.surface = surface;
    this.mode = mode;
    this.status = status;
    session.on("changed", () => (this.#chosenAhead = null));
  }

  /**
   * Into the picture, to a hundredth of a pixel: finer is noise, and equal places give equal questions.
   *
   * @param {Point} place
   * @returns {Point}
   */
  clamped([x, y]) {
    const { width, height } = this.surface.view.picture;
    const within = (/** @type {number} */ value, /** @type {number} */ length) =>
      Math.round(Math.min(length - 0.01, Math.max(0, value)) * 100) / 100;
    return [within(x, width), within(y, height)];
  }

  /** @param {Point} place */
  #isInside([x, y]) {
    const { picture } = this.session;
    return picture !== null && x >= 0 && y >= 0 && x < picture.width && y < picture.height;
  }

  /**
   * @param {Point} place
   * @param {number} label
   * @returns {boolean} whether a point was added.
   */
  placePoint(place, label) {
    if (!this.mode.isReady) return false;
    if (!this.#isInside(place)) {
      this.status.say("That is outside the picture.");
      return false;
    }
    const added = this.session.addPoint(...this.clamped(place), label);
    if (!added) this.status.say(`An object takes at most ${MAX_POINTS} points.`, { isError: true });
    return added;
  }

  /**
   * The selected object with one point more, as a click there would make it.
   *
   * @param {Point} place
   * @param {number} label
   * @returns {ObjectRecord | null} null outside the picture.
   */
  withPoint(place, label) {
    if (!this.#isInside(place)) return null;
    const { selected } = this.session;
    const { points, labels, box } = selected.prompt;
    return { ...selected, prompt: { points: [...points, this.clamped(place)], labels: [...labels, label], box } };
  }

  /**
   * @param {Point} at in pane pixels
   * @param {keyof typeof REACH} kind of pointer
   */
  markNear([x, y], kind) {
    return markAt(this.session.selected.prompt, this.surface.view, x, y, REACH[kind]);
  }

  /** @param {AnyMark} mark */
  removeMark(mark) {
    const name = nameOf(mark, this.session.selected.prompt);
    if (mark.kind === "point") this.session.removePoint(mark.index);
    else this.session.setBox(null);
    if (isEmpty(this.session.selected.prompt)) this.status.say(`Removed the ${name}.`);
  }

  /** @param {AnyMark | null} mark this, else the last point, else the box. */
  removeMarkOrLast(mark) {
    const { points, box } = this.session.selected.prompt;
    if (mark) this.removeMark(mark);
    else if (points.length) this.removeMark({ kind: "point", index: points.length - 1 });
    else if (box) this.removeMark({ kind: "box" });
  }

  /**
   * Show a candidate; where candidates are still on their way, once they are there.
   *
   * @param {Branch} branch
   * @param {number} index
   */
  choose(branch, index) {
    const answer = this.answers.of(this.session.selected);
    if (answer?.candidates(branch)[index]) this.session.choose(branch, index);
    else if (answer?.isPreview) this.#chosenAhead = { branch, index };
  }

  /** Candidates are there now. */
  chooseAhead() {
    const ahead = this.#chosenAhead;
    this.#chosenAhead = null;
    if (ahead) this.choose(ahead.branch, ahead.index);
  }

  refine() {
    if (!this.answers.get(this.session.selected)) this.status.say("There is no answer to feed back yet.");
    else if (!this.session.refine()) {
      this.status.say(`An answer can be fed back at most ${MAX_STEPS} times.`, { isError: true });
    } else this.status.say("Each model's answer was fed back to it. Add a click where it is still wrong.");
  }

  addObject() {
    const added = this.session.addObject();
    if (added) this.status.say(`${this.session.selected.name}: ${howToMark()}.`);
    else this.status.say(`A picture takes at most ${MAX_OBJECTS} objects.`, { isError: true });
  }
}
