// Addresses behind a proxy, and names of files.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fileAddress, originOf, reachable, stemOf } from "../../../samhq_demo/ui/viewer/js/address.js";

/**
 * @param {string} host
 * @param {string} path
 */
const pageAt = (host, path = "/") => (
  { href: `https://${host}${path}`, protocol: "https:", host, hostname: host.split(":")[0] }
);
const FILE = "/gradio_api/file=/tmp/view.jpg";

test("where TLS ends before the server, its addresses are asked as the page came", () => {
  const page = pageAt("demo.example", "/app/");
  assert.equal(reachable(`http://demo.example/app${FILE}`, page), `https://demo.example/app${FILE}`);
  assert.equal(reachable(`https://demo.example/app${FILE}`, page), `https://demo.example/app${FILE}`);
  const other = pageAt("demo.example:8443");
  assert.equal(reachable(`http://demo.example${FILE}`, other), `https://demo.example:8443${FILE}`);
});

test("another host's addresses stay as they are", () => {
  const page = pageAt("blog.example", "/post");
  assert.equal(reachable(`http://demo.example${FILE}`, page), `http://demo.example${FILE}`);
});

test("the app's address is what comes before Gradio's part", () => {
  assert.equal(originOf(`https://demo.example/app${FILE}`), "https://demo.example/app");
  assert.equal(fileAddress("/tmp/a.png", "http://x"), "http://x/gradio_api/file=/tmp/a.png");
});

test("a file's name without its ending is otherwise as it was", () => {
  for (const [name, stem] of [
    ["Mein Foto (1).jpg", "Mein Foto (1)"], ["a.b.tar.gz", "a.b.tar"], [".hidden", ".hidden"], ["Ägypten", "Ägypten"],
  ]) assert.equal(stemOf(name), stem);
});
