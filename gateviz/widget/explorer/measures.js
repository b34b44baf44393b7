// What is measured in the browser: effect sizes, queries, filters.

import { range } from "./numbers.js";

/** @import { Matrix } from "./matrix.js" */
/** @import { Quantity } from "./scene.js" */
/** @import { Numbers, Query, Ranked, Scale } from "./types.d.ts" */

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

/** Cohen's d of every row: mean inside minus mean outside, over the pooled standard deviation.
 *
 * d = (m₁ − m₀) / s, s² = ((n₁ − 1) s₁² + (n₀ − 1) s₀²) / (n₁ + n₀ − 2). Missing values do not count.
 * Quantized values are given a deviation of one step at least, so that rounding cannot make an effect.
 *
 * @param {Matrix} matrix
 * @param {Uint8Array} inside
 * @returns {Ranked[]}
 */
export function effectSizes(matrix, inside) {
  const least = matrix.quantized ? matrix.step : 2 * (matrix.error ?? 0);
  const values = new Float64Array(matrix.columns);
  const found = [];
  for (let unit = 0; unit < matrix.rows; unit += 1) {
    matrix.read(unit, values);
    const counts = [0, 0];
    const means = [0, 0];
    for (let frame = 0; frame < values.length; frame += 1) {
      if (!Number.isFinite(values[frame])) continue;
      counts[inside[frame]] += 1;
      means[inside[frame]] += values[frame];
    }
    if (!counts[0] || !counts[1]) continue;
    means[0] /= counts[0];
    means[1] /= counts[1];
    let squares = 0;
    for (let frame = 0; frame < values.length; frame += 1) {
      if (Number.isFinite(values[frame])) squares += (values[frame] - means[inside[frame]]) ** 2;
    }
    const freedom = counts[0] + counts[1] - 2;
    const deviation = Math.max(freedom > 0 ? Math.sqrt(squares / freedom) : 0, least);
    const change = means[1] - means[0];
    const effect = change === 0 ? 0 : change / deviation;
    found.push({ unit, effect, inside: means[1], outside: means[0] });
  }
  return found.sort((one, other) => Math.abs(other.effect) - Math.abs(one.effect) || one.unit - other.unit);
}

/**
 * The LSTMVis query (Strobelt and others 2018): the rows that are on at every frame of [start, stop) and off just around it.
 *
 * @param {Matrix} matrix
 * @param {[number, number]} span
 * @param {number} threshold
 * @param {boolean} below
 * @returns {number[]}
 */
export function unitsOn(matrix, [start, stop], threshold, below) {
  /**
   * @param {number} row
   * @param {number} frame
   */
  const on = (row, frame) => {
    const value = matrix.at(row, frame);
    return below ? value < threshold : value > threshold;
  };
  const found = [];
  for (let row = 0; row < matrix.rows && start < stop; row += 1) {
    if ((start > 0 && on(row, start - 1)) || (stop < matrix.columns && on(row, stop))) continue;
    let all = true;
    for (let frame = start; frame < stop && all; frame += 1) all = on(row, frame);
    if (all) found.push(row);
  }
  return found;
}

/**
 * At every frame, the share of the rows that are on.
 *
 * @param {Matrix} matrix
 * @param {number[]} rows
 * @param {number} threshold
 * @param {boolean} below
 * @returns {Float64Array}
 */
export function sharesOn(matrix, rows, threshold, below) {
  const shares = new Float64Array(matrix.columns);
  for (const row of rows) {
    for (let frame = 0; frame < matrix.columns; frame += 1) {
      const value = matrix.at(row, frame);
      if (below ? value < threshold : value > threshold) shares[frame] += 1 / rows.length;
    }
  }
  return shares;
}

/**
 * The maximal runs of frames at which the share is at least `least`.
 *
 * @param {Float64Array} shares
 * @param {number} least
 * @returns {[number, number][]}
 */
export function runsOf(shares, least) {
  /** @type {[number, number][]} */
  const runs = [];
  for (let frame = 0; frame < shares.length; frame += 1) {
    // Sums of 1/n fall short of the whole by rounding.
    if (shares[frame] < least - 1e-9) continue;
    const last = runs.at(-1);
    if (last && last[1] === frame) last[1] = frame + 1;
    else runs.push([frame, frame + 1]);
  }
  return runs;
}

/**
 * The rows with a value within [low, high] at every frame, at some frame, or on average, among the frames [start, stop).
 *
 * @param {Matrix} matrix
 * @param {[number, number]} span
 * @param {number} low
 * @param {number} high
 * @param {string} when
 * @returns {number[]}
 */
export function rowsWithin(matrix, [start, stop], low, high, when) {
  const kept = [];
  for (let row = 0; row < matrix.rows; row += 1) {
    let [hits, seen, sum] = [0, 0, 0];
    for (let frame = start; frame < stop; frame += 1) {
      const value = matrix.at(row, frame);
      if (Number.isNaN(value)) continue;
      seen += 1;
      sum += value;
      hits += value >= low && value <= high ? 1 : 0;
    }
    const mean = sum / seen;
    /** @type {Record<string, boolean>} */
    const fits = { every: seen > 0 && hits === seen, mean: mean >= low && mean <= high, some: hits > 0 };
    if (fits[when]) kept.push(row);
  }
  return kept;
}

/** How many units have curves, and among how many that are spread over all a threshold is looked for. */
const [DRAWN, SPREAD] = [40, 32];

/**
 * The query as a side shows its answer.
 *
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
