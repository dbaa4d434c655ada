// News from Python: pictures, objects, settings, answers that came the long way, progress.

import { PictureBitmap } from "./picture.js";

const HINT = "Click the object. Right click, or press long, what does not belong to it. Drag for a box.";
const NO_PICTURE = "Choose an example, or bring a picture.";

export class Inbox {
  constructor(viewer) {
    this.viewer = viewer;
    this.picturesShown = 0;
    this.pictureTurn = 0;
  }

  /** A message: any of the keys that `viewer_message` writes. */
  async receive(message) {
    const { viewer } = this;
    const { session } = viewer;
    if (message.settings) session.setSettings(message.settings);
    if (message.picture !== undefined) await this.#setPicture(message.picture, message.objects);
    else if (message.objects) session.load(message.objects);
    if (message.answer) viewer.decoder.deliver(message.answer);
    if (message.point) viewer.placePoint(message.point, viewer.label);
    if (message.progress !== undefined) this.#showProgress(message.progress);
    if (message.say) viewer.say(message.say, { isError: Boolean(message.is_error) });
  }

  async #setPicture(picture, objects) {
    const { viewer } = this;
    viewer.gestures.abort();
    const turn = ++this.pictureTurn; // of two pictures in a row the later one stays
    if (!picture?.id) return this.#removePicture();
    viewer.root.dataset.state = "reading"; // the old picture stays in sight, but takes no more prompts
    viewer.say("Reading the picture …");
    const bitmap = await PictureBitmap.load(picture).catch(() => null);
    if (turn !== this.pictureTurn) return bitmap?.close();
    if (!bitmap) return this.#keepPicture();
    viewer.answers.clear();
    viewer.cursor.hide();
    viewer.root.dataset.state = "ready";
    this.picturesShown += 1;
    viewer.surface.setPicture(picture, bitmap);
    viewer.decoder.restart();
    viewer.session.setPicture(picture, objects, (records) => this.#keepAnswers(records, objects));
    if (!objects) viewer.say(HINT);
  }

  /** Answers that came with the picture's objects: shown at once, and not asked for. */
  #keepAnswers(records, objects) {
    const { answers, session } = this.viewer;
    records.forEach((record, at) => {
      if (objects[at].answer) answers.keep(session.key(record), objects[at].answer);
    });
  }

  #keepPicture() {
    const { viewer } = this;
    viewer.root.dataset.state = viewer.session.picture ? "ready" : "empty";
    viewer.say("The picture could not be shown.", { isError: true });
  }

  #removePicture() {
    const { viewer } = this;
    viewer.surface.removePicture();
    viewer.answers.clear();
    viewer.root.dataset.state = "empty";
    viewer.decoder.restart();
    viewer.session.setPicture(null);
    viewer.say(NO_PICTURE);
  }

  #showProgress(share) {
    const bar = this.viewer.root.querySelector(".progress");
    bar.hidden = share === null || share >= 1;
    if (share > 0) bar.value = share;
    else bar.removeAttribute("value"); // how far it is cannot be told
  }
}
