// What an object is asked with: its prompt, answers fed back, a rough mask. Limits are those of the API.

import { LIMITS } from "./shared.js";

/**
 * @import { ObjectRecord } from "./session.js"
 * @import { Choice, FileMask, Prompt, Rle, RefineStep } from "./wire.js"
 *
 * @typedef {object} NamedMask A mask from a file, told apart by its id.
 * @property {number} id
 * @property {string} name
 * @property {Rle} rle
 * @property {NamedMask | null} [void] The pixels of a true mask that no score counts.
 * @property {string} [how] How the file was read, as a sentence.
 * @typedef {Pick<ObjectRecord, "prompt" | "steps"> & { mask: object | null }} Asked
 */

export const MAX_OBJECTS = LIMITS.objects;
export const MAX_POINTS = LIMITS.points;
export const MAX_NAME = LIMITS.nameLength;
export const MAX_STEPS = LIMITS.steps; // answers fed back, one after another
/** @type {Prompt} */
export const NO_PROMPT = { points: [], labels: [], box: null };
/** @type {Choice} */
export const FIRST_CHOICE = { sam: 0, sam_hq: 0 };
/** @type {{ steps: RefineStep[], mask: null, found: null }} */
export const NOTHING_MORE = { steps: [], mask: null, found: null };
export const NOTHING_ASKED = { prompt: NO_PROMPT, choice: FIRST_CHOICE, ...NOTHING_MORE };
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
export function namedMask({ name, rle, void: undecided, how }) {
  masksNamed += 1;
  const id = masksNamed;
  const known = { name: String(name ?? "mask").slice(0, MAX_NAME), rle, how: String(how ?? "") };
  return { id, ...known, void: undecided ? namedMask({ name, rle: undecided }) : null };
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
