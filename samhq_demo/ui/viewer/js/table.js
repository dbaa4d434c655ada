// The objects and their scores, a row each. Rows are kept and only their words change, so that
// the keyboard's focus stays where it is while answers come.

import { partOf, partsOf, setText, tag } from "./dom.js";
import { count, estimate, percent, score } from "./format.js";
import { MAX_NAME } from "./prompt.js";
import { gainOf, verdictOf } from "./verdict.js";
import { BRANCH_NAMES } from "./wire.js";

/**
 * @import { ObjectScores } from "./answer.js"
 * @import { Answers } from "./answers.js"
 * @import { Mode } from "./mode.js"
 * @import { ObjectRecord, Session } from "./session.js"
 */

/** @type {Record<string, (scores: ObjectScores) => string>} by the cell's data-key */
const CELLS = {
  better: (scores) => betterOf(gainOf(scores)),
  true: (scores) => pair(scores.sam.true_iou, scores.sam_hq.true_iou),
  boundary: (scores) => pair(scores.sam.true_boundary_iou, scores.sam_hq.true_boundary_iou),
  agreement: ({ agreement }) => percent(agreement.iou),
  area: (scores) => count(scores.sam_hq.area),
  confidence: ({ sam, sam_hq: samHq }) => `${estimate(sam.predicted_iou)} / ${estimate(samHq.predicted_iou)}`,
};

export class ObjectTable {
  /** @type {Map<number, HTMLElement>} by object */
  #rows = new Map();

  /**
   * @param {HTMLElement} element
   * @param {object} parts
   * @param {Session} parts.session
   * @param {Answers} parts.answers
   * @param {Mode} parts.mode
   */
  constructor(element, { session, answers, mode }) {
    this.element = element;
    this.body = partOf(element, "tbody", HTMLTableSectionElement);
    this.session = session;
    this.answers = answers;
    this.mode = mode;
  }

  update() {
    const { session, answers } = this;
    for (const [id, row] of this.#rows) {
      if (session.object(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    session.objects.forEach((object, at) => {
      const row = this.#rows.get(object.id) ?? this.#addRow(object);
      if (this.body.children[at] !== row) this.body.insertBefore(row, this.body.children[at] ?? null);
      this.#fill(row, object, answers.scores(object));
    });
    this.element.classList.toggle("has-truth", session.objects.some(({ truth }) => truth));
  }

  /**
   * @param {ObjectRecord} object
   * @returns {HTMLElement}
   */
  #addRow(object) {
    const { session } = this;
    const { id } = object;
    const name = tag("button", { type: "button", className: "name", onclick: () => session.select(id) });
    name.ondblclick = () => this.rename(id);
    name.append(tag("span", { className: "dot" }), tag("span", { className: "text" }));
    const cells = Object.keys(CELLS).map((key) => tag("td", { dataset: { key } }));
    /** @param {number} id */
    const eye = "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6";
    const hide = this.#smallButton("Hide", eye, () => this.mode.toggleObject(id));
    const rename = this.#smallButton("Rename", "M4 20l4-1L19 8l-3-3L5 16z", () => this.rename(id));
    const remove = this.#smallButton("Delete", "M6 6l12 12M18 6L6 18", () => session.removeObject(id));
    const row = tag("tr", { dataset: { id: String(id) } }, tag("th", { scope: "row" }, name), ...cells,
      tag("td", { className: "row-tools" }, hide, rename, remove));
    row.onclick = ({ target }) => {
      if (target instanceof Element && !target.closest("button, input")) session.select(id);
    };
    this.#rows.set(id, row);
    return row;
  }

  /**
   * @param {string} label
   * @param {string} path
   * @param {() => void} onclick
   */
  #smallButton(label, path, onclick) {
    const button = tag("button", { type: "button", className: "small", onclick, dataset: { label } });
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
    return button;
  }

  /**
   * @param {HTMLElement} row
   * @param {ObjectRecord} object
   * @param {ObjectScores | null} scores
   */
  #fill(row, object, scores) {
    const isSelected = object.id === this.session.selected.id;
    row.classList.toggle("selected", isSelected);
    partOf(row, ".dot", HTMLElement).style.background = object.color;
    partOf(row, ".name", HTMLElement).setAttribute("aria-pressed", String(isSelected));
    setText(partOf(row, ".text", HTMLElement), object.name);
    row.classList.toggle("hidden", !this.mode.isShown(object.id));
    partOf(row, "[data-label=Hide]", HTMLElement).setAttribute("aria-pressed", String(!this.mode.isShown(object.id)));
    for (const button of partsOf(row, ".small", HTMLButtonElement)) {
      const label = `${button.dataset.label} ${object.name}`;
      if (button.title !== label) Object.assign(button, { title: label, ariaLabel: label });
    }
    for (const [key, write] of Object.entries(CELLS)) {
      setText(partOf(row, `[data-key=${key}]`, HTMLElement), scores ? write(scores) : "–");
    }
  }

  /** @param {number} id */
  rename(id) {
    const row = this.#rows.get(id);
    const object = this.session.object(id);
    if (!row || !object || row.querySelector("input")) return;
    const button = partOf(row, ".name", HTMLElement);
    const ariaLabel = "Name of the object";
    const input = tag("input", { type: "text", value: object.name, maxLength: MAX_NAME, ariaLabel });
    let isOver = false;
    const finish = (/** @type {boolean} */ keep) => {
      if (isOver) return; // removing the field from the page blurs it: a second call
      isOver = true;
      input.replaceWith(button);
      button.focus();
      if (keep) this.session.rename(id, input.value);
    };
    input.onkeydown = (event) => {
      if (event.key === "Enter" || event.key === "Escape") finish(event.key === "Enter");
    };
    input.onblur = () => finish(true);
    button.replaceWith(input);
    input.select();
  }
}

/** @param {number | null} gain */
function betterOf(gain) {
  if (gain === null) return "–";
  const { better, by } = verdictOf(gain);
  return better ? `${BRANCH_NAMES[better]} by ${score(by)}` : "equal";
}

/**
 * @param {number | null | undefined} one
 * @param {number | null | undefined} other
 */
function pair(one, other) {
  return one === other && one == null ? "–" : `${score(one)} / ${score(other)}`;
}
