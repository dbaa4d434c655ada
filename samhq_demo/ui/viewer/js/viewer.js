// The viewer as a whole: makes the parts, and passes on what each tells of to those that it concerns.

import { actionsOf } from "./actions.js";
import { Answers } from "./answers.js";
import { Arrivals } from "./arrivals.js";
import { Candidates } from "./candidates.js";
import { Cursor } from "./cursor.js";
import { Decoder } from "./decoder.js";
import { partOf, setText } from "./dom.js";
import { DraftBox } from "./draft-box.js";
import { Editor } from "./editor.js";
import { Everything } from "./everything.js";
import { ExportPanel } from "./export-panel.js";
import { FullScreen } from "./full-screen.js";
import { Gestures } from "./gestures.js";
import { Given } from "./given.js";
import { Hover } from "./hover.js";
import { Inbox } from "./inbox.js";
import { Keeper } from "./keeper.js";
import { Keys } from "./keys.js";
import { Mode } from "./mode.js";
import { Picking } from "./picking.js";
import { Place } from "./place.js";
import { isAnswerable, isBlank, isEmpty } from "./prompt.js";
import { Recovery } from "./recovery.js";
import { Scores } from "./scores.js";
import { Session } from "./session.js";
import { StatusLine } from "./status-line.js";
import { Surface } from "./surface.js";
import { ObjectTable } from "./table.js";
import { Tabs } from "./tabs.js";
import { answeredLine, placeLine, verdictLine } from "./texts.js";
import { Toolbar } from "./toolbar.js";
import { VerdictLine } from "./verdict-line.js";
import { WayBack } from "./way-back.js";

/**
 * @import { Album } from "./album.js"
 * @import { Link as FileLink } from "./arrivals.js"
 * @import { ObjectRecord } from "./session.js"
 * @import { Scene } from "./surface.js"
 * @import { Ask, Queue } from "./transport.js"
 * @import { EverythingRequest, ViewerOptions } from "./wire.js"
 *
 * @typedef {object} Ways
 * @property {Ask} ask
 * @property {Queue} queue
 * @property {Album} album
 * @property {(request: EverythingRequest) => void} search
 * @property {(ticket: string | null) => void} tell which picture was gone back to.
 * @typedef {FileLink & Ways} Link What start.js knows of Python.
 */

const WAITING = "The answer follows once the picture is ready …";
const BACKGROUND_ALONE = "A background click alone selects nothing: click the object too, or draw a box around it.";
const BUSY_AFTER_MS = 250; // only what takes long is worth a sign: quick answers would make it flicker
const PATIENCE_MS = 120_000;
const HOVER_BELOW_MS = 200;
const POINTED_COLOR = "#ffffff"; // of a mask that is pointed at among those that were found
const OLD_COLOR = "#8c8c8c"; // of a mask whose next answer failed to come

export class Viewer {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #busyTimer = undefined;
  #revision = 0;

  /**
   * @param {HTMLElement} root the template's element
   * @param {HTMLElement} host #viewer
   * @param {Link} link
   * @param {ViewerOptions} options
   */
  constructor(root, host, link, options) {
    this.root = root;
    this.host = host;
    const find = (/** @type {string} */ selector) => partOf(root, selector, HTMLElement);
    const status = (this.status = new StatusLine(find(".status")));
    const mode = (this.mode = new Mode(root));
    const draftBox = (this.draftBox = new DraftBox());
    const session = (this.session = new Session(options.settings ?? {}));
    const answers = (this.answers = new Answers(session));
    const { server, ask, queue, album } = link;
    const keeper = new Keeper(session, mode, options.kept_as ?? "");
    const surface = (this.surface = new Surface(root, () => this.#scene()));
    const decoder = (this.decoder = new Decoder(session, answers, {
      ask, queue, patience: options.patience_ms ?? PATIENCE_MS, hoverBelow: options.hover_below_ms ?? HOVER_BELOW_MS,
    }));
    const editor = (this.editor = new Editor({ session, answers, surface, mode, status }));
    const parts = { session, answers, decoder, editor, draftBox, surface, mode, status, tabs: new Tabs(root) };
    const hover = (this.hover = new Hover(partOf(root, ".remover", HTMLButtonElement), parts, {
      isAnswerOn: options.hover ?? true,
    }));
    this.everything = new Everything(session, link);
    this.picking = new Picking(root, { ...parts, everything: this.everything });
    this.cursor = new Cursor({ ...parts, picking: this.picking });
    this.gestures = new Gestures(parts);
    this.arrivals = new Arrivals(root, { ...parts, link });
    this.exportPanel = new ExportPanel(find(".take"), { ...parts, server });
    this.inbox = new Inbox({ ...parts, album, keeper, progress: partOf(root, ".progress", HTMLProgressElement) });
    this.wayBack = new WayBack({ session, status, inbox: this.inbox, album, tell: link.tell });
    const actions = actionsOf(this);
    this.toolbar = new Toolbar(root, actions, { ...parts, hover });
    this.keys = new Keys(actions, { root, surface, mode });
    this.numbers = [...numbersOf(root, parts), this.exportPanel];
    this.recovery = new Recovery(decoder);
    this.line = new Place(() => session.picture && server.place?.({
      picture: session.picture.id, model: session.settings.model ?? null, queue: "encode",
    }));
    this.fullScreen = new FullScreen(root);
    this.place = find(".place");
    this.#begin(link);
  }

  /** @param {Link} link */
  #begin(link) {
    this.host.setAttribute("data-revision", "0");
    this.#listen();
    this.#listenForNews(link);
    this.mode.showView("side");
    this.#refresh();
  }

  // ---- what the parts tell ---------------------------------------------------------------------------

  #listen() {
    const { session, decoder, surface, mode, hover, cursor, gestures } = this;
    const repaintMarks = () => surface.schedule({ masks: false });
    session.on("changed", (what) => this.#changed(what));
    this.draftBox.on("changed", repaintMarks);
    decoder.on("answered", (object, milliseconds) => this.#answered(object, milliseconds));
    decoder.on("completed", () => this.#completed());
    decoder.on("hoverAnswered", repaintMarks);
    decoder.on("failed", (sentence) => this.#failed(sentence));
    decoder.on("busy", (isBusy) => this.#showBusy(isBusy));
    surface.on("moved", (how) => this.#moved(how === "zoomed"));
    mode.on("changed", (what) => this.#modeChanged(what));
    hover.on("toggled", () => this.toolbar.update());
    cursor.on("moved", () => {
      if (cursor.place) this.picking.point("sam_hq", cursor.place);
      repaintMarks();
    });
    cursor.on("reached", (mark) => hover.activate(mark));
    gestures.on("began", () => cursor.hide());
    gestures.on("hovered", (spot) => {
      hover.move(spot);
      this.picking.point(spot?.pane.branch ?? null, hover.place);
      setText(this.place, placeLine(hover.place, session.picture));
    });
    gestures.on("pressed", (place, label) => {
      const asked = this.editor.withPoint(place, label);
      if (asked && isAnswerable(asked)) decoder.foresee(asked);
    });
    gestures.on("picked", ({ branch }, place) => branch && this.picking.keep(branch, place));
    gestures.on("released", (mark) => hover.activate(mark));
  }

  /** @param {Link} link */
  #listenForNews(link) {
    const { decoder, cursor, gestures, inbox, line, mode, surface } = this;
    inbox.on("everything", (news) => this.everything.take(news));
    inbox.on("pictureComing", () => gestures.abort());
    inbox.on("worked", () => line.stop());
    line.on("told", (sentence) => this.status.work(sentence));
    decoder.on("queued", () => {
      this.status.work(WAITING);
      line.start();
    });
    inbox.on("returned", ({ id }) => link.tell(id));
    inbox.on("pictureCame", () => {
      cursor.hide();
      mode.showAll();
      line.start();
      if (inbox.picturesShown) surface.scrollIntoView(); // the page opens at its top
    });
  }

  /** @param {"picture" | "settings" | "select" | "edit"} what */
  #changed(what) {
    const { session } = this;
    const isEdit = what === "edit";
    this.decoder.update();
    if (!isEdit || !session.isOpen) this.hover.refresh();
    this.#refresh();
    if (what === "select" || (isEdit && !session.isOpen)) this.#sayWhatIs();
  }

  /** The status of the selected object, where it is known now: after a choice, an undo, a deletion. */
  #sayWhatIs() {
    const { selected } = this.session;
    const scores = this.answers.get(selected) ? this.answers.scores(selected) : null;
    if (scores) this.status.tell(answeredLine(selected, scores));
    else if (isBlank(selected)) this.status.tell(verdictLine(selected, null));
    else if (!isEmpty(selected.prompt) && !isAnswerable(selected)) this.status.tell(BACKGROUND_ALONE);
  }

  /**
   * Paint at once, not in the next frame: the answer is what one waits for.
   *
   * @param {ObjectRecord} object
   * @param {number} milliseconds
   */
  #answered(object, milliseconds) {
    this.surface.paint();
    this.surface.schedule({ masks: false });
    this.#revision += 1;
    this.host.setAttribute("data-revision", String(this.#revision));
    this.#refreshNumbers();
    const scores = this.answers.scores(object);
    if (this.session.isOpen || object.id !== this.session.selectedId || !scores) return;
    this.status.tell(answeredLine(object, scores, milliseconds));
  }

  /** @param {string} sentence */
  #failed(sentence) {
    this.status.fail(sentence);
    this.#refresh();
  }

  #completed() {
    this.surface.schedule();
    this.#refreshNumbers();
    this.editor.chooseAhead();
  }

  /** @param {boolean} isBusy */
  #showBusy(isBusy) {
    this.host.toggleAttribute("data-busy", isBusy);
    clearTimeout(this.#busyTimer);
    this.root.removeAttribute("data-busy");
    if (!isBusy) this.line.stop();
    if (isBusy) this.#busyTimer = setTimeout(() => this.root.setAttribute("data-busy", ""), BUSY_AFTER_MS);
  }

  /** @param {boolean} isZoomed */
  #moved(isZoomed) {
    this.hover.refresh();
    if (isZoomed) this.toolbar.update();
  }

  /** @param {"tool" | "masks" | "view"} what */
  #modeChanged(what) {
    this.toolbar.update();
    if (what === "masks" || what === "tool") this.#refresh();
    if (what !== "view") return;
    this.surface.measure();
    this.hover.refresh();
  }

  /** Everything but requests: canvases in the next frame, words and buttons now. */
  #refresh() {
    this.surface.schedule();
    this.toolbar.update();
    this.#refreshNumbers();
  }

  #refreshNumbers() {
    this.root.toggleAttribute("data-old", this.answers.isOld(this.session.selected));
    for (const part of this.numbers) part.update();
  }

  /** @returns {Scene} */
  #scene() {
    const { session, answers, surface, mode, hover, picking } = this;
    const { bitmap, isMoving } = surface;
    const { selected } = session;
    const seen = session.objects.filter(({ id }) => mode.isShown(id));
    const masks = bitmap ? seen.map((object) => ({
      id: object.id, color: answers.isOld(object) ? OLD_COLOR : object.color,
      rles: { sam: answers.rle(object, "sam"), sam_hq: answers.rle(object, "sam_hq") },
    })) : [];
    return {
      bitmap, masks, selected, others: session.objects.filter((object) => object !== selected), isMoving,
      opacity: mode.opacity, outlineOnly: mode.look === "outline", look: mode.look,
      active: hover.active, hoveredPane: hover.pane, ghost: hover.place, seen: picking.seen,
      hoverMasks: picking.pointedMasks ?? hover.masks,
      hoverColor: picking.pointedMasks ? POINTED_COLOR : selected.color,
      cursor: this.cursor.place, draftBox: this.draftBox.box,
    };
  }

  // ---- actions that concern several parts ------------------------------------------------------------

  /** Remove the point or box under the cursor or the pointer, else the last point. */
  removeMark() {
    this.editor.removeMarkOrLast(this.cursor.mark ?? this.hover.active);
  }

  escape() {
    if (!this.gestures.abort() && !this.fullScreen.leave()) this.cursor.hide();
  }

  help() {
    partOf(this.root, "dialog.help", HTMLDialogElement).showModal();
  }
}

/**
 * The parts that show numbers, each with an `update`.
 *
 * @param {HTMLElement} root
 * @param {{ session: Session, answers: Answers, mode: Mode, editor: Editor, surface: Surface }} parts
 */
function numbersOf(root, parts) {
  const { session, answers } = parts;
  const find = (/** @type {string} */ selector) => partOf(root, selector, HTMLElement);
  return [
    new ObjectTable(find(".objects"), parts), new Scores(root, session, answers),
    new VerdictLine({ verdict: find(".verdict"), summary: find(".summary") }, parts),
    new Given(find(".given"), session), new Candidates(find(".candidates"), parts),
  ];
}
