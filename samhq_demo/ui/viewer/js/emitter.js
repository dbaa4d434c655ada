// How a part tells the others what happened, without knowing who they are.

/**
 * @template {{ [Name in keyof Events]: (...details: any[]) => void }} Events what is told, by name
 */
export class Emitter {
  /** @type {Map<keyof Events, Events[keyof Events][]>} */
  #listeners = new Map();

  /**
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {Events[Name]} listener
   */
  on(name, listener) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }

  /**
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {Parameters<Events[Name]>} details
   */
  emit(name, ...details) {
    for (const listener of this.#listeners.get(name) ?? []) listener(...details);
  }
}
