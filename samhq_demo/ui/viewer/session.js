// What was asked: the picture, its objects, each with its prompt, and the way back. Records are never
// changed in place: an edit puts a new record in, so that a history entry is just the old list.

import {
  FIRST_CHOICE, MAX_NAME, MAX_OBJECTS, MAX_POINTS, MAX_STEPS, NOTHING_MORE, NO_PROMPT, isBlank, namedMask,
  withLabels,
} from "./prompt.js";
import { OBJECT_COLORS } from "./shared.js";

const HISTORY_LENGTH = 500;
const ONE_EDIT_MS = 800; // repeated nudges of one mark within this time are undone together

export class Session {
  constructor(settings, onChange) {
    this.settings = settings; // sent along with every question: model, hq_token_only, multimask, ...
    this.onChange = onChange;
    this.picture = null;
    this.#restart();
  }

  #restart() {
    this.lastId = 0;
    this.objects = [this.#newObject()];
    this.selectedId = this.objects[0].id;
    this.past = [];
    this.future = [];
    this.open = null; // the state before a drag under way
    this.lastEdit = { tag: null, time: 0 };
  }

  #newObject() {
    this.lastId += 1;
    const color = OBJECT_COLORS[(this.lastId - 1) % OBJECT_COLORS.length];
    const named = { id: this.lastId, name: `Object ${this.lastId}`, color };
    return { ...named, prompt: NO_PROMPT, choice: FIRST_CHOICE, ...NOTHING_MORE, truth: null };
  }

  /**
   * `objects`: those that come with the picture, as in `load`; there is nothing to undo then. `made(records)` is
   * called with what became of them, before anybody hears of the picture.
   */
  setPicture(picture, objects, made) {
    this.picture = picture;
    this.#restart();
    if (objects?.length) {
      this.lastId = 0;
      this.objects = this.#records(objects);
      this.selectedId = this.objects[0].id;
      made?.(this.objects);
    }
    this.onChange("picture");
  }

  setSettings(settings) {
    this.settings = { ...this.settings, ...settings };
    this.onChange("settings");
  }

  get selected() {
    return this.objects.find((object) => object.id === this.selectedId) ?? this.objects[0];
  }

  object(id) {
    return this.objects.find((object) => object.id === id);
  }

  /** What an answer depends on, as text: equal keys have equal answers. Masks are told by their names. */
  key({ prompt, steps, mask, truth }) {
    return JSON.stringify([this.picture?.id, prompt, steps, mask?.id, truth?.id, this.settings]);
  }

  // ---- edits -------------------------------------------------------------------------------------

  addPoint(x, y, label) {
    const { prompt } = this.selected;
    if (prompt.points.length >= MAX_POINTS) return false;
    this.#setPrompt({ ...prompt, points: [...prompt.points, [x, y]], labels: [...prompt.labels, label] });
    return true;
  }

  movePoint(index, x, y, tag = null) {
    const { prompt } = this.selected;
    this.#setPrompt({ ...prompt, points: prompt.points.with(index, [x, y]) }, tag);
  }

  removePoint(index) {
    const { prompt } = this.selected;
    const points = prompt.points.toSpliced(index, 1);
    this.#setPrompt({ ...prompt, points, labels: prompt.labels.toSpliced(index, 1) });
  }

  setBox(box, tag = null) {
    this.#setPrompt({ ...this.selected.prompt, box }, tag);
  }

  /** `mask`: {id, name, rle}, a rough mask to start from; null takes it away. */
  setMask(mask) {
    this.#replace({ ...this.selected, mask, choice: FIRST_CHOICE });
  }

  /** `truth`: {id, name, rle}, the object's true mask; it changes scores, not answers. */
  setTruth(truth) {
    this.#replace({ ...this.selected, truth });
  }

  /** From here on each model starts from its present answer, the chosen candidate. */
  refine() {
    const { prompt, choice, steps } = this.selected;
    if (steps.length >= MAX_STEPS) return false;
    const step = { ...prompt, sam_candidate: choice.sam, sam_hq_candidate: choice.sam_hq };
    this.#replace({ ...this.selected, steps: [...steps, step], choice: FIRST_CHOICE });
    return true;
  }

  forgetSteps() {
    this.#replace({ ...this.selected, steps: [], choice: FIRST_CHOICE });
  }

  clearObject() {
    const { selected } = this;
    if (!isBlank(selected)) {
      this.#replace({ ...selected, prompt: NO_PROMPT, choice: FIRST_CHOICE, ...NOTHING_MORE });
    }
  }

  clearAll() {
    if (this.objects.length === 1 && isBlank(this.selected)) return;
    const fresh = this.#newObject();
    this.#edit([fresh], fresh.id);
  }

  addObject() {
    if (this.objects.length >= MAX_OBJECTS) return false;
    const fresh = this.#newObject();
    this.#edit([...this.objects, fresh], fresh.id);
    return true;
  }

  removeObject(id) {
    const at = this.objects.findIndex((object) => object.id === id);
    if (at < 0) return;
    const rest = this.objects.toSpliced(at, 1);
    if (!rest.length) rest.push(this.#newObject());
    const selectedId = id === this.selectedId ? rest[Math.min(at, rest.length - 1)].id : this.selectedId;
    this.#edit(rest, selectedId);
  }

  rename(id, name) {
    const object = this.object(id);
    const trimmed = name.trim().slice(0, MAX_NAME);
    if (object && trimmed && trimmed !== object.name) this.#replace({ ...object, name: trimmed });
  }

  choose(model, index) {
    const object = this.selected;
    this.#replace({ ...object, choice: { ...object.choice, [model]: index } });
  }

  select(id) {
    if (id === this.selectedId || !this.object(id)) return;
    this.selectedId = id;
    this.onChange("select");
  }

  selectNext(step) {
    const at = this.objects.findIndex((object) => object.id === this.selectedId);
    this.select(this.objects[(at + step + this.objects.length) % this.objects.length].id);
  }

  /** Objects with prompts from elsewhere (a saved session): one edit that can be undone. */
  load(objects) {
    const records = this.#records(objects);
    if (records.length) this.#edit(records, records[0].id);
  }

  #records(objects) {
    return objects.slice(0, MAX_OBJECTS).map(({ name, prompt, choice, steps, mask, truth }) => ({
      ...this.#newObject(),
      ...(name ? { name: String(name).slice(0, MAX_NAME) } : {}),
      prompt: withLabels({ ...NO_PROMPT, ...prompt }),
      choice: { ...FIRST_CHOICE, ...choice },
      steps: steps ?? [],
      mask: mask ? namedMask(mask) : null,
      truth: truth ? namedMask(truth) : null,
    }));
  }

  #setPrompt(prompt, tag = null) {
    this.#replace({ ...this.selected, prompt, choice: FIRST_CHOICE }, tag);
  }

  #replace(record, tag = null) {
    this.#edit(this.objects.map((object) => (object.id === record.id ? record : object)), this.selectedId, tag);
  }

  // ---- history -----------------------------------------------------------------------------------

  #edit(objects, selectedId, tag = null) {
    const now = performance.now();
    const goesOn = tag !== null && tag === this.lastEdit.tag && now - this.lastEdit.time < ONE_EDIT_MS;
    if (!this.open && !goesOn) this.#remember(this.#snapshot());
    this.lastEdit = { tag, time: now };
    this.objects = objects;
    this.selectedId = selectedId;
    this.onChange("edit");
  }

  #snapshot() {
    return { objects: this.objects, selectedId: this.selectedId };
  }

  #remember(snapshot) {
    this.past = [...this.past.slice(1 - HISTORY_LENGTH), snapshot];
    this.future = [];
  }

  #restore({ objects, selectedId }) {
    this.objects = objects;
    this.selectedId = selectedId;
    this.lastEdit = { tag: null, time: 0 };
    this.onChange("edit");
  }

  /** From here to `commit` all edits are one step of the history: a drag. */
  begin() {
    this.open ??= this.#snapshot();
  }

  commit() {
    const before = this.open;
    this.open = null;
    if (!before || before.objects === this.objects) return;
    this.#remember(before);
    this.onChange("edit");
  }

  cancel() {
    const before = this.open;
    this.open = null;
    if (before) this.#restore(before);
  }

  undo() {
    if (this.open || !this.past.length) return false;
    this.future = [...this.future, this.#snapshot()];
    const before = this.past.at(-1);
    this.past = this.past.slice(0, -1);
    this.#restore(before);
    return true;
  }

  redo() {
    if (this.open || !this.future.length) return false;
    this.past = [...this.past, this.#snapshot()];
    const after = this.future.at(-1);
    this.future = this.future.slice(0, -1);
    this.#restore(after);
    return true;
  }

  /** Undo with nothing to redo: the first click of a double click was no prompt. */
  retract() {
    if (this.undo()) {
      this.future = this.future.slice(0, -1);
      this.onChange("edit");
    }
  }

  /** The session as plain JSON, to be kept and loaded again. */
  toJson() {
    const plain = ({ id, name, rle }) => ({ id, name, rle });
    return {
      picture: this.picture && this.picture.id,
      selected: this.selectedId,
      settings: this.settings,
      objects: this.objects.map(({ id, name, color, prompt, choice, steps, mask, truth }) => ({
        id, name, color, prompt, choice, steps, mask: mask && plain(mask), truth: truth && plain(truth),
      })),
    };
  }
}
