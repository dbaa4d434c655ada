// Files of pictures, kept in this browser for a day and under a bound in bytes, so that they can be sent again.
// Storage may be full, forbidden or broken: then nothing is kept, and nobody else has to know.

/**
 * @typedef {object} KeptFile
 * @property {string} id the picture's ticket.
 * @property {Blob} blob
 * @property {string} name
 * @property {number} time of the clock, milliseconds.
 */

const DATABASE = "samhq";
const STORE = "pictures";
const MAX_BYTES = 128 * 2 ** 20;
export const MAX_FILE_BYTES = 48 * 2 ** 20;
const KEPT_MS = 24 * 60 * 60 * 1000; // as long as the server keeps what it was sent

export class Vault {
  /** @type {Promise<IDBDatabase> | null} */
  #opening = null;

  /**
   * @param {string} id
   * @param {Blob} blob
   * @param {string} name
   * @returns {Promise<boolean>} whether it is kept.
   */
  async put(id, blob, name) {
    if (blob.size > MAX_FILE_BYTES) return false;
    try {
      await this.#makeRoom(blob.size);
      /** @type {KeptFile} */
      const file = { id, blob, name, time: Date.now() };
      await this.#run("readwrite", (store) => store.put(file));
      return true;
    } catch {
      return false;
    }
  }

  /**
   * @param {string} id
   * @returns {Promise<File | null>}
   */
  async get(id) {
    try {
      /** @type {KeptFile | undefined} */
      const kept = await this.#run("readonly", (store) => store.get(id));
      return kept ? new File([kept.blob], kept.name, { type: kept.blob.type }) : null;
    } catch {
      return null;
    }
  }

  /**
   * The oldest go first, and all that are of another day.
   *
   * @param {number} bytes that are to come.
   */
  async #makeRoom(bytes) {
    /** @type {KeptFile[]} */
    const all = await this.#run("readonly", (store) => store.getAll());
    for (const id of outdated(all, bytes)) await this.#run("readwrite", (store) => store.delete(id));
  }

  /**
   * @template Value
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest<Value>} ask
   * @returns {Promise<Value>}
   */
  async #run(mode, ask) {
    this.#opening ??= opened();
    const database = await this.#opening;
    return settled(ask(database.transaction(STORE, mode).objectStore(STORE)));
  }
}

/**
 * @param {{ id: string, blob: { size: number }, time: number }[]} files
 * @param {number} bytes that are to come.
 * @param {number} [now]
 * @returns {string[]} the ids of those that have to go.
 */
export function outdated(files, bytes, now = Date.now()) {
  let room = MAX_BYTES - bytes;
  const byAge = files.toSorted((one, other) => other.time - one.time);
  return byAge.flatMap(({ id, blob, time }) => {
    if (now - time < KEPT_MS && blob.size <= room) {
      room -= blob.size;
      return [];
    }
    return [id];
  });
}

/** @returns {Promise<IDBDatabase>} */
async function opened() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
  return settled(request);
}

/**
 * @template Value
 * @param {IDBRequest<Value>} request
 * @returns {Promise<Value>}
 */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
