// What is on the screen, as files to keep: the server writes them from the masks that are shown.

import { fileAddress, originOf, reachable, stemOf } from "./address.js";
import { partOf, partsOf, setText, tag } from "./dom.js";
import { holesOf } from "./holes.js";
import { isAnswerable, isBlank } from "./prompt.js";
import { Mask } from "./rle.js";
import { holesLine } from "./texts.js";

/**
 * @import { Answers } from "./answers.js"
 * @import { Decoder } from "./decoder.js"
 * @import { ObjectRecord, Session } from "./session.js"
 * @import { StatusLine } from "./status-line.js"
 * @import { Holes } from "./holes.js"
 * @import { Branch, CodeRequest, Picture, Rle, SavedFile, Server, ShownMask, ShownObject } from "./wire.js"
 */

const NOTHING_YET = "There is no mask of the chosen object yet: mark it in the picture first.";

export class ExportPanel {
  /** @type {WeakMap<Rle, Holes>} */
  #holes = new WeakMap();

  /**
   * @param {HTMLElement} element
   * @param {object} parts
   * @param {Session} parts.session
   * @param {Answers} parts.answers
   * @param {Decoder} parts.decoder
   * @param {StatusLine} parts.status
   * @param {Server} parts.server
   */
  constructor(element, { session, answers, decoder, status, server }) {
    this.session = session;
    this.answers = answers;
    this.decoder = decoder;
    this.status = status;
    this.server = server;
    this.branch = partOf(element, ".taken-model", HTMLSelectElement);
    this.softEdge = partOf(element, ".soft-edge", HTMLInputElement);
    this.note = partOf(element, ".holes", HTMLElement);
    this.buttons = partsOf(element, "[data-take]", HTMLButtonElement);
    this.branch.addEventListener("change", () => this.#sayHoles());
    for (const button of this.buttons) button.addEventListener("click", () => this.run(button.dataset.take ?? ""));
  }

  update() {
    const { session } = this;
    const hasAnswer = this.answers.of(session.selected) !== null;
    const isAsked = session.objects.some((object) => !isBlank(object));
    for (const button of this.buttons) button.disabled = !(button.dataset.take === "prompts" ? isAsked : hasAnswer);
    this.#sayHoles();
  }

  /** Why nothing can be taken away yet; else, before anybody takes polygons away, what they would lose. */
  #sayHoles() {
    const hasAnswer = this.answers.of(this.session.selected) !== null;
    setText(this.note, hasAnswer ? this.#holesText(this.session.objects) : NOTHING_YET);
  }

  /**
   * Of the masks that a file gets; a preview has other pixels, and none is counted then.
   *
   * @param {readonly ObjectRecord[]} objects
   */
  #holesText(objects) {
    const branch = /** @type {Branch} */ (this.branch.value);
    const lost = { area: 0, count: 0, pixels: 0 };
    for (const object of objects) {
      const answer = this.answers.of(object);
      if (!answer || answer.isPreview) continue;
      const rle = answer.rle(branch, object.choice[branch]);
      const { count, pixels } = this.#holesIn(rle);
      lost.area += Mask.of(rle).area;
      lost.count += count;
      lost.pixels += pixels;
    }
    return holesLine(lost);
  }

  /** @param {Rle} rle */
  #holesIn(rle) {
    const holes = this.#holes.get(rle) ?? holesOf(Mask.of(rle));
    this.#holes.set(rle, holes);
    return holes;
  }

  /** @param {string} what a button's data-take. */
  async run(what) {
    const { picture } = this.session;
    const button = this.buttons.find((each) => each.dataset.take === what);
    if (!picture || !button || button.disabled) return;
    if (what === "prompts") this.#savePrompts(picture);
    else if (what === "python" || what === "curl") await this.#copy(what, picture);
    else await this.#exportFile(what, picture);
  }

  /**
   * @param {string} what
   * @param {Picture} picture
   */
  async #exportFile(what, picture) {
    const { session } = this;
    const isOfOne = what === "mask" || what === "cutout";
    const objects = (isOfOne ? [session.selected] : session.objects).filter((object) => this.answers.of(object));
    const branch = /** @type {Branch} */ (this.branch.value);
    const how = { picture: picture.id, what, branch, soft_edge: this.softEdge.checked };
    this.status.work("Writing the file …");
    if (!(await this.#areWhole(objects)) || session.picture?.id !== picture.id) return;
    const request = { ...how, objects: objects.flatMap((object) => this.#shown(object)) };
    const { path, name = what, error } = (await this.server.export(request).catch(() => null)) ?? {};
    const blob = path ? await fetched(path, picture) : null;
    if (blob) {
      download(blob, name);
      const lost = what === "coco-polygons" ? this.#holesText(objects) : "";
      this.status.say(`Downloaded ${name}.${lost && ` ${lost}`}`);
    } else if (path) this.#fail("The file could not be fetched: try again.");
    else this.#fail(error);
  }

  /**
   * Files are of the picture's size: what is shown may still be a preview.
   *
   * @param {ObjectRecord[]} objects
   */
  async #areWhole(objects) {
    for (const answer of objects.map((object) => this.answers.of(object))) {
      if (!answer || (await this.decoder.complete(answer, { mayQueue: true }))) continue;
      this.#fail();
      return false;
    }
    return true;
  }

  /**
   * @param {ObjectRecord} object
   * @returns {ShownObject[]} one, or none where there is no answer any more.
   */
  #shown(object) {
    const scores = this.answers.scores(object);
    if (!scores) return [];
    /** @type {(branch: Branch) => ShownMask} */
    const of = (branch) => ({
      rle: this.answers.rle(object, branch), predicted_iou: scores[branch].predicted_iou,
    });
    const { name, color, prompt } = object;
    return [{ name, color, prompt, sam: of("sam"), sam_hq: of("sam_hq") }];
  }

  /** @param {Picture} picture */
  #savePrompts({ width, height, name }) {
    const { settings, objects } = this.session.toJson();
    /** @type {SavedFile} */
    const saved = { image: { width, height }, settings, objects: objects.filter((object) => !isBlank(object)) };
    const fileName = name ? `${stemOf(name)}-prompts.json` : "prompts.json";
    download(new Blob([JSON.stringify(saved, null, 1)], { type: "application/json" }), fileName);
    this.status.say(`Saved the prompts in ${fileName}.`);
  }

  /**
   * The call for all objects, each with the candidate that is shown.
   *
   * @param {"python" | "curl"} language
   * @param {Picture} picture
   */
  async #copy(language, picture) {
    const { settings, objects } = this.session;
    /** @type {CodeRequest} */
    const request = {
      picture: picture.id, language, origin: appAddress(picture), settings,
      objects: objects.filter((object) => isAnswerable(object)).map(({ name, prompt, steps, mask, truth, choice }) => ({
        name, prompt, steps, mask: mask?.rle, truth: truth?.rle, void: truth?.void?.rle, choice,
      })),
    };
    const { text, error } = (await this.server.code(request).catch(() => null)) ?? {};
    if (text === undefined) this.#fail(error);
    else if (await copyText(text)) this.status.say(`Copied the call as ${language === "python" ? "Python" : "curl"}.`);
    else this.#fail("The browser does not let the page copy.");
  }

  #fail(sentence = "The server did not answer: try again.") {
    this.status.say(sentence, { isError: true });
  }
}

/** @param {Picture} picture whose file's address begins with the app's. */
function appAddress({ file }) {
  return originOf(reachable(file.url, location));
}

/**
 * The file's content: with a link to it the server's name for it would win over ours.
 *
 * @param {string} path
 * @param {Picture} picture
 */
async function fetched(path, picture) {
  const reply = await fetch(fileAddress(path, appAddress(picture))).catch(() => null);
  return reply?.ok ? reply.blob() : null;
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function download(blob, name) {
  const link = tag("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * The clipboard, or where a page may not use it (plain http), the old way through a selection.
 *
 * @param {string} text
 */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = tag("textarea", { value: text });
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    return isCopied;
  }
}
