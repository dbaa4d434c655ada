// What Python hands over when it puts the modules together: see ../component.py. No file holds shared.js.

export const LIMITS: { objects: number; points: number; steps: number; nameLength: number };
export const OBJECT_COLORS: string[];
export const HANDING_OVER: { fragment: string; ready: string };
export const BRANCH_COLORS: { sam: string; sam_hq: string; both: string };
