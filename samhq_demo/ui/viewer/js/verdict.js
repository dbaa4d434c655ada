// Which branch is nearer the truth: on one object, and over all that were tried. Numbers in, numbers out.

/**
 * @import { Branch } from "./wire.js"
 *
 * @typedef {object} Verdict
 * @property {Branch | null} better null where both are equal as far as the numbers on the page tell.
 * @property {number} by how much higher its IoU is, 0 or more.
 *
 * @typedef {object} Summary Over one object or more.
 * @property {Branch | null} better the branch whose mean IoU is higher; null where both are equal.
 * @property {number} by how much higher it is.
 * @property {number} wins on how many objects that branch is better; where neither is, on how many both are equal.
 * @property {number} count of the objects.
 */

const STEPS = 1000; // scores are shown with three decimals, and no difference is claimed that they do not show

/**
 * How much higher SAM-HQ's true IoU is than SAM's.
 *
 * @param {Record<Branch, { true_iou?: number | null }>} scores
 * @returns {number | null} null where the truth is not known.
 */
export function gainOf({ sam, sam_hq: samHq }) {
  if (sam.true_iou == null || samHq.true_iou == null) return null;
  return (Math.round(samHq.true_iou * STEPS) - Math.round(sam.true_iou * STEPS)) / STEPS;
}

/**
 * @param {number} gain SAM-HQ's over SAM
 * @returns {Verdict}
 */
export function verdictOf(gain) {
  return { better: gain > 0 ? "sam_hq" : gain < 0 ? "sam" : null, by: Math.abs(gain) };
}

/**
 * @param {readonly number[]} gains SAM-HQ's over SAM, one for each object
 * @returns {Summary | null} null where there is no object.
 */
export function summaryOf(gains) {
  if (!gains.length) return null;
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  const overall = verdictOf(Math.round(mean * STEPS) / STEPS);
  const wins = gains.filter((gain) => verdictOf(gain).better === overall.better).length;
  return { ...overall, wins, count: gains.length };
}
