// News from Python.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Inbox } from "../../../samhq_demo/ui/viewer/js/inbox.js";
import { Session } from "../../../samhq_demo/ui/viewer/js/session.js";

test("a message that comes twice is one edit, and the same news of later another", async () => {
  const session = new Session({ model: "tiny" });
  const others = /** @type {any} */ ({ session });
  const inbox = new Inbox(others);
  const objects = [{ name: "Leaf", prompt: { points: [[3, 4]], labels: [1], box: null } }];
  const news = (/** @type {string} */ stamp) => inbox.receive(/** @type {any} */ ({ objects, stamp }));
  await news("first");
  await news("first");
  session.undo();
  assert.equal(session.canUndo, false);
  await news("second");
  await news("third");
  session.undo();
  assert.equal(session.canUndo, true);
});
