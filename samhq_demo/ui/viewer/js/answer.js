// One answer of the server for one object: a preview first, made whole in place later.

import { Mask, maskIou, sharedPixels } from "./rle.js";
import { BRANCHES, isPreview } from "./wire.js";

/**
 * @import { Agreement, Branch, Candidate, Choice, ObjectComparison, ObjectPreview, Question, Rle } from "./wire.js"
 * @import { NamedMask } from "./prompt.js"
 *
 * @typedef {object} BranchScores
 * @property {number} predicted_iou
 * @property {number} [stability]
 * @property {number} [area]
 * @property {number | null} [true_iou]
 * @property {number | null} [true_boundary_iou]
 *
 * @typedef {Record<Branch, BranchScores> & { agreement: Agreement }} ObjectScores
 */

/** @type {Agreement} */
const NO_AGREEMENT = { iou: null, boundary_iou: null, only_sam: null, only_sam_hq: null };

export class Answer {
  /** @type {ObjectPreview | ObjectComparison} */
  #found;

  /**
   * @param {ObjectPreview | ObjectComparison} found
   * @param {Question | null} [question] what was asked; null for an answer that came with its picture.
   */
  constructor(found, question = null) {
    this.#found = found;
    this.question = question;
    /** @type {Promise<void> | null} while the rest is on its way */
    this.completion = null;
    this.isOfEverything = false; // no true scores come with it
    this.isGivenUp = false; // the rest was asked for and did not come
  }

  /** @type {WeakMap<ObjectComparison, Answer>} */
  static #ofEverything = new WeakMap();

  /**
   * The answer that was found with everything in a picture.
   *
   * @param {ObjectComparison} found
   */
  static ofFound(found) {
    const known = Answer.#ofEverything.get(found) ?? new Answer(found);
    known.isOfEverything = true;
    Answer.#ofEverything.set(found, known);
    return known;
  }

  get isPreview() {
    return isPreview(this.#found);
  }

  /** Whether there is a choice between candidates. */
  get isAmbiguous() {
    return BRANCHES.some((branch) => this.candidates(branch).length > 1);
  }

  /**
   * @param {Branch} branch
   * @returns {Candidate[]} best first; none where one mask was asked for or they are still to come.
   */
  candidates(branch) {
    return isPreview(this.#found) ? [] : this.#found[branch].candidates ?? [];
  }

  /**
   * @param {Branch} branch
   * @param {number} [index] of a candidate
   * @returns {Rle} the same object for as long as the mask is the same.
   */
  rle(branch, index = 0) {
    return this.candidates(branch)[index]?.rle ?? this.#found[branch].rle;
  }

  /**
   * Make a preview the whole answer. Masks that stay the same are not decoded or painted again.
   *
   * @param {ObjectComparison} whole
   */
  complete(whole) {
    for (const branch of BRANCHES) {
      const known = this.#found[branch].rle;
      const found = whole[branch];
      if (isSameMask(known, found.rle)) found.rle = known;
      if (found.candidates?.length) found.candidates[0].rle = found.rle;
    }
    this.#found = whole;
  }

  /**
   * The numbers of the masks that are shown.
   *
   * @param {{ choice: Choice, truth: NamedMask | null }} object
   * @param {{ width: number, height: number }} picture
   * @returns {ObjectScores}
   */
  scores({ choice, truth }, picture) {
    return {
      sam: this.#scoresOf("sam", choice.sam, truth, picture),
      sam_hq: this.#scoresOf("sam_hq", choice.sam_hq, truth, picture),
      agreement: this.#agreementOf(choice, picture),
    };
  }

  /**
   * @param {Branch} branch
   * @param {number} index
   * @param {NamedMask | null} truth
   * @param {{ width: number, height: number }} picture
   * @returns {BranchScores}
   */
  #scoresOf(branch, index, truth, picture) {
    if (isPreview(this.#found)) {
      const mask = this.#found[branch];
      return { ...mask, ...(this.#isFull(picture) ? counted(mask.rle, truth) : {}) };
    }
    const best = this.#found[branch];
    const shown = best.candidates?.[index] ?? best;
    // The first candidate is the answer itself, whose true scores came with it.
    if ((!index && !this.isOfEverything) || !truth) return { ...best, ...shown };
    return { ...shown, true_iou: trueIou(shown.rle, truth), true_boundary_iou: null };
  }

  /**
   * @param {Choice} choice
   * @param {{ width: number, height: number }} picture
   * @returns {Agreement}
   */
  #agreementOf(choice, picture) {
    if (isPreview(this.#found) && !this.#isFull(picture)) return NO_AGREEMENT;
    const isFirst = choice.sam === 0 && choice.sam_hq === 0 && !this.isOfEverything;
    if (isFirst && !isPreview(this.#found)) return this.#found.agreement;
    return agreementFromRuns(Mask.of(this.rle("sam", choice.sam)), Mask.of(this.rle("sam_hq", choice.sam_hq)));
  }

  /**
   * Whether the masks are of the picture's own size: then their pixels can be counted here.
   *
   * @param {{ width: number, height: number }} picture
   */
  #isFull(picture) {
    const [height, width] = this.#found.sam.rle.size;
    return width === picture.width && height === picture.height;
  }
}

/**
 * What a mask's runs tell of it.
 *
 * @param {Rle} rle
 * @param {NamedMask | null} truth
 */
function counted(rle, truth) {
  return { area: Mask.of(rle).area, true_iou: truth ? trueIou(rle, truth) : null };
}

/**
 * What needs pixels and not runs is left open.
 *
 * @param {Mask} sam
 * @param {Mask} samHq
 * @returns {Agreement}
 */
function agreementFromRuns(sam, samHq) {
  const both = sharedPixels(sam, samHq);
  return { iou: maskIou(sam, samHq), boundary_iou: null, only_sam: sam.area - both, only_sam_hq: samHq.area - both };
}

/**
 * @param {Rle} rle
 * @param {NamedMask} truth
 */
function trueIou(rle, truth) {
  const undecided = truth.void && Mask.of(truth.void.rle);
  const masks = [Mask.of(rle), Mask.of(truth.rle)].map((mask) => (undecided ? mask.without(undecided) : mask));
  return maskIou(masks[0], masks[1]);
}

/**
 * @param {Rle} one
 * @param {Rle} other
 */
function isSameMask(one, other) {
  return one.counts === other.counts && one.size[0] === other.size[0] && one.size[1] === other.size[1];
}
