// Questions and replies: masks by their ids, slow and lost replies, the queue.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

import { namedMask } from "../../../samhq_demo/ui/viewer/js/prompt.js";
import { Questions } from "../../../samhq_demo/ui/viewer/js/questions.js";
import { Session } from "../../../samhq_demo/ui/viewer/js/session.js";
import { LOST, Transport, UNREACHED } from "../../../samhq_demo/ui/viewer/js/transport.js";

/** @import { Ask } from "../../../samhq_demo/ui/viewer/js/transport.js" */
/** @import { Question, Reply, Rle } from "../../../samhq_demo/ui/viewer/js/wire.js" */

/** @type {Rle} */
const RLE = { size: [4, 4], counts: "646" };
const PICTURE = { id: "ticket", width: 4, height: 4, file: { url: "/picture.png" } };
/** @type {Question} */
const QUESTION = {
  picture: "ticket", sequence: 7, object: 1, prompt: { points: [], labels: [], box: [0, 0, 2, 2] },
  is_preview: true, steps: [], mask: null, truth: null, void: null,
};
/** @type {Reply} */
const ANSWERED = { objects: [] };
const never = () => assert.fail("It is not sent the long way.");

test("a mask travels whole once for each picture, then by its id", () => {
  const session = new Session({ model: "tiny" });
  session.setPicture(PICTURE);
  session.setTruth(namedMask({ name: "truth", rle: RLE }));
  const questions = new Questions(session);
  const { id } = session.selected.truth ?? assert.fail();
  const first = questions.of(session.selected, "ticket", 1);
  assert.deepEqual(first.truth, { id, ...RLE });
  const second = questions.of(session.selected, "ticket", 2);
  assert.deepEqual(second.truth, { id });
  assert.deepEqual(questions.withMasks(second), { ...first, sequence: 2 });
  questions.restart();
  assert.deepEqual(questions.of(session.selected, "other", 3).truth, { id, ...RLE });
});

test("a preview is asked for only where the best masks are shown", () => {
  const session = new Session({});
  session.setPicture(PICTURE);
  const questions = new Questions(session);
  assert.ok(questions.of(session.selected, "ticket", 1).is_preview);
  session.choose("sam_hq", 1);
  assert.ok(!questions.of(session.selected, "ticket", 2).is_preview);
});

test("a lost connection and a reply that does not come are both told in a sentence", async () => {
  const gone = () => Promise.reject(new Error("gone"));
  const send = (/** @type {Ask} */ ask) =>
    new Transport({ ask, queue: never, patience: 20 }).send(QUESTION, () => true);
  for (const ask of [gone, async () => undefined]) assert.deepEqual(await send(ask), UNREACHED);
  assert.deepEqual(await send(() => wait(200, ANSWERED)), LOST);
});

test("a reply that comes after it was given up is told with the question's number", async () => {
  const transport = new Transport({ ask: () => wait(60, ANSWERED), queue: never, patience: 20 });
  /** @type {Promise<[Reply, number]>} */
  const late = new Promise((resolve) => transport.on("late", (reply, sequence) => resolve([reply, sequence])));
  await transport.send(QUESTION, () => true);
  assert.deepEqual(await late, [ANSWERED, 7]);
});

test("what needs the queue is answered by what is delivered for it", async () => {
  /** @type {Question[]} */
  const queued = [];
  const transport = new Transport({
    ask: async () => ({ needs: "queue" }), queue: (question) => queued.push(question), patience: 1000,
  });
  let told = 0;
  transport.on("queued", () => (told += 1));
  const reply = transport.send(QUESTION, () => true);
  while (!queued.length) await wait(1);
  assert.ok(!transport.deliver({ sequence: 6, objects: [] }), "That was another question.");
  assert.ok(transport.deliver({ sequence: 7, objects: [] }));
  assert.deepEqual(await reply, { sequence: 7, objects: [], wasQueued: true });
  assert.equal(told, 1);
  assert.ok(!transport.deliver({ sequence: 7, objects: [] }), "It was answered already.");
});

test("what is not worth a place in the queue is dropped", async () => {
  const transport = new Transport({ ask: async () => ({ needs: "queue" }), queue: never, patience: 1000 });
  assert.deepEqual(await transport.send(QUESTION, () => false), { isDropped: true });
});
