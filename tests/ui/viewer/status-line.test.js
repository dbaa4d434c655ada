// The line that says what is happening: what takes whose place, and when.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

import { StatusLine } from "../../../samhq_demo/ui/viewer/js/status-line.js";

/** An element as far as the line writes to it. */
function made() {
  const classes = new Set();
  const classList = { toggle: (/** @type {string} */ name, /** @type {boolean} */ isOn) => (
    isOn ? classes.add(name) : classes.delete(name)) };
  const element = /** @type {HTMLElement} */ (/** @type {unknown} */ ({ textContent: "", classList }));
  return { line: new StatusLine(element), element, classes };
}

test("a notice stays for a second before what follows by itself takes its place", async () => {
  const { line, element } = made();
  line.say("house-mask.png: white is the object.");
  line.tell("House: agreement 90 %.");
  await wait(800);
  assert.equal(element.textContent, "house-mask.png: white is the object.");
  await wait(400);
  assert.equal(element.textContent, "House: agreement 90 %.");
});

test("of what follows within the second the last is told", async () => {
  const { line, element } = made();
  line.say("Copied the call as Python.");
  line.tell("House: agreement 90 %.");
  line.tell("House: agreement 95 %.");
  await wait(1100);
  assert.equal(element.textContent, "House: agreement 95 %.");
});

test("a notice takes the place of a notice, and of an error, at once", () => {
  const { line, element, classes } = made();
  line.fail("The server did not answer.");
  assert.ok(classes.has("error"));
  line.say("Undone.");
  line.say("Done again.");
  assert.equal(element.textContent, "Done again.");
  assert.ok(!classes.has("error"));
});

test("work is told while it lasts, and what was told before comes back", () => {
  const { line, element } = made();
  line.tell("House: agreement 90 %.");
  line.work("Encoding the picture …");
  assert.equal(element.textContent, "Encoding the picture …");
  line.work("");
  assert.equal(element.textContent, "House: agreement 90 %.");
});

test("the end of some work takes nobody else's words away", () => {
  const { line, element } = made();
  line.tell("House: agreement 90 %.");
  line.work("Sending mine.png …");
  line.say("mine.png could not be sent.", { isError: true });
  line.work("");
  assert.equal(element.textContent, "mine.png could not be sent.");
});
