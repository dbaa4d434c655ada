// Mouse, pen and touch, turned into prompts and views. One gesture at a time: a press that has not moved
// is a point, one that moves draws a box, moves a mark or pans; two fingers zoom and pan.

import { SMALLEST_BOX, boxWithHandle, orderedBox, placeOf } from "./marks.js";
import { BACKGROUND, OBJECT } from "./prompt.js";

const MOVED = { mouse: 4, touch: 9 }; // CSS pixels from which a press is a drag
const LONG_PRESS_MS = 500;
const DOUBLE_CLICK_MS = 700;
const AFTER_SCROLL_MS = 300; // a wheel that was scrolling the page goes on scrolling it

export class Gestures {
  constructor(viewer) {
    this.viewer = viewer;
    this.pointers = new Map(); // those that are down: id -> client position
    this.current = null;
    this.lastScroll = 0;
    this.lastClick = { time: 0, added: false };
    const { stage } = viewer;
    const listen = (type, handler, options) => stage.addEventListener(type, handler.bind(this), options);
    listen("pointerdown", this.down);
    listen("pointermove", this.move);
    listen("pointerup", this.up);
    listen("pointercancel", this.cancel);
    // A finger has left when it is lifted; what it touched last keeps its x.
    listen("pointerleave", (event) => event.pointerType === "mouse" && viewer.hover(null));
    listen("contextmenu", (event) => event.preventDefault());
    listen("dblclick", this.doubleClick);
    listen("wheel", this.wheel, { passive: false });
    // Middle button: the browser's own autoscroll would start here.
    listen("mousedown", (event) => event.button === 1 && event.preventDefault());
    this.#watchScrolling();
  }

  /** When the page was last scrolled by a wheel: it also scrolls where a change of view makes it shorter. */
  #watchScrolling() {
    let lastWheel = -Infinity;
    const listen = (type, handler) => document.addEventListener(type, handler, { capture: true, passive: true });
    listen("wheel", () => (lastWheel = performance.now()));
    listen("scroll", () => {
      if (performance.now() - lastWheel < AFTER_SCROLL_MS) this.lastScroll = performance.now();
    });
  }

  down(event) {
    const { viewer } = this;
    if (!viewer.isReady || event.target.closest("button, [role=slider]")) return;
    viewer.stage.focus({ preventScroll: true });
    viewer.cursor.hide();
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    viewer.stage.setPointerCapture(event.pointerId);
    if (this.pointers.size === 2) return this.#startPinch();
    if (this.pointers.size === 1) this.#start(event);
  }

  #start(event) {
    const { viewer } = this;
    const pane = viewer.paneAt(event.clientX, event.clientY);
    if (!pane) return;
    const at = pane.at(event.clientX, event.clientY);
    const press = {
      pane, start: at, last: at, kind: "press", type: event.pointerType === "mouse" ? "mouse" : "touch",
      label: viewer.tool === "background" ? BACKGROUND : OBJECT,
    };
    this.current = press;
    const isSecondary = event.button === 2 || (event.button === 0 && event.ctrlKey);
    const mark = viewer.markNear(at, press.type);
    if (event.button === 1 || viewer.isPanning) press.kind = "pan";
    else if (isSecondary) Object.assign(press, { label: BACKGROUND, noDrag: true });
    else if (event.button !== 0) this.current = null;
    else if (event.altKey) this.#removeAt(mark);
    else if (mark) Object.assign(press, { kind: "mark", mark, grab: this.#grabOf(mark, at) });
    if (press.kind === "press" && press.type === "touch") {
      press.timer = setTimeout(() => this.#longPress(press), LONG_PRESS_MS);
    }
    viewer.hover(null);
    // A finger that goes down may scroll or pinch as well.
    if (press.kind === "press" && press.type === "mouse" && this.current) {
      viewer.foresee(viewer.view.toPicture(...at), press.label);
    }
  }

  #removeAt(mark) {
    this.current = null;
    if (mark) this.viewer.removeMark(mark);
    else this.viewer.say("No point or box there to remove.");
  }

  /** From the pointer to the mark's own place, so that a mark does not jump when taken. */
  #grabOf(mark, at) {
    const { view, session } = this.viewer;
    const [x, y] = view.toPicture(...at);
    const [markX, markY] = placeOf(mark, session.selected.prompt);
    return [markX - x, markY - y];
  }

  #longPress(press) {
    if (this.current !== press) return;
    this.current = null;
    this.viewer.placePoint(this.viewer.view.toPicture(...press.start), BACKGROUND);
    navigator.vibrate?.(15);
  }

  move(event) {
    const { viewer } = this;
    if (!this.pointers.has(event.pointerId)) {
      if (event.pointerType === "mouse") this.#hover(event);
      return;
    }
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    const { current } = this;
    if (!current) return;
    if (current.kind === "pinch") return this.#pinch(current);
    const at = current.pane.at(event.clientX, event.clientY);
    const [dx, dy] = [at[0] - current.last[0], at[1] - current.last[1]];
    current.last = at;
    if (current.kind === "pan") return viewer.pan(dx, dy);
    if (!current.moved && !this.#hasMoved(current)) return;
    current.moved = true;
    clearTimeout(current.timer);
    if (current.noDrag) return;
    if (current.kind === "mark") this.#dragMark(current);
    else this.#drawBox(current);
  }

  #hover(event) {
    const onStage = !event.target.closest("button, [role=slider]");
    const pane = this.viewer.paneAt(event.clientX, event.clientY);
    if (pane && onStage) this.viewer.hover({ pane, at: pane.at(event.clientX, event.clientY) });
  }

  #hasMoved({ start, last, type }) {
    return Math.hypot(last[0] - start[0], last[1] - start[1]) > MOVED[type];
  }

  #drawBox(current) {
    current.kind = "box";
    const { viewer } = this;
    const corner = viewer.clamped(viewer.view.toPicture(...current.start));
    viewer.draftBox = [...corner, ...viewer.clamped(viewer.view.toPicture(...current.last))];
    viewer.repaintMarks();
  }

  #dragMark(current) {
    const { viewer } = this;
    const { session, view } = viewer;
    const [x, y] = view.toPicture(...current.last);
    const place = viewer.clamped([x + current.grab[0], y + current.grab[1]]);
    if (!session.open) Object.assign(current, { box: session.selected.prompt.box });
    session.begin();
    if (current.mark.kind === "point") session.movePoint(current.mark.index, ...place);
    else session.setBox(orderedBox(boxWithHandle(current.box, current.mark.handle, ...place)));
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    const { current, viewer } = this;
    if (!current) return;
    if (current.kind === "pinch") return this.#endPinch();
    this.current = null;
    clearTimeout(current.timer);
    if (current.kind === "box") this.#finishBox();
    else if (current.kind === "mark") this.#finishMark(current);
    else if (current.kind === "press" && !current.moved) this.#click(current);
    viewer.settle();
  }

  #click({ start, label, type }) {
    const added = this.viewer.placePoint(this.viewer.view.toPicture(...start), label);
    const now = performance.now();
    // Of two quick clicks the first added the point; the second finds it there and adds none.
    if (added || now - this.lastClick.time > DOUBLE_CLICK_MS) this.lastClick = { time: now, added, type };
  }

  #finishBox() {
    const { viewer } = this;
    const box = orderedBox(viewer.draftBox);
    viewer.draftBox = null;
    viewer.repaintMarks();
    if (box[2] - box[0] < SMALLEST_BOX || box[3] - box[1] < SMALLEST_BOX) {
      return viewer.say("That box was too small. Drag from one corner of the object to the other.");
    }
    viewer.session.setBox(box);
  }

  #finishMark({ mark, moved }) {
    if (moved) this.viewer.session.commit();
    this.viewer.activate(mark);
  }

  doubleClick(event) {
    const { viewer, lastClick } = this;
    if (event.target.closest("button, [role=slider]") || viewer.view.isFit) return;
    if (lastClick.added && performance.now() - lastClick.time < DOUBLE_CLICK_MS) viewer.session.retract();
    viewer.fit();
  }

  cancel(event) {
    this.pointers.delete(event.pointerId);
    this.abort();
  }

  /** Escape, or a second finger: as if the gesture had not begun. True if there was one. */
  abort() {
    const { current, viewer } = this;
    this.current = null;
    clearTimeout(current?.timer);
    viewer.draftBox = null;
    viewer.session.cancel();
    viewer.settle();
    viewer.repaintMarks();
    return Boolean(current);
  }

  // ---- two fingers, wheel --------------------------------------------------------------------------

  #startPinch() {
    const pane = this.current?.pane ?? this.viewer.paneAt(...this.pointers.values().next().value);
    this.abort();
    if (pane) this.current = { kind: "pinch", pane, ...this.#fingers(pane) };
  }

  #fingers(pane) {
    const [one, other] = [...this.pointers.values()].map((point) => pane.at(...point));
    return {
      centre: [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2],
      spread: Math.max(1, Math.hypot(one[0] - other[0], one[1] - other[1])),
    };
  }

  #pinch(current) {
    if (this.pointers.size < 2) return;
    const { centre, spread } = this.#fingers(current.pane);
    this.viewer.pan(centre[0] - current.centre[0], centre[1] - current.centre[1]);
    this.viewer.zoom(...centre, spread / current.spread);
    Object.assign(current, { centre, spread });
  }

  /** The finger that stays down after a pinch does nothing more. */
  #endPinch() {
    if (!this.pointers.size) this.current = null;
    this.viewer.settle();
  }

  wheel(event) {
    const { viewer } = this;
    const pane = viewer.paneAt(event.clientX, event.clientY);
    if (!pane || !viewer.session.picture) return;
    const isPinch = event.ctrlKey; // a touchpad's pinch arrives as a wheel with Ctrl
    const scrollsPage = performance.now() - this.lastScroll < AFTER_SCROLL_MS;
    if (!isPinch && (scrollsPage || (viewer.view.isFit && event.deltaY > 0))) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 20 : 1;
    const amount = Math.max(-600, Math.min(600, event.deltaY * lines)) * (isPinch ? 0.01 : 0.0018);
    viewer.zoom(...pane.at(event.clientX, event.clientY), Math.exp(-amount));
    viewer.settleSoon();
  }
}
