// The line of the slider view.

const DIVIDER_STEP = 0.02;
/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 };
/** @type {Record<string, number>} */
const ENDS = { Home: 0, End: 1 };

/** The line of the slider view: SAM to its left, SAM-HQ to its right. Moving it paints nothing. */
export class Divider {
  /**
   * @param {HTMLElement} element
   * @param {HTMLElement} stage
   */
  constructor(element, stage) {
    this.element = element;
    this.stage = stage;
    this.share = 0.5; // of the picture that shows SAM
    this.set(this.share);
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      element.focus({ preventScroll: true });
      event.preventDefault();
    });
    element.addEventListener("pointermove", (event) => {
      if (!element.hasPointerCapture(event.pointerId)) return;
      const box = stage.getBoundingClientRect();
      this.set((event.clientX - box.left) / box.width);
    });
    element.addEventListener("keydown", (event) => this.#press(event));
  }

  /** @param {number} share */
  set(share) {
    this.share = Math.min(1, Math.max(0, share));
    const text = `${Math.round(this.share * 100)}`;
    this.stage.style.setProperty("--divider", `${this.share * 100}%`);
    this.element.setAttribute("aria-valuenow", text);
    this.element.setAttribute("aria-valuetext", `SAM on ${text} % of the picture`);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (!(event.key in STEPS) && !(event.key in ENDS)) return;
    event.preventDefault();
    this.set(ENDS[event.key] ?? this.share + STEPS[event.key] * DIVIDER_STEP);
  }
}
