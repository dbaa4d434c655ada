// The whole page takes a file that is dropped, so that no browser leaves the page to show it.

import { partOf } from "./dom.js";

export class DropZone {
  /** Entering a child leaves its parent: how many elements the file is over. */
  #depth = 0;

  /**
   * @param {HTMLElement} root the template's element.
   * @param {(file: File) => void} take
   */
  constructor(root, take) {
    this.root = root;
    this.sign = partOf(root, ".dropping", HTMLElement);
    this.take = take;
    /** @type {(event: DragEvent) => void} */
    this.listener = (event) => this.#hear(event);
    // Ahead of Gradio's own fields, of which each would take a file in a way of its own.
    for (const name of /** @type {const} */ (["dragenter", "dragleave", "dragover", "drop"])) {
      document.addEventListener(name, this.listener, { capture: true });
    }
  }

  /** @param {DragEvent} event */
  #hear(event) {
    if (!this.root.isConnected || !holdsFile(event)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.type === "dragenter") this.#enter(1);
    if (event.type === "dragleave") this.#enter(-1);
    if (event.type !== "drop") return;
    this.#enter(-this.#depth);
    const file = event.dataTransfer?.files[0];
    if (file) this.take(file);
  }

  /** @param {number} by */
  #enter(by) {
    this.#depth = Math.max(0, this.#depth + by);
    // In the top layer, over all of the page.
    this.sign.togglePopover(this.#depth > 0);
  }
}

/** @param {DragEvent} event */
function holdsFile(event) {
  return [...(event.dataTransfer?.types ?? [])].includes("Files");
}
