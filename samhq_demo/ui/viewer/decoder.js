// Questions to the server: at most one under way, so that edits in quick succession become one question
// with the last of them; every question numbered, so that no late answer takes a newer one's place.

const DRAG_BELOW_MS = 250; // answers while a mark is dragged, where the machine keeps up
const ASKED_KEPT = 64;

class Decoder {
  /**
   * `ask(question)` -> reply; `queue(question)` sends it the long way, its reply comes to `deliver`. Milliseconds:
   * `patience` until a question counts as lost; `previewBelow`, how quick answers have to be for previews.
   * `events`: answered(object, milliseconds), previewed(), failed(sentence), busy(isBusy).
   */
  constructor(session, answers, { ask, queue, patience, previewBelow }, events) {
    Object.assign(this, { session, answers, ask, queue, patience, previewBelow, events });
    this.lastMilliseconds = Infinity;
    this.sequence = 0;
    this.underWay = null; // the number of the question that has no reply yet
    this.asked = new Map(); // number -> {id, key, picture, isPreview}
    this.refused = new Set(); // keys answered with an error: asked again only after the next edit
    this.wantedPreview = null;
  }

  get isQuick() {
    return this.lastMilliseconds < this.previewBelow;
  }

  /** After an edit: show what is known already, ask for what is not. */
  update() {
    this.refused.clear();
    this.wantedPreview = null;
    this.#showKnown();
    this.#next();
  }

  /** The answer that one more point would give, for the pointer resting at a place. */
  preview(prompt) {
    this.wantedPreview = prompt;
    if (this.answers.get(prompt)) this.events.previewed();
    else this.#next();
  }

  /** A reply that came the long way. */
  deliver(reply) {
    if (this.delivery?.sequence === reply.sequence) this.delivery.resolve(reply);
    else this.#accept(reply);
  }

  #showKnown() {
    for (const object of this.session.objects) {
      // A cleared object must not show its old mask again while the answer to a new click is on its way.
      if (!isAnswerable(object.prompt)) this.answers.lastShown.delete(object.id);
      const answer = isAnswerable(object.prompt) && this.answers.get(object.prompt);
      if (!answer || this.answers.lastShown.get(object.id)?.answer === answer) continue;
      this.answers.show(object.id, answer, ++this.sequence);
      this.events.answered(object, 0);
    }
  }

  #next() {
    if (this.underWay !== null || !this.session.picture) return;
    if (this.session.open && this.lastMilliseconds > DRAG_BELOW_MS) return;
    const object = this.answers.missing().find(({ prompt }) => !this.refused.has(this.session.key(prompt)));
    if (object) return void this.#ask(object.id, object.prompt, false);
    const prompt = this.wantedPreview;
    if (prompt && this.isQuick && !this.answers.get(prompt)) this.#ask(this.session.selectedId, prompt, true);
  }

  async #ask(id, prompt, isPreview) {
    const { session } = this;
    const sequence = ++this.sequence;
    const key = session.key(prompt);
    this.#note(sequence, { id, key, picture: session.picture.id, isPreview });
    this.underWay = sequence;
    this.events.busy(!isPreview);
    const started = performance.now();
    const question = { ...session.settings, picture: session.picture.id, sequence, object: id, prompt };
    const reply = await this.#reply(question, isPreview);
    const milliseconds = performance.now() - started;
    this.underWay = null;
    if (reply.error) this.#refuse(key, reply.error, isPreview);
    else if (reply.dropped) this.wantedPreview = null;
    else {
      this.lastMilliseconds = milliseconds;
      this.#accept({ ...reply, sequence }, milliseconds);
    }
    if (this.underWay === null) this.#next();
    if (this.underWay === null) this.events.busy(false);
  }

  async #reply(question, isPreview) {
    const lost = { error: "The server did not answer. Your prompts are kept; change one to try again." };
    const direct = Promise.resolve(this.ask(question)).catch(() => lost);
    direct.then((reply) => this.#late(question.sequence, reply));
    let reply = (await this.#inTime(direct)) ?? lost;
    if (reply.needs === "queue") {
      if (isPreview) return { dropped: true }; // a preview is not worth a place in the queue
      const delivery = new Promise((resolve) => (this.delivery = { sequence: question.sequence, resolve }));
      this.queue(question);
      reply = (await this.#inTime(delivery)) ?? lost;
      this.delivery = null;
    }
    return reply;
  }

  #inTime(promise) {
    let timer;
    const timeout = new Promise((resolve) => (timer = setTimeout(resolve, this.patience, null)));
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
    const object = this.session.object(entry.id);
    const isCurrent = object && this.session.key(object.prompt) === entry.key;
    const isOnTheWay = object && !entry.isPreview && this.session.open && isAnswerable(object.prompt)
      && entry.picture === this.session.picture.id;
    if (isCurrent || isOnTheWay) {
      if (this.answers.show(object.id, answer, reply.sequence)) this.events.answered(object, milliseconds);
    } else if (entry.isPreview) this.events.previewed();
  }

  #refuse(key, sentence, isPreview) {
    this.refused.add(key);
    if (isPreview) this.wantedPreview = null;
    else this.events.failed(sentence);
  }
}
