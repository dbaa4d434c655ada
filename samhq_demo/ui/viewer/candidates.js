// Where a click is ambiguous: each model's three candidates as small pictures, the best first.

import { afterPaint, setText, tag } from "./dom.js";
import { estimate } from "./format.js";
import { coverage, rimThickness, touched } from "./raster.js";
import { Mask } from "./rle.js";
import { canvasOf, tinted } from "./tint.js";

const THUMB = { width: 84, height: 63 }; // CSS pixels
const CROP_MARGIN = 0.12; // of the candidates' size, around them

export class Candidates {
  constructor(element, viewer) {
    this.element = element;
    this.viewer = viewer;
    this.painted = null; // the answer whose thumbnails are there
    this.buttons = new Map(); // "sam:0" -> button
    for (const model of ["sam", "sam_hq"]) this.#addRow(model);
  }

  #addRow(model) {
    const name = model === "sam" ? "SAM" : "SAM-HQ";
    const attributes = { role: "group", "aria-label": `${name}'s candidates` };
    const row = tag("div", { className: "thumbs", attributes });
    row.append(tag("span", { className: "whose" }, name));
    for (const index of [0, 1, 2]) {
      const canvas = tag("canvas", { attributes: { "aria-hidden": "true" } });
      const button = tag("button", { type: "button", className: "thumb", hidden: true,
        onclick: () => this.viewer.choose(model, index) }, canvas, tag("span", { className: "score" }));
      button.dataset.candidate = `${model}:${index}`;
      this.buttons.set(button.dataset.candidate, button);
      row.append(button);
    }
    this.element.append(row);
  }

  update() {
    const { session, answers } = this.viewer;
    const object = session.selected;
    const answer = answers.of(object);
    const isComing = Boolean(answer?.is_sketch);
    this.element.classList.toggle("coming", isComing);
    if (isComing && this.painted) return; // what is there stays until they come, so that nothing flickers
    const isAmbiguous = Boolean(answer?.sam.candidates?.length > 1 || answer?.sam_hq.candidates?.length > 1);
    this.element.classList.toggle("empty", !isAmbiguous);
    for (const model of ["sam", "sam_hq"]) {
      [0, 1, 2].forEach((index) => this.#fill(model, index, isAmbiguous && answer, object));
    }
    if (isAmbiguous && this.painted !== answer) this.#paintSoon(answer, object.color);
    this.painted = isAmbiguous ? answer : null;
  }

  #fill(model, index, answer, object) {
    const button = this.buttons.get(`${model}:${index}`);
    const candidate = answer && answer[model].candidates?.[index];
    button.hidden = !candidate;
    if (!candidate) return;
    const isChosen = object.choice[model] === index;
    button.setAttribute("aria-pressed", String(isChosen));
    setText(button.querySelector(".score"), estimate(candidate.predicted_iou));
    const name = model === "sam" ? "SAM" : "SAM-HQ";
    const key = model === "sam" ? `Shift+${index + 1}` : `${index + 1}`;
    button.title = `${name}'s candidate ${index + 1}, predicted IoU ${estimate(candidate.predicted_iou)} (${key})`;
    button.ariaLabel = button.title;
  }

  /** After the masks themselves are on the screen: thumbnails must not make them wait. */
  #paintSoon(answer, color) {
    afterPaint(() => this.painted === answer && this.#paint(answer, color));
  }

  #paint(answer, color) {
    const { bitmap } = this.viewer;
    if (!bitmap) return;
    const density = window.devicePixelRatio || 1;
    const frame = cropAround(answer, bitmap, THUMB.width * density, THUMB.height * density);
    for (const model of ["sam", "sam_hq"]) {
      answer[model].candidates?.slice(0, 3).forEach((candidate, index) => {
        const canvas = this.buttons.get(`${model}:${index}`).querySelector("canvas");
        canvas.width = frame.width;
        canvas.height = frame.height;
        const context = canvas.getContext("2d");
        bitmap.draw(context, frame.x, frame.y, frame.scale);
        const area = touched(Mask.of(candidate.rle), frame, bitmap);
        if (!area) return;
        const cover = coverage(Mask.of(candidate.rle), frame, bitmap, area);
        const style = { color, opacity: 0.6, outlineOnly: false, thickness: rimThickness(density) };
        context.drawImage(canvasOf(tinted(cover, area, style)), area.left, area.top);
      });
    }
  }
}

/** A frame of the given size around all candidates of an answer, so that they compare at a glance. */
function cropAround(answer, picture, width, height) {
  const box = { left: Infinity, top: Infinity, right: 0, bottom: 0 };
  for (const candidate of [...(answer.sam.candidates ?? []), ...(answer.sam_hq.candidates ?? [])]) {
    const mask = Mask.of(candidate.rle);
    if (!mask.box) continue;
    const across = picture.width / mask.width;
    const down = picture.height / mask.height;
    box.left = Math.min(box.left, mask.box.left * across);
    box.top = Math.min(box.top, mask.box.top * down);
    box.right = Math.max(box.right, mask.box.right * across);
    box.bottom = Math.max(box.bottom, mask.box.bottom * down);
  }
  if (box.right <= box.left) Object.assign(box, { left: 0, top: 0, right: picture.width, bottom: picture.height });
  const margin = 1 + 2 * CROP_MARGIN;
  const scale = Math.min(width / ((box.right - box.left) * margin), height / ((box.bottom - box.top) * margin));
  const x = (box.left + box.right) / 2 - width / 2 / scale;
  const y = (box.top + box.bottom) / 2 - height / 2 / scale;
  return { x, y, scale, width: Math.round(width), height: Math.round(height) };
}
