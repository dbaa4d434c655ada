// The selected object's inputs besides points and box: fed-back answers, a rough mask, the ground truth.

import { tag } from "./dom.js";

/**
 * @import { Session } from "./session.js"
 *
 * @typedef {{ words: string, forget: () => void }} Item
 */

export class Given {
  #shown = "";

  /**
   * @param {HTMLElement} list
   * @param {Session} session
   */
  constructor(list, session) {
    this.list = list;
    this.session = session;
  }

  update() {
    const items = this.#items();
    const text = JSON.stringify([this.session.selectedId, items.map(({ words }) => words)]);
    if (text === this.#shown) return; // the keyboard's focus stays where it is
    this.#shown = text;
    this.list.replaceChildren(...items.map(elementOf));
  }

  #items() {
    const { session } = this;
    const { steps, mask, truth } = session.selected;
    /** @type {Item[]} */
    const items = [];
    const fedBack = `${steps.length} answer${steps.length > 1 ? "s" : ""} fed back`;
    if (steps.length) items.push({ words: fedBack, forget: () => session.forgetSteps() });
    if (mask) items.push({ words: `rough mask: ${mask.name}`, forget: () => session.setMask(null) });
    if (truth) {
      const words = [`ground truth: ${truth.name}`, truth.how].filter(Boolean).join(" – ");
      items.push({ words, forget: () => session.setTruth(null) });
    }
    return items;
  }
}

/** @param {Item} item */
function elementOf({ words, forget }) {
  const label = `Without ${words}`;
  const button = tag("button", { type: "button", className: "small", title: label, ariaLabel: label, onclick: forget });
  button.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6l12 12M18 6L6 18"/></svg>';
  return tag("li", {}, tag("span", { className: "text" }, words), button);
}
