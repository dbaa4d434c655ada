// Records of objects as they are made: new ones, and those that come with a picture or from a file.

import {
  FIRST_CHOICE, MAX_NAME, MAX_OBJECTS, NOTHING_MORE, NO_PROMPT, namedMask, withLabels,
} from "./prompt.js";
import { OBJECT_COLORS } from "./shared.js";

/**
 * @import { NamedMask } from "./prompt.js"
 * @import { Choice, ObjectComparison, Picture, Prompt, RefineStep, SavedObject, Settings } from "./wire.js"
 *
 * @typedef {object} ObjectRecord All that is known of one object but its answer.
 * @property {number} id
 * @property {number} number of the object in its picture, from 1 on: its first name and its color come of it.
 * @property {string} name
 * @property {string} color
 * @property {Prompt} prompt
 * @property {Choice} choice
 * @property {readonly RefineStep[]} steps
 * @property {NamedMask | null} mask
 * @property {NamedMask | null} truth
 * @property {Found | null} found the masks, where they were found with everything and the prompt has not changed.
 *
 * @typedef {object} Found
 * @property {string | null} model that found it, as the settings name it.
 * @property {ObjectComparison} answer
 *
 * @typedef {ReturnType<typeof plainRecord>} PlainRecord
 *
 * @typedef {object} Snapshot A step of the history.
 * @property {readonly ObjectRecord[]} objects
 * @property {number} selectedId
 * @property {Picture | null} picture
 * @property {number} lastId that was given to an object of the picture.
 *
 * @typedef {object} KeptSession What the session writes of itself.
 * @property {readonly PlainRecord[]} objects
 * @property {number} selected
 * @property {Settings} settings
 */

/**
 * @param {number} id
 * @param {number} number
 * @returns {ObjectRecord}
 */
export function newObject(id, number) {
  const color = OBJECT_COLORS[(number - 1) % OBJECT_COLORS.length];
  return {
    id, number, name: `Object ${number}`, color, prompt: NO_PROMPT, choice: FIRST_CHOICE, ...NOTHING_MORE, truth: null,
  };
}

/**
 * @param {readonly SavedObject[]} objects
 * @param {number} firstId of the first; the others' follow.
 * @returns {ObjectRecord[]}
 */
export function recordsOf(objects, firstId) {
  let last = 0;
  return objects.slice(0, MAX_OBJECTS).map(({ name, number, color, prompt, choice, steps, mask, truth }, at) => {
    const fresh = newObject(firstId + at, number ?? last + 1);
    last = Math.max(last, fresh.number);
    return {
      ...fresh,
      name: name ? String(name).slice(0, MAX_NAME) : fresh.name,
      color: color ?? fresh.color,
      prompt: withLabels({ ...NO_PROMPT, ...prompt }),
      choice: { ...FIRST_CHOICE, ...choice },
      found: null,
      steps: steps ?? [],
      mask: mask ? namedMask(mask) : null,
      truth: truth ? namedMask(truth) : null,
    };
  });
}

/**
 * Records that this browser kept: as they were, but for the ids of their masks, by which the server knows others.
 *
 * @param {readonly PlainRecord[]} kept
 * @returns {ObjectRecord[]}
 */
export function revived(kept) {
  return kept.map((object) => ({
    ...object, found: object.found ?? null,
    mask: object.mask && namedMask(object.mask), truth: object.truth && namedMask(object.truth),
  }));
}

/**
 * A record as plain JSON.
 *
 * @param {ObjectRecord} object
 */
export function plainRecord({ id, number, name, color, prompt, choice, steps, mask, truth, found }) {
  const masks = { mask: mask && plainMask(mask), truth: truth && plainMask(truth) };
  return { id, number, name, color, prompt, choice, steps, ...masks, ...(found && { found }) };
}

/** @param {NamedMask} mask */
function plainMask({ id, name, rle, void: undecided, how }) {
  return { id, name, rle, ...(undecided && { void: undecided.rle }), ...(how && { how }) };
}
