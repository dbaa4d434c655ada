// The pictures of this page and their files: what the server has lost is sent to it again, under its old ticket.

import { fileAddress, originOf, reachable } from "./address.js";
import { MAX_FILE_BYTES, Vault } from "./vault.js";

/**
 * @import { Picture, Server } from "./wire.js"
 *
 * @typedef {{ path: string }} Upload What Gradio's upload answers: the file's place on the server.
 *
 * @typedef {object} AlbumLink
 * @property {Server} server
 * @property {(file: File) => Promise<Upload>} upload
 */

export class Album {
  #vault = new Vault();
  /** @type {File | null} the file that somebody chose last, wherever on the page */
  #chosen = null;
  /** @type {Map<string, Promise<Picture | null>>} by ticket, while it is on its way */
  #coming = new Map();
  /** @type {Map<string, Picture>} by ticket, as the server told of them last: a file's address may change */
  #known = new Map();

  /** @param {AlbumLink} link */
  constructor({ server, upload }) {
    this.server = server;
    this.upload = upload;
    // Also those that go to Gradio's own fields, which tell nobody of the file itself.
    for (const name of /** @type {const} */ (["change", "drop"])) {
      document.addEventListener(name, (event) => this.#notice(event), { capture: true });
    }
  }

  /** @param {Event} event */
  #notice(event) {
    const { target } = event;
    const chosen = target instanceof HTMLInputElement ? target.files : null;
    const dropped = event instanceof DragEvent ? event.dataTransfer?.files : null;
    this.note((chosen ?? dropped)?.[0] ?? null);
  }

  /** @param {File | null} file that may be the next picture. */
  note(file) {
    if (file) this.#chosen = file;
  }

  /** @param {Picture} picture that is shown. */
  remember(picture) {
    this.#known.set(picture.id, picture);
  }

  /**
   * Keep the file of a picture that has come: the one that was chosen here, else the server's.
   *
   * @param {Picture} picture
   */
  async keep(picture) {
    const { sent } = picture;
    if (!sent || sent.bytes > MAX_FILE_BYTES) return;
    const name = sent.path.split(/[\\/]/).pop() ?? "";
    const chosen = this.#chosen?.size === sent.bytes ? this.#chosen : null;
    const blob = chosen ?? (await fetched(addressOf(sent.path, picture)));
    if (blob) await this.#vault.put(picture.id, blob, chosen?.name ?? name);
  }

  /**
   * A picture with the address that its file has now.
   *
   * @param {Picture} picture
   */
  latest(picture) {
    return this.#known.get(picture.id) ?? picture;
  }

  /**
   * Have the server know a picture of before, sent again where it has to be.
   *
   * @param {Picture} picture
   * @returns {Promise<Picture | null>} as the server has it; null where it cannot be had.
   */
  bring(picture) {
    const coming = this.#coming.get(picture.id) ?? this.#bring(picture).catch(() => null);
    this.#coming.set(picture.id, coming);
    return coming.finally(() => this.#coming.delete(picture.id));
  }

  /** @param {Picture} picture */
  async #bring(picture) {
    const { again } = this.server;
    if (!again) return null;
    let reply = await again({ picture: picture.id });
    const file = reply?.needs === "picture" ? await this.#vault.get(picture.id) : null;
    if (file) {
      const { path } = await this.upload(file);
      reply = await again({ picture: picture.id, path, name: file.name });
    }
    if (!reply?.picture) return null;
    const { file: shown } = reply.picture;
    const found = { ...reply.picture, file: { ...shown, url: addressOf(shown.path ?? "", picture) } };
    this.#known.set(found.id, found);
    return found;
  }

  /**
   * The server's functions, each of which is asked again once a picture that it lacks was sent again.
   *
   * @returns {Server}
   */
  withPictures() {
    const { server } = this;
    const names = /** @type {const} */ (["decode", "mask", "prompts", "export", "code"]);
    const each = names.map((name) => [name, async (/** @type {any} */ request) => {
      const reply = await server[name](request);
      if (reply?.needs !== "picture") return reply;
      const picture = this.#known.get(request.picture);
      return picture && (await this.bring(picture)) ? server[name](request) : { error: reply.error };
    }]);
    return { ...server, ...Object.fromEntries(each) };
  }
}

/**
 * Where the server gives out one of its files, by a picture of the same server.
 *
 * @param {string} path
 * @param {Picture} picture
 */
function addressOf(path, { file }) {
  return reachable(fileAddress(path, originOf(file.url)), location);
}

/** @param {string} url */
async function fetched(url) {
  const response = await fetch(url).catch(() => null);
  return response?.ok ? response.blob() : null;
}
