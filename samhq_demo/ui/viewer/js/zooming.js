// The wheel and the trackpad: they zoom the picture where they do not scroll the page.

/**
 * @import { Session } from "./session.js"
 * @import { Surface } from "./surface.js"
 *
 * @typedef {UIEvent & { scale: number, clientX: number, clientY: number }} GestureEvent Safari's own, of a trackpad.
 */

const AFTER_SCROLL_MS = 300; // a wheel that was scrolling the page goes on scrolling it

export class Zooming {
  #lastScroll = -Infinity;
  #lastScale = 1;

  /**
   * @param {object} parts
   * @param {Session} parts.session
   * @param {Surface} parts.surface
   * @param {() => boolean} isTouched whether fingers are on the picture: they zoom it themselves.
   */
  constructor({ session, surface }, isTouched) {
    this.session = session;
    this.surface = surface;
    this.isTouched = isTouched;
    surface.stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    for (const name of ["gesturestart", "gesturechange", "gestureend"]) {
      surface.stage.addEventListener(name, (event) => this.#gesture(/** @type {GestureEvent} */ (event)));
    }
    this.#watchScrolling();
  }

  /** When the page was last scrolled by a wheel: it also scrolls where a change of view makes it shorter. */
  #watchScrolling() {
    let lastWheel = -Infinity;
    const options = { capture: true, passive: true };
    document.addEventListener("wheel", () => (lastWheel = performance.now()), options);
    document.addEventListener("scroll", () => {
      if (performance.now() - lastWheel < AFTER_SCROLL_MS) this.#lastScroll = performance.now();
    }, options);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    const isPinch = event.ctrlKey; // a touchpad's pinch arrives as a wheel with Ctrl, but for Safari
    const scrollsPage = performance.now() - this.#lastScroll < AFTER_SCROLL_MS;
    if (!isPinch && (scrollsPage || (this.surface.view.isFit && event.deltaY > 0))) return;
    const lines = event.deltaMode === 1 ? 20 : 1;
    const amount = Math.max(-600, Math.min(600, event.deltaY * lines)) * (isPinch ? 0.01 : 0.0018);
    this.#zoom(event, Math.exp(-amount));
  }

  /** @param {GestureEvent} event whose scale counts from where the pinch began. */
  #gesture(event) {
    event.preventDefault(); // the browser would zoom the page
    const factor = event.type === "gesturestart" ? 1 : event.scale / this.#lastScale;
    this.#lastScale = event.type === "gesturestart" ? 1 : event.scale;
    if (factor !== 1 && !this.isTouched()) this.#zoom(event, factor);
  }

  /**
   * @param {WheelEvent | GestureEvent} event
   * @param {number} factor
   */
  #zoom(event, factor) {
    const pane = this.surface.paneAt(event.clientX, event.clientY);
    if (!pane || !this.session.picture) return;
    event.preventDefault();
    this.surface.zoom(...pane.at(event.clientX, event.clientY), factor);
    this.surface.settleSoon();
  }
}
