// The entry: brings the viewer to life in gr.HTML's element, and gives the page's scripts and tests their handle.

import { Album } from "./album.js";
import { partOf } from "./dom.js";
import { askOpener } from "./handed-over.js";
import { Viewer } from "./viewer.js";

/**
 * @import { Upload } from "./album.js"
 * @import { EverythingRequest, Message, Question, Server, ViewerOptions } from "./wire.js"
 *
 * @typedef {object} Component What gr.HTML's `js_on_load` is called with.
 * @property {HTMLElement} element around the template.
 * @property {(event: "submit" | "upload" | "select" | "apply", data: unknown) => void} trigger tells Python.
 * @property {{ options: ViewerOptions, value: Message | null }} props live.
 * @property {Server} server Python's functions.
 * @property {(file: File) => Promise<Upload>} upload
 * @property {(name: "value", callback: () => void) => void} watch
 */

/**
 * Make the viewer of a template that is on the page.
 *
 * @param {Component} component
 */
export function start({ element, trigger, props, server, upload, watch }) {
  const host = element.closest("[id=viewer]") ?? element.parentElement;
  if (!(host instanceof HTMLElement)) throw new Error("The viewer's template is not on the page.");
  const album = new Album({ server, upload });
  const withPictures = album.withPictures();
  const viewer = new Viewer(partOf(element, ".sv", HTMLElement), host, {
    server: withPictures,
    upload,
    album,
    ask: (/** @type {Question} */ question) => withPictures.decode(question),
    queue: (/** @type {Question} */ question) => trigger("submit", question),
    search: (/** @type {EverythingRequest} */ request) => trigger("apply", request),
    arrive: (/** @type {{ path: string, name: string, prompts?: string }} */ file) => trigger("upload", file),
    tell: (/** @type {string | null} */ ticket) => trigger("select", { picture: ticket }),
  }, plain(props.options) ?? {});
  Object.assign(host, { viewer: handleOf(viewer) });
  const receive = () => {
    const message = plain(props.value);
    if (message && typeof message === "object") viewer.inbox.receive(message);
  };
  watch("value", receive);
  receive();
  askOpener((given) => void viewer.arrivals.takeHandedOver(given));
}

/**
 * Svelte's live objects are slow to read and must not be kept: messages are small, copy them.
 *
 * @template Value
 * @param {Value} value
 * @returns {Value | null}
 */
function plain(value) {
  return JSON.parse(JSON.stringify(value ?? null));
}

/** @param {Viewer} viewer */
function handleOf({ session, inbox, surface }) {
  return {
    state: () => session.toJson(),
    picturesShown: () => inbox.picturesShown,
    isAtRest: () => surface.isAtRest,
    /**
     * Where a picture position is on the page, in client pixels: for scripts and tests.
     *
     * @param {number} x
     * @param {number} y
     * @param {string} [branch]
     */
    clientOf: (x, y, branch = "sam") => surface.clientOf(x, y, branch),
  };
}
