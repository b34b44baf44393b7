// The query of LSTMVis: which units are on in some frames and off around them, and where else they are on together.

import { runsOf, sharesOn, unitsOn } from "./measures.js";
import { range } from "./numbers.js";

/** @import { Matrix } from "./matrix.js" */
/** @import { Quantity } from "./scene.js" */
/** @import { Numbers, Query, Scale } from "./types.d.ts" */

/**
 * What a query finds: the units, and the runs of frames where enough of them are on together, those elsewhere apart.
 *
 * @typedef {object} Queried
 * @property {string} quantity
 * @property {number[]} units
 * @property {[number, number][]} runs
 * @property {[number, number][]} others
 * @property {[number, number] | null} range
 * @property {string} words
 * @property {Matrix} matrix
 * @property {Scale} scale
 * @property {Numbers[]} curves
 */

/** How many units have curves, and among how many that are spread over all a threshold is looked for. */
const [DRAWN, SPREAD] = [40, 32];

/**
 * @param {Query} query
 * @param {[number, number] | null} chosen the frames that are chosen
 * @param {Quantity} asked as the side shows it on which they are
 * @param {Quantity} shown as this side shows it
 * @param {boolean} here whether the two sides are the same
 * @returns {Queried}
 */
export function findQueried(query, chosen, asked, shown, here) {
  const { matrix, name: quantity, scale } = shown;
  /** @type {Queried} */
  const found = { quantity, units: [], runs: [], others: [], range: chosen, words: "", matrix, scale, curves: [] };
  if (!chosen) found.words = "choose columns first: drag over them, or click a symbol";
  else if (chosen[0] >= chosen[1]) found.words = "no frame has its center in these columns; choose more of them";
  else {
    found.units = unitsOn(asked.matrix, chosen, query.threshold, query.below);
    if (!found.units.length)
      found.words = "no unit is on at all these frames and off just around them; move the threshold";
    else {
      found.runs = runsOf(sharesOn(matrix, found.units, query.threshold, query.below), query.share);
      const [start, stop] = here ? chosen : [0, 0];
      found.others = found.runs.filter((run) => run[1] <= start || run[0] >= stop);
    }
  }
  // Until units are found, some of all show where a threshold may lie.
  const step = Math.max(1, Math.floor(matrix.rows / SPREAD));
  const drawn = found.units.length
    ? found.units.slice(0, DRAWN)
    : range(matrix.rows).filter((unit) => unit % step === 0);
  found.curves = drawn.map((unit) => matrix.row(unit));
  return found;
}
