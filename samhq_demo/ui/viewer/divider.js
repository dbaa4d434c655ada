// The line of the slider view.

const DIVIDER_STEP = 0.02;

/** The line of the slider view: SAM to its left, SAM-HQ to its right. Moving it paints nothing. */
export class Divider {
  constructor(element, stage) {
    this.element = element;
    this.stage = stage;
    this.set(0.5);
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

  set(share) {
    this.share = Math.min(1, Math.max(0, share));
    const text = `${Math.round(this.share * 100)}`;
    this.stage.style.setProperty("--divider", `${this.share * 100}%`);
    this.element.setAttribute("aria-valuenow", text);
    this.element.setAttribute("aria-valuetext", `SAM on ${text} % of the picture`);
  }

  #press(event) {
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 };
    const ends = { Home: 0, End: 1 };
    if (!(event.key in steps) && !(event.key in ends)) return;
    event.preventDefault();
    this.set(ends[event.key] ?? this.share + steps[event.key] * DIVIDER_STEP);
  }
}
