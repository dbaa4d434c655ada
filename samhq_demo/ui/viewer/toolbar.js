// The buttons: each says with data-action which line of the actions' table it is.

import { setText } from "./dom.js";
import { fillHelp } from "./help.js";
import { isAnswerable, isBlank } from "./prompt.js";

const VIEWS = ["side", "slider", "difference"];

export class Toolbar {
  constructor(viewer, actions) {
    this.viewer = viewer;
    const { root } = viewer;
    const byName = new Map(actions.filter(({ name }) => name).map((action) => [action.name, action]));
    for (const button of root.querySelectorAll("[data-action]")) {
      const action = byName.get(button.dataset.action);
      button.addEventListener("click", () => action.run());
      if (action.keys) button.title = `${button.ariaLabel ?? action.text} (${action.keys[0]})`;
    }
    this.opacity = root.querySelector(".opacity");
    this.opacity.addEventListener("input", () => viewer.setOpacity(Number(this.opacity.value)));
    this.#wireSettings(root);
    this.#wireHelp(root, actions);
  }

  /** Choices that change the question: each select's name is the setting, its value is JSON. */
  #wireSettings(root) {
    this.settings = [...root.querySelectorAll("[data-setting]")];
    for (const select of this.settings) {
      select.addEventListener("change", () => {
        this.viewer.session.setSettings({ [select.dataset.setting]: JSON.parse(select.value) });
      });
    }
  }

  #wireHelp(root, actions) {
    const dialog = root.querySelector("dialog.help");
    fillHelp(dialog.querySelector(".key-list"), actions);
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  }

  update() {
    const { viewer } = this;
    const { session } = viewer;
    const press = (name, isOn) => this.#button(name).setAttribute("aria-pressed", String(isOn));
    const enable = (name, isOn) => (this.#button(name).disabled = !isOn);
    for (const name of VIEWS) press(`view-${name}`, viewer.viewName === name);
    press("tool-object", !viewer.isPanTool && viewer.tool === "object");
    press("tool-background", !viewer.isPanTool && viewer.tool === "background");
    press("tool-pan", viewer.isPanTool);
    press("outline", viewer.outlineOnly);
    press("hover", viewer.hovering.isPreviewOn);
    enable("undo", session.past.length > 0);
    enable("redo", session.future.length > 0);
    enable("clear", !isBlank(session.selected));
    enable("clear-all", session.objects.length > 1 || !isBlank(session.selected));
    for (const name of ["mask", "truth", "load", "new"]) enable(name, viewer.isReady);
    enable("refine", viewer.isReady && isAnswerable(session.selected));
    enable("zoom-out", !viewer.view.isFit);
    if (Number(this.opacity.value) !== viewer.opacity) this.opacity.value = String(viewer.opacity);
    for (const select of this.settings) {
      const value = session.settings[select.dataset.setting];
      if (value !== undefined) select.value = JSON.stringify(value);
    }
    viewer.root.toggleAttribute("data-panning", viewer.isPanning);
    viewer.root.style.setProperty("--object", session.selected.color);
    setText(viewer.root.querySelector(".zoom"), `${zoomPercent(viewer)} %`);
  }

  #button(name) {
    this.buttons ??= new Map();
    if (!this.buttons.has(name)) this.buttons.set(name, this.viewer.root.querySelector(`[data-action=${name}]`));
    return this.buttons.get(name);
  }
}

/** 100 is one picture pixel for one CSS pixel. */
function zoomPercent({ view, session }) {
  return session.picture ? Math.max(1, Math.round(view.scale * 100)) : 100;
}
