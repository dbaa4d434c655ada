// Numbers as people read them.

/** @param {number} ms */
export const duration = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
/** @param {number | null | undefined} value */
export const percent = (value) => (value === null || value === undefined ? "–" : `${(value * 100).toFixed(1)} %`);
/** @param {number | null | undefined} value */
export const score = (value) => (value === null || value === undefined ? "–" : value.toFixed(3));
/** @param {number | null | undefined} value */
export const count = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en"));
/**
 * A predicted IoU: the estimate can pass 1, which no IoU does, so it is clamped where it is shown.
 *
 * @param {number} value
 */
export const estimate = (value) => score(Math.min(1, Math.max(0, value)));
/** @param {number | null | undefined} value */
export const pixels = (value) => (value === null || value === undefined ? "–" : `${count(value)} px`);
