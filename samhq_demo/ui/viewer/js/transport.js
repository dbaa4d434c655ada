// Sends one question to the server and brings back the reply: directly, or through the queue where the work needs it.

import { Emitter } from "./emitter.js";

/**
 * @import { Question, Reply } from "./wire.js"
 *
 * @typedef {(question: Question) => Promise<Reply | undefined>} Ask
 * @typedef {(question: Question) => void} Queue sends it the long way; the reply comes to `deliver`.
 * @typedef {Reply & { isDropped?: boolean, wasQueued?: boolean, isUnreached?: boolean }} Outcome
 *
 * @typedef {object} TransportEvents
 * @property {() => void} queued a question waits in the queue.
 * @property {(reply: Reply, sequence: number) => void} late a reply came after its question was given up.
 */

const ASK_AGAIN_MS = 2000; // while a question is in the queue: its answer may be lost on the way here
const QUEUE_PATIENCE_MS = 600_000; // a large model on a slow machine, with others before
/** @type {Reply} What takes the place of a reply that did not come. */
export const LOST = { error: "The server did not answer. Your prompts are kept; change one to try again." };

/** @type {Outcome} Where a question did not even get to the server. */
export const UNREACHED = {
  error: "The server cannot be reached. Your prompts are kept and sent again once it can.", isUnreached: true,
};

/** @extends {Emitter<TransportEvents>} */
export class Transport extends Emitter {
  /** @type {{ sequence: number, resolve: (reply: Reply) => void } | null} the question in the queue */
  #delivery = null;

  /**
   * @param {object} ways
   * @param {Ask} ways.ask
   * @param {Queue} ways.queue
   * @param {number} ways.patience milliseconds until a question counts as lost.
   */
  constructor({ ask, queue, patience }) {
    super();
    this.ask = ask;
    this.queue = queue;
    this.patience = patience;
  }

  /** Another picture: what is in the queue is not waited for. */
  restart() {
    this.#delivery?.resolve({ error: "" });
  }

  /**
   * A reply that came the long way.
   *
   * @param {Reply} reply
   * @returns {boolean} whether its question waited for it.
   */
  deliver(reply) {
    if (!this.#delivery || this.#delivery.sequence !== reply.sequence) return false;
    this.#delivery.resolve(reply);
    return true;
  }

  /**
   * @param {Question} question
   * @param {() => boolean} mayQueue asked once it is known that the question needs the queue.
   * @returns {Promise<Outcome>}
   */
  async send(question, mayQueue) {
    const direct = this.ask(question).then((found) => found ?? UNREACHED, () => UNREACHED);
    let isOver = false;
    direct.then((reply) => isOver && reply && this.emit("late", reply, question.sequence));
    const reply = (await inTime(direct, this.patience)) ?? LOST;
    isOver = true;
    if (reply.needs !== "queue") return reply;
    if (!mayQueue()) return { isDropped: true };
    return (await this.#queued(question)) ?? LOST;
  }

  /**
   * What comes back first, the queue's answer or a direct one now that the picture is encoded.
   *
   * @param {Question} question
   * @returns {Promise<Outcome | null>}
   */
  async #queued(question) {
    const { sequence } = question;
    /** @type {Promise<Reply>} */
    const delivery = new Promise((resolve) => (this.#delivery = { sequence, resolve }));
    const giveUp = performance.now() + QUEUE_PATIENCE_MS;
    this.queue(question);
    this.emit("queued");
    let reply = null;
    while (!reply && performance.now() < giveUp) {
      reply = await inTime(delivery, ASK_AGAIN_MS);
      if (reply) break;
      const direct = await this.ask(question).catch(() => null);
      if (direct && !direct.needs) reply = direct;
    }
    if (this.#delivery?.sequence === sequence) this.#delivery = null; // not that of a newer picture
    return reply && { ...reply, wasQueued: true };
  }
}

/**
 * @template Value
 * @param {Promise<Value>} promise
 * @param {number} milliseconds
 * @returns {Promise<Value | null>} null once the time is over.
 */
function inTime(promise, milliseconds) {
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  /** @type {Promise<null>} */
  const timeout = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds, null)));
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}
