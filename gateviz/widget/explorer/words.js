// How numbers and symbols are written.

import { clamp } from "./numbers.js";

/** @param {string} words */
export const sentence = (words) => `${words[0].toUpperCase()}${words.slice(1)}.`;

/**
 * @param {number} count
 * @param {string} word
 */
export const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/**
 * A number as a reader wants it: `digits` significant ones, a true minus sign, words for what is no number.
 *
 * @param {number | null | undefined} value
 * @returns {string}
 * @param {number} digits
 */
export function number(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "missing";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text =
    size >= 1e5 || size < 1e-4
      ? value.toExponential(Math.max(digits - 1, 0))
      : value.toFixed(clamp(digits - 1 - Math.floor(Math.log10(size)), 0, 7));
  return text.replace("-", "−");
}

/**
 * A round number in as few characters as it takes, for the ends of scales and for ticks.
 *
 * @param {number} value
 */
export const short = (value) => String(Number(value.toPrecision(6))).replace("-", "−");

/**
 * A number with a fixed count of decimals, so that columns of numbers stay in place.
 *
 * @param {number} value
 * @param {number} decimals
 */
export const fixed = (value, decimals) =>
  Number.isFinite(value)
    ? value
        .toFixed(decimals)
        .replace(/^-(?=[0.]*$)/, "")
        .replace("-", "−")
    : number(value);

/**
 * What stands for a symbol in a text: `␣` for a space, its code point for what has no shape.
 *
 * @param {string} symbol
 * @returns {string}
 */
export function visible(symbol) {
  if (symbol === " " || symbol === "\u3000" || symbol === "\u00a0") return "␣";
  if (/^[\p{Cc}\p{Cf}\p{Cs}\p{Z}]+$/u.test(symbol)) return [...symbol].map((each) => codePoint(each)).join(" ");
  return symbol;
}

/** @param {string} character */
export const codePoint = (character) =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

/** @param {string} symbol */
export const quoted = (symbol) => `“${visible(symbol)}”`;

/**
 * The marks of two texts where they differ, by their longest common subsequence: true for a symbol that is not in the other.
 *
 * @param {Iterable<string>} one
 * @param {Iterable<string>} other
 * @returns {boolean[][]}
 */
export function textChanges(one, other) {
  const [a, b] = [[...one], [...other]];
  if (a.length * b.length > 4e6) return [a.map(() => false), b.map(() => false)];
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const marks = [a.map(() => true), b.map(() => true)];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) [marks[0][i++], marks[1][j++]] = [false, false];
    else if (lengths[i + 1][j] >= lengths[i][j + 1]) i += 1;
    else j += 1;
  }
  return marks;
}
