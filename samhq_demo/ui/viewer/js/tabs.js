// Tabs of which one is open, as the ARIA pattern has them: arrow keys go from one to the next.

import { partsOf } from "./dom.js";

/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

export class Tabs {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.tabs = partsOf(root, "[role=tab]", HTMLButtonElement);
    this.sheets = partsOf(root, "[role=tabpanel]", HTMLElement);
    for (const tab of this.tabs) {
      tab.addEventListener("click", () => this.#open(tab));
      tab.addEventListener("keydown", (event) => this.#press(event, tab));
    }
  }

  /** @param {string} name the sheet's id. */
  show(name) {
    const tab = this.tabs.find((each) => each.getAttribute("aria-controls") === name);
    if (tab) this.#open(tab);
  }

  /** @param {HTMLButtonElement} chosen */
  #open(chosen) {
    for (const tab of this.tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
    }
    const name = chosen.getAttribute("aria-controls");
    for (const sheet of this.sheets) sheet.hidden = sheet.id !== name;
  }

  /**
   * @param {KeyboardEvent} event
   * @param {HTMLButtonElement} from
   */
  #press(event, from) {
    const { key } = event;
    const ends = { Home: this.tabs[0], End: this.tabs[this.tabs.length - 1] };
    const step = STEPS[key];
    const count = this.tabs.length;
    const next = step ? this.tabs[(this.tabs.indexOf(from) + step + count) % count] : ends[/** @type {"Home"} */ (key)];
    if (!next) return;
    event.preventDefault();
    this.#open(next);
    next.focus();
  }
}
