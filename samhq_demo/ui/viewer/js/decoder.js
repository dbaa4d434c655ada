// Which question is asked next: at most one under way, so that edits in quick succession become one question
// with the last of them; every question numbered, so that no late answer takes a newer one's place. An answer
// begins as a preview, which is what a screen needs; the rest is asked for once that is painted.

import { Answer } from "./answer.js";
import { afterPaint } from "./dom.js";
import { Emitter } from "./emitter.js";
import { isAnswerable } from "./prompt.js";
import { Questions } from "./questions.js";
import { LOST, Transport } from "./transport.js";
import { isPreview } from "./wire.js";

/**
 * @import { Answers } from "./answers.js"
 * @import { ObjectRecord, Session } from "./session.js"
 * @import { Ask, Outcome, Queue } from "./transport.js"
 * @import { Question, Reply } from "./wire.js"
 *
 * @typedef {object} DecoderEvents
 * @property {(object: ObjectRecord, milliseconds: number) => void} answered an answer is new on the screen.
 * @property {() => void} completed a preview became the whole answer.
 * @property {() => void} hoverAnswered the answer for the pointer's place is there.
 * @property {(sentence: string, isUnreached: boolean) => void} failed
 * @property {(isBusy: boolean) => void} busy
 * @property {() => void} queued
 *
 * @typedef {object} Entry A question that was asked.
 * @property {number} id the object's.
 * @property {string} key
 * @property {Question} question
 * @property {boolean} isSpeculative nobody asked for it yet: the pointer rests there, or its button is down.
 */

const DRAG_BELOW_MS = 250; // answers while a mark is dragged, where the machine keeps up
const FORESEE_BELOW_MS = 1000; // answers at the press of a button; slower ones are in the way of a drag's box
const ASKED_KEPT = 64;

/** @extends {Emitter<DecoderEvents>} */
export class Decoder extends Emitter {
  #lastMilliseconds = Infinity;
  #sequence = 0;
  /** @type {number | null} the number of the question that has no reply yet */
  #underWay = null;
  /** @type {Map<number, Entry>} */
  #asked = new Map();
  /** @type {Set<string>} keys answered with an error: asked again only after the next edit */
  #refused = new Set();
  /** @type {Set<Answer>} previews whose rest is on its way */
  #completing = new Set();
  /** @type {ObjectRecord | null} the object with one point more, where the pointer rests */
  #hovered = null;

  /**
   * @param {Session} session
   * @param {Answers} answers
   * @param {object} options
   * @param {Ask} options.ask
   * @param {Queue} options.queue
   * @param {number} options.patience milliseconds until a question counts as lost.
   * @param {number} options.hoverBelow milliseconds that answers may take for the pointer's place to be asked for.
   */
  constructor(session, answers, { ask, queue, patience, hoverBelow }) {
    super();
    this.session = session;
    this.answers = answers;
    this.hoverBelow = hoverBelow;
    this.questions = new Questions(session);
    this.transport = new Transport({ ask, queue, patience });
    this.transport.on("queued", () => this.emit("queued"));
    this.transport.on("late", (reply, sequence) => this.#late(reply, sequence));
  }

  /** Whether answers come fast enough to follow the pointer; the first one is hoped to. */
  get isQuick() {
    return !Number.isFinite(this.#lastMilliseconds) || this.#lastMilliseconds < this.hoverBelow;
  }

  get lastMilliseconds() {
    return this.#lastMilliseconds;
  }

  /** After an edit: show what is known already, ask for what is not. */
  update() {
    this.#refused.clear();
    this.answers.hopeAgain();
    this.#hovered = null;
    this.#showKnown();
    this.#next();
  }

  /**
   * Get the answer that one more point would give, for the pointer resting at a place.
   *
   * @param {ObjectRecord} object with that point.
   */
  hover(object) {
    this.#hovered = object;
    if (this.answers.get(object)) this.emit("hoverAnswered");
    else this.#next();
  }

  /** The pointer rests there no more. */
  forgetHovered() {
    this.#hovered = null;
  }

  /**
   * Get the answer that a point would give whose button is pressed but not released; as `hover`, not drawn.
   *
   * @param {ObjectRecord} object with that point.
   */
  foresee(object) {
    const isSlow = Number.isFinite(this.#lastMilliseconds) && this.#lastMilliseconds > FORESEE_BELOW_MS;
    if (this.#underWay === null && !isSlow && !this.answers.get(object)) this.#ask(object, true);
  }

  /** Ask again what failed. */
  retry() {
    this.#refused.clear();
    this.#next();
  }

  /** Another picture: what is under way is not waited for. */
  restart() {
    this.#underWay = null;
    this.#completing.clear();
    this.questions.restart();
    this.transport.restart();
  }

  /**
   * A reply that came the long way.
   *
   * @param {Reply & { sequence: number }} reply
   */
  deliver(reply) {
    if (!this.transport.deliver(reply)) this.#accept(reply, reply.sequence);
  }

  #showKnown() {
    for (const object of this.session.objects) {
      // A cleared object must not show its old mask again while the answer to a new click is on its way.
      if (!isAnswerable(object)) this.answers.hide(object.id);
      const answer = isAnswerable(object) && this.answers.get(object);
      if (!answer || this.answers.isShown(object.id, answer)) continue;
      this.answers.show(object.id, answer, ++this.#sequence);
      this.emit("answered", object, 0);
    }
  }

  #next() {
    if (this.#underWay !== null) return this.#promote(this.#underWay);
    if (!this.session.picture) return;
    if (this.session.isOpen && this.#lastMilliseconds > DRAG_BELOW_MS) return;
    const object = this.answers.missing().find((each) => !this.#refused.has(this.session.key(each)));
    const hovered = this.#hovered;
    if (object) this.#ask(object, false);
    else if (hovered && !this.answers.get(hovered)) this.#ask(hovered, true);
    else afterPaint(() => this.#completeNext());
  }

  /**
   * A speculative question under way that an object now asks for is one no more: its answer is waited for.
   *
   * @param {number} sequence
   */
  #promote(sequence) {
    const entry = this.#asked.get(sequence);
    if (!entry?.isSpeculative) return;
    if (!this.answers.missing().some((object) => this.session.key(object) === entry.key)) return;
    entry.isSpeculative = false;
    this.emit("busy", true);
  }

  // ---- the rest of a preview -------------------------------------------------------------------------

  /** Ask for the rest of a preview that is on the screen; in the way of nothing else, one at a time. */
  async #completeNext() {
    if (this.#underWay !== null || this.#completing.size || this.session.isOpen || !this.session.picture) return;
    const preview = this.answers.previews().find((each) => !each.isGivenUp);
    if (!preview) return;
    await this.complete(preview);
    preview.isGivenUp = preview.isPreview;
    afterPaint(() => this.#completeNext());
  }

  /**
   * Make a preview the whole answer.
   *
   * @param {Answer} answer
   * @param {object} [how]
   * @param {boolean} [how.mayQueue] the long way too.
   * @returns {Promise<boolean>} whether the answer is whole then.
   */
  async complete(answer, { mayQueue = false } = {}) {
    await answer.completion;
    if (!answer.isPreview) return true;
    const work = this.#askTheRest(answer, mayQueue);
    answer.completion = work;
    this.#completing.add(answer);
    await work;
    if (answer.completion === work) {
      answer.completion = null;
      this.#completing.delete(answer);
    }
    return !answer.isPreview;
  }

  /**
   * @param {Answer} answer
   * @param {boolean} mayQueue
   */
  async #askTheRest(answer, mayQueue) {
    if (!answer.question) return;
    const question = { ...answer.question, sequence: ++this.#sequence, is_preview: false };
    const [whole] = (await this.#reply(question, () => mayQueue)).objects ?? [];
    if (!whole || isPreview(whole)) return;
    answer.complete(whole);
    this.emit("completed");
  }

  // ---- questions and replies -------------------------------------------------------------------------

  /**
   * @param {ObjectRecord} object
   * @param {boolean} isSpeculative
   */
  async #ask(object, isSpeculative) {
    const { picture } = this.session;
    if (!picture) return;
    const sequence = ++this.#sequence;
    const question = this.questions.of(object, picture.id, sequence);
    const entry = { id: object.id, key: this.session.key(object), question, isSpeculative };
    this.#note(sequence, entry);
    this.#underWay = sequence;
    this.emit("busy", !isSpeculative);
    const started = performance.now();
    // The answer to a speculative question is not worth a place in the queue.
    const reply = await this.#reply(question, () => !entry.isSpeculative);
    if (this.#underWay !== sequence) return; // another picture came meanwhile
    this.#underWay = null;
    this.#take(reply, entry, performance.now() - started);
    if (this.#underWay === null) this.#next();
    if (this.#underWay === null) this.emit("busy", false);
  }

  /**
   * @param {Outcome} reply
   * @param {Entry} entry
   * @param {number} milliseconds
   */
  #take(reply, entry, milliseconds) {
    if (reply.error) this.#refuse(entry, reply);
    else if (reply.isDropped) this.#hovered = null;
    else {
      if (!reply.wasQueued) this.#lastMilliseconds = milliseconds;
      this.#accept(reply, entry.question.sequence, milliseconds);
    }
  }

  /**
   * @param {Question} question
   * @param {() => boolean} mayQueue
   * @returns {Promise<Outcome>}
   */
  async #reply(question, mayQueue) {
    const reply = await this.transport.send(question, mayQueue);
    if (reply.needs !== "masks" || question.picture !== this.session.picture?.id) return reply;
    const whole = await this.transport.send(this.questions.withMasks(question), mayQueue);
    return whole.needs ? LOST : whole; // asked again and again it would be no better
  }

  /**
   * A reply after its question was given up: filed under its own question, shown only if that still stands.
   *
   * @param {Reply} reply
   * @param {number} sequence
   */
  #late(reply, sequence) {
    if (this.#underWay !== sequence && !reply.error && !reply.needs) this.#accept(reply, sequence);
  }

  /**
   * @param {number} sequence
   * @param {Entry} entry
   */
  #note(sequence, entry) {
    this.#asked.set(sequence, entry);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > ASKED_KEPT) this.#asked.delete(oldest);
  }

  /**
   * @param {Reply} reply
   * @param {number} sequence
   * @param {number} [milliseconds]
   */
  #accept(reply, sequence, milliseconds = 0) {
    const entry = this.#asked.get(sequence);
    const found = reply.objects?.[0];
    if (!entry || !found) return;
    const answer = new Answer(found, entry.question);
    this.answers.keep(entry.key, answer);
    const object = this.session.object(entry.id);
    if (object && this.#isWanted(object, entry)) {
      if (this.answers.show(object.id, answer, sequence)) this.emit("answered", object, milliseconds);
    } else if (entry.isSpeculative) this.emit("hoverAnswered");
  }

  /**
   * Whether an answer is the object's own, or shows on the way where a drag has got to.
   *
   * @param {ObjectRecord} object
   * @param {Entry} entry
   */
  #isWanted(object, { key, question, isSpeculative }) {
    if (this.session.key(object) === key) return true;
    const isOfThisPicture = question.picture === this.session.picture?.id;
    return !isSpeculative && this.session.isOpen && isAnswerable(object) && isOfThisPicture;
  }

  /**
   * @param {Entry} entry
   * @param {Outcome} reply
   */
  #refuse({ id, key, isSpeculative }, { error = "", isUnreached = false }) {
    this.#refused.add(key);
    if (isSpeculative) {
      this.#hovered = null;
      return;
    }
    this.answers.fail(id);
    this.emit("failed", error, isUnreached);
  }
}
