// Pictures of matrices, one pixel a value or a block of values; made once, then only drawn.

import { contextOf, newCanvas } from "./canvas.js";
import { rgb } from "./colors.js";
import { clamp } from "./numbers.js";

/** @import { Matrix } from "./matrix.js" */
/** @import { Palette, Scale } from "./types.d.ts" */

/**
 * A picture in tiles, each the blocks [start, stop) of `block` frames; `missing` when a part of it is transparent.
 *
 * @typedef {{ tiles: { canvas: HTMLCanvasElement, start: number, stop: number }[], block: number, height: number, pixels: number, missing: boolean }} Picture
 */
/** @typedef {(value: number) => number} Coloring */
/** @typedef {{ down: number, across: number, level: number }} Shape */
/** @typedef {{ sums: Int32Array | Float64Array, least: Int32Array | Float64Array, most: Int32Array | Float64Array, level: number }} Gathered */

// A canvas of the browser is at most this wide everywhere.
export const TILE = 8192;

// Pixels of all cached pictures together: about 160 MB.
const KEPT = 40e6;

/** Pictures of matrices, one pixel a value or a block of values; made once, then only drawn. */
export class Rasters {
  constructor() {
    /** @type {Map<string, Picture>} */
    this.pictures = new Map();
    this.pixels = 0;
    this.made = 0;
  }

  /**
   * The picture under a key, made if it is not there; the least recently used go when there are too many.
   *
   * @param {string} key
   * @param {() => Picture} make
   * @returns {Picture}
   */
  take(key, make) {
    const known = this.pictures.get(key);
    const picture = known ?? make();
    if (known) this.pictures.delete(key);
    else {
      this.made += 1;
      this.pixels += picture.pixels;
    }
    this.pictures.set(key, picture);
    for (const [old, other] of this.pictures) {
      if (this.pixels <= KEPT || old === key) break;
      this.pictures.delete(old);
      this.pixels -= other.pixels;
    }
    return picture;
  }
}

/**
 * An opaque color as one 32-bit number; with its sign it is a small one, which costs no memory before a loop is compiled.
 *
 * @param {number} red
 * @param {number} green
 * @param {number} blue
 */
export const packed = (red, green, blue) => (255 << 24) | (blue << 16) | (green << 8) | red;

/** @param {string} color */
function packedOf(color) {
  const [red, green, blue] = rgb(color);
  return packed(red, green, blue);
}

/**
 * The colors of a palette as numbers.
 *
 * @type {WeakMap<object, Int32Array>}
 */
const ramps = new WeakMap();

/**
 * @param {Palette} palette
 * @returns {Int32Array}
 */
export function rampOf({ colors }) {
  const known = ramps.get(colors);
  if (!known) {
    const ramp = new Int32Array(colors.length / 3);
    for (let at = 0; at < ramp.length; at += 1)
      ramp[at] = packed(colors[3 * at], colors[3 * at + 1], colors[3 * at + 2]);
    ramps.set(colors, ramp);
    return ramp;
  }
  return known;
}

/**
 * For a value its color as one 32-bit number; missing is transparent, and the ground's hatching shows.
 *
 * @param {Palette} palette
 * @param {Scale} scale
 * @param {number} slack
 * @returns {Coloring}
 */
function colorOf(palette, scale, slack) {
  const table = rampOf(palette);
  const most = table.length - 1;
  const [under, over] = [packedOf(palette.under), packedOf(palette.over)];
  const factor = most / (scale.high - scale.low || 1);
  return (value) => {
    if (Number.isNaN(value)) return 0;
    if (value < scale.low - slack) return under;
    if (value > scale.high + slack) return over;
    return table[clamp(Math.round((value - scale.low) * factor), 0, most)];
  };
}

/** The picture of some rows of a matrix, `height` pixels high at most, with 2^level frames in each of its columns.
 *
 * Where several values share a pixel it shows their mean; one missing value makes the block missing, and
 * one outside the scale makes it outside, so that no mark is averaged away (as `gateviz.panels.shrink`).
 *
 * @param {Matrix} matrix
 * @param {number[]} rows
 * @param {Palette} palette
 * @param {Scale} scale
 * @param {number} height
 * @param {number} level
 * @returns {Picture}
 */
export function picture(matrix, rows, palette, scale, height, level) {
  const slack = Math.max(matrix.coarseness, 1e-6 * (scale.high - scale.low));
  const color = colorOf(palette, scale, slack);
  const down = Math.min(rows.length, Math.max(height, 1));
  const block = 2 ** level;
  const across = Math.ceil(matrix.columns / block);
  const whole = new ImageData(across, down);
  const pixels = new Int32Array(whole.data.buffer);
  const [low, high] = [scale.low - slack, scale.high + slack];
  if (down === rows.length && level === 0) plainPixels(matrix, rows, color, pixels);
  else if (matrix.within(low, high)) meanPixels(matrix, rows, color, pixels, { down, across, level });
  else blockPixels(matrix, rows, color, pixels, { down, across, level, low, high });
  /** @type {Picture["tiles"]} */
  const tiles = [];
  for (let start = 0; start < across; start += TILE) {
    const width = Math.min(TILE, across - start);
    const canvas = newCanvas(width, down);
    contextOf(canvas).putImageData(whole, -start, 0, start, 0, width, down);
    tiles.push({ canvas, start, stop: start + width });
  }
  return { tiles, block, height: down, pixels: pixels.length, missing: pixels.includes(0) };
}

/**
 * @param {Matrix} matrix
 * @param {number[]} rows
 * @param {Coloring} color
 * @param {Int32Array} pixels
 */
function plainPixels(matrix, rows, color, pixels) {
  const { values, columns, quantized } = matrix;
  const table = quantized
    ? Int32Array.from({ length: matrix.missing + 2 }, (_, code) => color(matrix.value(code)))
    : null;
  for (let at = 0; at < rows.length; at += 1) {
    const [from, to] = [rows[at] * columns, at * columns];
    if (table) for (let frame = 0; frame < columns; frame += 1) pixels[to + frame] = table[values[from + frame]];
    else for (let frame = 0; frame < columns; frame += 1) pixels[to + frame] = color(values[from + frame]);
  }
}

// Whole numbers up to here are small ones for the browser.
const SMALL = 2 ** 30;

/**
 * Sums of values that travelled as codes, of floats otherwise.
 *
 * @param {Matrix} matrix
 * @param {number} across
 * @param {number} most
 */
const sumsOf = (matrix, across, most) =>
  matrix.quantized && most * matrix.missing < SMALL ? new Int32Array(across) : new Float64Array(across);

/**
 * The means of blocks of codes none of which needs a mark. A sum of codes has one color, found when it is first met.
 *
 * @param {Matrix} matrix
 * @param {number[]} rows
 * @param {Coloring} color
 * @param {Int32Array} pixels
 * @param {Shape} shape
 */
function meanPixels(matrix, rows, color, pixels, { down, across, level }) {
  const { columns } = matrix;
  const most = Math.ceil(rows.length / down) << level;
  const sums = sumsOf(matrix, across, most);
  // What a sum stands for depends on how many values it has: blocks of the last column, and of some rows, have fewer.
  /** @type {Map<number, Int32Array>} */
  const known = new Map();
  for (let at = 0; at < down; at += 1) {
    const [first, last] = [Math.floor((at * rows.length) / down), Math.floor(((at + 1) * rows.length) / down)];
    sums.fill(0);
    addRows(matrix, rows, first, last, level, sums);
    const full = (last - first) << level;
    const rest = (last - first) * (columns - ((across - 1) << level));
    paintSums(matrix, color, sums, pixels, at * across, full, 0, across - 1, known);
    paintSums(matrix, color, sums, pixels, at * across, rest, across - 1, across, known);
  }
}

/**
 * Color sums of `count` values each.
 *
 * @param {Matrix} matrix
 * @param {Coloring} color
 * @param {Int32Array | Float64Array} sums
 * @param {Int32Array} pixels
 * @param {number} to
 * @param {number} count
 * @param {number} start
 * @param {number} stop
 * @param {Map<number, Int32Array>} known
 */
function paintSums(matrix, color, sums, pixels, to, count, start, stop, known) {
  const length = count * matrix.missing + 1;
  if (length > 1 << 16) {
    for (let column = start; column < stop; column += 1)
      pixels[to + column] = color(matrix.value(sums[column] / count));
    return;
  }
  const table = known.get(count) ?? new Int32Array(length);
  known.set(count, table);
  for (let column = start; column < stop; column += 1) {
    const sum = sums[column];
    let found = table[sum];
    // No color is 0: these values are all there.
    if (found === 0) {
      found = color(matrix.value(sum / count));
      table[sum] = found;
    }
    pixels[to + column] = found;
  }
}

/**
 * Add the rows [first, last), block by block, all as they travelled.
 *
 * @param {Matrix} matrix
 * @param {number[]} rows
 * @param {number} first
 * @param {number} last
 * @param {number} level
 * @param {Int32Array | Float64Array} sums
 */
function addRows({ values, columns }, rows, first, last, level, sums) {
  for (let row = first; row < last; row += 1) {
    const start = rows[row] * columns;
    if (level === 0) for (let frame = 0; frame < columns; frame += 1) sums[frame] += values[start + frame];
    else for (let frame = 0; frame < columns; frame += 1) sums[frame >> level] += values[start + frame];
  }
}

/**
 * @param {Matrix} matrix
 * @param {number[]} rows
 * @param {Coloring} color
 * @param {Int32Array} pixels
 * @param {Shape & { low: number, high: number }} shape
 */
function blockPixels(matrix, rows, color, pixels, { down, across, level, low, high }) {
  const sums = sumsOf(matrix, across, Math.ceil(rows.length / down) << level);
  const kind = matrix.quantized ? Int32Array : Float64Array;
  const into = { sums, least: new kind(across), most: new kind(across), level };
  const { least, most } = into;
  for (let at = 0; at < down; at += 1) {
    const [first, last] = [Math.floor((at * rows.length) / down), Math.floor(((at + 1) * rows.length) / down)];
    sums.fill(0);
    least.fill(matrix.quantized ? SMALL - 1 : Infinity);
    most.fill(matrix.quantized ? -1 : -Infinity);
    for (let row = first; row < last; row += 1) gather(matrix, rows[row], into);
    for (let column = 0; column < across; column += 1) {
      const frames = Math.min((column + 1) << level, matrix.columns) - (column << level);
      // A code for no value is greater than all others.
      let shown = most[column] > matrix.missing ? NaN : matrix.value(sums[column] / ((last - first) * frames));
      if (!Number.isNaN(shown)) {
        if (matrix.value(most[column]) > high) shown = matrix.value(most[column]);
        else if (matrix.value(least[column]) < low) shown = matrix.value(least[column]);
      }
      pixels[at * across + column] = color(shown);
    }
  }
}

/**
 * Add a row's blocks to sums, least and greatest values, all as they travelled: a long line has millions of them.
 *
 * @param {Matrix} matrix
 * @param {number} row
 * @param {Gathered} into
 */
function gather({ values, columns }, row, { sums, least, most, level }) {
  const start = row * columns;
  for (let frame = 0; frame < columns; frame += 1) {
    const value = values[start + frame];
    const column = frame >> level;
    sums[column] += value;
    if (value < least[column]) least[column] = value;
    if (value > most[column]) most[column] = value;
  }
}
