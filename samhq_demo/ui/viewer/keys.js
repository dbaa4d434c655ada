// The keyboard: a key press is looked up in the table of actions.

import { TYPING } from "./dom.js";

/** A key press as written in the table: "Ctrl+Shift+Z"; Cmd counts as Ctrl. */
function keyName(event) {
  const digit = /^Digit([0-9])$/.exec(event.code)?.[1];
  const single = event.key.length === 1;
  let key = single ? event.key.toUpperCase() : event.key;
  // Shift+1 is "!" on one keyboard and "+" on another; its place on the keyboard is the same.
  if (event.shiftKey && digit && digit <= "3") key = digit;
  const isLetter = single && key.toLowerCase() !== key.toUpperCase();
  // On characters such as "?" or "+" Shift is part of the character, not a modifier; so is AltGr on "[".
  const shift = event.shiftKey && (isLetter || !single || key === digit);
  const isAltGraph = event.getModifierState("AltGraph");
  const control = (event.ctrlKey || event.metaKey) && !isAltGraph;
  const modifiers = [control && "Ctrl", event.altKey && !isAltGraph && "Alt", shift && "Shift"];
  return [...modifiers.filter(Boolean), key].join("+");
}

export class Keys {
  constructor(viewer, actions) {
    this.viewer = viewer;
    this.byKey = new Map();
    for (const action of actions) if (action.run) for (const key of action.keys ?? []) this.byKey.set(key, action);
    this.isSpaceDown = false;
    this.listener = (event) => (event.type === "keydown" ? this.#press(event) : this.#release(event));
    document.addEventListener("keydown", this.listener);
    document.addEventListener("keyup", this.listener);
    window.addEventListener("blur", () => this.#hold(false));
  }

  #press(event) {
    const { viewer } = this;
    if (!viewer.root.isConnected) return this.#stop();
    if (event.defaultPrevented || event.isComposing || this.#isElsewhere(event.target)) return;
    if (event.key === " ") return this.#space(event);
    const action = this.byKey.get(keyName(event));
    if (!action || (action.onStage && document.activeElement !== viewer.stage)) return;
    event.preventDefault();
    action.run();
  }

  /** Where keys mean something else: fields, open dialogs, pages on which the viewer is out of sight. */
  #isElsewhere(target) {
    if (this.viewer.root.offsetParent === null || document.querySelector("dialog[open]")) return true;
    return target instanceof Element && Boolean(target.closest(TYPING));
  }

  /** Space held down pans, unless it is pressing a button. */
  #space(event) {
    const focused = document.activeElement;
    if (focused !== document.body && focused !== this.viewer.stage) return;
    if (!this.viewer.isPointerOver && focused !== this.viewer.stage) return;
    event.preventDefault();
    this.#hold(true);
  }

  #release(event) {
    if (event.key === " ") this.#hold(false);
  }

  #hold(isDown) {
    this.isSpaceDown = isDown;
    this.viewer.root.toggleAttribute("data-panning", this.viewer.isPanning);
  }

  #stop() {
    document.removeEventListener("keydown", this.listener);
    document.removeEventListener("keyup", this.listener);
  }
}
