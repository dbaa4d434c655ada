// Asks where this page stands in line, while its event waits in the queue and so cannot tell.

import { Emitter } from "./emitter.js";

/**
 * @import { PlaceReply } from "./wire.js"
 *
 * @typedef {() => Promise<PlaceReply | undefined> | null | undefined} AskPlace Nothing where nothing can be waited for.
 *
 * @typedef {object} PlaceEvents
 * @property {(sentence: string) => void} told
 * @property {() => void} passed nothing is waited for any more, after a place was told.
 */

const ASK_MS = 1000;
const QUIET_REPLIES = 3; // the event that waits may be on its way to the queue still

/** @extends {Emitter<PlaceEvents>} */
export class Place extends Emitter {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer = undefined;
  #quiet = 0;

  /**
   * @param {AskPlace} ask
   * @param {number} [everyMs]
   */
  constructor(ask, everyMs = ASK_MS) {
    super();
    this.ask = ask;
    this.everyMs = everyMs;
  }

  /** From now on, until there is nothing to wait for; at first after a while, as most answers are sooner. */
  start() {
    this.stop();
    this.#quiet = 0;
    const timer = setInterval(() => void this.#ask(timer), this.everyMs);
    this.#timer = timer;
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** @param {ReturnType<typeof setInterval>} timer for which it is asked. */
  async #ask(timer) {
    const asked = this.ask();
    if (!asked) return this.stop();
    const { work = "" } = (await asked.catch(() => null)) ?? {};
    if (this.#timer !== timer) return; // it was told otherwise meanwhile
    this.#quiet = work ? 0 : this.#quiet + 1;
    if (work) this.emit("told", work);
    else if (this.#quiet === 1) this.emit("passed");
    if (this.#quiet >= QUIET_REPLIES) this.stop();
  }
}
