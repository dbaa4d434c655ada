// Mouse, pen and touch, turned into prompts and views. One gesture at a time: a press that has not moved
// is a point, one that moves draws a box, moves a mark or pans. One finger scrolls the page, unless it rested
// first, has the box tool, or the picture is zoomed in; two fingers zoom and pan. While a pen is down no
// finger counts: it is the hand that holds the pen.

import { Emitter } from "./emitter.js";
import { boxWithHandle, orderedBox, placeOf } from "./marks.js";
import { BACKGROUND } from "./prompt.js";
import { Zooming } from "./zooming.js";

/**
 * @import { DraftBox } from "./draft-box.js"
 * @import { Editor } from "./editor.js"
 * @import { Spot } from "./hover.js"
 * @import { Mark } from "./marks.js"
 * @import { Mode } from "./mode.js"
 * @import { Pane } from "./pane.js"
 * @import { Session } from "./session.js"
 * @import { StatusLine } from "./status-line.js"
 * @import { Surface } from "./surface.js"
 * @import { Box, Point } from "./wire.js"
 *
 * @typedef {object} GestureEvents
 * @property {() => void} began
 * @property {(spot: Spot | null) => void} hovered null: the pointer has left, or a gesture has begun.
 * @property {(place: Point, label: number) => void} pressed a button went down: most likely a click.
 * @property {(pane: Pane, place: Point) => void} picked a click where masks are picked.
 * @property {(mark: Mark) => void} released a mark was taken and let go.
 *
 * @typedef {object} Grip How a mark is held.
 * @property {Mark} mark
 * @property {Point} grab from the pointer to the mark's own place, so that a mark does not jump when taken.
 * @property {Box | null} box before it was dragged.
 *
 * @typedef {object} Press One pointer that is down; positions in pane pixels.
 * @property {"press" | "pan" | "box" | "mark"} kind
 * @property {"mouse" | "touch"} type
 * @property {string} pointer mouse, pen or touch.
 * @property {Pane} pane
 * @property {Point} start
 * @property {Point} last
 * @property {number} label
 * @property {boolean} isClickOnly a drag does nothing.
 * @property {boolean} moved
 * @property {boolean} isHeld a finger rested: it draws a box when it moves, and marks the background when it lifts.
 * @property {Grip | null} grip
 * @property {ReturnType<typeof setTimeout>} [timer]
 *
 * @typedef {{ center: Point, spread: number }} Fingers
 * @typedef {{ kind: "pinch", pane: Pane } & Fingers} Pinch
 */

const MOVED = { mouse: 4, touch: 9 }; // CSS pixels from which a press is a drag
const HOLD_MS = 450;
const DOUBLE_CLICK_MS = 700;
const HELD = "Drag to draw a box, or lift the finger to mark the background.";
const CONTROLS = "button, [role=slider]"; // on the stage, but not of the picture

/** @extends {Emitter<GestureEvents>} */
export class Gestures extends Emitter {
  /** @type {Map<number, Point>} those that are down: id -> client position */
  #pointers = new Map();
  /** @type {Press | Pinch | null} */
  #current = null;
  #lastClick = { time: -Infinity, added: false };

  /**
   * @param {object} parts
   * @param {Session} parts.session
   * @param {Editor} parts.editor
   * @param {DraftBox} parts.draftBox
   * @param {Surface} parts.surface
   * @param {Mode} parts.mode
   * @param {StatusLine} parts.status
   */
  constructor({ session, editor, draftBox, surface, mode, status }) {
    super();
    this.session = session;
    this.editor = editor;
    this.draftBox = draftBox;
    this.surface = surface;
    this.mode = mode;
    this.status = status;
    this.zooming = new Zooming({ session, surface }, () => this.#pointers.size > 0);
    this.#listen();
  }

  #listen() {
    const { stage } = this.surface;
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    stage.addEventListener("pointerup", (event) => this.#up(event));
    stage.addEventListener("pointercancel", (event) => this.#cancel(event));
    // A finger has left when it is lifted; what it touched last keeps its x.
    stage.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.emit("hovered", null));
    stage.addEventListener("contextmenu", (event) => event.preventDefault());
    stage.addEventListener("dblclick", (event) => this.#doubleClick(event));
    stage.addEventListener("touchmove", (event) => this.#keepsFromScrolling(event), { passive: false });
    // Middle button: the browser's own autoscroll would start here.
    stage.addEventListener("mousedown", (event) => event.button === 1 && event.preventDefault());
  }

  /**
   * The browser scrolls the page with a finger that this does not keep from it.
   *
   * @param {TouchEvent} event
   */
  #keepsFromScrolling(event) {
    const current = this.#current;
    if (!current || !event.cancelable) return;
    const isOurs = current.kind !== "press" || current.isHeld || current.pointer !== "touch" || this.#fingerDraws;
    if (isOurs) event.preventDefault();
  }

  /** Whether a finger that moves draws a box or moves the picture, without a rest before. */
  get #fingerDraws() {
    return this.mode.tool === "box" || !this.surface.view.isFit;
  }

  /**
   * Whether a finger is the hand that holds a pen; what it began before the pen came is over.
   *
   * @param {PointerEvent} event
   */
  #isPalm({ pointerType }) {
    const current = this.#current;
    if (pointerType === "touch") return current !== null && current.kind !== "pinch" && current.pointer === "pen";
    if (pointerType === "pen" && this.#pointers.size) {
      this.#pointers.clear();
      this.abort();
    }
    return false;
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (!this.mode.isReady || isOnControl(event) || this.#isPalm(event)) return;
    this.surface.focus();
    this.emit("began");
    this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.surface.stage.setPointerCapture(event.pointerId);
    if (this.#pointers.size === 2) this.#startPinch();
    else if (this.#pointers.size === 1) this.#start(event);
  }

  /** @param {PointerEvent} event */
  #start(event) {
    const pane = this.surface.paneAt(event.clientX, event.clientY);
    if (!pane) return;
    const press = this.#pressOf(event, pane);
    const mark = this.mode.isPicking ? null : this.editor.markNear(press.start, press.type);
    const isRemoval = press.kind === "press" && !press.isClickOnly && event.button === 0 && event.altKey;
    const isOfNoUse = press.kind === "press" && !press.isClickOnly && event.button !== 0;
    this.#current = isRemoval || isOfNoUse ? null : press;
    if (isRemoval) this.#removeAt(mark);
    else if (this.#current && mark && press.kind === "press" && !press.isClickOnly) this.#grasp(press, mark);
    if (press.kind === "press" && press.pointer === "touch" && !this.mode.isPicking) {
      press.timer = setTimeout(() => this.#hold(press), HOLD_MS);
    }
    this.emit("hovered", null);
    // A finger that goes down may scroll or pinch as well.
    if (this.#current && press.kind === "press" && press.type === "mouse" && !this.mode.isPicking) {
      this.emit("pressed", this.surface.view.toPicture(...press.start), press.label);
    }
  }

  /**
   * @param {PointerEvent} event
   * @param {Pane} pane
   * @returns {Press}
   */
  #pressOf(event, pane) {
    const at = pane.at(event.clientX, event.clientY);
    const isPan = event.button === 1 || this.mode.isPanning;
    const isClickOnly = !isPan && (event.button === 2 || (event.button === 0 && event.ctrlKey));
    return {
      kind: isPan ? "pan" : "press", type: event.pointerType === "mouse" ? "mouse" : "touch", pane, start: at, last: at,
      label: isClickOnly ? BACKGROUND : this.mode.label, isClickOnly, moved: false, grip: null, isHeld: false,
      pointer: event.pointerType,
    };
  }

  /** @param {Mark | null} mark */
  #removeAt(mark) {
    if (mark) this.editor.removeMark(mark);
    else this.status.say("No point or box there to remove.");
  }

  /**
   * @param {Press} press
   * @param {Mark} mark
   */
  #grasp(press, mark) {
    const { prompt } = this.session.selected;
    const [x, y] = this.surface.view.toPicture(...press.start);
    const [markX, markY] = placeOf(mark, prompt);
    press.kind = "mark";
    press.grip = { mark, grab: [markX - x, markY - y], box: prompt.box };
  }

  /** @param {Press} press */
  #hold(press) {
    if (this.#current !== press || press.moved) return;
    press.isHeld = true;
    press.label = BACKGROUND;
    navigator.vibrate?.(15);
    this.status.work(HELD);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.#pointers.has(event.pointerId)) {
      if (event.pointerType === "mouse") this.#hover(event);
      return;
    }
    this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    const current = this.#current;
    if (current?.kind === "pinch") this.#pinch(current);
    else if (current) this.#drag(current, current.pane.at(event.clientX, event.clientY));
  }

  /**
   * @param {Press} press
   * @param {Point} at
   */
  #drag(press, at) {
    const [dx, dy] = [at[0] - press.last[0], at[1] - press.last[1]];
    press.last = at;
    if (press.kind === "pan") {
      this.surface.pan(dx, dy);
      return;
    }
    if (!press.moved && !hasMoved(press)) return;
    press.moved = true;
    clearTimeout(press.timer);
    if (press.isClickOnly) return;
    if (press.grip) this.#dragMark(press, press.grip);
    else if (this.#drawsBox(press)) this.#drawBox(press);
    else if (!this.surface.view.isFit) press.kind = "pan";
  }

  /** @param {Press} press */
  #drawsBox({ pointer, isHeld }) {
    return !this.mode.isPicking && (pointer !== "touch" || isHeld || this.mode.tool === "box");
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    const pane = this.surface.paneAt(event.clientX, event.clientY);
    if (pane && !isOnControl(event)) this.emit("hovered", { pane, at: pane.at(event.clientX, event.clientY) });
  }

  /** @param {Press} press */
  #drawBox(press) {
    press.kind = "box";
    const [from, to] = [press.start, press.last].map((at) => this.editor.clamped(this.surface.view.toPicture(...at)));
    this.draftBox.draw(from, to);
  }

  /**
   * @param {Press} press
   * @param {Grip} grip
   */
  #dragMark(press, { mark, grab, box }) {
    const [x, y] = this.surface.view.toPicture(...press.last);
    const place = this.editor.clamped([x + grab[0], y + grab[1]]);
    this.session.begin();
    if (mark.kind === "point") this.session.movePoint(mark.index, ...place);
    else if (box) this.session.setBox(orderedBox(boxWithHandle(box, mark.handle, ...place)));
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const current = this.#current;
    if (!this.#pointers.delete(event.pointerId) || !current) return;
    // The finger that stays down after a pinch does nothing more.
    if (current.kind !== "pinch" || !this.#pointers.size) this.#current = null;
    if (current.kind !== "pinch") this.#finish(current);
    this.surface.settle();
  }

  /** @param {Press} press */
  #finish(press) {
    clearTimeout(press.timer);
    if (press.isHeld) this.status.work("");
    if (press.kind === "box") this.#finishBox();
    else if (press.grip) this.#finishMark(press, press.grip);
    else if (press.kind === "press" && !press.moved) this.#click(press);
  }

  /** @param {Press} press */
  #click({ pane, start, label }) {
    if (this.mode.isPicking) {
      this.emit("picked", pane, this.surface.view.toPicture(...start));
      return;
    }
    const added = this.editor.placePoint(this.surface.view.toPicture(...start), label);
    const now = performance.now();
    // Of two quick clicks the first added the point; the second finds it there and adds none.
    if (added || now - this.#lastClick.time > DOUBLE_CLICK_MS) this.#lastClick = { time: now, added };
  }

  #finishBox() {
    const box = this.draftBox.finish();
    if (box) this.session.setBox(box);
    else this.status.say("That box was too small. Drag from one corner of the object to the other.");
  }

  /**
   * @param {Press} press
   * @param {Grip} grip
   */
  #finishMark({ moved }, { mark }) {
    if (moved) this.session.commit();
    this.emit("released", mark);
  }

  /** @param {MouseEvent} event */
  #doubleClick(event) {
    if (isOnControl(event) || this.surface.view.isFit) return;
    const { time, added } = this.#lastClick;
    if (added && performance.now() - time < DOUBLE_CLICK_MS) this.session.retract();
    this.surface.fit();
  }

  /** @param {PointerEvent} event */
  #cancel(event) {
    if (this.#pointers.delete(event.pointerId)) this.abort();
  }

  /**
   * Escape, or a second finger: as if the gesture had not begun.
   *
   * @returns {boolean} whether there was one.
   */
  abort() {
    const current = this.#current;
    this.#current = null;
    if (current && current.kind !== "pinch") clearTimeout(current.timer);
    this.status.work("");
    this.draftBox.drop();
    this.session.cancel();
    this.surface.settle();
    return current !== null;
  }

  // ---- two fingers ---------------------------------------------------------------------------------

  #startPinch() {
    const [first] = this.#pointers.values();
    const pane = this.#current?.pane ?? this.surface.paneAt(...first);
    this.abort();
    if (pane) this.#current = { kind: "pinch", pane, ...this.#fingers(pane) };
  }

  /**
   * @param {Pane} pane
   * @returns {Fingers}
   */
  #fingers(pane) {
    const [one, other] = [...this.#pointers.values()].map((point) => pane.at(...point));
    return {
      center: [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2],
      spread: Math.max(1, Math.hypot(one[0] - other[0], one[1] - other[1])),
    };
  }

  /** @param {Pinch} pinch */
  #pinch(pinch) {
    if (this.#pointers.size < 2) return;
    const { center, spread } = this.#fingers(pinch.pane);
    this.surface.pan(center[0] - pinch.center[0], center[1] - pinch.center[1]);
    this.surface.zoom(...center, spread / pinch.spread);
    Object.assign(pinch, { center, spread });
  }
}

/** @param {Press} press */
function hasMoved({ start, last, type }) {
  return Math.hypot(last[0] - start[0], last[1] - start[1]) > MOVED[type];
}

/** @param {Event} event */
function isOnControl({ target }) {
  return target instanceof Element && target.closest(CONTROLS) !== null;
}
