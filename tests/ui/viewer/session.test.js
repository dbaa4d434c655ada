// History: what undo and redo bring back, and what counts as one step.

import assert from "node:assert/strict";
import { test } from "node:test";

import { History } from "../../../samhq_demo/ui/viewer/js/history.js";
import { OBJECT } from "../../../samhq_demo/ui/viewer/js/prompt.js";
import { Session } from "../../../samhq_demo/ui/viewer/js/session.js";

/** @import { Box, Picture, SavedObject } from "../../../samhq_demo/ui/viewer/js/wire.js" */

/** @type {Picture} */
const PICTURE = { id: "ticket", width: 600, height: 400, file: { url: "/picture.png" } };
/** @type {Box} */
const BOX = [10, 20, 30, 40];

function opened() {
  const session = new Session({ model: "tiny" });
  session.setPicture(PICTURE);
  return session;
}

/** @param {Session} session */
const xs = (session) => session.selected.prompt.points.map(([x]) => x);

test("undo and redo go through the edits one by one", () => {
  const session = opened();
  session.addPoint(1, 1, OBJECT);
  session.addPoint(2, 2, OBJECT);
  session.setBox(BOX);
  assert.ok(session.undo() && session.undo());
  assert.deepEqual(session.selected.prompt, { points: [[1, 1]], labels: [OBJECT], box: null });
  assert.ok(session.redo() && session.redo());
  assert.deepEqual(session.selected.prompt, { points: [[1, 1], [2, 2]], labels: [OBJECT, OBJECT], box: BOX });
  assert.ok(!session.redo());
});

test("with nothing to undo nothing changes and nobody is told", () => {
  const session = opened();
  session.on("changed", () => assert.fail("Nothing changed."));
  assert.ok(!session.undo());
  assert.ok(!session.canUndo);
});

test("an edit after undo leaves nothing to redo", () => {
  const session = opened();
  session.addPoint(1, 1, OBJECT);
  session.undo();
  session.addPoint(2, 2, OBJECT);
  assert.ok(!session.canRedo);
  assert.deepEqual(xs(session), [2]);
});

test("a drag is one step however many edits it has", () => {
  const session = opened();
  session.addPoint(1, 1, OBJECT);
  session.begin();
  for (const x of [2, 3, 4]) {
    session.begin();
    session.movePoint(0, x, 1);
  }
  assert.ok(session.isOpen);
  assert.ok(!session.undo(), "A drag under way cannot be undone.");
  session.commit();
  assert.deepEqual(xs(session), [4]);
  session.undo();
  assert.deepEqual(xs(session), [1]);
});

test("a drag that is given up has never been", () => {
  const session = opened();
  session.addPoint(1, 1, OBJECT);
  session.begin();
  session.movePoint(0, 9, 9);
  session.cancel();
  assert.deepEqual(xs(session), [1]);
  assert.ok(!session.canRedo);
  session.undo();
  assert.deepEqual(xs(session), []);
});

test("a press that moves nothing is no step", () => {
  const session = opened();
  session.begin();
  session.commit();
  assert.ok(!session.canUndo);
});

test("nudges of one mark are undone together, those of another are not", () => {
  const session = opened();
  session.addPoint(1, 1, OBJECT);
  session.addPoint(50, 1, OBJECT);
  for (const x of [2, 3, 4]) session.movePoint(0, x, 1, "point 0");
  session.movePoint(1, 51, 1, "point 1");
  session.undo();
  assert.deepEqual(xs(session), [4, 50]);
  session.undo();
  assert.deepEqual(xs(session), [1, 50]);
});

test("nudges count as one step only in quick succession", () => {
  const history = new History({ oneEdit: 800 });
  history.note("a", "point 0", 0);
  history.note("b", "point 0", 700);
  history.note("c", "point 0", 1600);
  assert.equal(history.undo("d"), "c");
  assert.equal(history.undo("c"), "a");
  assert.equal(history.undo("a"), null);
});

test("a nudge after undo is a step of its own", () => {
  const history = new History();
  history.note("a", "point 0", 0);
  assert.equal(history.undo("b"), "a");
  history.note("a", "point 0", 1);
  assert.ok(history.canUndo);
});

test("the oldest steps are forgotten", () => {
  const history = new History({ length: 3 });
  for (const step of [0, 1, 2, 3, 4]) history.note(step);
  assert.deepEqual([history.undo(5), history.undo(4), history.undo(3), history.undo(2)], [4, 3, 2, null]);
});

test("the first click of a double click is taken back and cannot be redone", () => {
  const session = opened();
  session.addPoint(1, 1, OBJECT);
  session.retract();
  assert.deepEqual(xs(session), []);
  assert.ok(!session.canRedo);
});

test("undo brings back objects and which of them was chosen", () => {
  const session = opened();
  session.addPoint(1, 1, OBJECT);
  session.addObject();
  session.addPoint(2, 2, OBJECT);
  const [first, second] = session.objects;
  session.removeObject(second.id);
  assert.equal(session.selectedId, first.id);
  session.undo();
  assert.equal(session.selectedId, second.id);
  assert.deepEqual(xs(session), [2]);
  session.clearAll();
  session.undo();
  assert.deepEqual(session.objects.map(({ id }) => id), [first.id, second.id]);
});

test("a new picture starts over with the objects that came with it, and undo leads back to the old one", () => {
  const session = opened();
  session.addPoint(1, 1, OBJECT);
  session.addObject();
  const before = session.toJson();
  /** @type {SavedObject[]} */
  const saved = [{ name: "Disc", prompt: { points: [[5, 6]] } }, { prompt: { box: BOX } }];
  session.setPicture({ ...PICTURE, id: "other" }, saved);
  assert.deepEqual(session.objects.map(({ name }) => name), ["Disc", "Object 2"]);
  assert.deepEqual(session.selected.prompt, { points: [[5, 6]], labels: [OBJECT], box: null });
  assert.ok(session.undo());
  assert.deepEqual(session.toJson(), before);
  session.addObject();
  assert.deepEqual(session.objects.map(({ id }) => id), [1, 2, 3], "An id of the old picture's own.");
  assert.ok(session.undo());
  assert.ok(session.undo() && session.undo() && !session.canUndo, "All edits of the old picture can be undone too.");
});

test("a page without a picture is no step, neither the first nor one in between", () => {
  const session = opened();
  assert.ok(!session.canUndo);
  session.addPoint(1, 1, OBJECT);
  session.setPicture(null);
  session.setPicture({ ...PICTURE, id: "other" });
  session.undo();
  assert.equal(session.picture?.id, "ticket");
  assert.deepEqual(xs(session), [1]);
  session.redo();
  assert.equal(session.picture?.id, "other");
});

test("a session is restored as it was written, and new objects have new ids", () => {
  const session = opened();
  session.addPoint(1, 1, OBJECT);
  session.addObject();
  session.removeObject(1);
  session.rename(2, "Dog");
  const kept = session.toJson();
  const restored = new Session({});
  restored.restore(PICTURE, kept);
  assert.deepEqual(restored.toJson(), kept);
  assert.ok(!restored.canUndo);
  restored.addObject();
  assert.deepEqual(restored.objects.map(({ id }) => id), [2, 3]);
});

test("equal questions have equal keys; a choice or a name is no part of the question", () => {
  const session = opened();
  session.addPoint(1, 1, OBJECT);
  const key = session.key(session.selected);
  session.choose("sam", 2);
  session.rename(session.selectedId, "Dog");
  assert.equal(session.key(session.selected), key);
  session.setSettings({ multimask: true });
  assert.notEqual(session.key(session.selected), key);
});

test("refining keeps the prompt and the chosen candidates as a step, up to sixteen", () => {
  const session = opened();
  session.addPoint(1, 1, OBJECT);
  session.choose("sam_hq", 2);
  session.refine();
  const [step] = session.selected.steps;
  assert.deepEqual(step, { points: [[1, 1]], labels: [OBJECT], box: null, sam_candidate: 0, sam_hq_candidate: 2 });
  assert.deepEqual(session.selected.choice, { sam: 0, sam_hq: 0 });
  for (let count = 1; count < 16; count++) assert.ok(session.refine());
  assert.ok(!session.refine());
});

test("listeners hear what changed", () => {
  const session = new Session({});
  /** @type {string[]} */
  const heard = [];
  session.on("changed", (what) => heard.push(what));
  session.setPicture(PICTURE);
  session.setSettings({ multimask: false });
  session.addObject();
  session.selectNext(1);
  assert.deepEqual(heard, ["picture", "settings", "edit", "select"]);
});

test("objects from a file keep their numbers and colors, and the next one goes on from there", () => {
  const session = new Session({});
  session.setPicture(PICTURE);
  session.addObject();
  session.load([{ number: 2, color: "#123456" }, { number: 5, name: "Cup" }]);
  assert.deepEqual(session.objects.map(({ name }) => name), ["Object 2", "Cup"]);
  assert.deepEqual(session.objects.map(({ color }) => color), ["#123456", "#f0e442"]);
  session.addObject();
  assert.equal(session.selected.name, "Object 6");
  session.undo();
  session.undo();
  session.addObject();
  assert.equal(session.selected.name, "Object 3");
});
