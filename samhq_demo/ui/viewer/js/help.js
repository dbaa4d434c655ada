// The list under `?`.

import { tag } from "./dom.js";

/** @import { Action } from "./actions.js" */

/**
 * Fill the list with the keys of the table of actions.
 *
 * @param {HTMLElement} list
 * @param {readonly Action[]} actions
 */
export function fillHelp(list, actions) {
  for (const { group, keys, text, hidden } of actions) {
    if (group) list.append(tag("h4", {}, group));
    if (hidden || !text || !keys) continue;
    const shown = keys.map((key) => tag("kbd", {}, key));
    list.append(tag("div", { className: "key" }, tag("span", {}, text), tag("span", { className: "keys" }, ...shown)));
  }
}
