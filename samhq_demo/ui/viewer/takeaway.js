// What is on the screen, to take away: the server writes the files from the masks that are shown.

import { tag } from "./dom.js";
import { isBlank } from "./prompt.js";

const FILE_MARK = "/gradio_api/file=";

export class TakeAway {
  constructor(element, viewer) {
    this.viewer = viewer;
    this.model = element.querySelector(".taken-model");
    this.softEdge = element.querySelector(".soft-edge");
    this.buttons = [...element.querySelectorAll("[data-take]")];
    for (const button of this.buttons) button.addEventListener("click", () => this.run(button.dataset.take));
  }

  update() {
    const { session, answers } = this.viewer;
    const hasAnswer = Boolean(answers.of(session.selected));
    const isAsked = session.objects.some((object) => !isBlank(object));
    for (const button of this.buttons) button.disabled = !(button.dataset.take === "prompts" ? isAsked : hasAnswer);
  }

  /** `what`: a button's data-take. */
  async run(what) {
    if (this.buttons.find((button) => button.dataset.take === what).disabled) return;
    if (what === "prompts") return this.#savePrompts();
    if (what === "python" || what === "curl") return this.#copy(what);
    const { session, answers } = this.viewer;
    const isOfOne = what === "mask" || what === "cutout";
    const objects = (isOfOne ? [session.selected] : session.objects).filter((object) => answers.of(object));
    const asked = { picture: session.picture.id, what, model: this.model.value, soft_edge: this.softEdge.checked };
    this.viewer.say("Writing the file …");
    if (!(await this.#areWhole(objects)) || session.picture?.id !== asked.picture) return;
    const file = await this.#ask("take", { ...asked, objects: objects.map((object) => this.#shown(object)) });
    if (!file) return;
    const blob = await this.#fetched(file.path);
    if (!blob) return;
    this.#download(blob, file.name);
    this.viewer.say(`Downloaded ${file.name}.`);
  }

  /** Files are of the picture's size: what is shown may still be a sketch. */
  async #areWhole(objects) {
    const { answers, decoder } = this.viewer;
    for (const answer of objects.map((object) => answers.of(object))) {
      if (await decoder.complete(answer, { mayQueue: true })) continue;
      this.viewer.say("The server did not answer: try again.", { isError: true });
      return false;
    }
    return true;
  }

  #shown(object) {
    const { answers } = this.viewer;
    const scores = answers.scores(object);
    const of = (model) => ({ rle: answers.rle(object, model), predicted_iou: scores[model].predicted_iou });
    return { name: object.name, color: object.color, prompt: object.prompt, sam: of("sam"), sam_hq: of("sam_hq") };
  }

  #savePrompts() {
    const { session } = this.viewer;
    const { width, height } = session.picture;
    const { settings, objects } = session.toJson();
    const saved = { image: { width, height }, settings, objects: objects.filter((object) => !isBlank(object)) };
    this.#download(new Blob([JSON.stringify(saved, null, 1)], { type: "application/json" }), "prompts.json");
    this.viewer.say("Saved the prompts in prompts.json.");
  }

  async #copy(language) {
    const { session } = this.viewer;
    const { prompt, steps, mask, truth, choice } = session.selected;
    const call = { settings: session.settings, prompt, steps, mask: mask?.rle, truth: truth?.rle, choice };
    const code = await this.#ask("code", { picture: session.picture.id, language, origin: this.#origin, ...call });
    if (!code) return;
    const isCopied = await copyText(code.text);
    const named = language === "python" ? "Python" : "curl";
    this.viewer.say(isCopied ? `Copied the call as ${named}.` : "The browser does not let the page copy.",
      { isError: !isCopied });
  }

  async #ask(name, question) {
    const reply = await this.viewer.link.server[name](question).catch(() => null);
    if (reply && !reply.error) return reply;
    this.viewer.say(reply?.error ?? "The server did not answer: try again.", { isError: true });
    return null;
  }

  /** The file's content: with a link to it the server's name for it would win over ours. */
  async #fetched(path) {
    const reply = await fetch(`${this.#origin}${FILE_MARK}${path}`).catch(() => null);
    if (reply?.ok) return reply.blob();
    this.viewer.say("The file could not be fetched: try again.", { isError: true });
    return null;
  }

  get #origin() {
    return this.viewer.session.picture.file.url.split(FILE_MARK)[0];
  }

  #download(blob, name) {
    const link = tag("a", { href: URL.createObjectURL(blob), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}

/** The clipboard, or where a page may not use it (plain http), the old way through a selection. */
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
