// News from Python: pictures, objects, settings, answers that came the long way, progress.

import { Answer } from "./answer.js";
import { Emitter } from "./emitter.js";
import { PictureBitmap } from "./picture.js";

/**
 * @import { Answers } from "./answers.js"
 * @import { Decoder } from "./decoder.js"
 * @import { Editor } from "./editor.js"
 * @import { Mode } from "./mode.js"
 * @import { ObjectRecord, Session } from "./session.js"
 * @import { StatusLine } from "./status-line.js"
 * @import { Surface } from "./surface.js"
 * @import { Message, Picture, SavedObject } from "./wire.js"
 *
 * @typedef {object} InboxEvents
 * @property {() => void} pictureComing what was begun on the old picture is over.
 * @property {() => void} pictureCame
 */

const HINT = "Click the object. Right click, or press long, what does not belong to it. Drag for a box.";
const NO_PICTURE = "Choose an example, or bring a picture.";

/** @extends {Emitter<InboxEvents>} */
export class Inbox extends Emitter {
  #pictureTurn = 0;

  /**
   * @param {object} parts
   * @param {Session} parts.session
   * @param {Answers} parts.answers
   * @param {Decoder} parts.decoder
   * @param {Editor} parts.editor
   * @param {Surface} parts.surface
   * @param {Mode} parts.mode
   * @param {StatusLine} parts.status
   * @param {HTMLProgressElement} parts.progress
   */
  constructor({ session, answers, decoder, editor, surface, mode, status, progress }) {
    super();
    this.session = session;
    this.answers = answers;
    this.decoder = decoder;
    this.editor = editor;
    this.surface = surface;
    this.mode = mode;
    this.status = status;
    this.progress = progress;
    this.picturesShown = 0;
  }

  /** @param {Message} message */
  async receive(message) {
    if (message.settings) this.session.setSettings(message.settings);
    if (message.picture !== undefined) await this.#setPicture(message.picture, message.objects);
    else if (message.objects) this.session.load(message.objects);
    if (message.answer) this.decoder.deliver(message.answer);
    if (message.point) this.editor.placePoint(message.point, this.mode.label);
    if (message.progress !== undefined) this.#showProgress(message.progress);
    if (message.say) this.status.say(message.say, { isError: Boolean(message.is_error) });
  }

  /**
   * @param {NonNullable<Message["picture"]>} picture
   * @param {SavedObject[]} [objects]
   */
  async #setPicture(picture, objects) {
    this.emit("pictureComing");
    const turn = ++this.#pictureTurn; // of two pictures in a row the later one stays
    if (!picture?.id) {
      this.#removePicture();
      return;
    }
    this.mode.setPictureState("reading"); // the old picture stays in sight, but takes no more prompts
    this.status.say("Reading the picture …");
    const bitmap = await PictureBitmap.load(picture).catch(() => null);
    if (turn !== this.#pictureTurn) bitmap?.close();
    else if (bitmap) this.#showPicture(picture, bitmap, objects);
    else this.#keepPicture();
  }

  /**
   * @param {Picture} picture
   * @param {PictureBitmap} bitmap
   * @param {SavedObject[]} [objects]
   */
  #showPicture(picture, bitmap, objects) {
    this.answers.clear();
    this.emit("pictureCame");
    this.mode.setPictureState("ready");
    this.picturesShown += 1;
    this.surface.setPicture(picture, bitmap);
    this.decoder.restart();
    this.session.setPicture(picture, objects, (records) => this.#keepAnswers(records, objects ?? []));
    if (!objects) this.status.say(HINT);
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
    this.mode.setPictureState(this.session.picture ? "ready" : "empty");
    this.status.say("The picture could not be shown.", { isError: true });
  }

  #removePicture() {
    this.surface.removePicture();
    this.answers.clear();
    this.mode.setPictureState("empty");
    this.decoder.restart();
    this.session.setPicture(null);
    this.status.say(NO_PICTURE);
  }

  /** @param {number | null} share */
  #showProgress(share) {
    this.progress.hidden = share === null || share >= 1;
    if (share !== null && share > 0) this.progress.value = share;
    else this.progress.removeAttribute("value"); // how far it is cannot be told
  }
}
