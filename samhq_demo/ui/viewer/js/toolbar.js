// The buttons: each says with data-action which line of the actions' table it is.

import { partOf, partsOf, setText } from "./dom.js";
import { fillHelp } from "./help.js";
import { isAnswerable, isBlank } from "./prompt.js";

/**
 * @import { Action } from "./actions.js"
 * @import { Hover } from "./hover.js"
 * @import { Look, Mode, ViewName } from "./mode.js"
 * @import { Session } from "./session.js"
 * @import { Surface } from "./surface.js"
 */

/** @type {readonly ViewName[]} */
const VIEWS = ["side", "slider", "difference"];
/** @type {readonly Look[]} */
const LOOKS = ["outline", "spotlight", "cutout"];

export class Toolbar {
  /** @type {Map<string, HTMLButtonElement>} by action */
  #buttons = new Map();

  /**
   * @param {HTMLElement} root
   * @param {readonly Action[]} actions
   * @param {object} parts
   * @param {Session} parts.session
   * @param {Mode} parts.mode
   * @param {Surface} parts.surface
   * @param {Hover} parts.hover
   */
  constructor(root, actions, { session, mode, surface, hover }) {
    this.root = root;
    this.session = session;
    this.mode = mode;
    this.surface = surface;
    this.hover = hover;
    this.zoom = partOf(root, ".zoom", HTMLElement);
    this.opacity = partOf(root, ".opacity", HTMLInputElement);
    this.settings = partsOf(root, "[data-setting]", HTMLSelectElement);
    this.#listen(actions);
    fillHelpDialog(partOf(root, "dialog.help", HTMLDialogElement), actions);
  }

  /** @param {readonly Action[]} actions */
  #listen(actions) {
    for (const button of partsOf(this.root, "[data-action]", HTMLButtonElement)) {
      const action = actions.find(({ name }) => name === button.dataset.action);
      if (!action?.run) throw new Error(`There is no action ${button.dataset.action}.`);
      button.addEventListener("click", action.run);
      if (action.keys) button.title = `${button.ariaLabel ?? action.text} (${action.keys[0]})`;
      if (!this.#buttons.has(action.name ?? "")) this.#buttons.set(action.name ?? "", button);
    }
    this.opacity.addEventListener("input", () => this.mode.setOpacity(Number(this.opacity.value)));
    // Choices that change the question: each select's name is the setting, its value is JSON.
    for (const select of this.settings) {
      const name = select.dataset.setting ?? "";
      select.addEventListener("change", () => this.session.setSettings({ [name]: JSON.parse(select.value) }));
    }
  }

  update() {
    this.#updatePressed();
    this.#updateEnabled();
    const { session, mode } = this;
    if (Number(this.opacity.value) !== mode.opacity) this.opacity.value = String(mode.opacity);
    /** @type {Record<string, unknown>} */
    const settings = { ...session.settings };
    for (const select of this.settings) {
      const value = settings[select.dataset.setting ?? ""];
      if (value !== undefined) select.value = JSON.stringify(value);
    }
    this.root.style.setProperty("--object", session.selected.color);
    setText(this.zoom, `${this.#zoomPercent()} %`);
  }

  #updatePressed() {
    const { mode } = this;
    const press = (/** @type {string} */ name, /** @type {boolean} */ isOn) =>
      this.#button(name).setAttribute("aria-pressed", String(isOn));
    for (const name of VIEWS) press(`view-${name}`, mode.viewName === name);
    press("tool-object", !mode.isPanTool && mode.tool === "object");
    press("tool-background", !mode.isPanTool && mode.tool === "background");
    press("tool-pan", mode.isPanTool);
    press("tool-box", !mode.isPanTool && mode.tool === "box");
    press("everything-pick", mode.isPicking);
    for (const look of LOOKS) press(look, mode.look === look);
    press("hide", mode.areMasksHidden);
    press("hover", this.hover.isAnswerOn);
  }

  #updateEnabled() {
    const { session, mode } = this;
    const enable = (/** @type {string} */ name, /** @type {boolean} */ isOn) => {
      this.#button(name).disabled = !isOn;
    };
    enable("undo", session.canUndo);
    enable("redo", session.canRedo);
    enable("clear", !isBlank(session.selected));
    enable("clear-all", session.objects.length > 1 || !isBlank(session.selected));
    for (const name of ["mask", "truth", "load", "new", "everything"]) enable(name, mode.isReady);
    enable("refine", mode.isReady && isAnswerable(session.selected));
    enable("zoom-out", !this.surface.view.isFit);
  }

  /** 100 is one picture pixel for one CSS pixel. */
  #zoomPercent() {
    return this.session.picture ? Math.max(1, Math.round(this.surface.view.scale * 100)) : 100;
  }

  /** @param {string} name */
  #button(name) {
    const button = this.#buttons.get(name);
    if (!button) throw new Error(`The template has no button for ${name}.`);
    return button;
  }
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {readonly Action[]} actions
 */
function fillHelpDialog(dialog, actions) {
  fillHelp(partOf(dialog, ".key-list", HTMLElement), actions);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  partOf(dialog, ".close", HTMLElement).addEventListener("click", () => dialog.close());
}
