// What is shown, as it was recorded: the document, opened.

import { Arrays, Matrix } from "./matrix.js";
import { above, atLeast, clamp, roundedUp } from "./numbers.js";

/** @import { Descriptor, DocumentDescribed, FramesDescribed, LineDescribed, Numbers, Palette, Scale, Side, Span, TraceDescribed } from "./types.d.ts" */

/**
 * A quantity of one trace: its values, the scale they are shown on, and its mean and band over the units.
 *
 * @typedef {object} Quantity
 * @property {string} name
 * @property {Matrix} matrix
 * @property {Scale} scale
 * @property {Numbers | null} mean
 * @property {Numbers | null} low
 * @property {Numbers | null} high
 * @property {Map<string, Numbers> | null} orders
 */

/** Where the frames of a line, or of one of its layers, are: in columns of the image. */
export class Frames {
  /**
   * @param {FramesDescribed} described
   * @param {Arrays} arrays
   */
  constructor(described, arrays) {
    this.count = described.count;
    this.edges = arrays.of(described.edges);
    this.centers = arrays.of(described.centers);
    this.fields = arrays.of(described.fields);
  }

  /**
   * The frame whose columns hold the position; the nearest one outside the grid.
   *
   * @param {number} column
   * @returns {number}
   */
  frameAt(column) {
    return clamp(above(this.edges, column) - 1, 0, this.count - 1);
  }

  /**
   * The half-open span of frames whose centers lie in the columns [start, stop).
   *
   * @param {number} start
   * @param {number} stop
   * @returns {[number, number]}
   */
  framesBetween(start, stop) {
    const first = atLeast(this.centers, start);
    return [first, Math.max(first, atLeast(this.centers, stop))];
  }
}

/** One layer and direction of one recording. */
export class Trace {
  /**
   * @param {TraceDescribed} described
   * @param {Arrays} arrays
   * @param {Frames} frames
   */
  constructor(described, arrays, frames) {
    /** Where the layer looked: its own frames, or those of the posteriors. */
    this.frames = described.frames ? new Frames(described.frames, arrays) : frames;
    this.name = described.name;
    this.layer = described.layer;
    this.direction = described.direction;
    this.title = described.title;
    this.units = described.units;
    /** @type {Map<string, Quantity>} */
    this.quantities = new Map();
    for (const [name, quantity] of Object.entries(described.quantities)) {
      /** @param {Descriptor | null | undefined} descriptor */
      const optional = (descriptor) => (descriptor ? arrays.of(descriptor) : null);
      this.quantities.set(name, {
        name,
        matrix: Matrix.of(quantity.values, arrays),
        scale: quantity.scale,
        mean: optional(quantity.mean),
        low: optional(quantity.low),
        high: optional(quantity.high),
        orders: quantity.orders ? listed(quantity.orders, arrays) : null,
      });
    }
    this.orders = listed(described.orders ?? {}, arrays);
    this.timescale = described.timescale ? arrays.of(described.timescale) : null;
    this.saturation = new Map(
      Object.entries(described.saturation ?? {}).map(([gate, shares]) => [
        gate,
        { left: arrays.of(shares.left), right: arrays.of(shares.right) },
      ]),
    );
  }

  get backward() {
    return this.direction === "backward";
  }
}

/**
 * @param {Record<string, Descriptor>} orders
 * @param {Arrays} arrays
 * @returns {Map<string, Numbers>}
 */
const listed = (orders, arrays) =>
  new Map(Object.entries(orders).map(([name, descriptor]) => [name, arrays.of(descriptor)]));

/** One recording: its line, where its frames are, what was read, and its traces. */
export class Line {
  /**
   * @param {LineDescribed} described
   * @param {Arrays} arrays
   */
  constructor(described, arrays) {
    this.name = described.name;
    this.text = described.text;
    this.notes = described.notes ?? [];
    const { start, stop, label } = described.axis;
    this.axis = { start, stop, label, unit: label === "frame" ? "frame" : "column" };
    this.image = described.image ? { pixels: arrays.of(described.image), shape: described.image.shape } : null;
    this.frames = new Frames(described.frames, arrays);
    this.count = this.frames.count;
    /** @type {Span[]} */
    this.spans = described.spans ?? [];
    this.rules = described.rules ? arrays.of(described.rules) : new Float64Array(0);
    this.posterior = described.posterior
      ? {
          blank: arrays.of(described.posterior.blank),
          best: arrays.of(described.posterior.best),
          symbols: described.posterior.symbols,
        }
      : null;
    this.traces = new Map(described.traces.map((trace) => [trace.name, new Trace(trace, arrays, this.frames)]));
  }

  /**
   * Where the frames of a trace look; those of the posteriors where the line has no such trace.
   *
   * @param {string} trace
   * @returns {Frames}
   */
  framesOf(trace) {
    return this.traces.get(trace)?.frames ?? this.frames;
  }

  /**
   * The symbol whose frames hold this one, or whose own pixels hold its center.
   *
   * @param {number} frame
   * @returns {Span | null}
   */
  spanAt(frame) {
    const center = this.frames.centers[frame];
    return (
      this.spans.find((span) => span.frames[0] <= frame && frame < span.frames[1]) ??
      this.spans.find((span) => span.cut_start <= center && center < span.cut_stop) ??
      null
    );
  }

  /**
   * @param {number} column
   * @returns {Span | null}
   */
  spanAtColumn(column) {
    return (
      this.spans.find((span) => span.start <= column && column < span.stop) ??
      this.spans.find((span) => span.cut_start <= column && column < span.cut_stop) ??
      null
    );
  }
}

/** The whole document, opened. */
export class Scene {
  /**
   * @param {DocumentDescribed} document
   * @param {ArrayBuffer | DataView | Uint8Array} data
   */
  constructor(document, data) {
    const arrays = new Arrays(data);
    this.title = document.title;
    this.exact = document.exact;
    this.live = document.live;
    this.roles = document.roles;
    this.ink = document.ink;
    this.quantities = document.quantities;
    this.comparison = document.comparison ?? null;
    /** @type {Record<string, Palette>} */
    this.palettes = Object.fromEntries(
      Object.entries(document.palettes).map(([name, palette]) => [
        name,
        { colors: arrays.of(palette.colors), under: palette.under, over: palette.over },
      ]),
    );
    this.lines = document.recordings.map((recording) => new Line(recording, arrays));
    /** @type {Map<string, Quantity | null>} */
    this.differences = new Map();
  }

  get two() {
    return this.lines.length > 1;
  }

  /** A title that was given; without one the text that was read stands above. */
  get ownTitle() {
    const { title, lines } = this;
    return lines.some((line) => title === line.text || title === line.name) ? "" : title;
  }

  /** Whether a column means the same place in both. */
  get oneAxis() {
    const [first, second] = this.lines;
    return !second || (first.axis.start === second.axis.start && first.axis.stop === second.axis.stop);
  }

  /**
   * The letter of a quantity.
   *
   * @param {string} name
   */
  letter(name) {
    return this.quantities[name]?.letter ?? name;
  }

  /** @param {string} name */
  quantityWords(name) {
    const known = this.quantities[name];
    return known ? `${known.name} ${known.letter}` : name;
  }

  /**
   * A quantity of a trace as a side shows it: 0, 1, or "difference" for second minus first; null where it is not there.
   *
   * @param {Side} side
   * @param {string} trace
   * @param {string} name
   * @returns {Quantity | null}
   */
  quantity(side, trace, name) {
    if (side !== "difference") return this.lines[side]?.traces.get(trace)?.quantities.get(name) ?? null;
    const key = `${trace}/${name}`;
    if (!this.differences.has(key)) this.differences.set(key, this.differenceOf(trace, name));
    return this.differences.get(key) ?? null;
  }

  /**
   * @param {string} trace
   * @param {string} name
   * @returns {Quantity | null}
   */
  differenceOf(trace, name) {
    const [first, second] = [this.quantity(0, trace, name), this.quantity(1, trace, name)];
    if (!first || !second) return null;
    const [one, other] = [first.matrix, second.matrix];
    if (one.rows !== other.rows || one.columns !== other.columns) return null;
    const matrix = Matrix.difference(other, one);
    let most = 0;
    for (const value of matrix.values) if (Number.isFinite(value) && Math.abs(value) > most) most = Math.abs(value);
    // What 8 bits round away must not look like a difference.
    const bound = roundedUp(Math.max(most, 0.05 * (first.scale.high - first.scale.low))) || 1;
    const scale = { palette: "signed", low: -bound, high: bound, rule: "" };
    return { name, matrix, scale, mean: null, low: null, high: null, orders: first.orders };
  }
}
