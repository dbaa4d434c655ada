// What was answered. An answer belongs to the exact question (picture, prompt, settings), so that undo
// shows the old masks at once and a late answer can only be filed, never shown in place of a newer one.
// It may begin as a sketch, {is_sketch, sam: {predicted_iou, rle}, sam_hq: the same}, which is completed later.

import { isAnswerable } from "./prompt.js";
import { Mask, maskIou, sharedPixels } from "./rle.js";

const ANSWERS_KEPT = 96;
const NO_AGREEMENT = { iou: null, boundary_iou: null, only_sam: null, only_sam_hq: null };

export class Answers {
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

  /** Sketches that are objects' answers, the selected object's first. */
  sketches() {
    const { session } = this;
    const own = (object) => (isAnswerable(object) ? this.get(object) : null);
    return [session.selected, ...session.objects].map(own).filter((answer) => answer?.is_sketch);
  }

  /** Make a sketch the whole answer in its place. Masks that stay the same are not decoded or painted again. */
  complete(sketch, whole) {
    for (const model of ["sam", "sam_hq"]) {
      if (isSameMask(sketch[model].rle, whole[model].rle)) whole[model].rle = sketch[model].rle;
      // The first candidate is the answer's own mask.
      if (whole[model].candidates?.length) whole[model].candidates[0].rle = whole[model].rle;
    }
    Object.assign(sketch, whole, { is_sketch: false });
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
    return {
      sam: this.#of(object, answer, "sam"),
      sam_hq: this.#of(object, answer, "sam_hq"),
      agreement: this.#agreementOf(object, answer),
    };
  }

  #of(object, answer, model) {
    if (answer.is_sketch) return { ...answer[model], ...this.#counted(answer, model, object.truth) };
    const index = object.choice[model];
    const pick = chosen(answer[model], index) ?? answer[model];
    // The first candidate is the answer itself, whose true scores came with it.
    if (!index || !object.truth) return { ...answer[model], ...pick };
    return { ...pick, true_iou: trueIou(pick.rle, object.truth), true_boundary_iou: null };
  }

  /** What the runs of a sketched mask tell of it. */
  #counted(answer, model, truth) {
    if (!this.#isFull(answer)) return {};
    const { rle } = answer[model];
    return { area: Mask.of(rle).area, true_iou: truth ? trueIou(rle, truth) : null };
  }

  #agreementOf(object, answer) {
    if (answer.is_sketch && !this.#isFull(answer)) return NO_AGREEMENT;
    const isFirst = object.choice.sam === 0 && object.choice.sam_hq === 0;
    return (isFirst && answer.agreement) || this.#agreement(object);
  }

  /** Whether a sketch's masks are of the picture's own size: then their pixels can be counted here. */
  #isFull({ sam }) {
    const [height, width] = sam.rle.size;
    const { picture } = this.session;
    return width === picture.width && height === picture.height;
  }

  /** Of the masks that are shown; what needs pixels and not runs is left open. */
  #agreement(object) {
    const [sam, samHq] = ["sam", "sam_hq"].map((model) => Mask.of(this.rle(object, model)));
    const both = sharedPixels(sam, samHq);
    const [only_sam, only_sam_hq] = [sam.area - both, samHq.area - both];
    return { iou: maskIou(sam, samHq), boundary_iou: null, only_sam, only_sam_hq };
  }
}

function trueIou(rle, truth) {
  return maskIou(Mask.of(rle), Mask.of(truth.rle));
}

function isSameMask(one, other) {
  return one.counts === other.counts && one.size[0] === other.size[0] && one.size[1] === other.size[1];
}

function chosen(answer, index) {
  return answer.candidates?.[index] ?? null;
}
