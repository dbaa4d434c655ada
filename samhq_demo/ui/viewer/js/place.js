// Asks where this page stands in line, while its event waits in the queue and so cannot tell.

import { Emitter } from "./emitter.js";

/**
 * @import { Session } from "./session.js"
 * @import { Server } from "./wire.js"
 *
 * @typedef {object} PlaceEvents
 * @property {(sentence: string) => void} told
 */

const ASK_MS = 1000;
const QUIET_REPLIES = 3; // the event that waits may be on its way to the queue still

/** @extends {Emitter<PlaceEvents>} */
export class Place extends Emitter {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer = undefined;
  #quiet = 0;

  /**
   * @param {Session} session
   * @param {Server} server
   * @param {number} [everyMs]
   */
  constructor(session, server, everyMs = ASK_MS) {
    super();
    this.session = session;
    this.server = server;
    this.everyMs = everyMs;
  }

  /** From now on, until there is nothing to wait for; at first after a while, as most answers are sooner. */
  start() {
    this.stop();
    if (!this.server.place) return;
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
    const { picture, settings } = this.session;
    if (!picture) return this.stop();
    const asked = { picture: picture.id, model: settings.model ?? null };
    const { work = "" } = (await this.server.place?.(asked).catch(() => null)) ?? {};
    if (this.#timer !== timer) return; // it was told otherwise meanwhile
    this.#quiet = work ? 0 : this.#quiet + 1;
    if (work) this.emit("told", work);
    else if (this.#quiet >= QUIET_REPLIES) this.stop();
  }
}
