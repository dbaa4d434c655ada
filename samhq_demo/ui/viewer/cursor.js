// The keyboard's cursor: a place in the picture, moved by the arrow keys, at which prompts are put.

import { BOX_HANDLES, SMALLEST_BOX, boxWithHandle, nameOf, orderedBox, placeOf } from "./marks.js";
import { Mask } from "./rle.js";

export class Cursor {
  constructor(viewer) {
    this.viewer = viewer;
    this.place = null; // picture pixels
    this.boxStart = null;
    this.lastMark = null;
  }

  /** The middle of what is seen, where the cursor is not there yet. */
  #ensure() {
    const { view } = this.viewer.surface;
    this.place ??= this.viewer.clamped(view.toPicture(view.pane.width / 2, view.pane.height / 2));
  }

  hide() {
    if (!this.place) return;
    this.place = null;
    this.boxStart = null;
    this.lastMark = null;
    this.viewer.draftBox = null;
    this.viewer.repaintMarks();
  }

  /** `step`: pane pixels, or 0 for one picture pixel. */
  move([dx, dy], step) {
    if (!this.viewer.isReady) return;
    const isNew = !this.place;
    this.#ensure();
    const by = this.#distance(step);
    if (!isNew) this.#put([this.place[0] + dx * by, this.place[1] + dy * by]);
    else this.#put(this.place);
  }

  #distance(step) {
    return step ? Math.max(1, step / this.viewer.surface.view.scale) : 1;
  }

  #put(place) {
    const { viewer } = this;
    this.place = viewer.clamped(place);
    viewer.surface.view.reveal(...this.place);
    if (this.boxStart) viewer.draftBox = [...this.boxStart, ...this.place];
    viewer.surface.schedule();
    viewer.say(this.#words());
  }

  /** What is under the cursor, for those who do not see it. */
  #words() {
    const { viewer } = this;
    const [x, y] = this.place;
    const isIn = (model) => {
      const rle = viewer.answers.rle(viewer.session.selected, model);
      const mask = rle && Mask.of(rle);
      const { width, height } = viewer.session.picture;
      return mask && mask.contains((x / width) * mask.width, (y / height) * mask.height);
    };
    const inside = [isIn("sam") && "SAM's mask", isIn("sam_hq") && "SAM-HQ's mask"].filter(Boolean);
    const where = inside.length ? `, in ${inside.join(" and ")}` : "";
    return `Cursor at x ${Math.floor(x)}, y ${Math.floor(y)}${where}.`;
  }

  putPoint(label) {
    if (!this.viewer.isReady) return;
    this.#ensure();
    this.viewer.placePoint(this.place, label);
  }

  box() {
    const { viewer } = this;
    if (!viewer.isReady) return;
    this.#ensure();
    if (!this.boxStart) {
      this.boxStart = this.place;
      viewer.stage.focus({ preventScroll: true });
      viewer.say("Box begun. Move the cursor to its other corner, then press B.");
    } else {
      const box = orderedBox([...this.boxStart, ...this.place]);
      this.boxStart = null;
      viewer.draftBox = null;
      if (box[2] - box[0] < SMALLEST_BOX || box[3] - box[1] < SMALLEST_BOX) viewer.say("That box was too small.");
      else viewer.session.setBox(box);
    }
    viewer.repaintMarks();
  }

  /** All marks one after another: points, then the box's corners. */
  toNextMark() {
    const { prompt } = this.viewer.session.selected;
    const corners = prompt.box ? BOX_HANDLES.slice(0, 4).map((handle) => ({ kind: "box", handle })) : [];
    const marks = [...prompt.points.map((_, index) => ({ kind: "point", index })), ...corners];
    if (!marks.length) return this.viewer.say("This object has no point or box yet.");
    const at = this.lastMark === null ? 0 : (this.lastMark + 1) % marks.length;
    this.lastMark = at;
    this.viewer.stage.focus({ preventScroll: true });
    this.#put(placeOf(marks[at], prompt));
    this.viewer.activate(marks[at]);
    this.viewer.say(`On ${nameOf(marks[at], prompt)}. Alt and arrows move it, Delete removes it.`);
  }

  get mark() {
    const { viewer } = this;
    return this.place && viewer.markNear(viewer.surface.view.toPane(...this.place), "mouse");
  }

  /** Move what is under the cursor, and the cursor with it. */
  nudge([dx, dy], step) {
    const { viewer } = this;
    const { mark } = this;
    if (!mark) return viewer.say("The cursor is on no point and no corner of the box. M goes to the next one.");
    const by = this.#distance(step);
    const { session } = viewer;
    const { prompt } = session.selected;
    const [x, y] = placeOf(mark, prompt);
    const to = viewer.clamped([x + dx * by, y + dy * by]);
    if (mark.kind === "point") session.movePoint(mark.index, ...to, `point ${mark.index}`);
    else session.setBox(orderedBox(boxWithHandle(prompt.box, mark.handle, ...to)), "box");
    this.#put(to);
  }
}
