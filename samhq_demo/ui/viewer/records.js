// Records of objects as they are made: new ones, and those that come with a picture or from a file.

import {
  FIRST_CHOICE, MAX_NAME, MAX_OBJECTS, NOTHING_MORE, NO_PROMPT, namedMask, withLabels,
} from "./prompt.js";

/**
 * @import { ObjectRecord } from "./session.js"
 * @import { NamedMask } from "./prompt.js"
 * @import { Picture, SavedObject, Settings } from "./wire.js"
 *
 * @typedef {object} Snapshot A step of the history.
 * @property {readonly ObjectRecord[]} objects
 * @property {number} selectedId
 * @property {Picture | null} picture
 * @property {number} lastId that was given to an object of the picture.
 *
 * @typedef {object} KeptSession What the session writes of itself.
 * @property {readonly ObjectRecord[]} objects
 * @property {number} selected
 * @property {Settings} settings
 */

// Okabe and Ito's colours; shapes and names say the same for those who see none of them.
const OBJECT_COLORS = ["#56b4e9", "#e69f00", "#cc79a7", "#009e73", "#f0e442", "#d55e00", "#0072b2", "#bbbbbb"];

/**
 * @param {number} id
 * @returns {ObjectRecord}
 */
export function newObject(id) {
  const color = OBJECT_COLORS[(id - 1) % OBJECT_COLORS.length];
  return { id, name: `Object ${id}`, color, prompt: NO_PROMPT, choice: FIRST_CHOICE, ...NOTHING_MORE, truth: null };
}

/**
 * @param {readonly SavedObject[]} objects
 * @param {number} firstId of the first; the others' follow.
 * @returns {ObjectRecord[]}
 */
export function recordsOf(objects, firstId) {
  return objects.slice(0, MAX_OBJECTS).map(({ name, prompt, choice, steps, mask, truth }, at) => ({
    ...newObject(firstId + at),
    ...(name ? { name: String(name).slice(0, MAX_NAME) } : {}),
    prompt: withLabels({ ...NO_PROMPT, ...prompt }),
    choice: { ...FIRST_CHOICE, ...choice },
    steps: steps ?? [],
    mask: mask ? namedMask(mask) : null,
    truth: truth ? namedMask(truth) : null,
  }));
}

/**
 * Records that this browser kept: as they were, but for the ids of their masks, by which the server knows others.
 *
 * @param {readonly ObjectRecord[]} kept
 * @returns {ObjectRecord[]}
 */
export function revived(kept) {
  return kept.map((object) => ({
    ...object, mask: object.mask && namedMask(object.mask), truth: object.truth && namedMask(object.truth),
  }));
}

/**
 * A record as plain JSON.
 *
 * @param {ObjectRecord} object
 * @returns {ObjectRecord}
 */
export function plainRecord({ id, name, color, prompt, choice, steps, mask, truth }) {
  return { id, name, color, prompt, choice, steps, mask: mask && plainMask(mask), truth: truth && plainMask(truth) };
}

/**
 * @param {NamedMask} mask
 * @returns {NamedMask}
 */
function plainMask({ id, name, rle }) {
  return { id, name, rle };
}
