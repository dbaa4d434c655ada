// Questions as the server reads them; a mask is sent whole once for each picture, then by its id.

/**
 * @import { NamedMask } from "./prompt.js"
 * @import { ObjectRecord, Session } from "./session.js"
 * @import { Question, Rle, SentMask } from "./wire.js"
 */

export class Questions {
  /** @type {Map<number, Rle>} what the server has of this picture, unless it had to make room */
  #sentMasks = new Map();

  /** @param {Session} session */
  constructor(session) {
    this.session = session;
  }

  /** Another picture: the server has none of its masks. */
  restart() {
    this.#sentMasks.clear();
  }

  /**
   * @param {ObjectRecord} object
   * @param {string} picture its ticket
   * @param {number} sequence
   * @returns {Question}
   */
  of({ id, prompt, choice, steps, mask, truth }, picture, sequence) {
    const masks = { mask: this.#named(mask), truth: this.#named(truth), void: this.#named(truth?.void ?? null) };
    // A preview is of the best masks: who chose another candidate does not want to see those first.
    const is_preview = !choice.sam && !choice.sam_hq;
    return { ...this.session.settings, picture, sequence, object: id, prompt, is_preview, steps, ...masks };
  }

  /**
   * The same question with its masks whole.
   *
   * @param {Question} question
   * @returns {Question}
   */
  withMasks(question) {
    const { mask, truth, void: undecided } = question;
    return { ...question, mask: this.#whole(mask), truth: this.#whole(truth), void: this.#whole(undecided) };
  }

  /**
   * @param {NamedMask | null} mask
   * @returns {SentMask | null}
   */
  #named(mask) {
    if (!mask || this.#sentMasks.has(mask.id)) return mask && { id: mask.id };
    this.#sentMasks.set(mask.id, mask.rle);
    return { id: mask.id, ...mask.rle };
  }

  /**
   * @param {SentMask | null} mask
   * @returns {SentMask | null}
   */
  #whole(mask) {
    return mask && { ...this.#sentMasks.get(mask.id), id: mask.id };
  }
}
