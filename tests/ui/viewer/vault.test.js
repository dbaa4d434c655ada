// Which of the kept files have to go.

import assert from "node:assert/strict";
import { test } from "node:test";

import { outdated } from "../../../samhq_demo/ui/viewer/js/vault.js";

const MEGABYTE = 2 ** 20;
const HOUR_MS = 3_600_000;
/** @type {(id: string, megabytes: number, hours: number) => { id: string, blob: { size: number }, time: number }} */
const file = (id, megabytes, hours) => ({ id, blob: { size: megabytes * MEGABYTE }, time: -hours * HOUR_MS });

test("the oldest make room for a new file", () => {
  const files = [file("old", 40, 3), file("new", 40, 1), file("between", 40, 2)];
  assert.deepEqual(outdated(files, 8 * MEGABYTE, 0), []);
  assert.deepEqual(outdated(files, 9 * MEGABYTE, 0), ["old"]);
  assert.deepEqual(outdated(files, 48 * MEGABYTE, 0), ["old"]);
});

test("files of another day go in any case", () => {
  assert.deepEqual(outdated([file("today", 1, 23), file("yesterday", 1, 25)], 0, 0), ["yesterday"]);
});
