// Undo history: the state before each edit. Snapshots are never changed, so keeping one costs nothing.

/** @template Snapshot */
export class History {
  /** @type {readonly Snapshot[]} */
  #past = [];
  /** @type {readonly Snapshot[]} */
  #future = [];
  /** @type {{ before: Snapshot } | null} a drag under way */
  #open = null;
  /** @type {{ tag: string | null, time: number }} */
  #lastEdit = { tag: null, time: 0 };

  /**
   * @param {object} [limits]
   * @param {number} [limits.length] steps that are kept.
   * @param {number} [limits.oneEdit] milliseconds within which edits of one tag are one step.
   */
  constructor({ length = 500, oneEdit = 800 } = {}) {
    this.length = length;
    this.oneEdit = oneEdit;
  }

  get isOpen() {
    return this.#open !== null;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** What `undo` would go back to. */
  get before() {
    return this.#past.at(-1);
  }

  /** What `redo` would go on to. */
  get after() {
    return this.#future.at(-1);
  }

  /**
   * Before an edit. Edits in quick succession with one tag, such as nudges of one mark, are undone together.
   *
   * @param {Snapshot} before
   * @param {string | null} [tag]
   * @param {number} [time] milliseconds
   */
  note(before, tag = null, time = performance.now()) {
    const last = this.#lastEdit;
    const goesOn = tag !== null && tag === last.tag && time - last.time < this.oneEdit;
    if (!this.#open && !goesOn) this.#remember(before);
    this.#lastEdit = { tag, time };
  }

  /**
   * From here to `commit` all edits are one step: a drag.
   *
   * @param {Snapshot} before
   */
  begin(before) {
    this.#open ??= { before };
  }

  /**
   * End what `begin` began.
   *
   * @param {(before: Snapshot) => boolean} hasChanged
   * @returns {boolean} whether there is a step more.
   */
  commit(hasChanged) {
    const open = this.#open;
    this.#open = null;
    if (!open || !hasChanged(open.before)) return false;
    this.#remember(open.before);
    return true;
  }

  /**
   * End what `begin` began, as if nothing had been.
   *
   * @returns {Snapshot | null} what to go back to.
   */
  cancel() {
    const open = this.#open;
    this.#open = null;
    return open && this.#restored(open.before);
  }

  /**
   * @param {Snapshot} now
   * @returns {Snapshot | null} what to go back to; null where there is nothing to undo.
   */
  undo(now) {
    const before = this.#past.at(-1);
    if (this.#open || before === undefined) return null;
    this.#past = this.#past.slice(0, -1);
    this.#future = [...this.#future, now];
    return this.#restored(before);
  }

  /**
   * @param {Snapshot} now
   * @returns {Snapshot | null} what to go on to; null where there is nothing to redo.
   */
  redo(now) {
    const after = this.#future.at(-1);
    if (this.#open || after === undefined) return null;
    this.#future = this.#future.slice(0, -1);
    this.#past = [...this.#past, now];
    return this.#restored(after);
  }

  /** An edit that is no step: what was undone cannot be redone after it. */
  drop() {
    this.#future = [];
  }

  /** What was undone last cannot be redone. */
  forgetUndone() {
    this.#future = this.#future.slice(0, -1);
  }

  /** @param {Snapshot} before */
  #remember(before) {
    this.#past = [...this.#past.slice(1 - this.length), before];
    this.#future = [];
  }

  /**
   * No edit goes on with one from before.
   *
   * @param {Snapshot} snapshot
   */
  #restored(snapshot) {
    this.#lastEdit = { tag: null, time: 0 };
    return snapshot;
  }
}
