// The keyboard: a key press is looked up in the table of actions.

import { TYPING, partOf } from "./dom.js";

/**
 * @import { Action } from "./actions.js"
 * @import { Mode } from "./mode.js"
 * @import { Surface } from "./surface.js"
 */

const DIGIT = /^Digit([0-3])$/;
const LATIN = /^[a-z]$/i;
const KEPT_AS = "samhq.keys"; // in the browser's storage: whether single keys are on

/**
 * A key press as written in the table: "Ctrl+Shift+Z"; Cmd counts as Ctrl.
 *
 * @param {KeyboardEvent} event
 */
export function keyName(event) {
  const isAltGraph = event.getModifierState("AltGraph");
  const control = (event.ctrlKey || event.metaKey) && !isAltGraph;
  const key = isAltGraph ? event.key : keyOf(event);
  const isCharacter = key.length === 1;
  // On characters such as "?" or "+" Shift is part of the character, not a modifier; so is AltGr on "[".
  const shift = event.shiftKey && (!isCharacter || /[A-Z0-9]/.test(key));
  const modifiers = [control && "Ctrl", event.altKey && !isAltGraph && "Alt", shift && "Shift"];
  return [...modifiers.filter(Boolean), key].join("+");
}

/**
 * Letters by what is written on the key, where that is a Latin one, else by where the key is: Ctrl and я is undo.
 * Digits by where they are: above the letters some layouts have them with Shift, some without.
 *
 * @param {KeyboardEvent} event
 */
function keyOf({ key, code }) {
  const digit = DIGIT.exec(code)?.[1];
  if (digit) return digit;
  if (key.length !== 1) return key;
  const isOtherLetter = key.toLowerCase() !== key.toUpperCase() && !LATIN.test(key);
  const letter = isOtherLetter ? /^Key([A-Z])$/.exec(code)?.[1] : null;
  return letter ?? key.toUpperCase();
}

/** @param {string} name of a key press: whether it is a character without Ctrl or Alt, as dictation may type. */
function isSingle(name) {
  return /^(Shift\+)?.$/.test(name);
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
    root.addEventListener("pointerenter", () => (this.#isPointerOver = true));
    root.addEventListener("pointerleave", () => (this.#isPointerOver = false));
    this.choice = partOf(root, ".single-keys", HTMLInputElement);
    this.choice.checked = kept() !== "off";
    this.choice.addEventListener("change", () => keep(this.choice.checked ? "on" : "off"));
  }

  /** Whether the viewer has the keyboard's focus or the pointer: elsewhere a letter is none of its business. */
  get #isHere() {
    return this.#isPointerOver || this.root.contains(document.activeElement);
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
    const name = keyName(event);
    const action = this.#byKey.get(name);
    if (!name.startsWith("Ctrl+") && !this.#isHere) return;
    if (isSingle(name) && !this.choice.checked) return;
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
    if (!this.root.getClientRects().length || document.querySelector("dialog[open]")) return true;
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

function kept() {
  try {
    return localStorage.getItem(KEPT_AS);
  } catch {
    return null; // forbidden
  }
}

/** @param {string} choice */
function keep(choice) {
  try {
    localStorage.setItem(KEPT_AS, choice);
  } catch {
    // Forbidden or full: it holds for this page.
  }
}
