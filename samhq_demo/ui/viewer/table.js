// The objects and their scores, a row each. Rows are kept and only their words change, so that
// the keyboard's focus stays where it is while answers come.

import { setText, tag } from "./dom.js";
import { count, estimate, percent, score } from "./format.js";
import { MAX_NAME } from "./prompt.js";

export class ObjectTable {
  constructor(element, viewer) {
    this.body = element.querySelector("tbody");
    this.element = element;
    this.viewer = viewer;
    this.rows = new Map(); // object id -> row
  }

  update() {
    const { session, answers } = this.viewer;
    for (const [id, row] of this.rows) {
      if (session.object(id)) continue;
      row.remove();
      this.rows.delete(id);
    }
    session.objects.forEach((object, at) => {
      const row = this.rows.get(object.id) ?? this.#addRow(object);
      if (this.body.children[at] !== row) this.body.insertBefore(row, this.body.children[at] ?? null);
      this.#fill(row, object, answers.scores(object));
    });
    this.element.classList.toggle("has-truth", session.objects.some(({ truth }) => truth));
  }

  #addRow(object) {
    const { viewer } = this;
    const { id } = object;
    const name = tag("button", { type: "button", className: "name", onclick: () => viewer.session.select(id) });
    name.ondblclick = () => this.rename(id);
    name.append(tag("span", { className: "dot" }), tag("span", { className: "text" }));
    const cells = ["sam", "sam_hq", "agreement", "area", "true"].map((key) => tag("td", { dataset: { key } }));
    const rename = this.#smallButton("Rename", "M4 20l4-1L19 8l-3-3L5 16z", () => this.rename(id));
    const remove = this.#smallButton("Delete", "M6 6l12 12M18 6L6 18", () => viewer.session.removeObject(id));
    const row = tag("tr", { dataset: { id } }, tag("th", { scope: "row" }, name), ...cells,
      tag("td", { className: "row-tools" }, rename, remove));
    row.onclick = (event) => event.target.closest("button, input") || viewer.session.select(id);
    this.rows.set(id, row);
    return row;
  }

  #smallButton(label, path, onclick) {
    const button = tag("button", { type: "button", className: "small", onclick, dataset: { label } });
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
    return button;
  }

  #fill(row, object, scores) {
    const isSelected = object.id === this.viewer.session.selected.id;
    row.classList.toggle("selected", isSelected);
    row.querySelector(".dot").style.background = object.color;
    row.querySelector(".name").setAttribute("aria-pressed", String(isSelected));
    setText(row.querySelector(".text"), object.name);
    for (const button of row.querySelectorAll(".small")) {
      const label = `${button.dataset.label} ${object.name}`;
      if (button.title !== label) Object.assign(button, { title: label, ariaLabel: label });
    }
    const pair = (one, other) => (one === other && one == null ? "–" : `${score(one)} / ${score(other)}`);
    const texts = scores
      ? {
          sam: estimate(scores.sam.predicted_iou),
          sam_hq: estimate(scores.sam_hq.predicted_iou),
          agreement: percent(scores.agreement.iou),
          area: count(scores.sam_hq.area),
          true: pair(scores.sam.true_iou, scores.sam_hq.true_iou),
        }
      : { sam: "–", sam_hq: "–", agreement: "–", area: "–", true: "–" };
    for (const [key, text] of Object.entries(texts)) setText(row.querySelector(`[data-key=${key}]`), text);
  }

  rename(id) {
    const row = this.rows.get(id);
    const button = row.querySelector(".name");
    if (row.querySelector("input")) return;
    const object = this.viewer.session.object(id);
    const input = tag("input", { type: "text", value: object.name, maxLength: MAX_NAME, ariaLabel: "Name of the object" });
    let isOver = false;
    const finish = (keep) => {
      if (isOver) return; // removing the field from the page blurs it: a second call
      isOver = true;
      input.replaceWith(button);
      button.focus();
      if (keep) this.viewer.session.rename(id, input.value);
    };
    input.onkeydown = (event) => {
      if (event.key === "Enter" || event.key === "Escape") finish(event.key === "Enter");
    };
    input.onblur = () => finish(true);
    button.replaceWith(input);
    input.select();
  }
}
