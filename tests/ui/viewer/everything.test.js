// A search for everything without a page: what it asks, what news do to it, stopping, keeping.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

import { Answers } from "../../../samhq_demo/ui/viewer/js/answers.js";
import { everythingLine } from "../../../samhq_demo/ui/viewer/js/every-texts.js";
import { Everything } from "../../../samhq_demo/ui/viewer/js/everything.js";
import { namedMask } from "../../../samhq_demo/ui/viewer/js/prompt.js";
import { revived } from "../../../samhq_demo/ui/viewer/js/records.js";
import { Session } from "../../../samhq_demo/ui/viewer/js/session.js";

/** @import { EveryMask, EverythingNews, EverythingRequest } from "../../../samhq_demo/ui/viewer/js/wire.js" */
/** @import { Picture, PlaceRequest, StopRequest } from "../../../samhq_demo/ui/viewer/js/wire.js" */

/** @type {Picture} */
const PICTURE = { id: "ticket", width: 4, height: 4, file: { url: "/picture.png" } };
const GRID = { points_per_side: 16, crop_layers: 1 };
/** @type {EveryMask} */
const MASK = {
  rle: { size: [4, 4], counts: [0, 8, 8] }, bbox: [0, 0, 2, 4], area: 8, predicted_iou: 0.9, stability: 0.9,
  point: [1, 2], candidate: 2, stays: [[-1, 0.9]],
};
const SCORES = { predicted_iou: 0.5, stability: 0.6 };

function opened({ isPictureLost = false } = {}) {
  const session = new Session({ model: "tiny" });
  session.setPicture(PICTURE);
  /** @type {EverythingRequest[]} */
  const asked = [];
  /** @type {StopRequest[]} */
  const stopped = [];
  /** @type {PlaceRequest[]} */
  const place = [];
  const bring = async () => (isPictureLost ? null : PICTURE);
  const everything = new Everything(session, /** @type {any} */ ({
    search: (/** @type {EverythingRequest} */ request) => asked.push(request),
    server: {
      stop: async (/** @type {StopRequest} */ request) => ({ stopped: stopped.push(request) > 0 }),
      place: async (/** @type {PlaceRequest} */ request) => ({ work: place.push(request) ? "2 are before you …" : "" }),
    },
    album: { bring },
  }));
  /** @type {string[]} */
  const failures = [];
  everything.on("failed", (sentence) => failures.push(sentence));
  const take = (/** @type {EverythingNews} */ news) =>
    everything.take({ sequence: asked[asked.length - 1].sequence, ...news });
  return { session, everything, asked, stopped, place, failures, take };
}

/** @returns {EverythingNews} */
const over = () => ({ is_over: true, sam: [MASK], sam_hq: [], least: SCORES, first: SCORES });

test("it asks once for a picture, and news say how far it is", () => {
  const { everything, asked, take } = opened();
  everything.start(GRID);
  everything.start(GRID);
  assert.equal(asked.length, 1);
  assert.deepEqual({ ...asked[0], sequence: 0 }, { picture: "ticket", sequence: 0, model: "tiny", ...GRID });
  take({ done: 64, points: 256, has_begun: true });
  assert.deepEqual(everything.progress, { done: 64, points: 256, hasBegun: true, work: "" });
  take(over());
  assert.ok(!everything.isRunning);
  assert.equal(everything.found?.seen("sam").length, 1);
});

test("once stopped it takes no more news, and what was found before stays", async () => {
  const { everything, asked, stopped, take } = opened();
  everything.start(GRID);
  take(over());
  const { found } = everything;
  everything.start(GRID);
  await everything.stop();
  assert.deepEqual(stopped, [{ picture: "ticket", sequence: asked[1].sequence }]);
  take(over());
  assert.equal(everything.found, found);
  assert.ok(!everything.isRunning);
});

test("until it begins it tells what is waited for: first as the queue says, then as its news do", async (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const { everything, place, take } = opened();
  const second = async () => {
    context.mock.timers.tick(1000);
    await wait(1);
  };
  everything.start(GRID);
  await second();
  assert.deepEqual(place, [{ picture: "ticket", model: "tiny", queue: "everything" }]);
  assert.equal(everythingLine(everything), "2 are before you …");
  take({ done: 0, points: 256, has_begun: false, work: "You are next …" });
  assert.equal(everythingLine(everything), "You are next …");
  take({ done: 0, points: 256, has_begun: true, work: "" });
  assert.equal(everythingLine(everything), "0 of 256 points are asked …");
  await second();
  assert.equal(place.length, 1, "Whose news come does not ask.");
  void everything.stop();
  everything.start(GRID);
  void everything.stop();
  await second();
  assert.equal(place.length, 1, "Who has stopped does not ask.");
});

test("another picture or another model stops it and lets go of what was found", () => {
  const { session, everything, stopped, take } = opened();
  everything.start(GRID);
  take(over());
  session.setSettings({ hq_token_only: true });
  assert.ok(everything.found);
  session.setSettings({ model: "base" });
  assert.equal(everything.found, null);
  everything.start(GRID);
  session.setPicture({ ...PICTURE, id: "other" });
  assert.ok(!everything.isRunning);
  assert.equal(stopped.length, 1);
});

test("a refusal is told, and a lost picture is sent again once", async () => {
  const refused = opened();
  refused.everything.start(GRID);
  refused.take({ error: "No." });
  assert.deepEqual(refused.failures, ["No."]);
  const lost = opened();
  lost.everything.start(GRID);
  lost.take({ needs: "picture", error: "Gone." });
  await wait(1);
  assert.equal(lost.asked.length, 2);
  lost.take({ needs: "picture", error: "Gone." });
  assert.deepEqual(lost.failures, ["Gone."]);
  const nowhere = opened({ isPictureLost: true });
  nowhere.everything.start(GRID);
  nowhere.take({ needs: "picture", error: "Gone." });
  await wait(1);
  assert.deepEqual(nowhere.failures, ["Gone."]);
});

test("a mask that is kept is an object with its own answer until its prompt changes", () => {
  const { session, everything, take } = opened();
  const answers = new Answers(session);
  everything.start(GRID);
  take(over());
  const { found, model } = everything;
  assert.ok(found);
  const answer = found.comparison("sam", MASK);
  assert.ok(session.addFound({ model, answer }, { sam: 2, sam_hq: 0 }));
  assert.equal(session.objects.length, 1, "It takes the place of the one with nothing asked.");
  assert.equal(answers.missing().length, 0);
  assert.equal(answers.rle(session.selected, "sam"), MASK.rle);
  assert.ok(session.addFound({ model, answer }, { sam: 2, sam_hq: 0 }));
  assert.equal(session.objects.length, 2);
  session.setTruth(namedMask({ name: "truth", rle: { size: [4, 4], counts: [0, 4, 12] } }));
  assert.equal(answers.scores(session.selected)?.sam.true_iou, 0.5);
  session.addPoint(0, 0, 0);
  assert.equal(session.selected.found, null);
  assert.equal(answers.missing().length, 1);
  session.undo();
  assert.equal(answers.missing().length, 0);
  session.undo();
  session.undo();
  assert.equal(session.objects.length, 1);
});

test("what is kept outlives a reload, and another model is asked for it anew", () => {
  const { session, everything, take } = opened();
  everything.start(GRID);
  take(over());
  const { found, model } = everything;
  assert.ok(found && session.addFound({ model, answer: found.comparison("sam", MASK) }, { sam: 2, sam_hq: 0 }));
  const kept = JSON.parse(JSON.stringify(session.toJson().objects));
  assert.deepEqual(revived(kept)[0].found, session.selected.found);
  session.setSettings({ model: "base" });
  assert.equal(new Answers(session).missing().length, 1);
});
