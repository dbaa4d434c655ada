// What the selected object is asked with besides points and box: fed-back answers, a rough mask, the truth.

import { tag } from "./dom.js";

export class Given {
  constructor(list, viewer) {
    this.list = list;
    this.viewer = viewer;
    this.shown = "";
  }

  update() {
    const { session } = this.viewer;
    const { steps, mask, truth } = session.selected;
    const items = [
      steps.length && [`${steps.length} answer${steps.length > 1 ? "s" : ""} fed back`, () => session.forgetSteps()],
      mask && [`rough mask: ${mask.name}`, () => session.setMask(null)],
      truth && [`true mask: ${truth.name}`, () => session.setTruth(null)],
    ].filter(Boolean);
    const text = JSON.stringify([session.selectedId, items.map(([words]) => words)]);
    if (text === this.shown) return; // the keyboard's focus stays where it is
    this.shown = text;
    this.list.replaceChildren(...items.map(([words, forget]) => this.#item(words, forget)));
  }

  #item(words, forget) {
    const button = tag("button", { type: "button", className: "small", title: `Without ${words}`,
      ariaLabel: `Without ${words}`, onclick: forget });
    button.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6l12 12M18 6L6 18"/></svg>';
    return tag("li", {}, tag("span", { className: "text" }, words), button);
  }
}
