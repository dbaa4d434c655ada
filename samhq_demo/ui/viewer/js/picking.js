// Picking among the masks that were found: pointing at one, keeping one as an object.

import { partOf, setText } from "./dom.js";
import { EverythingSheet } from "./everything-sheet.js";
import { everyMaskLine, pointedLine } from "./every-texts.js";
import { MAX_OBJECTS } from "./prompt.js";
import { BRANCHES } from "./wire.js";

/**
 * @import { Everything } from "./everything.js"
 * @import { Mode } from "./mode.js"
 * @import { Session } from "./session.js"
 * @import { StatusLine } from "./status-line.js"
 * @import { Surface } from "./surface.js"
 * @import { Tabs } from "./tabs.js"
 * @import { Branch, Point } from "./wire.js"
 */

const NOTHING_FOUND = "Nothing was sure and stable enough: lower the scores, or ask a closer grid.";
const NOTHING_THERE = "No mask was found there. Object, Background or Box lead back to your own prompts.";

export class Picking {
  /**
   * @param {HTMLElement} root
   * @param {object} parts
   * @param {Everything} parts.everything
   * @param {Session} parts.session
   * @param {Mode} parts.mode
   * @param {Surface} parts.surface
   * @param {StatusLine} parts.status
   * @param {Tabs} parts.tabs
   */
  constructor(root, { everything, session, mode, surface, status, tabs }) {
    this.everything = everything;
    this.sheet = new EverythingSheet(root, everything);
    this.session = session;
    this.mode = mode;
    this.surface = surface;
    this.status = status;
    this.tabs = tabs;
    this.captions = BRANCHES.map((branch) => ({ branch, line: partOf(root, `[data-every=${branch}]`, HTMLElement) }));
    everything.on("changed", (what) => this.#changed(what));
    everything.on("failed", (sentence) => status.say(sentence, { isError: true }));
  }

  /** @param {"progress" | "found" | "filter" | "pointed" | "gone"} what */
  #changed(what) {
    if (what === "progress") return;
    if (what === "found") this.#show();
    if (what === "gone" && this.mode.isPicking) this.mode.setTool("object");
    this.#caption();
    this.surface.schedule({ masks: what !== "pointed" });
  }

  #show() {
    const { mode, everything, status } = this;
    if (mode.viewName === "difference") mode.showView("side");
    if (mode.areMasksHidden) mode.toggleMasks();
    mode.setTool("pick");
    const isEmpty = BRANCHES.every((branch) => !everything.found?.masks[branch].length);
    status.say(isEmpty ? NOTHING_FOUND : "Point at a mask for its scores, click to keep it as an object.");
  }

  /** Begin a search, or stop the one under way. */
  search() {
    this.tabs.show("everything");
    if (this.everything.isRunning) void this.everything.stop();
    else if (this.mode.isReady) this.everything.start(this.sheet.grid);
  }

  toggle() {
    if (!this.everything.found) return;
    this.mode.setTool(this.mode.isPicking ? "object" : "pick");
    this.point(null);
  }

  /** The masks to be painted; null where none are picked from. */
  get seen() {
    const { found } = this.everything;
    return found && this.mode.isPicking && !this.mode.areMasksHidden
      ? { sam: found.seen("sam"), sam_hq: found.seen("sam_hq") } : null;
  }

  /** What is pointed at in each branch; null where nothing is. */
  get pointedMasks() {
    const { pointed } = this.everything;
    if (!pointed || !this.mode.isPicking) return null;
    const { branch, mask, partner } = pointed;
    const [own, other] = [mask.rle, partner?.rle ?? null];
    return branch === "sam" ? { sam: own, sam_hq: other } : { sam: other, sam_hq: own };
  }

  /**
   * @param {Branch | null} branch
   * @param {Point | null} [place] in picture pixels
   */
  point(branch, place) {
    if (this.mode.isPicking && branch && place) this.everything.point(branch, place);
    else this.everything.point(null);
  }

  /** What is pointed at, in words. */
  get words() {
    return pointedLine(this.everything.pointed);
  }

  #caption() {
    const masks = this.pointedMasks;
    const { pointed } = this.everything;
    for (const { branch, line } of this.captions) {
      const mask = pointed && (pointed.branch === branch ? pointed.mask : pointed.partner);
      line.hidden = !masks;
      setText(line, mask ? everyMaskLine(mask) : masks ? "nothing of it" : "");
    }
  }

  /**
   * Keep the mask at a place, with the other branch's of the same object.
   *
   * @param {Branch} branch
   * @param {Point} place in picture pixels
   */
  keep(branch, place) {
    const { found, model } = this.everything;
    const pointed = this.everything.point(branch, place);
    if (!found || !pointed) {
      this.status.say(NOTHING_THERE);
      return;
    }
    const { mask, partner } = pointed;
    const [sam, samHq] = branch === "sam" ? [mask, partner] : [partner, mask];
    const choice = { sam: sam?.candidate ?? 0, sam_hq: samHq?.candidate ?? 0 };
    const isKept = this.session.addFound({ model, answer: found.comparison(branch, mask) }, choice);
    if (isKept) this.status.say(`${this.session.selected.name} is kept. ${this.words}.`);
    else this.status.say(`A picture takes at most ${MAX_OBJECTS} objects.`, { isError: true });
  }
}
