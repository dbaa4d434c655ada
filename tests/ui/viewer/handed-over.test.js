// Who is asked for a picture, and what is taken from them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { askOpener } from "../../../samhq_demo/ui/viewer/js/handed-over.js";

const HANDING_OVER = { fragment: "#handed-over", ready: "samhq-demo: ready" }; // as handing_over.py has them

/**
 * @import { HandedOver, Page } from "../../../samhq_demo/ui/viewer/js/handed-over.js"
 *
 * @typedef {(event: { source: unknown, data: unknown }) => void} Listener
 */

function opened(hash = HANDING_OVER.fragment) {
  /** @type {unknown[]} */
  const asked = [];
  /** @type {Set<Listener>} */
  const listeners = new Set();
  /** @type {HandedOver[]} */
  const taken = [];
  const opener = { postMessage: (/** @type {unknown} */ data) => asked.push(data) };
  const page = {
    location: { hash, pathname: "/app/", search: "?view=1" },
    opener,
    address: "",
    history: {
      replaceState: (/** @type {unknown} */ _state, /** @type {string} */ _, /** @type {string} */ url) => {
        page.address = url;
      },
    },
    addEventListener: (/** @type {"message"} */ _, /** @type {Listener} */ listener) => listeners.add(listener),
    removeEventListener: (/** @type {"message"} */ _, /** @type {Listener} */ listener) => listeners.delete(listener),
  };
  askOpener((given) => taken.push(given), /** @type {Page} */ (/** @type {unknown} */ (page)));
  const say = (/** @type {unknown} */ data, source = /** @type {unknown} */ (opener)) => {
    for (const listener of [...listeners]) listener({ source, data });
  };
  return { page, opener, asked, taken, say };
}

const GIVEN = { name: "cat.jpg", bytes: new Uint8Array([1, 2, 3]).buffer, prompts: "{}" };

test("the opener is asked once, and its picture is taken once", async () => {
  const { page, asked, taken, say } = opened();
  assert.deepEqual(asked, [HANDING_OVER.ready]);
  assert.equal(page.address, "/app/?view=1");
  say(GIVEN);
  say(GIVEN);
  assert.equal(taken.length, 1);
  assert.equal(taken[0].file.name, "cat.jpg");
  assert.deepEqual([...new Uint8Array(await taken[0].file.arrayBuffer())], [1, 2, 3]);
  assert.equal(taken[0].prompts, "{}");
});

test("nobody is asked by a page that has another address", () => {
  const { asked, taken, say } = opened("#else");
  say(GIVEN);
  assert.deepEqual([asked, taken], [[], []]);
});

test("what others say, or what is no picture, is passed over", () => {
  const { taken, say } = opened();
  say(GIVEN, {});
  for (const wrong of [null, "text", {}, { ...GIVEN, bytes: "abc" }, { ...GIVEN, prompts: 3 }]) say(wrong);
  assert.deepEqual(taken, []);
  say(GIVEN);
  assert.equal(taken.length, 1);
});
