// What polygons lose of a mask, from its runs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { holesOf } from "../../../samhq_demo/ui/viewer/js/holes.js";
import { Mask } from "../../../samhq_demo/ui/viewer/js/rle.js";
import { holesLine } from "../../../samhq_demo/ui/viewer/js/texts.js";

/**
 * @param {...string} rows "#" is in the mask
 */
function drawn(...rows) {
  const [height, width] = [rows.length, rows[0].length];
  const counts = [0];
  let isIn = false;
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if ((rows[y][x] === "#") !== isIn) {
        isIn = !isIn;
        counts.push(0);
      }
      counts[counts.length - 1] += 1;
    }
  }
  return new Mask({ size: [height, width], counts });
}

/**
 * The same pixel by pixel: what a flood from around the picture does not reach.
 *
 * @param {string[]} rows
 */
function pixelsNotReached(rows) {
  const at = (/** @type {number} */ x, /** @type {number} */ y) => rows[y]?.[x] ?? ".";
  const reached = new Set(["-1,-1"]);
  const waiting = [[-1, -1]];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [1, -1], [-1, 1], [-1, -1]]) {
      const [x, y] = [next[0] + dx, next[1] + dy];
      if (x < -1 || y < -1 || x > rows[0].length || y > rows.length) continue;
      if (at(x, y) === "#" || reached.has(`${x},${y}`)) continue;
      reached.add(`${x},${y}`);
      waiting.push([x, y]);
    }
  }
  const isLost = (/** @type {string} */ cell, /** @type {string} */ place) => cell === "." && !reached.has(place);
  return rows.flatMap((row, y) => [...row].filter((cell, x) => isLost(cell, `${x},${y}`))).length;
}

test("a ring has one hole, whatever its way", () => {
  assert.deepEqual(holesOf(drawn("#####", "#...#", "#.#.#", "#...#", "#####")), { count: 1, pixels: 8 });
  assert.deepEqual(holesOf(drawn("#######", "#.....#", "#.###.#", "#.#.#.#", "#######")), { count: 2, pixels: 10 });
});

test("what is open to the outside is no hole, not even by a corner", () => {
  assert.deepEqual(holesOf(drawn("####", "#..#", "#.##")), { count: 0, pixels: 0 });
  assert.deepEqual(holesOf(drawn(".###", "#.##", "####")), { count: 0, pixels: 0 });
  assert.deepEqual(holesOf(drawn("....", "....")), { count: 0, pixels: 0 });
});

test("holes that touch at a corner are one", () => {
  assert.deepEqual(holesOf(drawn("####", "#.##", "##.#", "####")), { count: 1, pixels: 2 });
});

test("ragged masks lose what a flood from around does not reach", () => {
  let state = 7;
  const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  for (let round = 0; round < 40; round++) {
    const row = () => Array.from({ length: 23 }, () => (random() < 0.65 ? "#" : ".")).join("");
    const rows = Array.from({ length: 17 }, row);
    assert.equal(holesOf(drawn(...rows)).pixels, pixelsNotReached(rows), rows.join("\n"));
  }
});

test("the sentence has the pixels before and after, and is none without holes", () => {
  assert.equal(holesLine({ area: 5, count: 0, pixels: 0 }), "");
  assert.equal(
    holesLine({ area: 52431, count: 12, pixels: 37158 }),
    "COCO polygons cannot hold holes: they fill 12 holes, 52,431 px become 89,589. RLE and SVG keep them.",
  );
});
