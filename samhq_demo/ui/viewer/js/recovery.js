// After a question that did not get to the server: asked again until it does.

/** @import { Decoder } from "./decoder.js" */

const AGAIN_MS = 2000;

export class Recovery {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined;

  /** @param {Decoder} decoder */
  constructor(decoder) {
    this.decoder = decoder;
    decoder.on("failed", (_, isUnreached) => isUnreached && this.#wait());
    window.addEventListener("online", () => this.#timer !== undefined && this.#retry());
  }

  #wait() {
    this.#timer ??= setTimeout(() => this.#retry(), AGAIN_MS);
  }

  #retry() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.decoder.retry();
  }
}
