// The types of the wire: each key that one language knows the other knows too.

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { URL, fileURLToPath } from "node:url";

import ts from "typescript";

const FILE = fileURLToPath(new URL("../../../samhq_demo/ui/viewer/js/wire.js", import.meta.url));
/** @type {Record<string, string[]>} Python's, in $WIRE: run the tests by `make test-js`. */
const PYTHON = JSON.parse(process.env.WIRE ?? "{}");
// Named here alone, to be put together with another: in Python that is one type.
const PARTS = ["FoundMask"];

/** The keys of every record that wire.js defines. */
function browserKeys() {
  const program = ts.createProgram([FILE], { allowJs: true, checkJs: true, noEmit: true, types: [], strict: true });
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(FILE);
  const module = file && checker.getSymbolAtLocation(file);
  assert.ok(module);
  const records = checker.getExportsOfModule(module)
    .filter(({ flags }) => flags & ts.SymbolFlags.TypeAlias)
    .map((symbol) => ({ name: symbol.name, type: checker.getDeclaredTypeOfSymbol(symbol) }))
    .filter(({ type }) => type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection) && !checker.isTupleType(type));
  return Object.fromEntries(records.map(({ name, type }) => (
    [name, checker.getPropertiesOfType(type).map((property) => property.name).sort()]
  )));
}

const BROWSER = browserKeys();

test("the browser has each of Python's types, and none of its own", () => {
  assert.deepEqual(Object.keys(BROWSER).filter((name) => !PARTS.includes(name)).sort(), Object.keys(PYTHON).sort());
});

for (const [name, keys] of Object.entries(PYTHON)) {
  test(`${name} has the same keys in both languages`, () => assert.deepEqual(BROWSER[name], keys));
}
