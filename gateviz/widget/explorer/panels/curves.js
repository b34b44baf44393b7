// Parts that panels share: lanes, curves and their bands, scales.

import { short } from "../words.js";

/** @import { Look } from "../look.js" */
/** @import { Frames } from "../scene.js" */
/** @import { Stack } from "../stack.js" */
/** @import { Numbers, PathStyle, Pen, Scale } from "../types.d.ts" */

/** @typedef {(value: number) => number} Height */
/** @typedef {typeof import("../colors.js").THEMES.light} Theme */

/** Dashes of the second recording's curves in a difference. */
export const SECOND = [3, 2];

/** Dashes of several curves in one lane. */
export const DASHES = [[], [6, 2], [2, 2], [8, 2, 2, 2]];

/**
 * The ground of a lane of curves.
 *
 * @param {Pen} pen
 * @param {Stack} stack
 * @param {number} top
 * @param {number} height
 * @param {Theme} theme
 */
export function frameLane(pen, stack, top, height, theme) {
  pen.rect(stack.left, top, stack.width, height, { fill: theme.raised });
  pen.rect(stack.left, pen.snap(top + height), stack.width, 1 / pen.density, { fill: theme.line });
}

/**
 * The two ends of a lane's scale, at its right.
 *
 * @param {Pen} pen
 * @param {Stack} stack
 * @param {number} top
 * @param {number} height
 * @param {string} low
 * @param {string} high
 * @param {Theme} theme
 */
export function ends(pen, stack, top, height, low, high, theme) {
  if (stack.narrow) return;
  const x = stack.left + stack.width + 7;
  pen.text(x, top + 7, high, { size: 9.5, fill: theme.quiet });
  pen.text(x, top + height, low, { size: 9.5, fill: theme.quiet });
}

/**
 * How many frames share a point of a curve: one, or a block where frames are denser than pixels.
 *
 * @param {Stack} stack
 * @param {number} first
 * @param {number} last
 */
export const blockOf = (stack, first, last) => Math.max(1, Math.round((last - first) / Math.max(stack.width, 1)));

/**
 * A curve over the centers of the frames; where frames are denser than pixels, through the least and the greatest of each block.
 *
 * @param {Pen} pen
 * @param {Stack} stack
 * @param {Numbers} values
 * @param {Height} y
 * @param {PathStyle} style
 * @param {Frames} frames
 */
export function curve(pen, stack, values, y, style, frames = stack.line.frames) {
  const { count, edges } = frames;
  const [first, last] = stack.visible(frames);
  /** @type {number[]} */
  const points = [];
  const block = blockOf(stack, first, last);
  const centers = stack.centers(first, last, frames);
  if (count === 1) points.push(stack.x(edges[0]), y(values[0]), stack.x(edges[1]), y(values[0]));
  else if (block === 1) {
    for (let frame = first; frame < last; frame += 1) {
      const [x, at] = [centers[frame], y(values[frame])];
      const alone =
        !Number.isNaN(at) && Number.isNaN(values[frame - 1] ?? NaN) && Number.isNaN(values[frame + 1] ?? NaN);
      points.push(alone ? x - 1.5 : x, at);
      if (alone) points.push(x + 1.5, at);
    }
  } else {
    for (let frame = Math.floor(first / block) * block; frame < last; frame += block) {
      let [low, high] = [Infinity, -Infinity];
      for (let each = frame; each < Math.min(frame + block, count); each += 1) {
        if (values[each] < low) low = values[each];
        if (values[each] > high) high = values[each];
      }
      const x = centers[frame];
      points.push(x, low > high ? NaN : y(low), x, low > high ? NaN : y(high));
    }
  }
  pen.clipped(stack.left, 0, stack.width, 1e5, () => pen.path(points, style));
}

/**
 * The room between two curves.
 *
 * @param {Pen} pen
 * @param {Stack} stack
 * @param {Numbers} low
 * @param {Numbers} high
 * @param {Height} y
 * @param {string} color
 * @param {Frames} places
 */
export function band(pen, stack, low, high, y, color, places) {
  const { count, edges } = places;
  const [first, last] = stack.visible(places);
  const block = blockOf(stack, first, last);
  const centers = stack.centers(first, last, places);
  /** @param {number[]} frames */
  const flush = (frames) => {
    if (!frames.length) return;
    /** @type {number[]} */
    const points = [];
    if (count === 1) {
      for (const edge of [0, 1]) points.push(stack.x(edges[edge]), y(high[0]));
      for (const edge of [1, 0]) points.push(stack.x(edges[edge]), y(low[0]));
    } else {
      for (const frame of frames) points.push(centers[frame], y(high[frame]));
      for (const frame of frames.reverse()) points.push(centers[frame], y(low[frame]));
    }
    pen.path(points, { fill: color, alpha: 0.2, close: true });
  };
  pen.clipped(stack.left, 0, stack.width, 1e5, () => {
    /** @type {number[]} */
    let frames = [];
    for (let frame = Math.floor(first / block) * block; frame < last; frame += block) {
      if (Number.isFinite(low[frame]) && Number.isFinite(high[frame])) frames.push(frame);
      else {
        flush(frames);
        frames = [];
      }
    }
    flush(frames);
  });
}

/**
 * The ground under missing values: slanted lines, which no palette has.
 *
 * @param {Pen} pen
 * @param {number} left
 * @param {number} top
 * @param {number} width
 * @param {number} height
 * @param {Theme} theme
 */
export function hatch(pen, left, top, width, height, theme) {
  pen.rect(left, top, width, height, { fill: theme.paper });
  const points = [];
  for (let x = left - height; x < left + width; x += 6) points.push(x, top + height, x + height, top, NaN, NaN);
  pen.path(points, { stroke: theme.hatch, thick: 1 });
}

/**
 * The colors of a scale with the values at its ends, and what lies beyond.
 *
 * @param {Pen} pen
 * @param {Look} look
 * @param {Scale} scale
 * @param {number} x
 * @param {number} top
 * @param {number} height
 * @param {Theme} theme
 */
export function scaleBar(pen, look, scale, x, top, height, theme) {
  if (height < 18) return;
  const tall = Math.min(height, 96);
  const start = top + (height - tall) / 2;
  pen.image(
    look.rampCanvas(scale.palette),
    [0, 0, 1, look.rampCanvas(scale.palette).height],
    [x, start, 8, tall],
    false,
  );
  pen.rect(x, start, 8, tall, { stroke: theme.rule, thick: 0.6 });
  pen.text(x + 13, start + 8, short(scale.high), { size: 10, fill: theme.quiet });
  pen.text(x + 13, start + tall, short(scale.low), { size: 10, fill: theme.quiet });
  if (scale.low < 0 && tall > 40) pen.text(x + 13, start + tall / 2 + 3.5, "0", { size: 10, fill: theme.quiet });
}
