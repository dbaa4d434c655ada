// What was found: filters, what lies at a place, what both branches found of one object.

import assert from "node:assert/strict";
import { test } from "node:test";

import { everythingLine, filterText, pointedLine } from "../../../samhq_demo/ui/viewer/js/every-texts.js";
import { FoundMasks, colorOf } from "../../../samhq_demo/ui/viewer/js/found-masks.js";

/** @import { EveryMask } from "../../../samhq_demo/ui/viewer/js/wire.js" */

const SIZE = 10;

/**
 * The columns from `left` up to `right` of a picture of 10 x 10 pixels.
 *
 * @param {number} left
 * @param {number} right
 * @param {Partial<EveryMask>} [more]
 * @returns {EveryMask}
 */
function columns(left, right, more = {}) {
  const width = right - left;
  const { stability = 0.9 } = more;
  return {
    rle: { size: [SIZE, SIZE], counts: [left * SIZE, width * SIZE, (SIZE - right) * SIZE] },
    bbox: [left, 0, width, SIZE], area: width * SIZE, predicted_iou: 0.9, stability,
    point: [left + 0.5, 5.25], candidate: 0, stays: [[-1, stability]], ...more,
  };
}

/**
 * @param {EveryMask[]} sam
 * @param {EveryMask[]} samHq
 */
const foundOf = (sam, samHq) =>
  new FoundMasks({ sam, sam_hq: samHq }, { predicted_iou: 0.5, stability: 0.6 }, SIZE * SIZE);

/** @param {FoundMasks} found */
const widths = (found) => found.seen("sam").map(({ mask }) => mask.bbox[2]);

test("a filter hides masks by area and scores, and brings them back", () => {
  const found = foundOf([columns(0, 8), columns(2, 5, { predicted_iou: 0.4 }), columns(6, 7, { stability: 0.7 })], []);
  assert.deepEqual(widths(found), [8, 1]);
  found.setFilter({ predicted_iou: 0.4 });
  assert.deepEqual(widths(found), [8, 3, 1]);
  found.setFilter({ least_area: 30, largest_area: 79 });
  assert.deepEqual(widths(found), [3]);
  found.setFilter({ least_area: 0, stability: 0.8 });
  assert.deepEqual(widths(found), [3]);
  found.setFilter({ largest_area: 80, stability: 0.9 });
  assert.deepEqual(widths(found), [8, 3]);
});

test("a mask that a surer one hides is seen where that is not stable enough", () => {
  const surer = columns(0, 8, { stability: 0.7 });
  const found = foundOf([surer, columns(0, 7, { stays: [[0.7, 0.9]], predicted_iou: 0.8 })], []);
  assert.deepEqual(widths(found), [8]);
  found.setFilter({ stability: 0.7 });
  assert.deepEqual(widths(found), [8]);
  found.setFilter({ stability: 0.71 });
  assert.deepEqual(widths(found), [7]);
  found.setFilter({ stability: 0.91 });
  assert.deepEqual(widths(found), []);
});

test("no mask changes its color with the filter", () => {
  const found = foundOf([columns(0, 8), columns(2, 5), columns(6, 7)], []);
  const [, , last] = found.seen("sam");
  found.setFilter({ largest_area: 10 });
  assert.deepEqual(found.seen("sam").map(({ color }) => color), [last.color]);
});

test("colors are those of the overlays that the API gives", () => {
  // colorsys.hsv_to_rgb(place * 0.61803398875 % 1, 0.75, 0.95), as in export/everything.py
  assert.deepEqual([0, 1, 2, 3].map(colorOf), ["#f23d3d", "#3d72f2", "#a7f23d", "#f23ddc"]);
});

test("of masks over each other the smallest is the one at a place", () => {
  const small = columns(2, 4);
  const found = foundOf([columns(0, 8), small], []);
  assert.equal(found.at("sam", [3.5, 9.9]), small);
  assert.equal(found.at("sam", [4, 5])?.area, 80);
  assert.equal(found.at("sam", [9, 5]), null);
  assert.equal(found.at("sam_hq", [3, 5]), null);
  found.setFilter({ least_area: 50 });
  assert.equal(found.at("sam", [3, 5])?.area, 80, "What is not seen is not picked.");
});

test("a partner is the mask of the other branch that overlaps most, and by half at least", () => {
  const [near, nearer] = [columns(0, 5), columns(0, 7)];
  const found = foundOf([columns(0, 8), columns(9, 10)], [near, nearer]);
  const [large, alone] = found.masks.sam;
  assert.equal(found.partner("sam", large), nearer);
  assert.equal(found.partner("sam_hq", near), large);
  assert.equal(found.partner("sam", alone), null);
});

test("a mask and its partner are an answer to the point that found them", () => {
  const found = foundOf([columns(0, 8)], [columns(0, 6, { predicted_iou: 0.95 })]);
  const answer = found.comparison("sam", found.masks.sam[0]);
  assert.deepEqual(answer.prompt, { points: [[0.5, 5.25]], labels: [1], box: null });
  assert.deepEqual([answer.sam.area, answer.sam_hq.area], [80, 60]);
  assert.equal(answer.sam_hq.predicted_iou, 0.95);
  assert.equal(answer.agreement.iou, 0.75);
  const alone = foundOf([columns(0, 8)], []);
  const { sam_hq: nothing, agreement } = alone.comparison("sam", alone.masks.sam[0]);
  assert.equal(nothing.area, 0);
  assert.deepEqual(nothing.rle.counts, [100]);
  assert.equal(agreement.iou, 0);
});

test("the line says how far it is, then what is seen", () => {
  const progress = { done: 0, points: 1024, hasBegun: false, work: "" };
  assert.match(everythingLine({ isRunning: true, progress, found: null }), /^Waiting/);
  const begun = { ...progress, done: 512, hasBegun: true, work: "" };
  assert.equal(everythingLine({ isRunning: true, progress: begun, found: null }), "512 of 1,024 points are asked …");
  const found = foundOf([columns(0, 8), columns(2, 5, { stability: 0.5 })], [columns(0, 6)]);
  assert.match(everythingLine({ isRunning: false, progress, found }), /^SAM 1 of 2 masks, SAM-HQ 1 of 1 masks\./);
});

test("what is pointed at is told in words", () => {
  const [mask, partner] = [columns(0, 8), columns(0, 6, { predicted_iou: 1.02 })];
  const own = "SAM: confidence 0.900, stability 0.900, 80 px";
  assert.equal(pointedLine({ branch: "sam", mask, partner: null }), `${own}; SAM-HQ: nothing of it`);
  const other = "SAM-HQ: confidence 1.000, stability 0.900, 60 px";
  assert.equal(pointedLine({ branch: "sam", mask, partner }), `${own}; ${other}`);
  assert.equal(pointedLine(null), "no mask here");
  assert.equal(filterText("least_area", 1200), "1,200 px");
  assert.equal(filterText("stability", 0.9), "0.900");
});
