// What was answered. An answer belongs to the exact question (picture, prompt, settings), so that undo
// shows the old masks at once and a late answer can only be filed, never shown in place of a newer one.

import { Answer } from "./answer.js";
import { isAnswerable } from "./prompt.js";

/**
 * @import { ObjectScores } from "./answer.js"
 * @import { ObjectRecord, Session } from "./session.js"
 * @import { Branch, Rle } from "./wire.js"
 */

const ANSWERS_KEPT = 96;

export class Answers {
  /** @type {Map<string, Answer>} insertion order is age */
  #byKey = new Map();
  /** @type {Map<number, { answer: Answer, sequence: number }>} by object: on the screen until the next comes */
  #shown = new Map();

  /** @type {Set<number>} objects whose newest question failed: what is on the screen is older */
  #failed = new Set();

  /** @param {Session} session */
  constructor(session) {
    this.session = session;
  }

  /** Another picture: nothing is on the screen. What is known of the old one stays, as one may go back to it. */
  restart() {
    this.#shown.clear();
    this.#failed.clear();
  }

  /** @param {ObjectRecord} object */
  get(object) {
    const { found } = object;
    if (found && found.model === (this.session.settings.model ?? null)) return Answer.ofFound(found.answer);
    return this.#byKey.get(this.session.key(object));
  }

  /**
   * @param {string} key
   * @param {Answer} answer
   */
  keep(key, answer) {
    this.#byKey.delete(key);
    this.#byKey.set(key, answer);
    const [oldest] = this.#byKey.keys();
    if (this.#byKey.size > ANSWERS_KEPT) this.#byKey.delete(oldest);
  }

  /** What was given up may be asked for again. */
  hopeAgain() {
    for (const answer of this.#byKey.values()) answer.isGivenUp = false;
  }

  /**
   * Put an answer on the screen for an object unless a newer one is there.
   *
   * @param {number} id
   * @param {Answer} answer
   * @param {number} sequence
   */
  show(id, answer, sequence) {
    const shown = this.#shown.get(id);
    if (shown && shown.sequence > sequence) return false;
    this.#shown.set(id, { answer, sequence });
    this.#failed.delete(id);
    return true;
  }

  /** @param {number} id of an object whose question was not answered. */
  fail(id) {
    this.#failed.add(id);
  }

  /**
   * Whether what is shown for an object answers a question of before, and the one since then failed.
   *
   * @param {ObjectRecord} object
   */
  isOld(object) {
    return this.#failed.has(object.id) && isAnswerable(object) && !this.get(object) && this.#shown.has(object.id);
  }

  /**
   * @param {number} id
   * @param {Answer} answer
   */
  isShown(id, answer) {
    return this.#shown.get(id)?.answer === answer;
  }

  /** @param {number} id */
  hide(id) {
    this.#shown.delete(id);
  }

  /**
   * The answer to show for an object: its own, else the last one while the next is on its way.
   *
   * @param {ObjectRecord} object
   */
  of(object) {
    if (!isAnswerable(object)) return null;
    return this.get(object) ?? this.#shown.get(object.id)?.answer ?? null;
  }

  /** Objects whose question has no answer yet, the selected one first. */
  missing() {
    const { session } = this;
    if (!session.picture) return [];
    const open = session.objects.filter((object) => isAnswerable(object) && !this.get(object));
    return open.sort((a, b) => Number(b.id === session.selectedId) - Number(a.id === session.selectedId));
  }

  /** The previews that are objects' answers, the selected object's first. */
  previews() {
    const { session } = this;
    return [session.selected, ...session.objects].flatMap((object) => {
      const answer = isAnswerable(object) ? this.get(object) : null;
      return answer?.isPreview ? [answer] : [];
    });
  }

  /**
   * The run lengths shown for an object and a branch, its chosen candidate where there are several.
   *
   * @param {ObjectRecord} object
   * @param {Branch} branch
   * @returns {Rle | null}
   */
  rle(object, branch) {
    return this.of(object)?.rle(branch, object.choice[branch]) ?? null;
  }

  /**
   * The numbers of an object, as the API names them; null where there is nothing to say.
   *
   * @param {ObjectRecord} object
   * @returns {ObjectScores | null}
   */
  scores(object) {
    const { picture } = this.session;
    return (picture && this.of(object)?.scores(object, picture)) ?? null;
  }
}
