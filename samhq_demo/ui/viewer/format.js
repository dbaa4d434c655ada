// Numbers as people read them.

export const duration = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
export const percent = (value) => (value === null || value === undefined ? "–" : `${(value * 100).toFixed(1)} %`);
export const score = (value) => (value === null || value === undefined ? "–" : value.toFixed(3));
export const count = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en"));
/** A predicted IoU: the estimate can pass 1, which no IoU does, so it is clamped where it is shown. */
export const estimate = (value) => score(Math.min(1, Math.max(0, value)));
export const pixels = (value) => (value === null || value === undefined ? "–" : `${count(value)} px`);
