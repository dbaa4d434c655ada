// An answer from preview to whole, and which one is shown.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Answer } from "../../../samhq_demo/ui/viewer/js/answer.js";
import { Answers } from "../../../samhq_demo/ui/viewer/js/answers.js";
import { OBJECT } from "../../../samhq_demo/ui/viewer/js/prompt.js";
import { Session } from "../../../samhq_demo/ui/viewer/js/session.js";

/**
 * @import { Candidate, MaskPrediction, ObjectComparison, ObjectPreview, Rle }
 *   from "../../../samhq_demo/ui/viewer/js/wire.js"
 */

const PICTURE = { id: "ticket", width: 4, height: 4, file: { url: "/picture.png" } };
const ONE = { choice: { sam: 0, sam_hq: 0 }, truth: null };

/**
 * The first columns of a picture of 4 x 4.
 *
 * @param {number} count
 * @returns {Rle}
 */
const columns = (count) => ({ size: [4, 4], counts: [0, 4 * count, 16 - 4 * count] });

/**
 * @param {Rle} rle
 * @returns {ObjectPreview}
 */
const previewOf = (rle) => ({
  is_preview: true, sam: { predicted_iou: 0.9, rle }, sam_hq: { predicted_iou: 0.9, rle: columns(1) },
});

/**
 * @param {...Rle} rles
 * @returns {MaskPrediction}
 */
function predictionOf(...rles) {
  /** @type {Candidate[]} */
  const candidates = rles.map((rle, at) => ({ predicted_iou: 0.9 - at / 10, stability: 0.8, area: 4, rle }));
  return { ...candidates[0], bbox: [0, 0, 1, 4], true_iou: 0.7, true_boundary_iou: 0.6, candidates };
}

/** @returns {ObjectComparison} */
const whole = () => ({
  prompt: { points: [[1, 1]], labels: [OBJECT], box: null },
  sam: predictionOf({ size: [4, 4], counts: "0`0" }, columns(1), columns(3)),
  sam_hq: predictionOf(columns(2), columns(3), columns(4)),
  agreement: { iou: 0.5, boundary_iou: 0.4, only_sam: 8, only_sam_hq: 0 },
});

test("a preview becomes whole in place, and a mask that stays the same stays the same object", () => {
  /** @type {Rle} */
  const known = { size: [4, 4], counts: "0`0" };
  const answer = new Answer(previewOf(known));
  assert.ok(answer.isPreview && !answer.isAmbiguous);
  answer.complete(whole());
  assert.ok(!answer.isPreview && answer.isAmbiguous);
  assert.equal(answer.rle("sam"), known);
  assert.equal(answer.rle("sam", 0), known);
  assert.deepEqual(answer.rle("sam", 1), columns(1));
});

test("of a preview of the picture's size what its runs tell is counted, of a smaller one nothing", () => {
  const answer = new Answer(previewOf(columns(2)));
  const full = answer.scores(ONE, PICTURE);
  assert.equal(full.sam.area, 8);
  assert.deepEqual(full.agreement, { iou: 0.5, boundary_iou: null, only_sam: 4, only_sam_hq: 0 });
  const small = answer.scores(ONE, { width: 8, height: 8 });
  assert.equal(small.sam.area, undefined);
  assert.equal(small.agreement.iou, null);
});

test("the numbers are those of the chosen candidates", () => {
  const answer = new Answer(whole());
  const truth = { id: 1, name: "truth", rle: columns(2) };
  const first = answer.scores({ ...ONE, truth }, PICTURE);
  assert.equal(first.sam.true_iou, 0.7);
  assert.equal(first.agreement.boundary_iou, 0.4);
  const chosen = answer.scores({ choice: { sam: 1, sam_hq: 0 }, truth }, PICTURE);
  assert.equal(chosen.sam.predicted_iou, 0.8);
  assert.equal(chosen.sam.true_iou, 0.5);
  assert.equal(chosen.sam_hq.true_iou, 0.7);
  assert.deepEqual(chosen.agreement, { iou: 0.5, boundary_iou: null, only_sam: 0, only_sam_hq: 4 });
});

test("an object shows its own answer, and until that is there the last one", () => {
  const session = new Session({});
  session.setPicture(PICTURE);
  session.addPoint(1, 1, OBJECT);
  const answers = new Answers(session);
  const first = new Answer(whole());
  answers.keep(session.key(session.selected), first);
  assert.ok(answers.show(session.selectedId, first, 1));
  session.addPoint(2, 2, OBJECT);
  assert.equal(answers.of(session.selected), first);
  assert.deepEqual(answers.missing(), [session.selected]);
  const second = new Answer(whole());
  answers.keep(session.key(session.selected), second);
  assert.ok(answers.show(session.selectedId, second, 3));
  assert.ok(!answers.show(session.selectedId, first, 2), "A late answer never replaces a newer one.");
  assert.equal(answers.of(session.selected), second);
  session.undo();
  assert.equal(answers.of(session.selected), first);
  session.clearObject();
  assert.equal(answers.of(session.selected), null);
});

test("the selected object is asked for first, and its preview completed first", () => {
  const session = new Session({});
  session.setPicture(PICTURE);
  session.addPoint(1, 1, OBJECT);
  session.addObject();
  session.addPoint(2, 2, OBJECT);
  const answers = new Answers(session);
  const [first, second] = session.objects;
  assert.deepEqual(answers.missing(), [second, first]);
  const previews = session.objects.map((object) => {
    const answer = new Answer(previewOf(columns(1)));
    answers.keep(session.key(object), answer);
    return answer;
  });
  assert.deepEqual(new Set(answers.previews()), new Set(previews));
  assert.equal(answers.previews()[0], previews[1]);
});

test("the oldest of a hundred answers are forgotten", () => {
  const session = new Session({});
  session.setPicture(PICTURE);
  const answers = new Answers(session);
  for (let x = 0; x < 100; x++) {
    session.addPoint(x % 4, 0, OBJECT);
    answers.keep(session.key(session.selected), new Answer(whole()));
  }
  while (session.selected.prompt.points.length > 4) session.undo();
  assert.equal(answers.of(session.selected), null);
  session.redo();
  assert.ok(answers.of(session.selected));
});
