// Which branch is nearer the truth, and what is said of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  answeredLine, askedWith, captionLead, summaryLine, verdictLine,
} from "../../../samhq_demo/ui/viewer/js/texts.js";
import { gainOf, summaryOf, verdictOf } from "../../../samhq_demo/ui/viewer/js/verdict.js";

/**
 * @import { ObjectScores } from "../../../samhq_demo/ui/viewer/js/answer.js"
 * @import { ObjectRecord } from "../../../samhq_demo/ui/viewer/js/session.js"
 */

/** @type {ObjectRecord} */
const CUP = {
  id: 1, number: 1, name: "Cup", color: "#56b4e9", steps: [], mask: null, truth: null, found: null,
  choice: { sam: 0, sam_hq: 0 }, prompt: { points: [[1, 1]], labels: [1], box: [0, 0, 2, 2] },
};

/**
 * @param {number | null} sam true IoU
 * @param {number | null} samHq
 * @returns {ObjectScores}
 */
const scoresOf = (sam, samHq) => ({
  sam: { predicted_iou: 0.99, true_iou: sam, true_boundary_iou: sam },
  sam_hq: { predicted_iou: 0.5, true_iou: samHq, true_boundary_iou: samHq },
  agreement: { iou: 0.25, boundary_iou: null, only_sam: 1, only_sam_hq: 2 },
});

test("the true IoU says which is better, and not what SAM thinks of its mask", () => {
  assert.deepEqual(verdictOf(gainOf(scoresOf(0.25, 0.75)) ?? NaN), { better: "sam_hq", by: 0.5 });
  assert.deepEqual(verdictOf(gainOf(scoresOf(0.75, 0.25)) ?? NaN), { better: "sam", by: 0.5 });
});

test("no difference is claimed that the numbers on the page do not show", () => {
  assert.equal(gainOf(scoresOf(0.8001, 0.8004)), 0);
  assert.equal(verdictOf(0).better, null);
  assert.equal(gainOf(scoresOf(0.8004, 0.8006)), 0.001); // 0.800 and 0.801
});

test("without a truth there is no verdict", () => {
  assert.equal(gainOf(scoresOf(null, null)), null);
  assert.equal(summaryOf([]), null);
  assert.equal(summaryLine(null), "");
});

test("the summary counts wins and takes the mean over all objects", () => {
  const summary = summaryOf([0.3, 0.4, 0.25, -0.05, 0.15]);
  assert.deepEqual(summary, { better: "sam_hq", by: 0.21, wins: 4, count: 5 });
  assert.equal(summaryLine(summary), "So far SAM-HQ better on 4 of 5, by 0.210 mIoU.");
});

test("a mean that goes another way than the count is said to be odd", () => {
  assert.equal(summaryLine(summaryOf([0.5, -0.1, -0.1])), "So far SAM-HQ better on 1 of 3, yet by 0.100 mIoU.");
  assert.equal(summaryLine(summaryOf([0.1, -0.1, 0])), "So far SAM and SAM-HQ are equal in mIoU over 3.");
});

test("the line above the picture says what was asked and who is better", () => {
  assert.equal(
    verdictLine(CUP, scoresOf(0.25, 0.75)),
    "Cup, by a box and 1 click: SAM-HQ is better, IoU 0.750 with the ground truth; SAM 0.250.",
  );
  assert.equal(
    verdictLine(CUP, scoresOf(0.5, 0.5)),
    "Cup, by a box and 1 click: both masks overlap the ground truth equally, IoU 0.500.",
  );
  assert.match(verdictLine(CUP, scoresOf(null, null)), /agree to 25.0 %. Only a ground truth can tell/);
});

test("what an object was asked with is said in words", () => {
  const rle = { size: /** @type {[number, number]} */ ([2, 2]), counts: [4] };
  const step = { points: [], labels: [], box: null };
  const more = { ...CUP, mask: { id: 1, name: "rough", rle }, steps: [step, step] };
  assert.equal(askedWith(more), "a box, 1 click, a rough mask and 2 answers fed back");
  assert.equal(askedWith({ ...CUP, prompt: { points: [], labels: [], box: null } }), "");
});

test("captions and the status lead with the truth where it is known, else with the agreement", () => {
  assert.equal(captionLead("sam", scoresOf(0.25, 0.75), true), "IoU 0.250, boundary 0.250");
  assert.equal(captionLead("sam", scoresOf(null, null), false), "agreement 25.0 %");
  assert.equal(
    answeredLine(CUP, scoresOf(0.25, 0.75)),
    "Cup: SAM-HQ better by 0.500 (true IoU 0.250 SAM, 0.750 SAM-HQ; boundary IoU 0.250, 0.750).",
  );
  assert.equal(answeredLine(CUP, scoresOf(null, null), 40), "Cup: agreement 25.0 %. Answered in 40 ms.");
});
