// The pointer at rest: which mark it is near, the small x there, the place in the other pane, the preview.

import { CURSORS, REMOVER_OFFSET, isOfPrompt, nameOf, removerPlace } from "./marks.js";
import { isAnswerable } from "./prompt.js";

const REST_MS = 60; // a pointer on its way to a click asks for nothing
const REMOVER_REACH = 30; // the x stays while the pointer is on its way to it

export class Hover {
  constructor(viewer, remover) {
    this.viewer = viewer;
    this.remover = remover;
    this.pane = null;
    this.at = null;
    this.active = null; // the mark whose x is shown
    this.isPreviewOn = true;
    this.previewed = null;
    remover.addEventListener("click", () => this.#removeActive());
  }

  get place() {
    return this.at && this.viewer.surface.view.toPicture(...this.at);
  }

  /** `spot`: {pane, at} or null when the pointer has left or a gesture has begun. */
  move(spot) {
    this.pane = spot?.pane ?? null;
    this.at = spot?.at ?? null;
    this.#forgetPreview();
    const mark = spot && this.viewer.markNear(spot.at, "mouse");
    if (mark) this.active = mark;
    else if (!spot || !this.#isNearRemover(spot.at)) this.active = null;
    this.#setCursor(mark);
    this.refresh();
    if (spot && !mark && !this.active) this.timer = setTimeout(() => this.#rest(), REST_MS);
  }

  activate(mark) {
    this.active = mark;
    this.refresh();
  }

  /** After any edit or move: a mark that is gone has no x, and the x goes with its mark. */
  refresh() {
    const { session, surface } = this.viewer;
    const { prompt } = session.selected;
    if (this.active && !isOfPrompt(this.active, prompt)) this.active = null;
    this.remover.hidden = !this.active || Boolean(session.open) || !this.#isInSight(prompt);
    if (!this.remover.hidden) this.#placeRemover(prompt);
    surface.schedule({ masks: false });
  }

  #isInSight(prompt) {
    const { view } = this.viewer;
    const [x, y] = view.toPane(...removerPlace(this.active, prompt));
    return x >= 0 && y >= 0 && x <= view.pane.width && y <= view.pane.height;
  }

  #placeRemover(prompt) {
    const { surface } = this.viewer;
    const pane = surface.shown.includes(this.pane) ? this.pane : surface.shown[0];
    const [x, y] = surface.view.toPane(...removerPlace(this.active, prompt));
    const { offsetLeft, offsetTop } = pane.element;
    const room = surface.view.pane;
    // Near the right or upper end of the pane the x goes to the other side of its mark.
    const left = x + REMOVER_OFFSET > room.width - 14 ? x - REMOVER_OFFSET : x + REMOVER_OFFSET;
    const top = y - REMOVER_OFFSET < 14 ? y + REMOVER_OFFSET : y - REMOVER_OFFSET;
    this.remover.style.transform = `translate(${offsetLeft + left}px, ${offsetTop + top}px) translate(-50%, -50%)`;
    const label = `Remove ${nameOf(this.active, prompt)}`;
    if (this.remover.title !== label) Object.assign(this.remover, { title: label, ariaLabel: label });
  }

  #removeActive() {
    const mark = this.active;
    this.active = null;
    if (mark) this.viewer.removeMark(mark);
    this.viewer.stage.focus({ preventScroll: true });
  }

  #isNearRemover(at) {
    if (!this.active) return false;
    const { prompt } = this.viewer.session.selected;
    if (!isOfPrompt(this.active, prompt)) return false;
    const [x, y] = this.viewer.surface.view.toPane(...removerPlace(this.active, prompt));
    return Math.hypot(at[0] - x, at[1] - y) < REMOVER_REACH;
  }

  #setCursor(mark) {
    const { stage } = this.viewer;
    const cursor = mark?.kind === "box" ? CURSORS[mark.handle.name] : mark ? "move" : "";
    if (stage.style.cursor !== cursor) stage.style.cursor = cursor;
  }

  // ---- preview ---------------------------------------------------------------------------------------

  #rest() {
    const { viewer } = this;
    if (!this.isPreviewOn || !this.at || !viewer.decoder.isQuick || viewer.isPanning) return;
    const asked = viewer.withPoint(this.place);
    if (!asked || !isAnswerable(asked)) return;
    this.previewed = asked;
    viewer.decoder.preview(asked);
  }

  #forgetPreview() {
    clearTimeout(this.timer);
    if (!this.previewed) return;
    this.previewed = null;
    this.viewer.decoder.wantedPreview = null;
  }

  get preview() {
    const answer = this.previewed && this.viewer.answers.get(this.previewed);
    return answer ? { sam: answer.sam.rle, sam_hq: answer.sam_hq.rle } : null;
  }

  togglePreview() {
    this.isPreviewOn = !this.isPreviewOn;
    this.#forgetPreview();
    this.refresh();
  }
}
