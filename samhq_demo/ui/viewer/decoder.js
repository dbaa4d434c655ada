// Questions to the server: at most one under way, so that edits in quick succession become one question
// with the last of them; every question numbered, so that no late answer takes a newer one's place. An answer
// begins as a sketch, which is what a screen needs; the rest is asked for once that is painted.

import { afterPaint } from "./dom.js";
import { isAnswerable } from "./prompt.js";

const DRAG_BELOW_MS = 250; // answers while a mark is dragged, where the machine keeps up
const FORESEE_BELOW_MS = 1000; // answers at the press of a button; slower ones are in the way of a drag's box
const ASKED_KEPT = 64;
const ASK_AGAIN_MS = 2000; // while a question is in the queue: its answer may be lost on the way here
const QUEUE_PATIENCE_MS = 600_000; // a large model on a slow machine, with others before

export class Decoder {
  /**
   * `ask(question)` -> reply; `queue(question)` sends it the long way, its reply comes to `deliver`. Milliseconds:
   * `patience` until a question counts as lost; `previewBelow`, how quick answers have to be for previews.
   * `events`: answered(object, milliseconds), completed(), previewed(), failed(sentence), busy(isBusy), queued().
   */
  constructor(session, answers, { ask, queue, patience, previewBelow }, events) {
    Object.assign(this, { session, answers, ask, queue, patience, previewBelow, events });
    this.lastMilliseconds = Infinity;
    this.sequence = 0;
    this.underWay = null; // the number of the question that has no reply yet
    this.asked = new Map(); // number -> {id, key, question, isPreview}
    this.refused = new Set(); // keys answered with an error: asked again only after the next edit
    this.questions = new WeakMap(); // sketch -> its question
    this.completing = new Map(); // sketch -> when it is whole, or known not to be
    this.incomplete = new WeakSet(); // sketches of which the rest did not come: the same
    this.wantedPreview = null;
    this.sentMasks = new Map(); // id -> rle: what the server has of this picture, unless it had to make room
  }

  get isQuick() {
    return this.lastMilliseconds < this.previewBelow;
  }

  /** After an edit: show what is known already, ask for what is not. */
  update() {
    this.refused.clear();
    this.incomplete = new WeakSet();
    this.wantedPreview = null;
    this.#showKnown();
    this.#next();
  }

  /** The answer that one more point would give, for the pointer resting at a place: `asked`, an object with it. */
  preview(asked) {
    this.wantedPreview = asked;
    if (this.answers.get(asked)) this.events.previewed();
    else this.#next();
  }

  /** The answer that a point would give whose button is pressed but not released; as `preview`, not drawn. */
  foresee(asked) {
    const isSlow = Number.isFinite(this.lastMilliseconds) && this.lastMilliseconds > FORESEE_BELOW_MS;
    if (this.underWay === null && this.session.picture && !isSlow && !this.answers.get(asked)) this.#ask(asked, true);
  }

  /** Another picture: what is under way is not waited for. */
  restart() {
    this.underWay = null;
    this.completing.clear();
    this.sentMasks.clear();
    this.delivery?.resolve({ error: "" });
  }

  /** A reply that came the long way. */
  deliver(reply) {
    if (this.delivery?.sequence === reply.sequence) this.delivery.resolve(reply);
    else this.#accept(reply);
  }

  #showKnown() {
    for (const object of this.session.objects) {
      // A cleared object must not show its old mask again while the answer to a new click is on its way.
      if (!isAnswerable(object)) this.answers.lastShown.delete(object.id);
      const answer = isAnswerable(object) && this.answers.get(object);
      if (!answer || this.answers.lastShown.get(object.id)?.answer === answer) continue;
      this.answers.show(object.id, answer, ++this.sequence);
      this.events.answered(object, 0);
    }
  }

  #next() {
    if (this.underWay !== null) return this.#promote();
    if (!this.session.picture) return;
    if (this.session.open && this.lastMilliseconds > DRAG_BELOW_MS) return;
    const object = this.answers.missing().find((each) => !this.refused.has(this.session.key(each)));
    if (object) return void this.#ask(object, false);
    const asked = this.wantedPreview;
    if (asked && this.isQuick && !this.answers.get(asked)) return void this.#ask(asked, true);
    afterPaint(() => this.#completeNext());
  }

  /** A preview under way that an object now asks for is one no more: its answer is waited for. */
  #promote() {
    const entry = this.asked.get(this.underWay);
    if (!entry?.isPreview || !this.answers.missing().some((object) => this.session.key(object) === entry.key)) return;
    entry.isPreview = false;
    this.events.busy(true);
  }

  /** Ask for the rest of a sketch that is on the screen; in the way of nothing else, one at a time. */
  async #completeNext() {
    if (this.underWay !== null || this.completing.size || this.session.open || !this.session.picture) return;
    const sketch = this.answers.sketches().find((each) => !this.incomplete.has(each));
    if (!sketch) return;
    await this.complete(sketch);
    if (sketch.is_sketch) this.incomplete.add(sketch);
    afterPaint(() => this.#completeNext());
  }

  /** Make a sketch the whole answer; `mayQueue`: the long way too. True where the answer is whole then. */
  async complete(answer, { mayQueue = false } = {}) {
    await this.completing.get(answer);
    if (!answer.is_sketch) return true;
    const work = this.#askTheRest(answer, mayQueue);
    this.completing.set(answer, work);
    await work;
    if (this.completing.get(answer) === work) this.completing.delete(answer);
    return !answer.is_sketch;
  }

  async #askTheRest(answer, mayQueue) {
    const question = { ...this.questions.get(answer), sequence: ++this.sequence, is_sketch: false };
    const reply = await this.#reply(question, { isPreview: !mayQueue });
    if (!reply.objects) return;
    this.answers.complete(answer, reply.objects[0]);
    this.events.completed();
  }

  async #ask(asked, isPreview) {
    const { session } = this;
    const sequence = ++this.sequence;
    const key = session.key(asked);
    const question = this.#question(asked, sequence);
    const entry = { id: asked.id, key, question, isPreview };
    this.#note(sequence, entry);
    this.underWay = sequence;
    this.events.busy(!isPreview);
    const started = performance.now();
    const reply = await this.#reply(question, entry);
    const milliseconds = performance.now() - started;
    if (this.underWay !== sequence) return; // another picture came meanwhile
    this.underWay = null;
    if (reply.error) this.#refuse(entry, reply.error);
    else if (reply.dropped) this.wantedPreview = null;
    else {
      if (!reply.wasQueued) this.lastMilliseconds = milliseconds;
      this.#accept({ ...reply, sequence }, milliseconds);
    }
    if (this.underWay === null) this.#next();
    if (this.underWay === null) this.events.busy(false);
  }

  #question({ id, prompt, choice, steps, mask, truth }, sequence) {
    const { settings, picture } = this.session;
    const more = { steps, mask: this.#named(mask), truth: this.#named(truth) };
    // A sketch is of the best masks: who chose another candidate does not want to see those first.
    const is_sketch = !choice.sam && !choice.sam_hq;
    return { ...settings, picture: picture.id, sequence, object: id, prompt, is_sketch, ...more };
  }

  /** A mask as a question has it: whole the first time, then only by its id. */
  #named(mask) {
    if (!mask || this.sentMasks.has(mask.id)) return mask && { id: mask.id };
    this.sentMasks.set(mask.id, mask.rle);
    return { id: mask.id, ...mask.rle };
  }

  /** The same question with its masks whole. */
  #withMasks(question) {
    const whole = (mask) => mask && { ...this.sentMasks.get(mask.id), id: mask.id };
    return { ...question, mask: whole(question.mask), truth: whole(question.truth) };
  }

  async #reply(question, entry) {
    const lost = { error: "The server did not answer. Your prompts are kept; change one to try again." };
    const direct = Promise.resolve(this.ask(question)).catch(() => lost);
    direct.then((reply) => this.#late(question.sequence, reply));
    const reply = (await this.#inTime(direct, this.patience)) ?? lost;
    if (reply.needs === "masks") {
      const isOfThisPicture = question.picture === this.session.picture?.id;
      return isOfThisPicture ? this.#reply(this.#withMasks(question), entry) : lost;
    }
    if (reply.needs !== "queue") return reply;
    if (entry.isPreview) return { dropped: true }; // a preview is not worth a place in the queue
    return (await this.#queued(question)) ?? lost;
  }

  /** The long way: what comes back first, the queue's answer or a direct one now that the picture is encoded. */
  async #queued(question) {
    const delivery = new Promise((resolve) => (this.delivery = { sequence: question.sequence, resolve }));
    const giveUp = performance.now() + QUEUE_PATIENCE_MS;
    this.queue(question);
    this.events.queued();
    let reply = null;
    while (!reply && performance.now() < giveUp) {
      reply = await this.#inTime(delivery, ASK_AGAIN_MS);
      if (reply) break;
      const direct = await Promise.resolve(this.ask(question)).catch(() => null);
      if (direct && !direct.needs) reply = direct;
    }
    if (this.delivery?.sequence === question.sequence) this.delivery = null; // not that of a newer picture
    return reply && { ...reply, wasQueued: true };
  }

  #inTime(promise, milliseconds) {
    let timer;
    const timeout = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds, null)));
    return Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
  }

  /** A reply after its question was given up: filed under its own question, shown only if that still stands. */
  #late(sequence, reply) {
    if (this.underWay !== sequence && reply && !reply.error && !reply.needs) this.#accept({ ...reply, sequence });
  }

  #note(sequence, entry) {
    this.asked.set(sequence, entry);
    if (this.asked.size > ASKED_KEPT) this.asked.delete(this.asked.keys().next().value);
  }

  #accept(reply, milliseconds = 0) {
    const entry = this.asked.get(reply.sequence);
    const answer = reply.objects?.[0];
    if (!entry || !answer) return;
    this.answers.keep(entry.key, answer);
    if (answer.is_sketch) this.questions.set(answer, entry.question);
    const object = this.session.object(entry.id);
    const isCurrent = object && this.session.key(object) === entry.key;
    const isOnTheWay = object && !entry.isPreview && this.session.open && isAnswerable(object)
      && entry.question.picture === this.session.picture.id;
    if (isCurrent || isOnTheWay) {
      if (this.answers.show(object.id, answer, reply.sequence)) this.events.answered(object, milliseconds);
    } else if (entry.isPreview) this.events.previewed();
  }

  #refuse({ key, isPreview }, sentence) {
    this.refused.add(key);
    if (isPreview) this.wantedPreview = null;
    else this.events.failed(sentence);
  }
}
