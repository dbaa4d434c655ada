// The search for everything in the picture: asks, is told how far it is, stops, and knows what is pointed at.

import { Emitter } from "./emitter.js";
import { FoundMasks } from "./found-masks.js";
import { Place } from "./place.js";

/**
 * @import { Album } from "./album.js"
 * @import { Filter } from "./found-masks.js"
 * @import { Session } from "./session.js"
 * @import { Branch, EveryMask, EverythingNews, EverythingRequest, Least, Point, Server } from "./wire.js"
 *
 * @typedef {object} Link The way to Python.
 * @property {(request: EverythingRequest) => void} search sends it; news of it come to `take`.
 * @property {Server} server
 * @property {Album} album
 *
 * @typedef {object} Pointed A mask that is pointed at.
 * @property {Branch} branch
 * @property {EveryMask} mask
 * @property {EveryMask | null} partner the other branch's mask of the same object.
 *
 * @typedef {object} Grid How closely it is searched.
 * @property {number} points_per_side
 * @property {number} crop_layers
 *
 * @typedef {object} EverythingEvents
 * @property {(what: "progress" | "found" | "filter" | "pointed" | "gone") => void} changed
 * @property {(sentence: string) => void} failed
 */

const STOP_LOST = "The server could not be told to stop; what it finds is not shown.";

/** @extends {Emitter<EverythingEvents>} */
export class Everything extends Emitter {
  #sequence = Date.now(); // a page that was loaded again must not stop a search of before by its number
  /** @type {EverythingRequest | null} the search under way */
  #asked = null;
  #hasSentPicture = false;
  /** @type {EverythingNews} of the search under way */
  #news = {};
  #place = new Place(() => this.#asked && this.link.server.place?.({
    picture: this.#asked.picture, model: this.#asked.model, queue: "everything",
  }));
  /** @type {FoundMasks | null} */
  #found = null;
  /** @type {Least} the lowest scores that were asked for */
  #least = { predicted_iou: 0, stability: 0 };
  /** @type {Pointed | null} */
  #pointed = null;
  /** @type {string | null} the model that found it */
  #model = null;

  /**
   * @param {Session} session
   * @param {Link} link
   */
  constructor(session, { search, server, album }) {
    super();
    this.session = session;
    this.link = { search, server, album };
    this.#place.on("told", (work) => this.#tellProgress({ work }));
    session.on("changed", (what) => {
      const isOther = what === "settings" && (session.settings.model ?? null) !== this.#model;
      if (what === "picture" || isOther) this.restart();
    });
  }

  get isRunning() {
    return this.#asked !== null;
  }

  /** How far the search under way is. */
  get progress() {
    const { done = 0, points = 0, has_begun = false, work = "" } = this.#news;
    return { done, points, hasBegun: has_begun, work };
  }

  get found() {
    return this.#found;
  }

  get least() {
    return this.#least;
  }

  get pointed() {
    return this.#pointed;
  }

  /** The model that found it, as the settings name it. */
  get model() {
    return this.#model;
  }

  /** @param {Grid} grid */
  start(grid) {
    const { picture, settings } = this.session;
    if (!picture || this.#asked) return;
    this.#model = settings.model ?? null;
    this.#hasSentPicture = false;
    this.#ask({ picture: picture.id, sequence: 0, model: this.#model, ...grid });
  }

  /** @param {EverythingRequest} request whose number is given here. */
  #ask(request) {
    this.#sequence += 1;
    this.#asked = { ...request, sequence: this.#sequence };
    this.link.search(this.#asked);
    this.#place.start();
    this.#tellProgress({});
  }

  /** @param {EverythingNews} news */
  #tellProgress(news) {
    this.#news = news;
    this.emit("changed", "progress");
  }

  /** Stop the search; what was found before it stays. */
  async stop() {
    const asked = this.#asked;
    if (!asked) return;
    this.#asked = null;
    this.#place.stop();
    this.emit("changed", "progress");
    const { picture, sequence } = asked;
    const reply = await this.link.server.stop?.({ picture, sequence }).catch(() => null);
    if (!reply) this.emit("failed", STOP_LOST);
  }

  /** Another picture or another model: nothing that was found is its own. */
  restart() {
    void this.stop();
    if (!this.#found) return;
    this.#found = null;
    this.#pointed = null;
    this.emit("changed", "gone");
  }

  /** @param {EverythingNews} news */
  take(news) {
    const asked = this.#asked;
    if (!asked || news.sequence !== asked.sequence) return; // of a search that was stopped
    this.#place.stop();
    if (news.needs === "picture" && !this.#hasSentPicture) void this.#sendPicture(asked, news);
    else if (news.error) this.#fail(news.error);
    else if (news.is_over) this.#finish(news);
    else this.#tellProgress(news);
  }

  /**
   * The server has lost the picture: it gets it again.
   *
   * @param {EverythingRequest} asked
   * @param {EverythingNews} news
   */
  async #sendPicture(asked, { error = "" }) {
    this.#hasSentPicture = true;
    const { picture } = this.session;
    const brought = picture && (await this.link.album.bring(picture));
    if (this.#asked !== asked) return;
    if (brought) this.#ask(asked);
    else this.#fail(error);
  }

  /** @param {string} sentence */
  #fail(sentence) {
    this.#asked = null;
    this.emit("changed", "progress");
    this.emit("failed", sentence);
  }

  /** @param {EverythingNews} news */
  #finish({ sam, sam_hq, least, first }) {
    this.#asked = null;
    const { picture } = this.session;
    if (!sam || !sam_hq || !least || !first || !picture) {
      this.emit("changed", "progress");
      return;
    }
    this.#pointed = null;
    this.#least = least;
    this.#found = new FoundMasks({ sam, sam_hq }, first, picture.width * picture.height);
    this.emit("changed", "found");
  }

  /** @param {Partial<Filter>} changed */
  setFilter(changed) {
    this.#found?.setFilter(changed);
    this.#pointed = null;
    this.emit("changed", "filter");
  }

  /**
   * Point at a place in a branch's picture.
   *
   * @param {Branch | null} branch
   * @param {Point} [place] in picture pixels
   * @returns {Pointed | null} the mask there.
   */
  point(branch, place) {
    const mask = (branch && place && this.#found?.at(branch, place)) ?? null;
    if (mask !== (this.#pointed?.mask ?? null)) {
      this.#pointed = mask && branch && this.#found
        ? { branch, mask, partner: this.#found.partner(branch, mask) } : null;
      this.emit("changed", "pointed");
    }
    return this.#pointed;
  }
}
