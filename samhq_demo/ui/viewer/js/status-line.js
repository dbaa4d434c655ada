// The line that says what is happening.

import { setText } from "./dom.js";

const NOTICE_MS = 1000; // a notice is read before what follows by itself takes its place

export class StatusLine {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined;
  #noticedAt = -Infinity;
  /** What was said last of the selected object: it comes back when some work is over. */
  #state = "";
  #work = "";

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
  }

  /**
   * A notice, at once: what somebody just did has this effect, or cannot be done.
   *
   * @param {string} sentence
   * @param {{ isError?: boolean }} [how]
   */
  say(sentence, { isError = false } = {}) {
    this.#show(sentence, isError);
    this.#noticedAt = performance.now();
  }

  /**
   * An answer that did not come: the next one takes its place at once.
   *
   * @param {string} sentence
   */
  fail(sentence) {
    this.#show(sentence, true);
  }

  /**
   * How the selected object stands. It waits until a notice was there for a second.
   *
   * @param {string} sentence
   */
  tell(sentence) {
    this.#state = sentence;
    const wait = this.#noticedAt + NOTICE_MS - performance.now();
    clearTimeout(this.#timer);
    if (wait > 0) this.#timer = setTimeout(() => this.#show(sentence), wait);
    else this.#show(sentence);
  }

  /**
   * Work that is under way, for as long as it is: anything may take its place at once.
   *
   * @param {string} sentence empty once the work is over.
   */
  work(sentence) {
    const isShown = this.#work !== "" && this.element.textContent === this.#work;
    this.#work = sentence;
    if (sentence) this.#show(sentence);
    else if (isShown && this.#state) this.#show(this.#state);
  }

  /**
   * @param {string} sentence
   * @param {boolean} [isError]
   */
  #show(sentence, isError = false) {
    clearTimeout(this.#timer);
    this.#noticedAt = -Infinity;
    setText(this.element, sentence);
    this.element.classList.toggle("error", isError);
  }
}
