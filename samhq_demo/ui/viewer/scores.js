// The scores of the selected object in full, and each model's estimate on its picture.

import { setText } from "./dom.js";
import { estimate, pixels, score } from "./format.js";

const SCORES = {
  predicted_iou: estimate, stability: score, area: pixels, true_iou: score, true_boundary_iou: score,
};
const AGREEMENT = { iou: score, boundary_iou: score, only_sam: pixels, only_sam_hq: pixels };

export class Scores {
  constructor(root, viewer) {
    this.viewer = viewer;
    this.captions = new Map(["sam", "sam_hq"].map((model) => [model, root.querySelector(`[data-score=${model}]`)]));
    this.lists = [...root.querySelectorAll("[data-scores]")].map((list) => {
      const of = list.dataset.scores;
      const shown = of === "agreement" ? AGREEMENT : SCORES;
      return { of, cells: Object.entries(shown).map(([key, write]) => [list.querySelector(`[data-key=${key}]`), key, write]) };
    });
  }

  update() {
    const { session, answers } = this.viewer;
    const scores = answers.scores(session.selected);
    for (const { of, cells } of this.lists) {
      for (const [cell, key, write] of cells) setText(cell, scores ? write(scores[of][key]) : "–");
    }
    for (const [model, caption] of this.captions) setText(caption, scores ? estimate(scores[model].predicted_iou) : "");
  }
}
