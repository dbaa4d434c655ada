// The session, kept in this tab's storage: it survives a reload, be it Gradio's own after a lost connection.
// Where storage is full or forbidden the page goes on without.

/**
 * @import { Mode, ViewName } from "./mode.js"
 * @import { KeptSession } from "./records.js"
 * @import { Session } from "./session.js"
 * @import { Picture } from "./wire.js"
 *
 * @typedef {KeptSession & { picture: Picture, view: ViewName }} KeptPage
 */

const SESSION = "samhq.session";
const FORM = 1; // of what is kept; anything else is another version's
const MAX_LENGTH = 2_000_000; // characters: storage holds some five million for all of a page
const SOON_MS = 200;

export class Keeper {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined;

  /**
   * @param {Session} session
   * @param {Mode} mode
   * @param {string} keptAs the entry that Python reads.
   */
  constructor(session, mode, keptAs) {
    this.session = session;
    this.mode = mode;
    this.keptAs = keptAs;
    /** What was kept of the page before this one; to be read once. */
    this.before = read();
    session.on("changed", () => this.#keepSoon());
    mode.on("changed", (what) => what === "view" && this.#keepSoon());
    window.addEventListener("pagehide", () => this.#timer !== undefined && this.#keep());
  }

  /** Storing takes longer than a drag may wait. */
  #keepSoon() {
    this.#timer ??= setTimeout(() => this.#keep(), SOON_MS);
  }

  #keep() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { picture, settings } = this.session;
    if (!picture) {
      store(this.keptAs, null);
      store(SESSION, null);
      return;
    }
    const { objects, selected } = this.session.toJson();
    const page = { form: FORM, picture, objects, selected, settings, view: this.mode.viewName };
    store(SESSION, JSON.stringify(page));
    store(this.keptAs, JSON.stringify({ picture: picture.id, model: settings.model ?? "" }));
  }
}

/** @returns {KeptPage | null} */
function read() {
  try {
    const page = JSON.parse(sessionStorage.getItem(SESSION) ?? "null");
    return page?.form === FORM && page.picture?.id && page.objects?.length ? page : null;
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string | null} text
 */
function store(name, text) {
  try {
    if (text !== null && text.length <= MAX_LENGTH) sessionStorage.setItem(name, text);
    else sessionStorage.removeItem(name);
  } catch {
    // Full: what is there is older than what is on the page, and better than nothing.
  }
}
