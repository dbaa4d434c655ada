// Gives the modules under test their "./shared.js", which is in no file: Python writes it, here in $SHARED.

import { registerHooks } from "node:module";
import process from "node:process";

const { SHARED } = process.env;
if (!SHARED) throw new Error("SHARED is empty: run the tests by `make test-js`.");
const url = `data:text/javascript,${encodeURIComponent(SHARED)}`;

registerHooks({
  resolve(specifier, context, next) {
    return specifier === "./shared.js" ? { url, shortCircuit: true } : next(specifier, context);
  },
});
