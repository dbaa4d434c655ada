// What was answered. An answer belongs to the exact question (picture, prompt, settings), so that undo
// shows the old masks at once and a late answer can only be filed, never shown in place of a newer one.

const ANSWERS_KEPT = 96;

class Answers {
  constructor(session) {
    this.session = session;
    this.byKey = new Map(); // insertion order is age
    this.lastShown = new Map(); // object id -> {answer, sequence}: stays on the screen until the next comes
  }

  clear() {
    this.byKey.clear();
    this.lastShown.clear();
  }

  get(asked) {
    return this.byKey.get(this.session.key(asked));
  }

  keep(key, answer) {
    this.byKey.delete(key);
    this.byKey.set(key, answer);
    if (this.byKey.size > ANSWERS_KEPT) this.byKey.delete(this.byKey.keys().next().value);
  }

  /** Put an answer on the screen for an object unless a newer one is there. */
  show(id, answer, sequence) {
    const shown = this.lastShown.get(id);
    if (shown && shown.sequence > sequence) return false;
    this.lastShown.set(id, { answer, sequence });
    return true;
  }

  /** The answer to show for an object: its own, else the last one while the next is on its way. */
  of(object) {
    if (!isAnswerable(object)) return null;
    return this.get(object) ?? this.lastShown.get(object.id)?.answer ?? null;
  }

  /** Objects whose question has no answer yet, the selected one first. */
  missing() {
    const { session } = this;
    if (!session.picture) return [];
    const open = session.objects.filter((object) => isAnswerable(object) && !this.get(object));
    return open.sort((a, b) => (b.id === session.selectedId) - (a.id === session.selectedId));
  }

  /** The first object, the selected one before others, whose candidates its answer came without. */
  unfilled() {
    const { session } = this;
    const lacks = (object) => isAnswerable(object) && areLeftOut(this.get(object));
    return lacks(session.selected) ? session.selected : (session.objects.find(lacks) ?? null);
  }

  /** Give an answer the candidates of the `whole` answer to its question; null: there are none to be had. */
  fill(answer, whole) {
    for (const model of ["sam", "sam_hq"]) {
      const candidates = whole?.[model].candidates ?? [];
      // The first candidate is the mask that is there already.
      if (candidates.length) candidates[0].rle = answer[model].rle;
      answer[model].candidates = candidates.length ? candidates : null;
    }
  }

  /** The run lengths shown for an object and a model, its chosen candidate where there are several. */
  rle(object, model) {
    const answer = this.of(object)?.[model];
    return answer ? (chosen(answer, object.choice[model])?.rle ?? answer.rle) : null;
  }

  /** The numbers of an object, as the API names them; null where there is nothing to say. */
  scores(object) {
    const answer = this.of(object);
    if (!answer) return null;
    const isFirst = object.choice.sam === 0 && object.choice.sam_hq === 0;
    return {
      sam: this.#of(object, answer, "sam"),
      sam_hq: this.#of(object, answer, "sam_hq"),
      agreement: (isFirst && answer.agreement) || this.#agreement(object),
    };
  }

  #of(object, answer, model) {
    const index = object.choice[model];
    const pick = chosen(answer[model], index) ?? answer[model];
    // The first candidate is the answer itself, whose true scores came with it.
    if (!index || !object.truth) return { ...answer[model], ...pick };
    return { ...pick, true_iou: maskIou(Mask.of(pick.rle), Mask.of(object.truth.rle)), true_boundary_iou: null };
  }

  /** Between candidates that were chosen here; what needs pixels and not runs is left open. */
  #agreement(object) {
    const [sam, samHq] = ["sam", "sam_hq"].map((model) => Mask.of(this.rle(object, model)));
    const both = sharedPixels(sam, samHq);
    const [only_sam, only_sam_hq] = [sam.area - both, samHq.area - both];
    return { iou: maskIou(sam, samHq), boundary_iou: null, only_sam, only_sam_hq };
  }
}

/** Whether there are candidates that an answer came without. */
function areLeftOut(answer) {
  return answer?.sam.candidates?.length === 0;
}

function chosen(answer, index) {
  return answer.candidates?.[index] ?? null;
}
