// What is said about everything that was found: records and numbers in, sentences out.

import { count, estimate, pixels, score } from "./format.js";
import { BRANCH_NAMES } from "./wire.js";

/**
 * @import { Everything, Pointed } from "./everything.js"
 * @import { Filter } from "./found-masks.js"
 * @import { Branch, EveryMask } from "./wire.js"
 */

/**
 * How far the search is, or what is seen of what was found.
 *
 * @param {Pick<Everything, "isRunning" | "progress" | "found">} search
 */
export function everythingLine({ isRunning, progress, found }) {
  if (isRunning) {
    const { done, points, hasBegun, work } = progress;
    if (!hasBegun) return work || "Waiting until the picture is encoded and other searches are done …";
    return `${count(done)} of ${count(points)} points are asked …`;
  }
  if (!found) return "A grid of points is asked, without a prompt; what is sure and stable stays.";
  const part = (/** @type {Branch} */ branch) =>
    `${BRANCH_NAMES[branch]} ${count(found.seen(branch).length)} of ${count(found.masks[branch].length)} masks`;
  return `${part("sam")}, ${part("sam_hq")}. Point at a mask for its scores, click to keep it as an object.`;
}

/**
 * A mask's scores.
 *
 * @param {EveryMask} mask
 */
export function everyMaskLine({ predicted_iou, stability, area }) {
  return `confidence ${estimate(predicted_iou)}, stability ${score(stability)}, ${pixels(area)}`;
}

/**
 * What is pointed at, for those who do not see it.
 *
 * @param {Pointed | null} pointed
 */
export function pointedLine(pointed) {
  if (!pointed) return "no mask here";
  const { branch, mask, partner } = pointed;
  const other = branch === "sam" ? "sam_hq" : "sam";
  const others = partner ? everyMaskLine(partner) : "nothing of it";
  return `${BRANCH_NAMES[branch]}: ${everyMaskLine(mask)}; ${BRANCH_NAMES[other]}: ${others}`;
}

/**
 * The value of a slider.
 *
 * @param {keyof Filter} key
 * @param {number} value
 */
export function filterText(key, value) {
  return key === "predicted_iou" || key === "stability" ? value.toFixed(3) : pixels(value);
}
