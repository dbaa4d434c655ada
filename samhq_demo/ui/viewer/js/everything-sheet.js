// The tab with the search for everything: its button, how far it is, what is seen of what was found.

import { partOf, partsOf, setText } from "./dom.js";
import { everythingLine, filterText } from "./every-texts.js";

/**
 * @import { Everything } from "./everything.js"
 * @import { Filter } from "./found-masks.js"
 *
 * @typedef {{ input: HTMLInputElement, output: HTMLOutputElement, key: keyof Filter }} Slider
 */

const STEPS = 200; // of a slider
const AREA_DECADES = 6; // from a millionth of the picture to all of it

export class EverythingSheet {
  /**
   * @param {HTMLElement} root
   * @param {Everything} everything
   */
  constructor(root, everything) {
    this.everything = everything;
    this.points = partOf(root, ".every-points", HTMLSelectElement);
    this.crops = partOf(root, ".every-crops", HTMLInputElement);
    this.bar = partOf(root, ".every-progress", HTMLProgressElement);
    this.line = partOf(root, ".every-line", HTMLElement);
    this.filters = partOf(root, ".every-filters", HTMLElement);
    this.buttons = {
      start: partOf(root, "[data-action=everything]", HTMLButtonElement),
      stop: partOf(root, "[data-action=everything-stop]", HTMLButtonElement),
      pick: partOf(root, "[data-action=everything-pick]", HTMLButtonElement),
    };
    this.sliders = partsOf(this.filters, "input", HTMLInputElement).map(sliderOf);
    for (const slider of this.sliders) slider.input.addEventListener("input", () => this.#slide(slider));
    everything.on("changed", (what) => {
      if (what === "found") this.#setSliders();
      this.update();
    });
    this.update();
  }

  /** How closely it is to be searched. */
  get grid() {
    return { points_per_side: Number(this.points.value), crop_layers: Number(this.crops.checked) };
  }

  update() {
    const { everything, buttons } = this;
    const { isRunning, found, progress } = everything;
    const hadFocus = document.activeElement;
    buttons.start.hidden = isRunning;
    buttons.stop.hidden = !isRunning;
    // The keyboard's focus goes to the button that takes the place of its own.
    if (isRunning && hadFocus === buttons.start) buttons.stop.focus();
    if (!isRunning && hadFocus === buttons.stop) buttons.start.focus();
    buttons.pick.hidden = !found;
    this.filters.hidden = !found;
    this.bar.hidden = !isRunning;
    if (progress.hasBegun) this.bar.value = progress.done / progress.points;
    else this.bar.removeAttribute("value"); // how far it is cannot be told
    setText(this.line, everythingLine(everything));
  }

  /** The sliders as the filter is. */
  #setSliders() {
    const { found } = this.everything;
    if (!found) return;
    for (const slider of this.sliders) {
      const value = found.filter[slider.key];
      slider.input.value = String(STEPS * this.#shareOf(slider.key, value));
      this.#tell(slider, value);
    }
  }

  /** @param {Slider} slider */
  #slide(slider) {
    const { found } = this.everything;
    if (!found) return;
    const value = this.#valueOf(slider.key, Number(slider.input.value) / STEPS);
    this.#tell(slider, value);
    this.everything.setFilter({ [slider.key]: value });
  }

  /**
   * @param {Slider} slider
   * @param {number} value
   */
  #tell({ input, output, key }, value) {
    const text = filterText(key, value);
    setText(output, text);
    input.setAttribute("aria-valuetext", text);
  }

  /**
   * What a slider means at a share of its length: areas grow by a factor, scores evenly.
   *
   * @param {keyof Filter} key
   * @param {number} share
   */
  #valueOf(key, share) {
    const { found, least } = this.everything;
    if (key === "predicted_iou" || key === "stability") return least[key] + share * (1 - least[key]);
    return share > 0 ? Math.round((found?.area ?? 0) * 10 ** (AREA_DECADES * (share - 1))) : 0;
  }

  /**
   * @param {keyof Filter} key
   * @param {number} value
   */
  #shareOf(key, value) {
    const { found, least } = this.everything;
    if (key === "predicted_iou" || key === "stability") return (value - least[key]) / (1 - least[key] || 1);
    return value > 0 ? Math.max(0, 1 + Math.log10(value / (found?.area ?? value)) / AREA_DECADES) : 0;
  }
}

/**
 * @param {HTMLInputElement} input
 * @returns {Slider}
 */
function sliderOf(input) {
  const output = partOf(input.parentElement ?? input, "output", HTMLOutputElement);
  const key = /** @type {keyof Filter} */ (input.dataset.filter);
  Object.assign(input, { min: "0", max: String(STEPS), step: "1" });
  return { input, output, key };
}
