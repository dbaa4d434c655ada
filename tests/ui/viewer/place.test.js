// Asking for the place in line without a page: what is told, and when it ends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

import { Place } from "../../../samhq_demo/ui/viewer/js/place.js";

/**
 * A place that is asked for every second of a clock that the test moves.
 *
 * @param {import("node:test").TestContext} context
 * @param {(string | null)[]} sentences the replies, the last one again and again; null: one that did not come.
 */
function asking(context, sentences) {
  context.mock.timers.enable({ apis: ["setInterval"] });
  let asked = 0;
  const reply = async () => {
    const sentence = sentences[Math.min(asked++, sentences.length - 1)];
    if (sentence === null) throw new Error("cut");
    return { work: sentence };
  };
  /** @type {string[]} */
  const told = [];
  const place = new Place(reply);
  place.on("told", (sentence) => told.push(sentence));
  place.on("passed", () => told.push("passed"));
  const seconds = async (/** @type {number} */ count) => {
    for (let second = 0; second < count; second += 1) {
      context.mock.timers.tick(1000);
      await wait(1);
    }
  };
  return { place, told, seconds, asked: () => asked };
}

test("the first second is silent, then each reply is told", async (context) => {
  const { place, told, seconds } = asking(context, ["3 before", "2 before"]);
  place.start();
  context.mock.timers.tick(999);
  assert.deepEqual(told, []);
  await seconds(2);
  assert.deepEqual(told, ["3 before", "2 before"]);
});

test("once nothing is waited for it says so once, and asks no more after three such replies", async (context) => {
  const { place, told, seconds, asked } = asking(context, ["next", "", null, ""]);
  place.start();
  await seconds(10);
  assert.deepEqual(told, ["next", "passed"]);
  assert.equal(asked(), 4);
});

test("a reply that comes after the end is not told", async (context) => {
  const { place, told, seconds } = asking(context, ["next"]);
  place.start();
  context.mock.timers.tick(1000);
  place.stop();
  await seconds(2);
  assert.deepEqual(told, []);
});
