// Key presses of several keyboards, as the table of actions names them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { keyName } from "../../../samhq_demo/ui/viewer/js/keys.js";

const NONE = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, getModifierState: () => false };

/** @param {Partial<KeyboardEvent>} press */
function name(press) {
  return keyName(/** @type {KeyboardEvent} */ ({ ...NONE, ...press }));
}

test("a letter is the one on the key, wherever that is", () => {
  assert.equal(name({ key: "z", code: "KeyW", ctrlKey: true }), "Ctrl+Z"); // AZERTY
  assert.equal(name({ key: "Z", code: "KeyZ", metaKey: true, shiftKey: true }), "Ctrl+Shift+Z");
});

test("where the letters are not Latin, the place of the key tells", () => {
  assert.equal(name({ key: "я", code: "KeyZ", ctrlKey: true }), "Ctrl+Z");
  assert.equal(name({ key: "Τ", code: "KeyT", shiftKey: true }), "Shift+T");
});

test("digits go by their place, with Shift and without", () => {
  assert.equal(name({ key: "1", code: "Digit1" }), "1");
  assert.equal(name({ key: "!", code: "Digit1", shiftKey: true }), "Shift+1");
  assert.equal(name({ key: "&", code: "Digit1" }), "1"); // AZERTY
  assert.equal(name({ key: "1", code: "Digit1", shiftKey: true }), "Shift+1");
  assert.equal(name({ key: "à", code: "Digit0" }), "0");
});

test("on other characters Shift and AltGr are part of them", () => {
  assert.equal(name({ key: "?", code: "Slash", shiftKey: true }), "?");
  const getModifierState = (/** @type {string} */ key) => key === "AltGraph";
  assert.equal(name({ key: "[", code: "Digit8", ctrlKey: true, altKey: true, getModifierState }), "[");
});
