// Arithmetic and searching that several modules need.

/** @import { Numbers } from "./types.d.ts" */

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * @param {unknown} one
 * @param {unknown} other
 */
export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** @param {number} count */
export const range = (count) => Array.from({ length: count }, (_, at) => at);

/**
 * How many of the sorted values are not above `value`.
 *
 * @param {Numbers} sorted
 * @param {number} value
 * @returns {number}
 */
export function above(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The position of the first of the sorted values that is not below `value`.
 *
 * @param {Numbers} sorted
 * @param {number} value
 * @returns {number}
 */
export function atLeast(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The value rounded up to two digits.
 *
 * @param {number} value
 * @returns {number}
 */
export function roundedUp(value) {
  if (!(value > 0)) return 0;
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.ceil(value / unit - 1e-5) * unit).toPrecision(2));
}

/**
 * Round numbers between ticks: 1, 2 or 5 times a power of ten.
 *
 * @param {number} least
 * @returns {number}
 */
export function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-9)));
  return [1, 2, 5].map((each) => each * power).find((each) => each >= least) ?? 10 * power;
}

/**
 * Positions as near to those wanted as can be without overlap: neighbors that push each other move as one.
 *
 * @param {number[]} wanted
 * @param {number[]} widths
 * @returns {number[]}
 */
export function spread(wanted, widths) {
  /** @type {{ sum: number, count: number }[]} */
  const groups = [];
  let offset = 0;
  wanted.forEach((x, at) => {
    if (at) offset += (widths[at - 1] + widths[at]) / 2;
    groups.push({ sum: x - offset, count: 1 });
    while (groups.length > 1) {
      const [before, last] = groups.slice(-2);
      if (before.sum / before.count <= last.sum / last.count) break;
      groups.splice(-2, 2, { sum: before.sum + last.sum, count: before.count + last.count });
    }
  });
  offset = 0;
  return groups
    .flatMap(({ sum, count }) => Array(count).fill(sum / count))
    .map((start, at) => {
      offset += at ? (widths[at - 1] + widths[at]) / 2 : 0;
      return start + offset;
    });
}
