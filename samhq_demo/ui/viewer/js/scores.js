// The scores of the selected object in full, and on each branch's picture what tells most of it: true scores
// where a true mask is loaded, else how far the two agree. What SAM thinks of its own masks stays small.

import { partOf, setText } from "./dom.js";
import { estimate, pixels, score } from "./format.js";
import { OWN_CONFIDENCE, captionLead } from "./texts.js";
import { gainOf, verdictOf } from "./verdict.js";
import { BRANCHES } from "./wire.js";

/**
 * @import { BranchScores, ObjectScores } from "./answer.js"
 * @import { Answers } from "./answers.js"
 * @import { Session } from "./session.js"
 * @import { Agreement, Branch } from "./wire.js"
 *
 * @typedef {{ element: HTMLElement, write: (scores: ObjectScores) => string }} Cell
 * @typedef {object} Caption On a branch's picture.
 * @property {Branch} branch
 * @property {HTMLElement} lead
 * @property {HTMLElement} small
 * @property {HTMLElement[]} better what marks the better model, here and in its card.
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
    this.card = partOf(root, ".scores", HTMLElement);
    this.cells = cellsOf(root);
    this.captions = BRANCHES.map((branch) => captionOf(root, branch));
  }

  update() {
    const { session, answers } = this;
    const scores = answers.scores(session.selected);
    for (const { element, write } of this.cells) setText(element, scores ? write(scores) : "–");
    const hasTruth = session.selected.truth !== null;
    this.card.classList.toggle("has-truth", hasTruth);
    const gain = scores && gainOf(scores);
    const better = gain === null ? null : verdictOf(gain).better;
    for (const caption of this.captions) showCaption(caption, scores, { hasTruth, better });
  }
}

/**
 * @param {Caption} caption
 * @param {ObjectScores | null} scores
 * @param {{ hasTruth: boolean, better: Branch | null }} how
 */
function showCaption({ branch, lead, small, better: marks }, scores, { hasTruth, better }) {
  setText(lead, scores ? captionLead(branch, scores, hasTruth) : "");
  setText(small, scores ? `${OWN_CONFIDENCE} ${estimate(scores[branch].predicted_iou)}` : "");
  for (const mark of marks) mark.hidden = better !== branch;
}

/**
 * @param {HTMLElement} root
 * @param {Branch} branch
 * @returns {Caption}
 */
function captionOf(root, branch) {
  const find = (/** @type {string} */ selector) => partOf(root, selector, HTMLElement);
  const better = [find(`.caption [data-better=${branch}]`), find(`.scores [data-better=${branch}]`)];
  return { branch, lead: find(`[data-lead=${branch}]`), small: find(`[data-confidence=${branch}]`), better };
}

/**
 * @param {HTMLElement} root
 * @returns {Cell[]}
 */
function cellsOf(root) {
  const find = (/** @type {string} */ selector) => partOf(root, selector, HTMLElement);
  const branches = BRANCHES.flatMap((branch) => Object.entries(BRANCH_CELLS).map(([key, write]) => ({
    element: find(`[data-scores=${branch}] [data-key=${key}]`),
    write: (/** @type {ObjectScores} */ scores) => write(scores[branch]),
  })));
  const agreement = Object.entries(AGREEMENT_CELLS).map(([key, write]) => ({
    element: find(`[data-scores=agreement] [data-key=${key}]`),
    write: (/** @type {ObjectScores} */ scores) => write(scores.agreement),
  }));
  return [...branches, ...agreement];
}
