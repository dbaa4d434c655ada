// Files on their way in: a picture by drop, paste or choice; masks and saved prompts by choice.

import { TYPING } from "./dom.js";
import { namedMask } from "./prompt.js";

export class Arrivals {
  constructor(viewer) {
    this.viewer = viewer;
    const find = (selector) => viewer.root.querySelector(selector);
    this.pictureField = find(".picture-file");
    this.maskField = find(".mask-file");
    this.promptsField = find(".prompts-file");
    this.maskRole = "mask";
    this.#onFile(this.pictureField, (file) => this.#takePicture(file));
    this.#onFile(this.maskField, (file) => this.#takeMask(file, this.maskRole));
    this.#onFile(this.promptsField, (file) => this.#takePrompts(file));
    this.#wireDrop();
    this.paste = (event) => this.#paste(event);
    document.addEventListener("paste", this.paste);
  }

  choosePicture() {
    this.pictureField.click();
  }

  /** `role`: "mask", a rough mask to start from, or "truth". */
  chooseMask(role) {
    if (!this.viewer.isReady) return;
    this.maskRole = role;
    this.maskField.click();
  }

  choosePrompts() {
    if (this.viewer.isReady) this.promptsField.click();
  }

  #onFile(field, take) {
    field.addEventListener("change", () => {
      const [file] = field.files;
      field.value = ""; // the same file chosen again is news as well
      if (file) take(file);
    });
  }

  #wireDrop() {
    const { root, stage } = this.viewer;
    const isFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    let depth = 0; // entering a child leaves its parent
    const over = (by) => root.toggleAttribute("data-dropping", (depth = Math.max(0, depth + by)) > 0);
    stage.addEventListener("dragenter", (event) => isFile(event) && over(1));
    stage.addEventListener("dragleave", (event) => isFile(event) && over(-1));
    stage.addEventListener("dragover", (event) => isFile(event) && event.preventDefault());
    stage.addEventListener("drop", (event) => {
      if (!isFile(event)) return;
      event.preventDefault();
      over(-depth);
      const [file] = event.dataTransfer.files;
      if (file) this.#takePicture(file);
    });
  }

  #paste(event) {
    if (!this.viewer.root.isConnected) return document.removeEventListener("paste", this.paste);
    if (event.target instanceof Element && event.target.closest(TYPING)) return;
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    this.#takePicture(file);
  }

  async #takePicture(file) {
    const { viewer } = this;
    viewer.say(`Sending ${file.name} …`);
    const sent = await this.#send(file);
    if (sent) viewer.link.arrive({ path: sent.path, name: file.name });
  }

  async #takeMask(file, role) {
    const { viewer } = this;
    const { picture, selectedId } = viewer.session;
    viewer.say(`Sending ${file.name} …`);
    const sent = await this.#send(file);
    if (!sent) return;
    const lost = { error: "The server did not answer: choose the mask again." };
    const read = await viewer.link.server.mask({ picture: picture.id, path: sent.path }).catch(() => lost);
    if (!read || read.error) return viewer.say((read ?? lost).error, { isError: true });
    if (viewer.session.picture?.id !== picture.id || viewer.session.selectedId !== selectedId) return;
    const mask = namedMask({ name: file.name, rle: read.rle });
    if (role === "truth") viewer.session.setTruth(mask);
    else viewer.session.setMask(mask);
  }

  async #send(file) {
    try {
      return await this.viewer.link.upload(file);
    } catch {
      this.viewer.say(`${file.name} could not be sent: it may be too large, or the server away.`, { isError: true });
      return null;
    }
  }

  async #takePrompts(file) {
    const { viewer } = this;
    const read = await viewer.link.server.prompts({ picture: viewer.session.picture.id, text: await file.text() })
      .catch(() => null);
    if (!read || read.error) return viewer.say(read?.error ?? "The server did not answer.", { isError: true });
    viewer.session.load(read.objects);
    viewer.session.setSettings(read.settings);
    viewer.say(`Loaded the prompts of ${file.name}.`);
  }
}
