// What the page says about answers, in one place: records and numbers in, sentences out.

import { count, duration, percent, score } from "./format.js";
import { gainOf, verdictOf } from "./verdict.js";
import { BRANCH_NAMES } from "./wire.js";

/**
 * @import { ObjectScores } from "./answer.js"
 * @import { ObjectRecord } from "./session.js"
 * @import { Summary } from "./verdict.js"
 * @import { Branch } from "./wire.js"
 */

export const OWN_CONFIDENCE = "SAM's own confidence";

/**
 * What the object was asked with: "a box and 2 clicks".
 *
 * @param {Pick<ObjectRecord, "prompt" | "steps" | "mask"> & { found?: object | null }} object
 */
export function askedWith({ prompt, steps, mask, found }) {
  if (found) return "segmenting everything";
  const parts = [
    prompt.box ? "a box" : "",
    counted(prompt.points.length, "click"),
    mask ? "a rough mask" : "",
    steps.length ? `${counted(steps.length, "answer")} fed back` : "",
  ].filter(Boolean);
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`;
}

/** Whether fingers are what one points with here. */
export function isTouch() {
  return globalThis.matchMedia?.("(pointer: coarse)").matches ?? false;
}

/** How an object is marked. */
export function howToMark() {
  return isTouch() ? "tap it, or hold and drag a box around it" : "click it, or drag a box around it";
}

/**
 * Where the pointer is.
 *
 * @param {readonly [x: number, y: number] | null} place in picture pixels
 * @param {{ width: number, height: number } | null} picture
 */
export function placeLine(place, picture) {
  if (!place || !picture) return "";
  const [x, y] = place.map(Math.floor);
  return x < 0 || y < 0 || x >= picture.width || y >= picture.height ? "" : `x ${x}, y ${y}`;
}

/**
 * What one sees of an object, in a line.
 *
 * @param {ObjectRecord} object
 * @param {ObjectScores | null} scores
 */
export function verdictLine(object, scores) {
  const asked = askedWith(object);
  if (!asked) return `${object.name}: ${howToMark()}.`;
  const begin = `${object.name}, by ${asked}:`;
  if (!scores) return `${object.name}, by ${asked}.`;
  const gain = gainOf(scores);
  if (gain !== null) return `${begin} ${judged(gain, scores)}`;
  const { iou } = scores.agreement;
  if (object.truth || iou === null) return `${begin} both models have answered.`;
  return `${begin} the masks agree to ${percent(iou)}. Only a ground truth can tell which is better.`;
}

/**
 * @param {number} gain
 * @param {ObjectScores} scores
 */
function judged(gain, { sam, sam_hq: samHq }) {
  const { better } = verdictOf(gain);
  if (!better) return `both masks overlap the ground truth equally, IoU ${score(sam.true_iou)}.`;
  const [first, second] = better === "sam" ? [sam, samHq] : [samHq, sam];
  const other = better === "sam" ? "SAM-HQ" : "SAM";
  const [high, low] = [score(first.true_iou), score(second.true_iou)];
  return `${BRANCH_NAMES[better]} is better, IoU ${high} with the ground truth; ${other} ${low}.`;
}

/**
 * The status once an object is answered: the numbers, the telling ones first.
 *
 * @param {ObjectRecord} object
 * @param {ObjectScores} scores
 * @param {number} [milliseconds] how long it took; 0: it was known.
 */
export function answeredLine(object, scores, milliseconds = 0) {
  const took = milliseconds ? ` Answered in ${duration(milliseconds)}.` : "";
  const told = numbers(scores);
  return told ? `${object.name}: ${told}.${took}` : `${object.name}:${took || " answered."}`;
}

/** @param {ObjectScores} scores */
function numbers({ sam, sam_hq: samHq, agreement }) {
  const gain = gainOf({ sam, sam_hq: samHq });
  if (gain === null) return agreement.iou === null ? "" : `agreement ${percent(agreement.iou)}`;
  const { better, by } = verdictOf(gain);
  const verdict = better ? `${BRANCH_NAMES[better]} better by ${score(by)}` : "both equal";
  const boundary = sam.true_boundary_iou == null || samHq.true_boundary_iou == null
    ? "" : `; boundary IoU ${score(sam.true_boundary_iou)}, ${score(samHq.true_boundary_iou)}`;
  return `${verdict} (true IoU ${score(sam.true_iou)} SAM, ${score(samHq.true_iou)} SAM-HQ${boundary})`;
}

/**
 * Over all objects and examples of this session that have a true mask.
 *
 * @param {Summary | null} summary
 */
export function summaryLine(summary) {
  if (!summary) return "";
  const { better, by, wins, count: all } = summary;
  if (!better) return `So far SAM and SAM-HQ are equal in mIoU over ${all}.`;
  const isOdd = wins * 2 <= all; // the mean and the count point different ways
  return `So far ${BRANCH_NAMES[better]} better on ${wins} of ${all}, ${isOdd ? "yet " : ""}by ${score(by)} mIoU.`;
}

/**
 * What COCO's polygons lose of masks.
 *
 * @param {{ area: number, count: number, pixels: number }} lost of the masks, their holes, all pixels in these.
 */
export function holesLine({ area, count: holes, pixels }) {
  if (!holes) return "";
  const [before, after] = [count(area), count(area + pixels)];
  const fill = `COCO polygons cannot hold holes: they fill ${counted(holes, "hole")}, ${before} px become ${after}`;
  return `${fill}. RLE and SVG keep them.`;
}

/**
 * What leads on a branch's picture.
 *
 * @param {Branch} branch
 * @param {ObjectScores} scores
 * @param {boolean} hasTruth
 */
export function captionLead(branch, scores, hasTruth) {
  const { true_iou: iou, true_boundary_iou: boundary } = scores[branch];
  if (!hasTruth) return scores.agreement.iou === null ? "" : `agreement ${percent(scores.agreement.iou)}`;
  if (iou == null) return "";
  return boundary == null ? `IoU ${score(iou)}` : `IoU ${score(iou)}, boundary ${score(boundary)}`;
}

/**
 * @param {number} number
 * @param {string} noun
 */
function counted(number, noun) {
  if (!number) return "";
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
