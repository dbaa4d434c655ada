// What was asked: the picture, its objects, each with its prompt, and the way back. Records are never
// changed in place: an edit puts a new record in, so that a history entry is just the old list.

import { Emitter } from "./emitter.js";
import { History } from "./history.js";
import {
  FIRST_CHOICE, MAX_NAME, MAX_OBJECTS, MAX_POINTS, MAX_STEPS, NOTHING_ASKED, isBlank,
} from "./prompt.js";
import { newObject, plainRecord, recordsOf, revived } from "./records.js";

/**
 * @import { NamedMask } from "./prompt.js"
 * @import { Found, KeptSession, Snapshot } from "./records.js"
 * @import { Box, Branch, Choice, Picture, Prompt, SavedObject, Settings, RefineStep } from "./wire.js"
 *
 * @typedef {import("./records.js").ObjectRecord} ObjectRecord All that is known of one object but its answer.
 *
 * @typedef {object} SessionEvents
 * @property {(what: "picture" | "settings" | "select" | "edit") => void} changed
 */

/** @extends {Emitter<SessionEvents>} */
export class Session extends Emitter {
  #lastId = 0;
  /** @type {readonly ObjectRecord[]} */
  #objects = [];
  #selectedId = 0;
  /** @type {Picture | null} */
  #picture = null;
  /** @type {History<Snapshot>} */
  #history = new History();

  /** @param {Settings} settings sent along with every question. */
  constructor(settings) {
    super();
    this.settings = settings;
    this.#restart();
  }

  get picture() {
    return this.#picture;
  }

  get objects() {
    return this.#objects;
  }

  get selectedId() {
    return this.#selectedId;
  }

  /** Whether a drag is under way. */
  get isOpen() {
    return this.#history.isOpen;
  }

  get canUndo() {
    return this.#history.canUndo;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  #restart() {
    this.#lastId = 0;
    const fresh = this.#newObject(1);
    this.#objects = [fresh];
    this.#selectedId = fresh.id;
  }

  /**
   * @param {number} [number]
   * @returns {ObjectRecord}
   */
  #newObject(number = 1 + Math.max(0, ...this.#objects.map((object) => object.number))) {
    this.#lastId += 1;
    return newObject(this.#lastId, number);
  }

  /** What undo goes back to. */
  get before() {
    return this.#history.before;
  }

  /** What redo goes on to. */
  get after() {
    return this.#history.after;
  }

  /**
   * The picture of before, with its objects, is one step back; a page without a picture is none.
   *
   * @param {Picture | null} picture
   * @param {SavedObject[]} [objects] those that come with the picture, as in `load`.
   * @param {(records: readonly ObjectRecord[]) => void} [made] is called with what became of the objects, before
   *   anybody hears of the picture.
   */
  setPicture(picture, objects = [], made = () => {}) {
    if (this.#picture) this.#history.note(this.#snapshot());
    else this.#history.drop();
    this.#picture = picture;
    this.#restart();
    if (objects.length) {
      this.#lastId = 0;
      this.#objects = this.#records(objects);
      this.#selectedId = this.#objects[0].id;
      made(this.#objects);
    }
    this.emit("changed", "picture");
  }

  /**
   * As it was when `toJson` wrote it, but with nothing to undo.
   *
   * @param {Picture} picture
   * @param {KeptSession} kept
   */
  restore(picture, { objects, selected, settings }) {
    this.#picture = picture;
    this.settings = { ...this.settings, ...settings };
    this.#objects = revived(objects);
    this.#lastId = Math.max(...objects.map(({ id }) => id));
    this.#selectedId = this.object(selected)?.id ?? this.#objects[0].id;
    this.emit("changed", "picture");
  }

  /** @param {Settings} settings */
  setSettings(settings) {
    this.settings = { ...this.settings, ...settings };
    this.emit("changed", "settings");
  }

  get selected() {
    return this.objects.find((object) => object.id === this.selectedId) ?? this.objects[0];
  }

  /** @param {number} id */
  object(id) {
    return this.objects.find((object) => object.id === id);
  }

  /**
   * What an answer depends on, as text: equal keys have equal answers. Masks are told by their names.
   *
   * @param {Pick<ObjectRecord, "prompt" | "steps" | "mask" | "truth">} object
   */
  key({ prompt, steps, mask, truth }) {
    return JSON.stringify([this.#picture?.id, prompt, steps, mask?.id, truth?.id, this.settings]);
  }

  // ---- edits -------------------------------------------------------------------------------------

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} label
   */
  addPoint(x, y, label) {
    const { prompt } = this.selected;
    if (prompt.points.length >= MAX_POINTS) return false;
    this.#setPrompt({ ...prompt, points: [...prompt.points, [x, y]], labels: [...prompt.labels, label] });
    return true;
  }

  /**
   * @param {number} index
   * @param {number} x
   * @param {number} y
   * @param {string | null} tag
   */
  movePoint(index, x, y, tag = null) {
    const { prompt } = this.selected;
    this.#setPrompt({ ...prompt, points: prompt.points.with(index, [x, y]) }, tag);
  }

  /** @param {number} index */
  removePoint(index) {
    const { prompt } = this.selected;
    const points = prompt.points.toSpliced(index, 1);
    this.#setPrompt({ ...prompt, points, labels: prompt.labels.toSpliced(index, 1) });
  }

  /**
   * @param {Box | null} box
   * @param {string | null} tag
   */
  setBox(box, tag = null) {
    this.#setPrompt({ ...this.selected.prompt, box }, tag);
  }

  /**
   * `mask`: {id, name, rle}, a rough mask to start from; null takes it away.
   *
   * @param {NamedMask | null} mask
   */
  setMask(mask) {
    this.#replace({ ...this.selected, mask, choice: FIRST_CHOICE, found: null });
  }

  /**
   * `truth`: {id, name, rle}, the object's true mask; it changes scores, not answers.
   *
   * @param {NamedMask | null} truth
   */
  setTruth(truth) {
    this.#replace({ ...this.selected, truth });
  }

  /** From here on each model starts from its present answer, the chosen candidate. */
  refine() {
    const { prompt, choice, steps } = this.selected;
    if (steps.length >= MAX_STEPS) return false;
    /** @type {RefineStep} */
    const step = { ...prompt, sam_candidate: choice.sam, sam_hq_candidate: choice.sam_hq };
    this.#replace({ ...this.selected, steps: [...steps, step], choice: FIRST_CHOICE, found: null });
    return true;
  }

  forgetSteps() {
    this.#replace({ ...this.selected, steps: [], choice: FIRST_CHOICE, found: null });
  }

  clearObject() {
    if (!isBlank(this.selected)) this.#replace({ ...this.selected, ...NOTHING_ASKED });
  }

  clearAll() {
    if (this.objects.length === 1 && isBlank(this.selected)) return;
    const fresh = this.#newObject(1);
    this.#edit([fresh], fresh.id);
  }

  addObject() {
    if (this.objects.length >= MAX_OBJECTS) return false;
    const fresh = this.#newObject();
    this.#edit([...this.objects, fresh], fresh.id);
    return true;
  }

  /**
   * An object with masks that were found, in place of the selected one where nothing is asked of that.
   *
   * @param {Found} found
   * @param {Choice} choice which of the point's candidates they are.
   */
  addFound(found, choice) {
    const isFree = isBlank(this.selected) && !this.selected.truth;
    if (!isFree && this.objects.length >= MAX_OBJECTS) return false;
    const record = { ...(isFree ? this.selected : this.#newObject()), prompt: found.answer.prompt, choice, found };
    this.#edit([...this.objects.filter(({ id }) => id !== record.id), record], record.id);
    return true;
  }

  /** @param {number} id */
  removeObject(id) {
    const at = this.objects.findIndex((object) => object.id === id);
    if (at < 0) return;
    const rest = this.objects.toSpliced(at, 1);
    if (!rest.length) rest.push(this.#newObject());
    const selectedId = id === this.selectedId ? rest[Math.min(at, rest.length - 1)].id : this.selectedId;
    this.#edit(rest, selectedId);
  }

  /**
   * @param {number} id
   * @param {string} name
   */
  rename(id, name) {
    const object = this.object(id);
    const trimmed = name.trim().slice(0, MAX_NAME);
    if (object && trimmed && trimmed !== object.name) this.#replace({ ...object, name: trimmed });
  }

  /**
   * @param {Branch} branch
   * @param {number} index
   */
  choose(branch, index) {
    const object = this.selected;
    this.#replace({ ...object, choice: { ...object.choice, [branch]: index } });
  }

  /** @param {number} id */
  select(id) {
    if (id === this.selectedId || !this.object(id)) return;
    this.#selectedId = id;
    this.emit("changed", "select");
  }

  /** @param {number} step */
  selectNext(step) {
    const at = this.objects.findIndex((object) => object.id === this.selectedId);
    this.select(this.objects[(at + step + this.objects.length) % this.objects.length].id);
  }

  /**
   * Objects with prompts from elsewhere (a saved session): one edit that can be undone.
   *
   * @param {SavedObject[]} objects
   */
  load(objects) {
    const records = this.#records(objects);
    if (records.length) this.#edit(records, records[0].id);
  }

  /** @param {SavedObject[]} objects */
  #records(objects) {
    const records = recordsOf(objects, this.#lastId + 1);
    this.#lastId += records.length;
    return records;
  }

  /**
   * @param {Prompt} prompt
   * @param {string | null} tag
   */
  #setPrompt(prompt, tag = null) {
    this.#replace({ ...this.selected, prompt, choice: FIRST_CHOICE, found: null }, tag);
  }

  /**
   * @param {ObjectRecord} record
   * @param {string | null} tag
   */
  #replace(record, tag = null) {
    this.#edit(this.objects.map((object) => (object.id === record.id ? record : object)), this.selectedId, tag);
  }

  // ---- history -----------------------------------------------------------------------------------

  /**
   * @param {readonly ObjectRecord[]} objects
   * @param {number} selectedId
   * @param {string | null} [tag] see `History.note`.
   */
  #edit(objects, selectedId, tag = null) {
    this.#history.note(this.#snapshot(), tag);
    this.#put({ ...this.#snapshot(), objects, selectedId });
  }

  /** @returns {Snapshot} */
  #snapshot() {
    return { objects: this.#objects, selectedId: this.#selectedId, picture: this.#picture, lastId: this.#lastId };
  }

  /**
   * @param {Snapshot | null} snapshot
   * @returns {boolean} whether there was one.
   */
  #put(snapshot) {
    if (!snapshot) return false;
    const { objects, selectedId, picture, lastId } = snapshot;
    const isOther = picture?.id !== this.#picture?.id;
    this.#lastId = isOther ? lastId : Math.max(lastId, this.#lastId);
    this.#objects = objects;
    this.#selectedId = selectedId;
    this.#picture = picture;
    this.emit("changed", isOther ? "picture" : "edit");
    return true;
  }

  /** From here to `commit` all edits are one step of the history: a drag. */
  begin() {
    this.#history.begin(this.#snapshot());
  }

  commit() {
    if (this.#history.commit(({ objects }) => objects !== this.#objects)) this.emit("changed", "edit");
  }

  cancel() {
    this.#put(this.#history.cancel());
  }

  undo() {
    return this.#put(this.#history.undo(this.#snapshot()));
  }

  redo() {
    return this.#put(this.#history.redo(this.#snapshot()));
  }

  /** Undo with nothing to redo: the first click of a double click was no prompt. */
  retract() {
    if (!this.undo()) return;
    this.#history.forgetUndone();
    this.emit("changed", "edit");
  }

  /** The session as plain JSON, to be kept and loaded again. */
  toJson() {
    return {
      picture: this.#picture && this.#picture.id,
      selected: this.selectedId,
      settings: this.settings,
      objects: this.objects.map(plainRecord),
    };
  }
}
