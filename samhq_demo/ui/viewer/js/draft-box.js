// The box that is being drawn, by the pointer or at the keyboard's cursor.

import { Emitter } from "./emitter.js";
import { SMALLEST_BOX, orderedBox } from "./marks.js";

/**
 * @import { Box, Point } from "./wire.js"
 *
 * @typedef {{ changed: () => void }} DraftBoxEvents
 */

/** @extends {Emitter<DraftBoxEvents>} */
export class DraftBox extends Emitter {
  /** @type {Box | null} */
  #box = null;

  /** From the corner where it began to where it has got to; null while none is drawn. */
  get box() {
    return this.#box;
  }

  /**
   * Begin, or go on.
   *
   * @param {Point} from
   * @param {Point} to
   */
  draw([x0, y0], [x1, y1]) {
    this.#set([x0, y0, x1, y1]);
  }

  /**
   * @returns {Box | null} the box with its corners in order; null for none, or one that is too small to mean anything.
   */
  finish() {
    const box = this.#box && orderedBox(this.#box);
    this.#set(null);
    return box && box[2] - box[0] >= SMALLEST_BOX && box[3] - box[1] >= SMALLEST_BOX ? box : null;
  }

  /** As if none had been begun. */
  drop() {
    if (this.#box) this.#set(null);
  }

  /** @param {Box | null} box */
  #set(box) {
    this.#box = box;
    this.emit("changed");
  }
}
