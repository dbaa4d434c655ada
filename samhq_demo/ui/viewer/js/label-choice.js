// The labels of a mask's file that has several: the one that is meant is chosen from a list.

import { partOf, tag } from "./dom.js";

export class LabelChoice {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.question = partOf(element, "span", HTMLElement);
    this.list = partOf(element, "select", HTMLSelectElement);
  }

  /**
   * @param {readonly string[]} labels
   * @param {object} file
   * @param {string} file.name
   * @param {(label: string) => void} file.choose
   */
  offer(labels, { name, choose }) {
    this.question.textContent = `Which label of ${name} is the mask?`;
    const none = tag("option", { value: "" }, "Choose …");
    this.list.replaceChildren(none, ...labels.map((label) => tag("option", { value: label }, label)));
    this.list.onchange = () => {
      if (this.list.value) choose(this.list.value);
    };
    this.element.hidden = false;
  }

  hide() {
    this.element.hidden = true;
  }
}
