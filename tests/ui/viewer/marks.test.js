// Geometry of what one grabs: points, and the sides and corners of a box.

import assert from "node:assert/strict";
import { test } from "node:test";

import { DraftBox } from "../../../samhq_demo/ui/viewer/js/draft-box.js";
import {
  BOX_HANDLES, boxWithHandle, isOfPrompt, markAt, nameOf, orderedBox, placeOf, removerPlace, sameMark,
} from "../../../samhq_demo/ui/viewer/js/marks.js";
import { BACKGROUND, OBJECT } from "../../../samhq_demo/ui/viewer/js/prompt.js";
import { View } from "../../../samhq_demo/ui/viewer/js/view.js";

/**
 * @import { Mark } from "../../../samhq_demo/ui/viewer/js/marks.js"
 * @import { Box, Prompt } from "../../../samhq_demo/ui/viewer/js/wire.js"
 */

/** @type {Prompt} */
const PROMPT = { points: [[100, 100], [106, 100]], labels: [OBJECT, BACKGROUND], box: [200, 100, 400, 300] };
const REACH = 9;

/** One pane pixel for each pixel of a picture of 500 x 400. */
const VIEW = new View();
VIEW.setPane(500, 400);
VIEW.setPicture({ width: 500, height: 400 });

/** @param {string} name */
function handle(name) {
  const found = BOX_HANDLES.find((each) => each.name === name);
  assert.ok(found);
  return found;
}

/** @param {Mark | null} mark */
const told = (mark) => (mark?.kind === "box" ? mark.handle.name : mark?.index);

test("the nearest point in reach is taken", () => {
  assert.equal(told(markAt(PROMPT, VIEW, 102, 100, REACH)), 0);
  assert.equal(told(markAt(PROMPT, VIEW, 104, 100, REACH)), 1);
  assert.equal(markAt(PROMPT, VIEW, 100, 110, REACH), null);
});

test("a box is taken by its corners and, from nearer by, by its sides", () => {
  const at = (/** @type {number} */ x, /** @type {number} */ y) => told(markAt(PROMPT, VIEW, x, y, REACH));
  assert.deepEqual([at(192, 92), at(408, 92), at(192, 308), at(408, 308)], ["nw", "ne", "sw", "se"]);
  assert.deepEqual([at(205, 200), at(395, 200), at(300, 105), at(300, 305)], ["w", "e", "n", "s"]);
  assert.equal(at(207, 200), undefined);
  assert.equal(at(300, 200), undefined);
});

test("a point on the side of a box is taken before the box", () => {
  const prompt = { ...PROMPT, points: [/** @type {[number, number]} */ ([200, 200])], labels: [OBJECT] };
  assert.equal(markAt(prompt, VIEW, 201, 200, REACH)?.kind, "point");
});

test("reach is in pane pixels whatever the zoom", () => {
  const near = new View();
  near.setPane(500, 400);
  near.setPicture({ width: 500, height: 400 });
  near.zoomAt(100, 100, 4);
  assert.equal(markAt(PROMPT, near, 100 + 8, 100, REACH)?.kind, "point");
  assert.equal(markAt(PROMPT, near, 100 + 12, 100, REACH), null); // 3 picture pixels away
});

test("a mark has a place, and another one for the x that removes it", () => {
  assert.deepEqual(placeOf({ kind: "point", index: 1 }, PROMPT), [106, 100]);
  assert.deepEqual(placeOf({ kind: "box", handle: handle("se") }, PROMPT), [400, 300]);
  assert.deepEqual(placeOf({ kind: "box", handle: handle("n") }, PROMPT), [300, 100]);
  assert.deepEqual(removerPlace({ kind: "box", handle: handle("sw") }, PROMPT), [400, 100]);
});

test("a side moves alone, a corner moves two", () => {
  /** @type {Box} */
  const box = [200, 100, 400, 300];
  assert.deepEqual(boxWithHandle(box, handle("e"), 450, 7), [200, 100, 450, 300]);
  assert.deepEqual(boxWithHandle(box, handle("nw"), 150, 50), [150, 50, 400, 300]);
  assert.deepEqual(box, [200, 100, 400, 300]);
});

test("a box that is turned inside out is a box again", () => {
  assert.deepEqual(orderedBox(boxWithHandle([200, 100, 400, 300], handle("nw"), 450, 350)), [400, 300, 450, 350]);
});

test("marks are told apart and named", () => {
  assert.ok(sameMark({ kind: "point", index: 1 }, { kind: "point", index: 1 }));
  assert.ok(!sameMark({ kind: "point", index: 1 }, { kind: "point", index: 0 }));
  assert.ok(!sameMark(null, { kind: "point", index: 0 }));
  assert.equal(nameOf({ kind: "point", index: 1 }, PROMPT), "background point 2");
  assert.ok(!isOfPrompt({ kind: "point", index: 2 }, PROMPT));
  assert.ok(!isOfPrompt({ kind: "box", handle: handle("n") }, { ...PROMPT, box: null }));
});

test("a box is drawn from any corner; one of less than two pixels is none", () => {
  const draft = new DraftBox();
  let changes = 0;
  draft.on("changed", () => (changes += 1));
  draft.draw([50, 60], [20, 80]);
  assert.deepEqual(draft.box, [50, 60, 20, 80]);
  assert.deepEqual(draft.finish(), [20, 60, 50, 80]);
  assert.equal(draft.box, null);
  draft.draw([50, 60], [51.5, 90]);
  assert.equal(draft.finish(), null);
  assert.equal(changes, 4);
  draft.drop();
  assert.equal(changes, 4);
});
