// The viewer alone on the screen; where a browser has no full screen for parts of a page, over all of the page.

export class FullScreen {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    document.addEventListener("fullscreenchange", () => this.#mark(document.fullscreenElement === root));
  }

  async toggle() {
    if (document.fullscreenElement === this.root) await document.exitFullscreen();
    else if (this.root.hasAttribute("data-full")) this.#mark(false);
    else if (!(await hasEntered(this.root))) this.#mark(true);
  }

  /** @returns {boolean} whether the page was covered, which Escape ends. */
  leave() {
    const isCovered = this.root.hasAttribute("data-full") && !document.fullscreenElement;
    if (isCovered) this.#mark(false);
    return isCovered;
  }

  /** @param {boolean} isFull */
  #mark(isFull) {
    this.root.toggleAttribute("data-full", isFull);
  }
}

/** @param {HTMLElement} root */
async function hasEntered(root) {
  try {
    await root.requestFullscreen(); // which some browsers refuse, and those of small phones do not have
    return true;
  } catch {
    return false;
  }
}
