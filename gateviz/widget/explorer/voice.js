// What is said in words: of the crosshair, of frames and symbols, and to the live region.

import { clamp } from "./numbers.js";
import { fixed, number, visible } from "./words.js";

/** @import { Matrix } from "./matrix.js" */
/** @import { Line } from "./scene.js" */
/** @import { Shown } from "./shown.js" */
/** @import { Side } from "./types.d.ts" */

/** @param {[number, number]} frames half-open */
export const frameWords = ([start, stop]) => (stop - start === 1 ? `frame ${start}` : `frames ${start} to ${stop - 1}`);

/**
 * A value with as many digits as it has, and how far it may be off where 8 bits carried it.
 *
 * @param {Matrix} matrix
 * @param {number} value
 */
export function valueWords(matrix, value) {
  if (Number.isNaN(value)) return "missing";
  const off = matrix.coarseness;
  if (!off) return number(value, 6);
  const decimals = clamp(Math.ceil(-Math.log10(off)), 0, 7);
  return `${fixed(value, decimals)} ± ${number(off, 1)}`;
}

/**
 * The symbols read between two frames, as one word.
 *
 * @param {Line} line
 * @param {string} trace
 * @param {[number, number]} frames half-open
 */
export function symbolsBetween(line, trace, [start, stop]) {
  const { edges } = line.framesOf(trace);
  return line.spans
    .filter((span) => span.start < edges[stop] && span.stop > edges[start])
    .map((span) => visible(span.symbol))
    .join("");
}

/**
 * The value at the crosshair on each side that is shown.
 *
 * @param {Shown} shown
 * @returns {{ side: Side, value: number, text: string }[]}
 */
export function cursorValues({ scene, stage, store }) {
  const { cursor, trace } = store.state;
  if (!cursor?.quantity || cursor.unit === null) return [];
  const { quantity, unit } = cursor;
  return stage.stacks.flatMap((stack) => {
    const found = scene.quantity(stack.side, trace, quantity);
    const frame = stack.cursorFrame();
    if (!found || frame === null || unit >= found.matrix.rows) return [];
    const value = found.matrix.at(unit, frame);
    const sign = stack.side === "difference" && value > 0 ? "+" : "";
    return [{ side: stack.side, value, text: sign + valueWords(found.matrix, value) }];
  });
}

/**
 * The crosshair as a sentence.
 *
 * @param {Shown} shown
 */
export function cursorWords(shown) {
  const { cursor, trace } = shown.store.state;
  if (!cursor) return "";
  const line = shown.scene.lines[cursor.side];
  const span = line.spanAt(cursor.frame);
  const { edges } = line.framesOf(trace);
  const columns = `columns ${fixed(edges[cursor.frame], 0)} to ${fixed(edges[cursor.frame + 1], 0)}`;
  const parts = [`frame ${cursor.frame}`, columns];
  if (span) parts.push(`symbol ${visible(span.symbol)}`);
  if (cursor.unit !== null) {
    parts.push(`unit ${cursor.unit}`);
    for (const { side, text } of cursorValues(shown)) {
      const which = side !== "difference" && shown.stage.stacks.length > 1 ? ["first ", "second "][side] : "";
      parts.push(`${which}${shown.scene.quantityWords(cursor.quantity)} ${text}`);
    }
  }
  return parts.join(", ");
}

/** Speaks to screen readers. */
export class Voice {
  constructor() {
    this.root = document.createElement("div");
    this.root.className = "unseen";
    this.root.setAttribute("role", "status");
    this.root.setAttribute("aria-live", "polite");
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.waiting = undefined;
  }

  /** @param {string} words */
  say(words) {
    clearTimeout(this.waiting);
    this.root.textContent = words;
  }

  /**
   * Say what is then so, unless something else is said before.
   *
   * @param {number} delay
   * @param {() => string} words
   */
  sayLater(delay, words) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.say(words()), delay);
  }

  hush() {
    clearTimeout(this.waiting);
  }
}
