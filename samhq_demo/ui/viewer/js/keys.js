// The keyboard: a key press is looked up in the table of actions.

import { TYPING } from "./dom.js";

/**
 * @import { Action } from "./actions.js"
 * @import { Mode } from "./mode.js"
 * @import { Surface } from "./surface.js"
 */

/**
 * A key press as written in the table: "Ctrl+Shift+Z"; Cmd counts as Ctrl.
 *
 * @param {KeyboardEvent} event
 */
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
  /** @type {Map<string, Action>} */
  #byKey = new Map();
  #isPointerOver = false;

  /**
   * @param {readonly Action[]} actions
   * @param {object} parts
   * @param {HTMLElement} parts.root
   * @param {Surface} parts.surface
   * @param {Mode} parts.mode
   */
  constructor(actions, { root, surface, mode }) {
    this.root = root;
    this.surface = surface;
    this.mode = mode;
    for (const action of actions) for (const key of action.keys ?? []) if (action.run) this.#byKey.set(key, action);
    /** @type {(event: KeyboardEvent) => void} */
    this.listener = (event) => (event.type === "keydown" ? this.#press(event) : this.#release(event));
    document.addEventListener("keydown", this.listener);
    document.addEventListener("keyup", this.listener);
    window.addEventListener("blur", () => mode.holdSpace(false));
    surface.stage.addEventListener("pointerenter", () => (this.#isPointerOver = true));
    surface.stage.addEventListener("pointerleave", () => (this.#isPointerOver = false));
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (!this.root.isConnected) this.#stop();
    else if (event.defaultPrevented || event.isComposing || this.#isElsewhere(event.target)) return;
    else if (event.key === " ") this.#space(event);
    else this.#run(event);
  }

  /** @param {KeyboardEvent} event */
  #run(event) {
    const action = this.#byKey.get(keyName(event));
    if (!action?.run || (action.onStage && document.activeElement !== this.surface.stage)) return;
    event.preventDefault();
    action.run();
  }

  /**
   * Where keys mean something else: fields, open dialogs, pages on which the viewer is out of sight.
   *
   * @param {EventTarget | null} target
   */
  #isElsewhere(target) {
    if (this.root.offsetParent === null || document.querySelector("dialog[open]")) return true;
    return target instanceof Element && Boolean(target.closest(TYPING));
  }

  /**
   * Space held down pans, unless it is pressing a button.
   *
   * @param {KeyboardEvent} event
   */
  #space(event) {
    const focused = document.activeElement;
    const { stage } = this.surface;
    if (focused !== document.body && focused !== stage) return;
    if (!this.#isPointerOver && focused !== stage) return;
    event.preventDefault();
    this.mode.holdSpace(true);
  }

  /** @param {KeyboardEvent} event */
  #release(event) {
    if (event.key === " ") this.mode.holdSpace(false);
  }

  #stop() {
    document.removeEventListener("keydown", this.listener);
    document.removeEventListener("keyup", this.listener);
  }
}
