// The line of the page's evaluation, while it waits in the queue behind others and so cannot tell.

import { Place } from "./place.js";

/**
 * @import { PlaceReply } from "./wire.js"
 *
 * @typedef {object} Component What gr.HTML's `js_on_load` is called with.
 * @property {HTMLElement} element inside #evaluate, with the buttons.
 * @property {{ value: string }} props live.
 * @property {{ place: (asked: object) => Promise<PlaceReply | undefined> }} server Python's functions.
 * @property {(name: "value", callback: () => void) => void} watch
 */

/**
 * Show the place from the button that starts an evaluation until Python tells of it, or it is stopped.
 *
 * @param {Component} component
 */
export function start({ element, props, server, watch }) {
  const place = new Place(() => server.place({}));
  const show = (/** @type {string} */ sentence) => Object.assign(props, { value: sentence });
  place.on("told", show);
  place.on("passed", () => show(""));
  watch("value", () => place.stop());
  element.closest("#evaluate")?.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element)) return;
    if (target.closest("#evaluate-start")) place.start();
    if (target.closest("#evaluate-stop")) place.stop();
  });
}
