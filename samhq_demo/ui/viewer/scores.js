// The scores of the selected object in full, and each branch's estimate on its picture.

import { partOf, setText } from "./dom.js";
import { estimate, pixels, score } from "./format.js";
import { BRANCHES } from "./wire.js";

/**
 * @import { BranchScores, ObjectScores } from "./answer.js"
 * @import { Answers } from "./answers.js"
 * @import { Session } from "./session.js"
 * @import { Agreement } from "./wire.js"
 *
 * @typedef {{ element: HTMLElement, empty: string, write: (scores: ObjectScores) => string }} Cell
 */

/** @type {Record<string, (of: BranchScores) => string>} by the cell's data-key */
const BRANCH_CELLS = {
  predicted_iou: (of) => estimate(of.predicted_iou),
  stability: (of) => score(of.stability),
  area: (of) => pixels(of.area),
  true_iou: (of) => score(of.true_iou),
  true_boundary_iou: (of) => score(of.true_boundary_iou),
};

/** @type {Record<string, (of: Agreement) => string>} */
const AGREEMENT_CELLS = {
  iou: (of) => score(of.iou),
  boundary_iou: (of) => score(of.boundary_iou),
  only_sam: (of) => pixels(of.only_sam),
  only_sam_hq: (of) => pixels(of.only_sam_hq),
};

export class Scores {
  /**
   * @param {HTMLElement} root
   * @param {Session} session
   * @param {Answers} answers
   */
  constructor(root, session, answers) {
    this.session = session;
    this.answers = answers;
    this.cells = cellsOf(root);
  }

  update() {
    const { session, answers } = this;
    const scores = answers.scores(session.selected);
    for (const { element, empty, write } of this.cells) setText(element, scores ? write(scores) : empty);
  }
}

/**
 * @param {HTMLElement} root
 * @returns {Cell[]}
 */
function cellsOf(root) {
  const find = (/** @type {string} */ selector) => partOf(root, selector, HTMLElement);
  /** @type {Cell[]} */
  const cells = [];
  for (const branch of BRANCHES) {
    const caption = find(`[data-score=${branch}]`);
    cells.push({ element: caption, empty: "", write: (scores) => estimate(scores[branch].predicted_iou) });
    for (const [key, write] of Object.entries(BRANCH_CELLS)) {
      const element = find(`[data-scores=${branch}] [data-key=${key}]`);
      cells.push({ element, empty: "–", write: (scores) => write(scores[branch]) });
    }
  }
  for (const [key, write] of Object.entries(AGREEMENT_CELLS)) {
    const element = find(`[data-scores=agreement] [data-key=${key}]`);
    cells.push({ element, empty: "–", write: (scores) => write(scores.agreement) });
  }
  return cells;
}
