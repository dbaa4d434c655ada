// Where a click is ambiguous: each branch's three candidates as small pictures, the best first.

import { afterPaint, contextOf, partOf, setText, tag } from "./dom.js";
import { estimate } from "./format.js";
import { coverage, rimThickness, touched } from "./raster.js";
import { Mask } from "./rle.js";
import { canvasOf, tinted } from "./tint.js";
import { BRANCHES, BRANCH_NAMES } from "./wire.js";

/**
 * @import { Answer } from "./answer.js"
 * @import { Answers } from "./answers.js"
 * @import { Editor } from "./editor.js"
 * @import { PictureBitmap } from "./picture.js"
 * @import { Frame, Size } from "./raster.js"
 * @import { ObjectRecord, Session } from "./session.js"
 * @import { Surface } from "./surface.js"
 * @import { Branch, Rle } from "./wire.js"
 */

const THUMB = { width: 84, height: 63 }; // CSS pixels
const CROP_MARGIN = 0.12; // of the candidates' size, around them
const INDICES = [0, 1, 2];

export class Candidates {
  /** @type {Answer | null} whose thumbnails are there */
  #painted = null;
  /** @type {Map<string, HTMLButtonElement>} "sam:0" -> button */
  #buttons = new Map();

  /**
   * @param {HTMLElement} element
   * @param {object} parts
   * @param {Session} parts.session
   * @param {Answers} parts.answers
   * @param {Editor} parts.editor
   * @param {Surface} parts.surface
   */
  constructor(element, { session, answers, editor, surface }) {
    this.element = element;
    this.session = session;
    this.answers = answers;
    this.editor = editor;
    this.surface = surface;
    for (const branch of BRANCHES) element.append(this.#row(branch));
  }

  /** @param {Branch} branch */
  #row(branch) {
    const name = BRANCH_NAMES[branch];
    const attributes = { role: "group", "aria-label": `${name}'s candidates` };
    const row = tag("div", { className: "thumbs", attributes });
    row.append(tag("span", { className: "whose" }, name));
    for (const index of INDICES) {
      const canvas = tag("canvas", { attributes: { "aria-hidden": "true" } });
      const button = tag("button", { type: "button", className: "thumb", hidden: true,
        onclick: () => this.editor.choose(branch, index) }, canvas, tag("span", { className: "score" }));
      button.dataset.candidate = `${branch}:${index}`;
      this.#buttons.set(button.dataset.candidate, button);
      row.append(button);
    }
    return row;
  }

  update() {
    const object = this.session.selected;
    const answer = this.answers.of(object);
    const isComing = answer?.isPreview ?? false;
    this.element.classList.toggle("coming", isComing);
    if (isComing && this.#painted) return; // what is there stays until they come, so that nothing flickers
    const shown = answer?.isAmbiguous ? answer : null;
    this.element.classList.toggle("empty", !shown);
    for (const branch of BRANCHES) for (const index of INDICES) this.#fill(branch, index, shown, object);
    if (shown && this.#painted !== shown) this.#paintSoon(shown, object.color);
    this.#painted = shown;
  }

  /**
   * @param {Branch} branch
   * @param {number} index
   * @param {Answer | null} answer
   * @param {ObjectRecord} object
   */
  #fill(branch, index, answer, object) {
    const button = this.#button(branch, index);
    const candidate = answer?.candidates(branch)[index];
    button.hidden = !candidate;
    if (!candidate) return;
    const isChosen = object.choice[branch] === index;
    button.setAttribute("aria-pressed", String(isChosen));
    const predicted = estimate(candidate.predicted_iou);
    setText(partOf(button, ".score", HTMLElement), predicted);
    const key = branch === "sam" ? `Shift+${index + 1}` : `${index + 1}`;
    button.title = `${BRANCH_NAMES[branch]}'s candidate ${index + 1}, predicted IoU ${predicted} (${key})`;
    button.ariaLabel = button.title;
  }

  /**
   * @param {Branch} branch
   * @param {number} index
   */
  #button(branch, index) {
    const button = this.#buttons.get(`${branch}:${index}`);
    if (!button) throw new Error(`There is no candidate ${index}.`);
    return button;
  }

  /**
   * After the masks themselves are on the screen: thumbnails must not make them wait.
   *
   * @param {Answer} answer
   * @param {string} color
   */
  #paintSoon(answer, color) {
    afterPaint(() => this.#painted === answer && this.#paint(answer, color));
  }

  /**
   * @param {Answer} answer
   * @param {string} color
   */
  #paint(answer, color) {
    const { bitmap } = this.surface;
    if (!bitmap) return;
    const density = window.devicePixelRatio || 1;
    const all = BRANCHES.flatMap((branch) => answer.candidates(branch));
    const frame = cropAround(all.map(({ rle }) => Mask.of(rle)), bitmap, THUMB.width * density, THUMB.height * density);
    const style = { color, opacity: 0.6, outlineOnly: false, thickness: rimThickness(density) };
    for (const branch of BRANCHES) {
      answer.candidates(branch).slice(0, INDICES.length).forEach(({ rle }, index) => {
        const canvas = partOf(this.#button(branch, index), "canvas", HTMLCanvasElement);
        paintThumb(canvas, rle, frame, bitmap, style);
      });
    }
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Rle} rle
 * @param {Frame} frame
 * @param {PictureBitmap} bitmap
 * @param {Parameters<typeof tinted>[2]} style
 */
function paintThumb(canvas, rle, frame, bitmap, style) {
  Object.assign(canvas, { width: frame.width, height: frame.height });
  const context = contextOf(canvas);
  bitmap.draw(context, frame.x, frame.y, frame.scale);
  const mask = Mask.of(rle);
  const area = touched(mask, frame, bitmap);
  if (!area) return;
  const cover = coverage(mask, frame, bitmap, area);
  context.drawImage(canvasOf(tinted(cover, area, style)), area.left, area.top);
}

/**
 * A frame of the given size around all of some masks, so that they compare at a glance.
 *
 * @param {Mask[]} masks
 * @param {Size} picture
 * @param {number} width in raster pixels, as `height`
 * @param {number} height
 * @returns {Frame}
 */
function cropAround(masks, picture, width, height) {
  const box = { left: Infinity, top: Infinity, right: 0, bottom: 0 };
  for (const mask of masks) {
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
