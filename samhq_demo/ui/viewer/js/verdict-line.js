// The line above the picture: what one sees of the selected object, and how the models did so far.

import { setText } from "./dom.js";
import { summaryLine, verdictLine } from "./texts.js";
import { gainOf, summaryOf } from "./verdict.js";

/**
 * @import { NamedMask } from "./prompt.js"
 * @import { Answers } from "./answers.js"
 * @import { ObjectRecord, Session } from "./session.js"
 *
 * @typedef {Map<string, number>} Gains SAM-HQ's over SAM, by the true mask: what is tried again counts once.
 */

export class VerdictLine {
  /** @type {Gains} of the picture that is shown */
  #now = new Map();
  /** @type {Gains} of those before it */
  #before = new Map();
  /** @type {string | undefined} */
  #pictureId = undefined;

  /**
   * @param {object} places
   * @param {HTMLElement} places.verdict
   * @param {HTMLElement} places.summary
   * @param {object} parts
   * @param {Session} parts.session
   * @param {Answers} parts.answers
   */
  constructor({ verdict, summary }, { session, answers }) {
    this.verdict = verdict;
    this.summary = summary;
    this.session = session;
    this.answers = answers;
  }

  update() {
    const { session, answers } = this;
    this.#count();
    const line = session.picture ? verdictLine(session.selected, answers.scores(session.selected)) : "";
    setText(this.verdict, line);
    setText(this.summary, summaryLine(summaryOf([...new Map([...this.#before, ...this.#now]).values()])));
  }

  #count() {
    const { picture, objects } = this.session;
    if (picture?.id !== this.#pictureId) {
      for (const [key, gain] of this.#now) this.#before.set(key, gain);
      this.#now = new Map();
      this.#pictureId = picture?.id;
    }
    this.#now = new Map(objects.flatMap((object) => this.#gainOf(object)));
  }

  /**
   * @param {ObjectRecord} object
   * @returns {[string, number][]} one, or none where the truth or the answer is not there.
   */
  #gainOf(object) {
    if (!object.truth) return [];
    const key = keyOf(object.truth);
    const scores = this.answers.scores(object);
    // Of a large picture the masks come first and their scores after: the last ones stand until then.
    const gain = scores && (gainOf(scores) ?? this.#now.get(key));
    return gain == null ? [] : [[key, gain]];
  }
}

/** @param {NamedMask} truth */
function keyOf({ rle }) {
  return `${rle.size} ${rle.counts}`;
}
