// Masks as they travel: COCO run lengths, column by column, the first run outside the mask.
// A mask stays in this form; only what the screen needs is ever turned into pixels.

/** @import { Rle } from "./wire.js" */

/**
 * COCO's compressed counts -> plain run lengths (the format of pycocotools' rleFrString).
 *
 * @param {string} text
 */
function decodeCounts(text) {
  const counts = new Int32Array(text.length); // each takes a letter at least
  let found = 0;
  for (let at = 0; at < text.length; ) {
    let value = 0;
    let bits = 0;
    let chunk;
    do {
      chunk = text.charCodeAt(at++) - 48;
      value |= (chunk & 31) << bits;
      bits += 5;
    } while (chunk & 32);
    if (chunk & 16 && bits < 32) value |= -1 << bits;
    if (found > 2) value += counts[found - 2];
    counts[found++] = value;
  }
  return counts.subarray(0, found);
}

/** One mask: runs [start, end) of positions `x * height + y`, and the box around them. */
export class Mask {
  /** @param {Rle} rle */
  constructor(rle) {
    const [height, width] = rle.size;
    this.height = height;
    this.width = width;
    const counts = typeof rle.counts === "string" ? decodeCounts(rle.counts) : rle.counts;
    const starts = new Int32Array((counts.length + 1) >> 1);
    const ends = new Int32Array(starts.length);
    let runs = 0;
    let position = 0;
    this.area = 0;
    for (let index = 0; index < counts.length; index++) {
      const length = counts[index];
      if (index % 2 && length) {
        starts[runs] = position;
        ends[runs++] = position + length;
        this.area += length;
      }
      position += length;
    }
    this.starts = starts.subarray(0, runs);
    this.ends = ends.subarray(0, runs);
    this.box = this.#surroundingBox();
  }

  /**
   * Decoded once for each answer, forgotten with it.
   *
   * @param {Rle} rle
   * @returns {Mask}
   */
  static of(rle) {
    const known = Mask.#known.get(rle) ?? new Mask(rle);
    Mask.#known.set(rle, known);
    return known;
  }

  /** @type {WeakMap<Rle, Mask>} */
  static #known = new WeakMap();

  /**
   * Call `visit(column, top, bottom)` for the pieces of runs within columns [first, last).
   *
   * @param {number} first
   * @param {number} last
   * @param {(column: number, top: number, bottom: number) => void} visit
   */
  eachPiece(first, last, visit) {
    const { starts, ends, height } = this;
    for (let run = this.#firstRunAfter(first * height); run < starts.length; run++) {
      let column = Math.floor(starts[run] / height);
      if (column >= last) return;
      let top = starts[run] - column * height;
      let left = ends[run] - starts[run];
      while (left > 0) {
        const bottom = Math.min(height, top + left);
        if (column >= first && column < last) visit(column, top, bottom);
        left -= bottom - top;
        top = 0;
        column++;
      }
    }
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  contains(x, y) {
    const position = Math.floor(x) * this.height + Math.floor(y);
    const run = this.#firstRunAfter(position);
    return run < this.starts.length && this.starts[run] <= position;
  }

  /**
   * The pixels that are not in another mask of the same size.
   *
   * @param {Mask} other
   * @returns {Mask}
   */
  without(other) {
    /** @type {number[]} */
    const counts = [];
    let counted = 0;
    const add = (/** @type {number} */ start, /** @type {number} */ end) => {
      counts.push(start - counted, end - start);
      counted = end;
    };
    let taken = 0;
    for (let run = 0; run < this.starts.length; run++) {
      let start = this.starts[run];
      const end = this.ends[run];
      while (taken < other.starts.length && other.ends[taken] <= start) taken++;
      for (let at = taken; at < other.starts.length && other.starts[at] < end; at++) {
        if (other.starts[at] > start) add(start, other.starts[at]);
        start = Math.max(start, other.ends[at]);
      }
      if (start < end) add(start, end);
    }
    return new Mask({ size: [this.height, this.width], counts });
  }

  /** @param {number} position */
  #firstRunAfter(position) {
    let low = 0;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ends[middle] > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #surroundingBox() {
    const { starts, ends, height } = this;
    if (!this.area) return null;
    const left = Math.floor(starts[0] / height);
    const right = Math.floor((ends[ends.length - 1] - 1) / height) + 1;
    let top = height;
    let bottom = 0;
    for (let run = 0; run < starts.length; run++) {
      const start = starts[run] % height;
      const end = start + ends[run] - starts[run];
      if (start < top) top = start;
      if (end > height) [top, bottom] = [0, height]; // goes on at the top of the next column
      else if (end > bottom) bottom = end;
    }
    return { left, top, right, bottom };
  }
}

/**
 * Pixels that are in both of two masks of one size, from their runs alone.
 *
 * @param {Mask} one
 * @param {Mask} other
 */
export function sharedPixels(one, other) {
  let both = 0;
  let a = 0;
  let b = 0;
  while (a < one.starts.length && b < other.starts.length) {
    const start = Math.max(one.starts[a], other.starts[b]);
    const end = Math.min(one.ends[a], other.ends[b]);
    if (end > start) both += end - start;
    if (one.ends[a] < other.ends[b]) a++;
    else b++;
  }
  return both;
}

/**
 * Intersection over union of two masks of one size.
 *
 * @param {Mask} one
 * @param {Mask} other
 */
export function maskIou(one, other) {
  const both = sharedPixels(one, other);
  const either = one.area + other.area - both;
  return either ? both / either : 1;
}
