// What the browser's part and its tests are held to.

import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: [".venv/", "build/", "runs/"] },
  js.configs.recommended,
  {
    files: ["**/*.js"],
    languageOptions: { ecmaVersion: 2025, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "eqeqeq": ["error", "always", { null: "ignore" }],
      "max-len": ["error", { code: 120 }],
      "max-lines": ["error", 400],
      "max-lines-per-function": ["error", { max: 40, skipComments: true, skipBlankLines: true }],
      "no-implicit-globals": "error",
      "no-param-reassign": "error",
      "no-shadow": "error",
      "no-unused-expressions": ["error", { allowShortCircuit: true }],
      "no-unused-vars": "error",
      "no-use-before-define": ["error", { functions: false, classes: true, variables: true }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "max-classes-per-file": ["error", 1],
    },
  },
  { files: ["samhq_demo/**/*.js"], languageOptions: { globals: globals.browser } },
];
