// A picture with its prompt and truth, from the page that opened this one: a row of an evaluation's gallery.

import { HANDING_OVER } from "./shared.js";

/**
 * @typedef {{ file: File, prompts: string }} HandedOver
 *
 * @typedef {object} Page What is used of `window`.
 * @property {{ hash: string, pathname: string, search: string }} location
 * @property {{ postMessage: (data: unknown, target: string) => void } | null} opener
 * @property {{ replaceState: (state: unknown, unused: string, url: string) => void }} history
 * @property {(name: "message", listener: (event: MessageEvent) => void) => void} addEventListener
 * @property {(name: "message", listener: (event: MessageEvent) => void) => void} removeEventListener
 */

/**
 * Ask the opener for what it has, where this page's address says that it has something; take it once.
 *
 * @param {(given: HandedOver) => void} take
 * @param {Page} [page]
 */
export function askOpener(take, page = window) {
  const { location, opener } = page;
  if (location.hash !== HANDING_OVER.fragment || !opener) return;
  // Loaded again, this page asks nobody.
  page.history.replaceState(null, "", location.pathname + location.search);
  /** @type {(event: MessageEvent) => void} */
  const listener = ({ source, data }) => {
    const given = source === opener ? parsed(data) : null;
    if (!given) return;
    page.removeEventListener("message", listener);
    take(given);
  };
  page.addEventListener("message", listener);
  opener.postMessage(HANDING_OVER.ready, "*"); // whoever it is learns nothing by this
}

/**
 * @param {unknown} data
 * @returns {HandedOver | null}
 */
function parsed(data) {
  if (!data || typeof data !== "object") return null;
  const { name, bytes, prompts } = /** @type {Record<string, unknown>} */ (data);
  if (typeof name !== "string" || typeof prompts !== "string" || !(bytes instanceof ArrayBuffer)) return null;
  return { file: new File([bytes], name), prompts };
}
