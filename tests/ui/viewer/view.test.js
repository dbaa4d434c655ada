// Geometry: which part of the picture is seen, and where a position lies in the pane.

import assert from "node:assert/strict";
import { test } from "node:test";

import { View } from "../../../samhq_demo/ui/viewer/js/view.js";

/** A picture of 800 x 400 in a pane of 400 x 300: fitted, half its size, with bars of 50 above and below. */
function fitted() {
  const view = new View();
  view.setPane(400, 300);
  view.setPicture({ width: 800, height: 400 });
  return view;
}

/**
 * @param {readonly number[]} found
 * @param {readonly number[]} wanted
 */
function assertNear(found, wanted) {
  assert.equal(found.length, wanted.length);
  found.forEach((value, at) => assert.ok(Math.abs(value - wanted[at]) < 1e-9, `${found} is not ${wanted}`));
}

test("a fitted picture is whole and in the middle", () => {
  const view = fitted();
  assert.equal(view.scale, 0.5);
  assert.ok(view.isFit);
  assertNear(view.toPane(0, 0), [0, 50]);
  assertNear(view.toPane(800, 400), [400, 250]);
});

test("positions come back from the pane as they went in", () => {
  const view = fitted();
  view.zoomAt(100, 120, 3.7);
  view.panBy(-31, 12);
  assertNear(view.toPicture(...view.toPane(123.4, 56.7)), [123.4, 56.7]);
});

test("zooming keeps what is under the pointer", () => {
  const view = fitted();
  const before = view.toPicture(200, 150);
  view.zoomAt(200, 150, 4);
  assert.equal(view.scale, 2);
  assert.ok(!view.isFit);
  assertNear(view.toPicture(200, 150), before);
});

test("zooming ends at the whole picture and at 48 pane pixels for a picture pixel", () => {
  const view = fitted();
  view.zoomAt(10, 10, 1e6);
  assert.equal(view.scale, 48);
  view.zoomAt(300, 200, 1e-6);
  assert.equal(view.scale, 0.5);
  assertNear(view.toPane(0, 0), [0, 50]);
});

test("panning stops at the edge of the picture", () => {
  const view = fitted();
  view.zoomAt(200, 150, 4);
  view.panBy(1e6, 1e6);
  assertNear(view.toPane(0, 0), [0, 0]);
  view.panBy(-1e6, -1e6);
  assertNear(view.toPane(800, 400), [400, 300]);
});

test("a side with room to spare stays in the middle while the other is panned", () => {
  const view = fitted();
  view.zoomAt(200, 150, 1.2); // 960 x 480 of pane pixels for 400 x 240
  view.panBy(-20, -20);
  assert.equal(view.toPane(0, 200)[1], 150);
  assertNear(view.toPane(400, 0), [180, 30]);
});

test("another size of the pane keeps a fitted picture fitted", () => {
  const view = fitted();
  view.setPane(200, 300);
  assert.equal(view.scale, 0.25);
  assert.ok(view.isFit);
});

test("another size of the pane keeps the zoom and the center", () => {
  const view = fitted();
  view.zoomAt(200, 150, 4);
  const center = view.toPicture(200, 150);
  view.setPane(300, 200);
  assert.equal(view.scale, 2);
  assertNear(view.toPicture(150, 100), center);
});

test("the view pans just so far that a position is 48 pane pixels within", () => {
  const view = fitted();
  view.zoomAt(200, 150, 4);
  const seen = view.toPicture(0, 0);
  view.reveal(400, 200);
  assertNear(view.toPicture(0, 0), seen); // in sight already
  view.reveal(700, 200);
  assertNear(view.toPane(700, 200), [400 - 48, 150]);
});
