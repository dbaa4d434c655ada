// All that was found in a picture, and which of it is seen: filtered and looked up here, without the server.

import { Mask, maskIou } from "./rle.js";
import { BRANCHES } from "./wire.js";

/**
 * @import { Branch, EveryMask, Least, MaskPrediction, ObjectComparison, Rle } from "./wire.js"
 *
 * @typedef {object} Filter What a mask must have to be seen; areas in pixels, both included.
 * @property {number} least_area
 * @property {number} largest_area
 * @property {number} predicted_iou
 * @property {number} stability
 *
 * @typedef {object} Seen A mask that is seen, with its color.
 * @property {EveryMask} mask
 * @property {string} color
 */

const SAME_OBJECT = 0.5; // IoU from which masks of both branches count as one object's
const TURN = 0.61803398875; // the golden section of the color circle: neighbors in the list look different

export class FoundMasks {
  /** @type {Record<Branch, Seen[]>} */
  #seen = { sam: [], sam_hq: [] };
  /** @type {WeakMap<EveryMask, EveryMask | null>} the other branch's mask of the same object */
  #partners = new WeakMap();

  /**
   * @param {Record<Branch, EveryMask[]>} masks each the largest first.
   * @param {Least} first what is seen at first.
   * @param {number} area of the picture, in pixels.
   */
  constructor(masks, first, area) {
    this.masks = masks;
    this.area = area;
    /** @type {Filter} */
    this.filter = { least_area: 0, largest_area: area, ...first };
    this.#sift();
  }

  /** @param {Partial<Filter>} changed */
  setFilter(changed) {
    this.filter = { ...this.filter, ...changed };
    this.#sift();
  }

  #sift() {
    const { least_area, largest_area, predicted_iou, stability } = this.filter;
    for (const branch of BRANCHES) {
      // By its place in the whole list: no mask changes its color with the filter.
      const all = this.masks[branch].map((mask, place) => ({ mask, color: colorOf(place) }));
      this.#seen[branch] = all.filter(({ mask }) => mask.area >= least_area && mask.area <= largest_area
        && mask.predicted_iou >= predicted_iou && staysWith(mask, stability));
    }
  }

  /**
   * @param {Branch} branch
   * @returns {readonly Seen[]} the largest first; another list after each change of the filter.
   */
  seen(branch) {
    return this.#seen[branch];
  }

  /**
   * The smallest mask that is seen at a place: larger ones lie below it.
   *
   * @param {Branch} branch
   * @param {readonly [x: number, y: number]} place in picture pixels
   * @returns {EveryMask | null}
   */
  at(branch, [x, y]) {
    const found = this.#seen[branch].findLast(({ mask }) => {
      const [left, top, width, height] = mask.bbox;
      const isNear = x >= left && x < left + width && y >= top && y < top + height;
      return isNear && Mask.of(mask.rle).contains(x, y);
    });
    return found?.mask ?? null;
  }

  /**
   * What the other branch found of the same object, whether or not that is seen.
   *
   * @param {Branch} branch whose the mask is.
   * @param {EveryMask} mask
   * @returns {EveryMask | null} null where it found nothing that overlaps enough.
   */
  partner(branch, mask) {
    const known = this.#partners.get(mask);
    if (known !== undefined) return known;
    const others = this.masks[branch === "sam" ? "sam_hq" : "sam"];
    let [best, overlap] = [/** @type {EveryMask | null} */ (null), SAME_OBJECT];
    for (const other of others) {
      // No two masks overlap by more than the smaller one's share of the larger.
      if (Math.min(mask.area, other.area) < overlap * Math.max(mask.area, other.area)) continue;
      const iou = maskIou(Mask.of(mask.rle), Mask.of(other.rle));
      if (iou >= overlap) [best, overlap] = [other, iou];
    }
    this.#partners.set(mask, best);
    return best;
  }

  /**
   * A mask with its partner, as an answer to the point that it was found by.
   *
   * @param {Branch} branch
   * @param {EveryMask} mask
   * @returns {ObjectComparison}
   */
  comparison(branch, mask) {
    const other = this.partner(branch, mask) ?? nothingOf(mask);
    const [sam, samHq] = branch === "sam" ? [mask, other] : [other, mask];
    const open = { boundary_iou: null, only_sam: null, only_sam_hq: null };
    return {
      prompt: { points: [mask.point], labels: [1], box: null },
      sam: predictionOf(sam), sam_hq: predictionOf(samHq),
      agreement: { iou: maskIou(Mask.of(sam.rle), Mask.of(samHq.rle)), ...open },
    };
  }
}

/**
 * Whether a mask stays with a stability threshold: others may be less stable, so that it is no duplicate any more.
 *
 * @param {EveryMask} mask
 * @param {number} threshold
 */
function staysWith({ stays }, threshold) {
  return stays.some(([low, high]) => low < threshold && threshold <= high);
}

/**
 * The color of the mask at this place in the list.
 *
 * @param {number} place
 * @returns {string} as "#rrggbb"
 */
export function colorOf(place) {
  const turned = (place * TURN) % 1;
  const channel = (/** @type {number} */ shift) => {
    const at = (turned * 6 + shift) % 6;
    const value = 0.95 - 0.95 * 0.75 * Math.max(0, Math.min(at, 4 - at, 1));
    return Math.round(255 * value).toString(16).padStart(2, "0");
  };
  return `#${channel(5)}${channel(3)}${channel(1)}`;
}

/**
 * @param {EveryMask} mask
 * @returns {MaskPrediction}
 */
function predictionOf({ rle, bbox, area, predicted_iou, stability }) {
  return { rle, bbox, area, predicted_iou, stability, true_iou: null, true_boundary_iou: null };
}

/**
 * The mask of a branch that found nothing at an object.
 *
 * @param {EveryMask} mask the other's.
 * @returns {EveryMask}
 */
function nothingOf({ rle: { size }, point }) {
  /** @type {Rle} */
  const rle = { size, counts: [size[0] * size[1]] };
  return { rle, bbox: [0, 0, 0, 0], area: 0, predicted_iou: 0, stability: 0, point, candidate: 0, stays: [] };
}
