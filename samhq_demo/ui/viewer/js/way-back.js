// Undo and redo. A step that leads to another picture waits until that is there to be shown.

/**
 * @import { Album } from "./album.js"
 * @import { Inbox } from "./inbox.js"
 * @import { Snapshot } from "./records.js"
 * @import { Session } from "./session.js"
 * @import { StatusLine } from "./status-line.js"
 */

export class WayBack {
  /**
   * @param {object} parts
   * @param {Session} parts.session
   * @param {Inbox} parts.inbox
   * @param {Album} parts.album
   * @param {StatusLine} parts.status
   * @param {(ticket: string | null) => void} parts.tell Python which picture it is now.
   */
  constructor({ session, inbox, album, status, tell }) {
    this.session = session;
    this.inbox = inbox;
    this.album = album;
    this.status = status;
    this.tell = tell;
  }

  undo() {
    const { session } = this;
    if (session.canUndo) this.#step(session.before, () => session.undo(), "The previous picture, with its objects.");
    else this.status.say("Nothing to undo.");
  }

  redo() {
    const { session } = this;
    if (session.canRedo) this.#step(session.after, () => session.redo(), "The next picture, with its objects.");
    else this.status.say("Nothing to redo.");
  }

  /**
   * @param {Snapshot | undefined} to
   * @param {() => void} step in the session.
   * @param {string} sentence
   */
  async #step(to, step, sentence) {
    const { session, inbox, album } = this;
    const picture = to?.picture && album.latest(to.picture);
    if (session.isOpen || picture?.id === session.picture?.id) step();
    else if (!picture) {
      inbox.removePicture(step);
      this.tell(null);
      this.status.say("The picture was removed again.");
    } else if (await inbox.showPicture(picture, step)) {
      this.status.say(sentence);
      if (await album.bring(picture)) this.tell(session.picture?.id ?? null);
    }
  }
}
