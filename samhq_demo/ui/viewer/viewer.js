// The viewer as a whole: what is chosen, what the parts tell each other, what Python is told.

import { actionsOf } from "./actions.js";
import { Answers } from "./answers.js";
import { Arrivals } from "./arrivals.js";
import { Candidates } from "./candidates.js";
import { Cursor } from "./cursor.js";
import { Decoder } from "./decoder.js";
import { setText } from "./dom.js";
import { duration, estimate, percent } from "./format.js";
import { Gestures } from "./gestures.js";
import { Given } from "./given.js";
import { Hover } from "./hover.js";
import { Inbox } from "./inbox.js";
import { Keys } from "./keys.js";
import { REACH, markAt, nameOf } from "./marks.js";
import { BACKGROUND, MAX_OBJECTS, MAX_POINTS, MAX_STEPS, OBJECT, isAnswerable, isEmpty } from "./prompt.js";
import { Scores } from "./scores.js";
import { Session } from "./session.js";
import { Surface } from "./surface.js";
import { ObjectTable } from "./table.js";
import { TakeAway } from "./takeaway.js";
import { Toolbar } from "./toolbar.js";

const WAITING = "The picture is being encoded, once for both models; the answer follows …";

export class Viewer {
  /** `root`: the template's element; `host`: #viewer; `link`: what start.js knows of Python. */
  constructor(root, host, link, options) {
    this.root = root;
    this.host = host;
    this.link = link;
    this.revision = 0;
    this.viewName = "side";
    this.tool = "object";
    this.isPanTool = false;
    this.isPointerOver = false;
    this.opacity = 0.5;
    this.outlineOnly = false;
    this.draftBox = null;
    this.chosenAhead = null; // the candidate that was chosen before the candidates were there
    this.#build(options);
    this.#listen();
    this.host.setAttribute("data-revision", "0");
    this.showView("side");
    this.refresh();
  }

  #build(options) {
    const find = (selector) => this.root.querySelector(selector);
    this.session = new Session(options.settings ?? {}, (what) => this.#changed(what));
    this.answers = new Answers(this.session);
    const times = { patience: options.patience_ms, previewBelow: options.hover_below_ms };
    this.decoder = new Decoder(this.session, this.answers, { ...this.link, ...times }, {
      answered: (object, milliseconds) => this.#answered(object, milliseconds),
      completed: () => this.#completed(),
      previewed: () => this.surface.schedule({ masks: false }),
      failed: (sentence) => this.say(sentence, { isError: true }),
      busy: (isBusy) => this.#busy(isBusy),
      queued: () => this.say(WAITING),
    });
    this.surface = new Surface(this.root, () => this.#scene());
    this.stage = this.surface.stage;
    this.hovering = new Hover(this, find(".remover"));
    this.hovering.isPreviewOn = options.hover ?? true;
    this.cursor = new Cursor(this);
    this.table = new ObjectTable(find(".objects"), this);
    this.scores = new Scores(this.root, this);
    this.given = new Given(find(".given"), this);
    this.arrivals = new Arrivals(this);
    this.takeAway = new TakeAway(find(".take"), this);
    this.candidates = new Candidates(find(".candidates"), this);
    this.actions = actionsOf(this);
    this.toolbar = new Toolbar(this, this.actions);
    this.gestures = new Gestures(this);
    this.keys = new Keys(this, this.actions);
    this.inbox = new Inbox(this);
    this.status = find(".status");
  }

  #listen() {
    this.stage.addEventListener("pointerenter", () => (this.isPointerOver = true));
    this.stage.addEventListener("pointerleave", () => (this.isPointerOver = false));
  }

  get bitmap() {
    return this.surface.bitmap;
  }

  get view() {
    return this.surface.view;
  }

  get isReady() {
    return this.root.dataset.state === "ready";
  }

  get isPanning() {
    return this.isPanTool || Boolean(this.keys?.isSpaceDown);
  }

  // ---- what happens --------------------------------------------------------------------------------

  #changed(what) {
    this.chosenAhead = null;
    this.decoder.update();
    if (what !== "edit" || !this.session.open) this.hovering.refresh();
    this.refresh();
    const { selected } = this.session;
    if (what === "edit" && !isEmpty(selected.prompt) && !isAnswerable(selected)) {
      this.say("Background alone says nothing: mark the object too, or draw a box around it.");
    }
  }

  /** Paint at once, not in the next frame: the answer is what one waits for. */
  #answered(object, milliseconds) {
    this.surface.paint();
    this.surface.schedule({ masks: false });
    this.revision += 1;
    this.host.setAttribute("data-revision", String(this.revision));
    this.#refreshNumbers();
    if (this.session.open) return;
    const { sam, sam_hq: samHq, agreement } = this.answers.scores(object);
    const took = milliseconds ? ` Answered in ${duration(milliseconds)}.` : "";
    const predicted = `predicted IoU ${estimate(sam.predicted_iou)} SAM, ${estimate(samHq.predicted_iou)} SAM-HQ`;
    const agreed = agreement.iou === null ? "" : `; agreement ${percent(agreement.iou)}`;
    this.say(`${object.name}: ${predicted}${agreed}.${took}`);
  }

  #completed() {
    const ahead = this.chosenAhead;
    this.chosenAhead = null;
    this.surface.schedule();
    this.#refreshNumbers();
    if (ahead) this.choose(ahead.model, ahead.index);
  }

  #busy(isBusy) {
    this.host.toggleAttribute("data-busy", isBusy);
    clearTimeout(this.busyTimer);
    this.root.removeAttribute("data-busy");
    // Only what takes long is worth a sign: quick answers would make it flicker.
    if (isBusy) this.busyTimer = setTimeout(() => this.root.setAttribute("data-busy", ""), 250);
  }

  say(sentence, { isError = false } = {}) {
    setText(this.status, sentence);
    this.status.classList.toggle("error", isError);
  }

  /** Everything but requests: canvases in the next frame, words and buttons now. */
  refresh() {
    this.surface.schedule();
    this.toolbar.update();
    this.#refreshNumbers();
  }

  repaintMarks() {
    this.surface.schedule({ masks: false });
  }

  #refreshNumbers() {
    this.table.update();
    this.scores.update();
    this.given.update();
    this.takeAway.update();
    this.candidates.update();
  }

  #scene() {
    const { session, answers, hovering, cursor } = this;
    const { selected } = session;
    const masks = this.bitmap
      ? session.objects.map((object) => ({
          id: object.id, color: object.color,
          rles: { sam: answers.rle(object, "sam"), sam_hq: answers.rle(object, "sam_hq") },
        }))
      : [];
    return {
      bitmap: this.bitmap, masks, selected, others: session.objects.filter((object) => object !== selected),
      opacity: this.opacity, outlineOnly: this.outlineOnly, isMoving: this.surface.isMoving,
      active: hovering.active, hoveredPane: hovering.pane, ghost: hovering.place, preview: hovering.preview,
      cursor: cursor.place, draftBox: this.draftBox,
    };
  }

  // ---- prompts -------------------------------------------------------------------------------------

  /** Into the picture, to a hundredth of a pixel: finer is noise, and equal places give equal questions. */
  clamped([x, y]) {
    const { width, height } = this.session.picture;
    const within = (value, length) => Math.round(Math.min(length - 0.01, Math.max(0, value)) * 100) / 100;
    return [within(x, width), within(y, height)];
  }

  #isInside([x, y]) {
    const { picture } = this.session;
    return picture && x >= 0 && y >= 0 && x < picture.width && y < picture.height;
  }

  placePoint(place, label) {
    if (!this.isReady) return false;
    if (!this.#isInside(place)) {
      this.say("That is outside the picture.");
      return false;
    }
    const added = this.session.addPoint(...this.clamped(place), label);
    if (!added) this.say(`An object takes at most ${MAX_POINTS} points.`, { isError: true });
    return added;
  }

  get label() {
    return this.tool === "background" ? BACKGROUND : OBJECT;
  }

  /** The selected object with one point more, as a click there would make it. */
  withPoint(place, label = this.label) {
    if (!this.#isInside(place)) return null;
    const { selected } = this.session;
    const { points, labels, box } = selected.prompt;
    return { ...selected, prompt: { points: [...points, this.clamped(place)], labels: [...labels, label], box } };
  }

  /** A button went down there: most likely a click, whose answer can be on its way before the button is up. */
  foresee(place, label) {
    const asked = this.withPoint(place, label);
    if (asked && isAnswerable(asked)) this.decoder.foresee(asked);
  }

  markNear(at, kind) {
    return markAt(this.session.selected.prompt, this.view, ...at, REACH[kind]);
  }

  activate(mark) {
    this.hovering.activate(mark);
  }

  removeMark(mark) {
    const name = nameOf(mark, this.session.selected.prompt);
    if (mark.kind === "point") this.session.removePoint(mark.index);
    else this.session.setBox(null);
    if (isEmpty(this.session.selected.prompt)) this.say(`Removed the ${name}.`);
  }

  removeLast() {
    const { prompt } = this.session.selected;
    const mark = this.cursor.mark ?? this.hovering.active;
    if (mark) this.removeMark(mark);
    else if (prompt.points.length) this.removeMark({ kind: "point", index: prompt.points.length - 1 });
    else if (prompt.box) this.removeMark({ kind: "box" });
  }

  choose(model, index) {
    const { selected } = this.session;
    const answer = this.answers.of(selected);
    if (answer?.[model].candidates?.[index]) this.session.choose(model, index);
    else if (answer?.is_sketch) this.chosenAhead = { model, index };
  }

  refine() {
    const { selected } = this.session;
    if (!this.answers.get(selected)) return this.say("There is no answer to feed back yet.");
    if (this.session.refine()) this.say("Each model's answer was fed back to it. Add a click where it is still wrong.");
    else this.say(`An answer can be fed back at most ${MAX_STEPS} times.`, { isError: true });
  }

  addObject() {
    const added = this.session.addObject();
    if (!added) return this.say(`A picture takes at most ${MAX_OBJECTS} objects.`, { isError: true });
    this.say(`${this.session.selected.name}: click it in the picture.`);
  }

  undo() {
    if (!this.session.undo()) this.say("Nothing to undo.");
  }

  redo() {
    if (!this.session.redo()) this.say("Nothing to redo.");
  }

  // ---- how it is shown -----------------------------------------------------------------------------

  showView(name) {
    this.viewName = name;
    this.root.dataset.view = name;
    this.toolbar.update();
    this.surface.measure();
    this.hovering.refresh();
  }

  setOpacity(value) {
    this.opacity = Math.round(Math.min(1, Math.max(0, value)) * 100) / 100;
    this.refresh();
  }

  toggleOutline() {
    this.outlineOnly = !this.outlineOnly;
    this.refresh();
  }

  toggleHover() {
    this.hovering.togglePreview();
    this.toolbar.update();
  }

  setTool(tool) {
    this.tool = tool;
    this.isPanTool = false;
    this.toolbar.update();
  }

  toggleLabel() {
    this.setTool(this.tool === "object" ? "background" : "object");
  }

  togglePan() {
    this.isPanTool = !this.isPanTool;
    this.toolbar.update();
  }

  hover(spot) {
    this.hovering.move(spot);
  }

  paneAt(clientX, clientY) {
    return this.surface.paneAt(clientX, clientY);
  }

  pan(dx, dy) {
    this.surface.pan(dx, dy);
    this.hovering.refresh();
  }

  zoom(paneX, paneY, factor) {
    this.surface.zoom(paneX, paneY, factor);
    this.hovering.refresh();
    this.toolbar.update();
  }

  zoomBy(factor) {
    this.surface.zoomAtCentre(factor);
    this.hovering.refresh();
    this.toolbar.update();
  }

  fit() {
    this.surface.fit();
    this.hovering.refresh();
    this.toolbar.update();
  }

  settle() {
    this.surface.settle();
  }

  settleSoon() {
    this.surface.settleSoon();
  }

  escape() {
    if (!this.gestures.abort()) this.cursor.hide();
  }

  help() {
    this.root.querySelector("dialog.help").showModal();
  }
}
