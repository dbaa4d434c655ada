// The line that says what is happening.

import { setText } from "./dom.js";

export class StatusLine {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
  }

  /**
   * @param {string} sentence
   * @param {{ isError?: boolean }} [how]
   */
  say(sentence, { isError = false } = {}) {
    setText(this.element, sentence);
    this.element.classList.toggle("error", isError);
  }
}
