// What is on the screen, as files to keep: the server writes them from the masks that are shown.

import { partOf, partsOf, tag } from "./dom.js";
import { isBlank } from "./prompt.js";
import { FILE_MARK } from "./wire.js";

/**
 * @import { Answers } from "./answers.js"
 * @import { Decoder } from "./decoder.js"
 * @import { ObjectRecord, Session } from "./session.js"
 * @import { StatusLine } from "./status-line.js"
 * @import { Branch, CodeRequest, ExportedMask, ExportedObject, Picture, Server } from "./wire.js"
 */

export class ExportPanel {
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
    this.buttons = partsOf(element, "[data-take]", HTMLButtonElement);
    for (const button of this.buttons) button.addEventListener("click", () => this.run(button.dataset.take ?? ""));
  }

  update() {
    const { session } = this;
    const hasAnswer = this.answers.of(session.selected) !== null;
    const isAsked = session.objects.some((object) => !isBlank(object));
    for (const button of this.buttons) button.disabled = !(button.dataset.take === "prompts" ? isAsked : hasAnswer);
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
    const how = { picture: picture.id, what, model: this.branch.value, soft_edge: this.softEdge.checked };
    this.status.say("Writing the file …");
    if (!(await this.#areWhole(objects)) || session.picture?.id !== picture.id) return;
    const request = { ...how, objects: objects.flatMap((object) => this.#shown(object)) };
    const { path, name = what, error } = (await this.server.take(request).catch(() => null)) ?? {};
    const blob = path ? await fetched(path, picture) : null;
    if (blob) {
      download(blob, name);
      this.status.say(`Downloaded ${name}.`);
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
   * @returns {ExportedObject[]} one, or none where there is no answer any more.
   */
  #shown(object) {
    const scores = this.answers.scores(object);
    if (!scores) return [];
    /** @type {(branch: Branch) => ExportedMask} */
    const of = (branch) => ({
      rle: this.answers.rle(object, branch), predicted_iou: scores[branch].predicted_iou,
    });
    const { name, color, prompt } = object;
    return [{ name, color, prompt, sam: of("sam"), sam_hq: of("sam_hq") }];
  }

  /** @param {Picture} picture */
  #savePrompts({ width, height }) {
    const { settings, objects } = this.session.toJson();
    const saved = { image: { width, height }, settings, objects: objects.filter((object) => !isBlank(object)) };
    download(new Blob([JSON.stringify(saved, null, 1)], { type: "application/json" }), "prompts.json");
    this.status.say("Saved the prompts in prompts.json.");
  }

  /**
   * @param {"python" | "curl"} language
   * @param {Picture} picture
   */
  async #copy(language, picture) {
    const { settings, selected } = this.session;
    const { prompt, steps, mask, truth, choice } = selected;
    /** @type {CodeRequest} */
    const request = {
      picture: picture.id, language, origin: originOf(picture), settings, prompt, steps,
      mask: mask?.rle, truth: truth?.rle, choice,
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

/** @param {Picture} picture whose file's address begins with the page's. */
function originOf({ file }) {
  return file.url.split(FILE_MARK)[0];
}

/**
 * The file's content: with a link to it the server's name for it would win over ours.
 *
 * @param {string} path
 * @param {Picture} picture
 */
async function fetched(path, picture) {
  const reply = await fetch(`${originOf(picture)}${FILE_MARK}${path}`).catch(() => null);
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
