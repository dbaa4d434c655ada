// The holes of a mask, which COCO's polygons fill: counted from its runs, without painting a pixel.

/**
 * @import { Mask } from "./rle.js"
 *
 * @typedef {object} Holes
 * @property {number} count
 * @property {number} pixels in all of them.
 *
 * @typedef {{ top: number, bottom: number }} Span Rows [top, bottom) of one column.
 * @typedef {Span & { at: number }} Gap Between the mask's pieces; `at`: which it is.
 */

const OUTSIDE = 0;

/**
 * The parts of a mask's background that nothing joins to what lies around it. Corners join, as they do for the
 * outlines that are written to files.
 *
 * @param {Mask} mask
 * @returns {Holes}
 */
export function holesOf(mask) {
  const { box } = mask;
  if (!box) return { count: 0, pixels: 0 };
  const areas = [0]; // by gap; the first is all that is outside
  const parents = [OUTSIDE];
  /** @type {Gap[]} */
  let before = [];
  for (const [column, pieces] of piecesByColumn(mask, box).entries()) {
    const isRim = column === 0 || column === box.right - box.left - 1;
    const gaps = gapsOf(pieces, box).map(({ top, bottom }) => {
      if (isRim || top === box.top || bottom === box.bottom) return { top, bottom, at: OUTSIDE };
      parents.push(areas.length);
      areas.push(bottom - top);
      return { top, bottom, at: areas.length - 1 };
    });
    join(before, gaps, parents);
    before = gaps;
  }
  return counted(areas, parents);
}

/**
 * @param {Mask} mask
 * @param {{ left: number, right: number }} box
 * @returns {Span[][]} from the left of the box on
 */
function piecesByColumn(mask, { left, right }) {
  /** @type {Span[][]} */
  const columns = Array.from({ length: right - left }, () => []);
  mask.eachPiece(left, right, (column, top, bottom) => columns[column - left].push({ top, bottom }));
  return columns;
}

/**
 * @param {Span[]} pieces from the top
 * @param {Span} box
 * @returns {Span[]}
 */
function gapsOf(pieces, box) {
  const tops = [box.top, ...pieces.map(({ bottom }) => bottom)];
  const bottoms = [...pieces.map(({ top }) => top), box.bottom];
  return tops.map((top, at) => ({ top, bottom: bottoms[at] })).filter(({ top, bottom }) => bottom > top);
}

/**
 * Gaps of two columns side by side are one where they touch, at a corner at least.
 *
 * @param {Gap[]} one
 * @param {Gap[]} other
 * @param {number[]} parents
 */
function join(one, other, parents) {
  for (let a = 0, b = 0; a < one.length && b < other.length; ) {
    if (one[a].top <= other[b].bottom && other[b].top <= one[a].bottom) unite(one[a].at, other[b].at, parents);
    if (one[a].bottom < other[b].bottom) a++;
    else b++;
  }
}

/**
 * The lower of two roots becomes that of both, so that OUTSIDE stays one.
 *
 * @param {number} one
 * @param {number} other
 * @param {number[]} parents
 */
function unite(one, other, parents) {
  const roots = [rootOf(one, parents), rootOf(other, parents)];
  parents.fill(Math.min(...roots), Math.max(...roots), Math.max(...roots) + 1);
}

/**
 * @param {number} gap
 * @param {number[]} parents
 */
function rootOf(gap, parents) {
  let root = gap;
  while (parents[root] !== root) root = parents[root];
  return root;
}

/**
 * @param {number[]} areas
 * @param {number[]} parents
 * @returns {Holes}
 */
function counted(areas, parents) {
  const holes = new Set();
  let pixels = 0;
  areas.forEach((area, gap) => {
    const root = rootOf(gap, parents);
    if (root === OUTSIDE) return;
    holes.add(root);
    pixels += area;
  });
  return { count: holes.size, pixels };
}
