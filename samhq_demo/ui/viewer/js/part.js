// What the parts that follow the pointer and the news have in common: the others that they work with.

import { Emitter } from "./emitter.js";

/**
 * @import { Answers } from "./answers.js"
 * @import { Decoder } from "./decoder.js"
 * @import { Editor } from "./editor.js"
 * @import { Mode } from "./mode.js"
 * @import { Session } from "./session.js"
 * @import { Surface } from "./surface.js"
 *
 * @typedef {object} Others
 * @property {Session} session
 * @property {Answers} answers
 * @property {Decoder} decoder
 * @property {Editor} editor
 * @property {Surface} surface
 * @property {Mode} mode
 */

/**
 * @template {{ [Name in keyof Events]: (...details: any[]) => void }} Events what is told, by name
 * @extends {Emitter<Events>}
 */
export class Part extends Emitter {
  /** @param {Others} others */
  constructor({ session, answers, decoder, editor, surface, mode }) {
    super();
    this.session = session;
    this.answers = answers;
    this.decoder = decoder;
    this.editor = editor;
    this.surface = surface;
    this.mode = mode;
  }
}
