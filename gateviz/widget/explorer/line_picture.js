// The image of the line.

import { contextOf, newCanvas } from "./canvas.js";
import { clamp } from "./numbers.js";
import { packed, TILE } from "./rasters.js";

/** @import { Box, Numbers, Pen } from "./types.d.ts" */

/**
 * The mean of so many neighbors, `stride` apart, rounded.
 *
 * @param {Numbers} values
 * @param {number} from
 * @param {number} count
 * @param {number} stride
 */
function meanOf(values, from, count, stride) {
  let sum = values[from];
  for (let each = 1; each < count; each += 1) sum += values[from + each * stride];
  return Math.round(sum / count);
}

/**
 * A gray image.
 *
 * @param {Numbers} values
 * @param {Int32Array} words
 */
function grayed(values, words) {
  const grays = Int32Array.from({ length: 256 }, (_, gray) => packed(gray, gray, gray));
  for (let at = 0; at < words.length; at += 1) words[at] = grays[values[at]];
}

/**
 * @param {Numbers} values
 * @param {Int32Array} words
 * @param {number} channels
 */
function colored(values, words, channels) {
  for (let at = 0, from = 0; at < words.length; at += 1, from += channels)
    words[at] = packed(values[from], values[from + 1], values[from + 2]);
}

/**
 * An image of fewer columns: each the mean of `step` neighbors.
 *
 * @param {Numbers} values
 * @param {Int32Array} words
 * @param {{ rows: number, columns: number, channels: number, step: number }} shape
 */
function thinned(values, words, { rows, columns, channels, step }) {
  for (let row = 0, to = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += step, to += 1) {
      const from = (row * columns + column) * channels;
      const count = Math.min(step, columns - column);
      const red = meanOf(values, from, count, channels);
      const green = channels > 1 ? meanOf(values, from + 1, count, channels) : red;
      const blue = channels > 1 ? meanOf(values, from + 2, count, channels) : red;
      words[to] = packed(red, green, blue);
    }
  }
}

/** The line image in sizes that halve, so that a far view of a long line needs no more than a near one. */
export class LinePicture {
  /** @param {{ pixels: Numbers, shape: number[] }} image */
  constructor(image) {
    const [rows, columns] = image.shape;
    const channels = image.shape.length > 2 ? image.shape[2] : 1;
    // A canvas has a widest width; a line beyond it is shown at a fraction of its columns.
    const step = Math.max(1, Math.ceil(columns / (2 * TILE)));
    const width = Math.ceil(columns / step);
    const target = new ImageData(width, rows);
    const words = new Int32Array(target.data.buffer);
    if (step > 1) thinned(image.pixels, words, { rows, columns, channels, step });
    else if (channels > 1) colored(image.pixels, words, channels);
    else grayed(image.pixels, words);
    const canvas = newCanvas(width, rows);
    contextOf(canvas).putImageData(target, 0, 0);
    this.columns = columns;
    this.rows = rows;
    this.levels = [canvas];
  }

  /**
   * The smallest size that still has a pixel for every device pixel.
   *
   * @param {number} share
   */
  level(share) {
    let at = 0;
    while (share < 0.5 ** (at + 1) && this.levels[at].width > 64 && this.levels[at].height > 4) {
      at += 1;
      if (!this.levels[at]) {
        const before = this.levels[at - 1];
        const next = newCanvas(Math.ceil(before.width / 2), Math.ceil(before.height / 2));
        const context = contextOf(next);
        context.imageSmoothingQuality = "high";
        context.drawImage(before, 0, 0, next.width, next.height);
        this.levels[at] = next;
      }
    }
    return this.levels[at];
  }

  /**
   * The columns [start, stop) into a box.
   *
   * @param {Pen} pen
   * @param {number} start
   * @param {number} stop
   * @param {Box} box
   */
  draw(pen, start, stop, [x, y, width, height]) {
    const [first, last] = [clamp(start, 0, this.columns), clamp(stop, 0, this.columns)];
    if (first >= last) return;
    const scale = width / (stop - start);
    const source = this.level(Math.max(scale, height / this.rows) * pen.density);
    const share = source.width / this.columns;
    const magnified = scale * pen.density >= 2 && height * pen.density >= 2 * this.rows;
    pen.image(
      source,
      [first * share, 0, (last - first) * share, source.height],
      [x + (first - start) * scale, y, (last - first) * scale, height],
      !magnified,
    );
  }
}
