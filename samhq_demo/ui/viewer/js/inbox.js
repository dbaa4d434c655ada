// News from Python: pictures, objects, settings, answers that came the long way, progress.

import { Answer } from "./answer.js";
import { afterPaint } from "./dom.js";
import { Part } from "./part.js";
import { PictureBitmap } from "./picture.js";
import { isTouch } from "./texts.js";

/**
 * @import { Album } from "./album.js"
 * @import { Keeper } from "./keeper.js"
 * @import { Others } from "./part.js"
 * @import { ObjectRecord } from "./session.js"
 * @import { StatusLine } from "./status-line.js"
 * @import { EverythingNews, Message, Picture, SavedObject } from "./wire.js"
 *
 * @typedef {object} InboxEvents
 * @property {() => void} pictureComing what was begun on the old picture is over.
 * @property {() => void} pictureCame
 * @property {() => void} worked Python tells by itself how far the picture is.
 * @property {(news: EverythingNews) => void} everything
 * @property {(picture: Picture) => void} returned The server has it, but its page has none or another.
 */

const HINT = "Click the object, or drag a box around it. Right click what does not belong to it.";
const TOUCH_HINT = "Tap the object, or hold and drag a box around it. Hold and lift what does not belong to it.";
const NO_PICTURE = "Choose an example, or open a picture.";
const TAKEN_AWAY = "Picture removed; undo brings it back. Choose an example, or open a picture.";
const LOST_PICTURE = "The server no longer has the picture, and this browser could not keep it: open it again.";

/** @extends {Part<InboxEvents>} */
export class Inbox extends Part {
  #pictureTurn = 0;
  #lastStamp = "";
  /** @type {Picture | null} The one that is shown, or is being read. */
  #latest = null;

  /**
   * @param {Others & { status: StatusLine, album: Album, keeper: Keeper, progress: HTMLProgressElement }} others
   */
  constructor({ status, album, keeper, progress, ...others }) {
    super(others);
    this.status = status;
    this.album = album;
    this.keeper = keeper;
    this.progress = progress;
    this.picturesShown = 0;
  }

  /** @param {Message} message Gradio may give it twice: what a handler yields last is also how it ends. */
  async receive(message) {
    if (message.stamp && message.stamp === this.#lastStamp) return;
    this.#lastStamp = message.stamp ?? "";
    if (message.settings) this.session.setSettings(message.settings);
    // The page's own opening can be slower than somebody's picture, and must not take that away.
    if ((message.opening || message.kept) && this.#latest) this.emit("returned", this.#latest);
    else if (message.kept) await this.#reopen(message.picture);
    else if (message.picture !== undefined) await this.#setPicture(message.picture, message.objects);
    else if (message.objects) this.session.load(message.objects);
    if (message.everything) this.emit("everything", message.everything);
    if (message.answer) this.decoder.deliver(message.answer);
    if (message.point) this.editor.placePoint(message.point, this.mode.label);
    if (message.progress !== undefined) {
      this.emit("worked");
      this.#showProgress(message.progress);
    }
    if (message.work !== undefined) this.status.work(message.work);
    if (message.say) this.status.say(message.say, { isError: Boolean(message.is_error) });
  }

  /**
   * @param {NonNullable<Message["picture"]>} picture
   * @param {SavedObject[]} [objects]
   */
  async #setPicture(picture, objects) {
    if (!picture.id) {
      this.removePicture(() => this.session.setPicture(null));
      this.status.say(this.session.before ? TAKEN_AWAY : NO_PICTURE);
      return;
    }
    const answers = (/** @type {readonly ObjectRecord[]} */ records) => this.#keepAnswers(records, objects ?? []);
    const isShown = await this.showPicture(picture, () => this.session.setPicture(picture, objects, answers));
    if (!isShown) return;
    if (!objects) this.status.tell(isTouch() ? TOUCH_HINT : HINT);
    afterPaint(() => this.album.keep(picture));
  }

  /**
   * The picture that this browser had before the page was loaded again, with its objects.
   *
   * @param {Message["picture"]} [picture] none where the server has lost it.
   */
  async #reopen(picture) {
    const { before } = this.keeper;
    const found = picture?.id ? picture : before && (await this.album.bring(before.picture));
    if (!found || found.id !== before?.picture.id) {
      if (found) await this.#setPicture(found);
      else this.status.say(LOST_PICTURE, { isError: true });
      return;
    }
    this.mode.showView(before.view);
    if (!(await this.showPicture(found, () => this.session.restore(found, before)))) return;
    if (!picture) this.emit("returned", found);
    afterPaint(() => this.album.keep(found));
  }

  /**
   * @param {Picture} picture
   * @param {() => void} change in the session, once the picture is there to be shown.
   * @returns {Promise<boolean>} whether it is shown.
   */
  async showPicture(picture, change) {
    this.emit("pictureComing");
    const turn = ++this.#pictureTurn; // of two pictures in a row the later one stays
    this.#latest = picture;
    this.mode.setPictureState("reading"); // the old picture stays in sight, but takes no more prompts
    this.status.work("Reading the picture …");
    const bitmap = await this.#bitmapOf(picture);
    if (turn !== this.#pictureTurn) {
      bitmap?.close();
      return false;
    }
    if (!bitmap) {
      this.#keepPicture();
      return false;
    }
    this.answers.restart();
    this.emit("pictureCame");
    this.mode.setPictureState("ready");
    this.picturesShown += 1;
    this.album.remember(picture);
    this.surface.setPicture(picture, bitmap);
    this.decoder.restart();
    change();
    return true;
  }

  /** @param {Picture} picture whose file the server may have lost since it told of it. */
  async #bitmapOf(picture) {
    const bitmap = await PictureBitmap.load(picture).catch(() => null);
    if (bitmap) return bitmap;
    const again = await this.album.bring(picture);
    return again && PictureBitmap.load(again).catch(() => null);
  }

  /**
   * Answers that came with the picture's objects: shown at once, and not asked for.
   *
   * @param {readonly ObjectRecord[]} records
   * @param {SavedObject[]} objects
   */
  #keepAnswers(records, objects) {
    records.forEach((record, at) => {
      const { answer } = objects[at];
      if (answer) this.answers.keep(this.session.key(record), new Answer(answer));
    });
  }

  #keepPicture() {
    this.#latest = this.session.picture;
    this.mode.setPictureState(this.session.picture ? "ready" : "empty");
    this.status.say("The picture could not be shown.", { isError: true });
  }

  /** @param {() => void} change in the session. */
  removePicture(change) {
    this.emit("pictureComing");
    this.#pictureTurn += 1;
    this.#latest = null;
    this.surface.removePicture();
    this.answers.restart();
    this.mode.setPictureState("empty");
    this.decoder.restart();
    change();
  }

  /** @param {number | null} share */
  #showProgress(share) {
    this.progress.hidden = share === null || share >= 1;
    if (share !== null && share > 0) this.progress.value = share;
    else this.progress.removeAttribute("value"); // how far it is cannot be told
  }
}
