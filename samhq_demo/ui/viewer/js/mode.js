// How the viewer is used now: whether it takes prompts, what a click and a drag do, how masks look.

import { Emitter } from "./emitter.js";
import { BACKGROUND, OBJECT } from "./prompt.js";

/**
 * @typedef {"empty" | "reading" | "ready"} PictureState
 * @typedef {"object" | "background" | "box" | "pick"} Tool What a click marks; the box tool has a finger draw a box at
 *   once, the pick tool keeps a mask of those that were found.
 * @typedef {"tint" | "outline" | "spotlight" | "cutout"} Look
 * @typedef {"side" | "slider" | "difference"} ViewName
 *
 * @typedef {object} ModeEvents
 * @property {(what: "tool" | "masks" | "view") => void} changed
 */

/** @extends {Emitter<ModeEvents>} */
export class Mode extends Emitter {
  /** @type {PictureState} */
  #pictureState = "empty";
  /** @type {ViewName} */
  #viewName = "side";
  /** @type {Tool} */
  #tool = "object";
  #isPanTool = false;
  #isSpaceDown = false;
  #opacity = 0.5;
  /** @type {Look} */
  #look = "tint";
  #areMasksHidden = false;
  /** @type {ReadonlySet<number>} objects whose masks are hidden, by id */
  #hidden = new Set();

  /** @param {HTMLElement} root its data attributes say the mode to the styles. */
  constructor(root) {
    super();
    this.root = root;
  }

  /** Whether there is a picture that takes prompts. */
  get isReady() {
    return this.#pictureState === "ready";
  }

  /** @param {PictureState} state */
  setPictureState(state) {
    this.#pictureState = state;
    this.root.dataset.state = state;
  }

  get viewName() {
    return this.#viewName;
  }

  /** @param {ViewName} name */
  showView(name) {
    this.#viewName = name;
    this.root.dataset.view = name;
    this.emit("changed", "view");
  }

  // ---- what a click and a drag do --------------------------------------------------------------------

  get tool() {
    return this.#tool;
  }

  /** The label of a point that is put now. */
  get label() {
    return this.#tool === "background" ? BACKGROUND : OBJECT;
  }

  /** Whether a click keeps a mask of those that were found. */
  get isPicking() {
    return this.#tool === "pick";
  }

  get isPanTool() {
    return this.#isPanTool;
  }

  /** Whether a drag moves the picture. */
  get isPanning() {
    return this.#isPanTool || this.#isSpaceDown;
  }

  /** @param {Tool} tool */
  setTool(tool) {
    this.#tool = tool;
    this.#isPanTool = false;
    this.#toolChanged();
  }

  toggleLabel() {
    this.setTool(this.#tool === "object" ? "background" : "object");
  }

  togglePan() {
    this.#isPanTool = !this.#isPanTool;
    this.#toolChanged();
  }

  /**
   * Space pans for as long as it is held.
   *
   * @param {boolean} isDown
   */
  holdSpace(isDown) {
    if (isDown === this.#isSpaceDown) return;
    this.#isSpaceDown = isDown;
    this.#toolChanged();
  }

  #toolChanged() {
    this.root.toggleAttribute("data-panning", this.isPanning);
    this.root.toggleAttribute("data-picking", this.isPicking);
    this.emit("changed", "tool");
  }

  // ---- how masks look --------------------------------------------------------------------------------

  get opacity() {
    return this.#opacity;
  }

  get look() {
    return this.#look;
  }

  get areMasksHidden() {
    return this.#areMasksHidden;
  }

  /** @param {number} id of an object: whether its masks are shown. */
  isShown(id) {
    return !this.#areMasksHidden && !this.#hidden.has(id);
  }

  /** @param {number} value 0 to 1 */
  setOpacity(value) {
    this.#opacity = Math.round(Math.min(1, Math.max(0, value)) * 100) / 100;
    this.emit("changed", "masks");
  }

  /**
   * Another look, or the usual one where it is that already.
   *
   * @param {Look} look
   */
  toggleLook(look) {
    this.#look = this.#look === look ? "tint" : look;
    this.emit("changed", "masks");
  }

  toggleMasks() {
    this.#areMasksHidden = !this.#areMasksHidden;
    this.emit("changed", "masks");
  }

  /** @param {number} id of an object whose masks are hidden, or shown again. */
  toggleObject(id) {
    const isHidden = this.#hidden.has(id);
    this.#hidden = new Set(isHidden ? [...this.#hidden].filter((each) => each !== id) : [...this.#hidden, id]);
    this.emit("changed", "masks");
  }

  /** Another picture: its objects are others. */
  showAll() {
    this.#hidden = new Set();
    this.#areMasksHidden = false;
  }
}
