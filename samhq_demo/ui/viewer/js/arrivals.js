// Files on their way in: a picture by drop, paste or choice; saved prompts by drop or choice; masks by choice.

import { TYPING, partOf } from "./dom.js";
import { DropZone } from "./drop-zone.js";
import { LabelChoice } from "./label-choice.js";
import { namedMask } from "./prompt.js";

/**
 * @import { Mode } from "./mode.js"
 * @import { Session } from "./session.js"
 * @import { StatusLine } from "./status-line.js"
 * @import { Upload } from "./album.js"
 * @import { HandedOver } from "./handed-over.js"
 * @import { Tabs } from "./tabs.js"
 * @import { MaskReply, Picture, Server } from "./wire.js"
 *
 * @typedef {"mask" | "truth"} MaskRole A rough mask to start from, or the object's true one.
 *
 * @typedef {object} SentFile A mask's file on the server, and what it was chosen for.
 * @property {string} name
 * @property {string} path
 * @property {Picture} picture
 * @property {number} selectedId
 * @property {MaskRole} role
 *
 * @typedef {object} Link The way to Python for files.
 * @property {Server} server
 * @property {(file: File) => Promise<Upload>} upload
 * @property {(file: { path: string, name: string, prompts?: string }) => void} arrive tells of a picture that was sent,
 *   and of the text of the prompts that came with it.
 */

/** @type {MaskReply} */
const LOST_MASK = { error: "The server did not answer: choose the mask again." };
const NO_PICTURE_YET = "Saved prompts belong to a picture: open that first.";

export class Arrivals {
  /** @type {MaskRole} */
  #maskRole = "mask";
  /** @type {SentFile | null} The file with several labels that one may be chosen of. */
  #offered = null;

  /**
   * @param {HTMLElement} root
   * @param {object} parts
   * @param {Session} parts.session
   * @param {Mode} parts.mode
   * @param {StatusLine} parts.status
   * @param {Tabs} parts.tabs
   * @param {Link} parts.link
   */
  constructor(root, { session, mode, status, tabs, link }) {
    this.root = root;
    this.session = session;
    this.mode = mode;
    this.status = status;
    this.tabs = tabs;
    this.link = link;
    this.pictureField = partOf(root, ".picture-file", HTMLInputElement);
    this.maskField = partOf(root, ".mask-file", HTMLInputElement);
    this.labels = new LabelChoice(partOf(root, ".labels", HTMLElement));
    this.promptsField = partOf(root, ".prompts-file", HTMLInputElement);
    onFile(this.pictureField, (file) => this.#takePicture(file));
    onFile(this.maskField, (file) => this.#takeMask(file, this.#maskRole));
    onFile(this.promptsField, (file) => this.#takePrompts(file));
    this.dropZone = new DropZone(root, (file) => this.#takeDropped(file));
    /** @type {(event: ClipboardEvent) => void} */
    this.listener = (event) => this.#paste(event);
    document.addEventListener("paste", this.listener);
    session.on("changed", () => {
      if (this.#offered && !this.#isStillFor(this.#offered)) this.#withdraw();
    });
  }

  choosePicture() {
    this.pictureField.click();
  }

  /** @param {MaskRole} role */
  chooseMask(role) {
    if (!this.mode.isReady) return;
    this.#maskRole = role;
    this.maskField.click();
  }

  choosePrompts() {
    if (this.mode.isReady) this.promptsField.click();
  }

  /** @param {File} file */
  #takeDropped(file) {
    if (!isPrompts(file)) this.#takePicture(file);
    else if (this.mode.isReady) this.#takePrompts(file);
    else this.status.say(NO_PICTURE_YET, { isError: true });
  }

  /** @param {ClipboardEvent} event */
  #paste(event) {
    if (!this.root.isConnected) {
      document.removeEventListener("paste", this.listener);
      return;
    }
    if (event.target instanceof Element && event.target.closest(TYPING)) return;
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    this.#takePicture(file);
  }

  /** @param {File} file */
  async #takePicture(file) {
    const sent = await this.#send(file);
    if (sent) this.link.arrive({ path: sent.path, name: file.name });
  }

  /** @param {HandedOver} given */
  async takeHandedOver({ file, prompts }) {
    const sent = await this.#send(file);
    if (sent) this.link.arrive({ path: sent.path, name: file.name, prompts });
  }

  /**
   * @param {File} file
   * @param {MaskRole} role
   */
  async #takeMask(file, role) {
    const { picture, selectedId } = this.session;
    this.#withdraw();
    const sent = await this.#send(file);
    if (sent && picture) await this.#readMask({ name: file.name, path: sent.path, picture, selectedId, role });
  }

  /**
   * Of a file with several labels one is chosen first.
   *
   * @param {SentFile} sent
   * @param {string} [label]
   */
  async #readMask(sent, label) {
    const { name, path, picture, role } = sent;
    const asked = { picture: picture.id, path, ...(label !== undefined && { label }) };
    const { rle, labels, error, ...more } = (await this.link.server.mask(asked).catch(() => LOST_MASK)) ?? LOST_MASK;
    if (!this.#isStillFor(sent)) {
      this.status.say(`${name} was not used: another object or picture is selected by now.`);
      return;
    }
    if (labels) {
      this.#offered = sent;
      this.tabs.show("objects");
      this.labels.offer(labels, { name, choose: (chosen) => void this.#readMask(sent, chosen) });
    }
    if (!rle) {
      this.status.say(error ?? "", { isError: !labels });
      return;
    }
    const mask = namedMask({ name, rle, ...more });
    this.status.say(`${name}: ${mask.how}`);
    if (role === "truth") this.session.setTruth(mask);
    else this.session.setMask({ ...mask, void: null });
  }

  /** @param {SentFile} sent */
  #isStillFor({ picture, selectedId }) {
    return this.session.picture?.id === picture.id && this.session.selectedId === selectedId;
  }

  #withdraw() {
    this.#offered = null;
    this.labels.hide();
  }

  /** @param {File} file */
  async #send(file) {
    this.status.work(`Sending ${file.name} …`);
    try {
      return await this.link.upload(file);
    } catch {
      this.status.say(`${file.name} could not be sent: it may be too large, or the server away.`, { isError: true });
      return null;
    }
  }

  /** @param {File} file */
  async #takePrompts(file) {
    const { session, status } = this;
    if (!session.picture) return;
    const request = { picture: session.picture.id, text: await file.text() };
    const read = await this.link.server.prompts(request).catch(() => null);
    if (!read?.objects) {
      status.say(read?.error ?? "The server did not answer.", { isError: true });
      return;
    }
    session.load(read.objects);
    session.setSettings(read.settings ?? {});
    status.say(`Loaded the prompts of ${file.name}.`);
  }
}

/**
 * @param {HTMLInputElement} field
 * @param {(file: File) => void} take
 */
function onFile(field, take) {
  field.addEventListener("change", () => {
    const file = field.files?.[0];
    field.value = ""; // the same file chosen again is news as well
    if (file) take(file);
  });
}

/** @param {File} file */
function isPrompts({ name, type }) {
  return type === "application/json" || name.toLowerCase().endsWith(".json");
}
