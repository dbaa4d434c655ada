// What an object is asked with: its prompt, answers fed back, a rough mask. Limits are those of the API.

/**
 * @import { ObjectRecord } from "./session.js"
 * @import { Choice, FileMask, Prompt, Rle, Step } from "./wire.js"
 *
 * @typedef {{ id: number, name: string, rle: Rle }} NamedMask A mask from a file, told apart by its id.
 * @typedef {Pick<ObjectRecord, "prompt" | "steps" | "mask">} Asked
 */

export const MAX_OBJECTS = 32;
export const MAX_POINTS = 256;
export const MAX_NAME = 60;
export const MAX_STEPS = 16; // answers fed back, one after another
/** @type {Prompt} */
export const NO_PROMPT = { points: [], labels: [], box: null };
/** @type {Choice} */
export const FIRST_CHOICE = { sam: 0, sam_hq: 0 };
/** @type {{ steps: Step[], mask: null }} */
export const NOTHING_MORE = { steps: [], mask: null };
export const OBJECT = 1;
export const BACKGROUND = 0;

// Onwards from the time: the server knows masks by their ids, and a page that was loaded again must not use one twice.
let masksNamed = Date.now();

/**
 * A mask from a file as part of an object; each has an id of its own, so that questions tell them apart.
 *
 * @param {FileMask} mask
 * @returns {NamedMask}
 */
export function namedMask({ name, rle }) {
  masksNamed += 1;
  return { id: masksNamed, name: String(name ?? "mask").slice(0, MAX_NAME), rle };
}

/**
 * A prompt from elsewhere may leave its labels out: then all its points are on the object.
 *
 * @param {Prompt} prompt
 * @returns {Prompt}
 */
export function withLabels(prompt) {
  return prompt.labels.length || !prompt.points.length
    ? prompt : { ...prompt, labels: prompt.points.map(() => OBJECT) };
}

/** @param {Prompt} prompt */
export function isEmpty(prompt) {
  return !prompt.points.length && !prompt.box;
}

/**
 * Nothing is asked of the object yet.
 *
 * @param {Asked} object
 */
export function isBlank({ prompt, steps, mask }) {
  return isEmpty(prompt) && !steps.length && !mask;
}

/**
 * Background points alone say nothing about what the object is.
 *
 * @param {Asked} object
 */
export function isAnswerable({ prompt, steps, mask }) {
  return Boolean(prompt.box || mask || steps.length) || prompt.labels.includes(OBJECT);
}
