// Run lengths: COCO's compressed counts as pycocotools writes them, and what is told from runs alone.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Mask, maskIou, sharedPixels } from "../../../samhq_demo/ui/viewer/js/rle.js";

/** @import { Rle } from "../../../samhq_demo/ui/viewer/js/wire.js" */

/**
 * A mask of rows such as "..##".
 *
 * @param {string[]} rows
 */
function drawn(...rows) {
  const counts = [0];
  let isInside = false;
  for (let x = 0; x < rows[0].length; x++) {
    for (const row of rows) {
      if ((row[x] === "#") !== isInside) counts.push(0);
      isInside = row[x] === "#";
      counts[counts.length - 1]++;
    }
  }
  return new Mask({ size: [rows.length, rows[0].length], counts });
}

/** @param {Mask} mask */
function piecesOf(mask, first = 0, last = mask.width) {
  /** @type {number[][]} */
  const pieces = [];
  mask.eachPiece(first, last, (column, top, bottom) => pieces.push([column, top, bottom]));
  return pieces;
}

/** @param {Mask} mask */
const runsOf = (mask) => [...mask.starts].map((start, at) => [start, mask.ends[at]]);

const BLOCK = drawn("....", ".###", ".###", "....");

test("compressed counts are read as pycocotools writes them", () => {
  /** @type {[Rle, number[][]][]} */
  const cases = [
    [{ size: [4, 4], counts: "522000O" }, [[5, 7], [9, 11], [13, 15]]],
    [{ size: [4, 4], counts: "0`0" }, [[0, 16]]],
    [{ size: [4, 4], counts: "`0" }, []],
    [{ size: [4, 4], counts: "646" }, [[6, 10]]],
    // Counts of two and three letters, some smaller than the one two before: [5, 285, 10, 7, 693, 200].
    [{ size: [300, 4], counts: "5m8:ZG[e0Q6" }, [[5, 290], [300, 307], [1000, 1200]]],
  ];
  for (const [rle, runs] of cases) assert.deepEqual(runsOf(new Mask(rle)), runs);
});

test("plain counts give the same mask as compressed ones", () => {
  const plain = new Mask({ size: [4, 4], counts: [5, 2, 2, 2, 2, 2, 1] });
  assert.deepEqual(plain, new Mask({ size: [4, 4], counts: "522000O" }));
  assert.deepEqual(runsOf(BLOCK), [[5, 7], [9, 11], [13, 15]]);
});

test("a mask knows its area and the box around it", () => {
  assert.equal(BLOCK.area, 6);
  assert.deepEqual(BLOCK.box, { left: 1, top: 1, right: 4, bottom: 3 });
});

test("a run over the end of a column makes the box as high as the picture", () => {
  const bent = drawn("..#.", "..#.", ".#..", ".#..");
  assert.equal(bent.starts.length, 1);
  assert.deepEqual(bent.box, { left: 1, top: 0, right: 3, bottom: 4 });
});

test("an empty mask has no box", () => {
  assert.equal(drawn("..", "..").box, null);
});

test("pieces are cut at the ends of columns and at the columns asked for", () => {
  const bent = drawn("..#.", "..#.", ".#..", ".#..");
  assert.deepEqual(piecesOf(bent), [[1, 2, 4], [2, 0, 2]]);
  assert.deepEqual(piecesOf(bent, 2, 4), [[2, 0, 2]]);
  assert.deepEqual(piecesOf(bent, 0, 2), [[1, 2, 4]]);
  assert.deepEqual(piecesOf(bent, 3, 4), []);
});

test("a place is inside where its pixel is", () => {
  for (const [x, y] of [[1, 1], [3.9, 2.9]]) assert.ok(BLOCK.contains(x, y));
  for (const [x, y] of [[0.9, 1], [1, 0.9], [1, 3], [0, 0]]) assert.ok(!BLOCK.contains(x, y));
});

test("shared pixels and IoU are counted from runs", () => {
  const left = drawn("##..", "##..", "##..", "##..");
  assert.equal(sharedPixels(left, BLOCK), 2);
  assert.equal(sharedPixels(BLOCK, left), 2);
  assert.equal(maskIou(left, BLOCK), 2 / 12);
  assert.equal(maskIou(BLOCK, BLOCK), 1);
});

test("what another mask has is taken out", () => {
  const rows = ["##.#", ".##.", "####", "#..#"];
  const others = [["#...", ".#.#", "..##", "#..#"], ["####", "####", "####", "####"], ["....", "....", "....", "...."]];
  for (const other of others) {
    const left = rows.map((row, y) => [...row].map((pixel, x) => (other[y][x] === "#" ? "." : pixel)).join(""));
    const found = drawn(...rows).without(drawn(...other));
    assert.deepEqual(runsOf(found), runsOf(drawn(...left)));
    assert.equal(found.area, left.join("").replaceAll(".", "").length);
  }
});

test("two empty masks agree", () => {
  assert.equal(maskIou(drawn(".."), drawn("..")), 1);
});

test("a mask is decoded once for each answer", () => {
  /** @type {Rle} */
  const rle = { size: [4, 4], counts: "646" };
  assert.equal(Mask.of(rle), Mask.of(rle));
  assert.notEqual(Mask.of(rle), Mask.of({ ...rle }));
});
