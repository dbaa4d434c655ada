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

  get(prompt) {
    return this.byKey.get(this.session.key(prompt));
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
    if (!isAnswerable(object.prompt)) return null;
    return this.get(object.prompt) ?? this.lastShown.get(object.id)?.answer ?? null;
  }

  /** Objects whose question has no answer yet, the selected one first. */
  missing() {
    const { session } = this;
    if (!session.picture) return [];
    const open = session.objects.filter(({ prompt }) => isAnswerable(prompt) && !this.get(prompt));
    return open.sort((a, b) => (b.id === session.selectedId) - (a.id === session.selectedId));
  }

  /** The run lengths shown for an object and a model, its chosen candidate where there are several. */
  rle(object, model) {
    const answer = this.of(object)?.[model];
    return answer ? (chosen(answer, object.choice[model])?.rle ?? answer.rle) : null;
  }

  /** The numbers of an object's row: null where there is nothing to say. */
  scores(object) {
    const answer = this.of(object);
    if (!answer) return null;
    const picks = object.choice;
    const one = (model) => {
      const pick = chosen(answer[model], picks[model]) ?? answer[model];
      // The first candidate is the answer itself; the true score is told only for that.
      const trueIou = picks[model] ? pick.true_iou : answer[model].true_iou;
      return { predictedIou: pick.predicted_iou, area: pick.area, trueIou: trueIou ?? null };
    };
    const asAnswered = picks.sam === 0 && picks.sam_hq === 0 && answer.agreement;
    return { sam: one("sam"), samHq: one("sam_hq"), agreement: asAnswered ? asAnswered.iou : this.#iou(object) };
  }

  #iou(object) {
    return maskIou(Mask.of(this.rle(object, "sam")), Mask.of(this.rle(object, "sam_hq")));
  }
}

function chosen(answer, index) {
  return answer.candidates?.[index] ?? null;
}
