// gateviz explorer: what the gates of a recurrent network did on one line, or on two to compare.
//
// One plain ES module for the notebook (anywidget: `export default { render }`), for a single HTML file
// and for the web page. No framework, no network. All numbers, geometry, colors and scales come with the
// document that `gateviz.panels.explorer` wrote; here they are looked up, never derived again.
//
// Contents: words and elements · data · measures · colors · pens · rasters · panels · stacks · explorer ·
// readout · side panel · live edits · play · export · help · style · render

// ---------------------------------------------------------------- words and elements

const FONT =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, ' +
  '"PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", ' +
  '"WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Noto Sans CJK JP", "AR PL UMing CN", sans-serif';

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/** An element with attributes, listeners (`onclick`), and children; `class`, `text` and data attributes as they are written. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(element.style, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A picture of one path. */
function drawing(width, height, attributes) {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS(SVG_NAMESPACE, tag));
  const frame = { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" };
  for (const [name, value] of Object.entries(frame)) svg.setAttribute(name, value);
  for (const [name, value] of Object.entries(attributes)) path.setAttribute(name, value);
  svg.append(path);
  return svg;
}

const icon = (path) => drawing(16, 16, { d: path });

/** A piece of a curve with these dashes, for a legend. */
const stroke = (dash) =>
  drawing(26, 8, { d: "M0 4h26", stroke: "currentColor", "stroke-width": 1.5, "stroke-dasharray": dash.join(" ") });

const ICONS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  back: "M11.5 3v10L5 8zM3.5 3H5v10H3.5z",
  forward: "M4.5 3v10L11 8zM11 3h1.5v10H11z",
  plus: "M7.25 3h1.5v4.25H13v1.5H8.75V13h-1.5V8.75H3v-1.5h4.25z",
  minus: "M3 7.25h10v1.5H3z",
  whole: "M1.5 8l3-3v2.2h7V5l3 3-3 3V8.8h-7V11z",
  taller: "M8 1.5l3 3H8.8v7H11l-3 3-3-3h2.2v-7H5z",
  lower: "M7.2 1h1.6v3H11L8 7 5 4h2.2zM8 9l3 3H8.8v3H7.2v-3H5z",
};

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const sentence = (words) => `${words[0].toUpperCase()}${words.slice(1)}.`;
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** A number as a reader wants it: `digits` significant ones, a true minus sign, words for what is no number. */
function number(value, digits = 3) {
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

/** A round number in as few characters as it takes, for the ends of scales and for ticks. */
const short = (value) => String(Number(value.toPrecision(6))).replace("-", "−");

/** A number with a fixed count of decimals, so that columns of numbers stay in place. */
const fixed = (value, decimals) =>
  Number.isFinite(value)
    ? value
        .toFixed(decimals)
        .replace(/^-(?=[0.]*$)/, "")
        .replace("-", "−")
    : number(value);

/** What stands for a symbol in a text: `␣` for a space, its code point for what has no shape. */
function visible(symbol) {
  if (symbol === " " || symbol === "\u3000" || symbol === "\u00a0") return "␣";
  if (/^[\p{Cc}\p{Cf}\p{Cs}\p{Z}]+$/u.test(symbol)) return [...symbol].map((each) => codePoint(each)).join(" ");
  return symbol;
}

const codePoint = (character) => `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
const quoted = (symbol) => `“${visible(symbol)}”`;

/** For each glyph once: whether some font of this system has it. A missing one looks like a noncharacter does. */
const glyphs = new Map();
function hasGlyph(text) {
  if (/^[\x20-\x7e␣]*$/.test(text)) return true;
  if (!glyphs.has("missing")) glyphs.set("missing", glyphPixels("\u{10FFFE}"));
  if (!glyphs.has(text)) glyphs.set(text, glyphPixels(text) !== glyphs.get("missing"));
  return glyphs.get(text);
}

function glyphPixels(text) {
  const context = h("canvas", { width: 32, height: 32 }).getContext("2d", { willReadFrequently: true });
  context.font = `20px ${FONT}`;
  context.textBaseline = "middle";
  context.fillText(text, 2, 16);
  return context.getImageData(0, 0, 32, 32).data.join();
}

/** The symbol as letters can show it: its code point where no font here has it. */
const lettered = (symbol) => (hasGlyph(visible(symbol)) ? visible(symbol) : [...symbol].map(codePoint).join(" "));

/** The marks of two texts where they differ, by their longest common subsequence: true for a symbol that is not in the other. */
function textChanges(one, other) {
  const [a, b] = [[...one], [...other]];
  if (a.length * b.length > 4e6) return [a.map(() => false), b.map(() => false)];
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const marks = [a.map(() => true), b.map(() => true)];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) [marks[0][i++], marks[1][j++]] = [false, false];
    else if (lengths[i + 1][j] >= lengths[i][j + 1]) i += 1;
    else j += 1;
  }
  return marks;
}

// ---------------------------------------------------------------- data

const KINDS = { u1: Uint8Array, u2: Uint16Array, i4: Int32Array, f4: Float32Array, f8: Float64Array };

/** The arrays of a document: views into the bytes that came with it. */
class Arrays {
  constructor(data) {
    const bytes =
      data instanceof ArrayBuffer
        ? new Uint8Array(data)
        : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    // Offsets are multiples of 8; a notebook may hand over bytes that begin anywhere.
    this.bytes = bytes.byteOffset % 8 ? bytes.slice() : bytes;
  }

  of(descriptor) {
    const length = descriptor.shape.reduce((product, size) => product * size, 1);
    const kind = KINDS[descriptor.dtype];
    if (!kind)
      throw new Error(`the document has an array of type ${descriptor.dtype}, which this explorer cannot read`);
    return new kind(this.bytes.buffer, this.bytes.byteOffset + descriptor.offset, length);
  }
}

/** The values of one quantity, unit by frame: as they were recorded, or as codes between `low` and `high`. */
class Matrix {
  constructor(values, rows, columns, range = null) {
    this.values = values;
    this.rows = rows;
    this.columns = columns;
    this.quantized = range !== null;
    // A code above this one stands for no value.
    this.missing = Infinity;
    if (range) {
      this.missing = values instanceof Uint8Array ? 254 : 65534;
      this.low = range.low;
      this.step = (range.high - range.low) / this.missing;
    }
  }

  static of(descriptor, arrays) {
    const range = "low" in descriptor ? { low: descriptor.low, high: descriptor.high } : null;
    return new Matrix(arrays.of(descriptor), descriptor.shape[0], descriptor.shape[1], range);
  }

  /** What `second` has more than `first`. */
  static difference(second, first) {
    const found = new Float32Array(first.rows * first.columns);
    const [one, other] = [new Float64Array(first.columns), new Float64Array(first.columns)];
    for (let row = 0; row < first.rows; row += 1) {
      second.read(row, one);
      first.read(row, other);
      for (let frame = 0; frame < first.columns; frame += 1)
        found[row * first.columns + frame] = one[frame] - other[frame];
    }
    const matrix = new Matrix(found, first.rows, first.columns);
    matrix.error = (second.step ?? 0) / 2 + (first.step ?? 0) / 2;
    return matrix;
  }

  /** The farthest that a value can lie from the one recorded. */
  get coarseness() {
    return this.error ?? (this.quantized ? this.step / 2 : 0);
  }

  at(row, frame) {
    return this.value(this.values[row * this.columns + frame]);
  }

  /** What a code stands for. */
  value(code) {
    if (!this.quantized) return code;
    return code > this.missing ? NaN : this.low + code * this.step;
  }

  /** Whether it is known that every value is there and lies in [low, high]: then a block of them is its mean. */
  within(low, high) {
    if (!this.quantized || this.low < low || this.value(this.missing) > high) return false;
    this.whole ??= !this.values.includes(this.missing + 1);
    return this.whole;
  }

  /** One row into `target`. */
  read(row, target) {
    for (let frame = 0; frame < this.columns; frame += 1) target[frame] = this.at(row, frame);
    return target;
  }

  row(row) {
    return this.read(row, new Float64Array(this.columns));
  }
}

/** Where the frames of a line, or of one of its layers, are: in columns of the image. */
class Frames {
  constructor(described, arrays) {
    this.count = described.count;
    this.edges = arrays.of(described.edges);
    this.centers = arrays.of(described.centers);
    this.fields = arrays.of(described.fields);
  }

  /** The frame whose columns hold the position; the nearest one outside the grid. */
  frameAt(column) {
    return clamp(above(this.edges, column) - 1, 0, this.count - 1);
  }

  /** The half-open span of frames whose centers lie in the columns [start, stop). */
  framesBetween(start, stop) {
    const first = atLeast(this.centers, start);
    return [first, Math.max(first, atLeast(this.centers, stop))];
  }
}

/** One layer and direction of one recording. */
class Trace {
  constructor(described, arrays, frames) {
    /** Where the layer looked: its own frames, or those of the posteriors. */
    this.frames = described.frames ? new Frames(described.frames, arrays) : frames;
    Object.assign(this, { name: described.name, layer: described.layer, direction: described.direction });
    Object.assign(this, { title: described.title, units: described.units });
    this.quantities = new Map();
    for (const [name, quantity] of Object.entries(described.quantities)) {
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

const listed = (orders, arrays) =>
  new Map(Object.entries(orders).map(([name, descriptor]) => [name, arrays.of(descriptor)]));

/** One recording: its line, where its frames are, what was read, and its traces. */
class Line {
  constructor(described, arrays) {
    this.name = described.name;
    this.text = described.text;
    this.notes = described.notes ?? [];
    const { start, stop, label } = described.axis;
    this.axis = { start, stop, label, unit: label === "frame" ? "frame" : "column" };
    this.image = described.image ? { pixels: arrays.of(described.image), shape: described.image.shape } : null;
    this.frames = new Frames(described.frames, arrays);
    this.count = this.frames.count;
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

  /** Where the frames of a trace look; those of the posteriors where the line has no such trace. */
  framesOf(trace) {
    return this.traces.get(trace)?.frames ?? this.frames;
  }

  /** The symbol whose frames hold this one, or whose own pixels hold its center. */
  spanAt(frame) {
    const center = this.frames.centers[frame];
    return (
      this.spans.find((span) => span.frames[0] <= frame && frame < span.frames[1]) ??
      this.spans.find((span) => span.cut_start <= center && center < span.cut_stop) ??
      null
    );
  }

  spanAtColumn(column) {
    return (
      this.spans.find((span) => span.start <= column && column < span.stop) ??
      this.spans.find((span) => span.cut_start <= column && column < span.cut_stop) ??
      null
    );
  }
}

/** How many of the sorted values are not above `value`. */
function above(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The position of the first of the sorted values that is not below `value`. */
function atLeast(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The whole document, opened. */
class Scene {
  constructor(document, data) {
    const arrays = new Arrays(data);
    this.title = document.title;
    this.exact = document.exact;
    this.live = document.live;
    this.roles = document.roles;
    this.ink = document.ink;
    this.quantities = document.quantities;
    this.comparison = document.comparison ?? null;
    this.palettes = Object.fromEntries(
      Object.entries(document.palettes).map(([name, palette]) => [
        name,
        { colors: arrays.of(palette.colors), under: palette.under, over: palette.over },
      ]),
    );
    this.lines = document.recordings.map((recording) => new Line(recording, arrays));
    this.differences = new Map();
  }

  get two() {
    return this.lines.length > 1;
  }

  /** Whether a column means the same place in both. */
  get oneAxis() {
    const [first, second] = this.lines;
    return !second || (first.axis.start === second.axis.start && first.axis.stop === second.axis.stop);
  }

  /** A quantity of a trace as a side shows it: 0, 1, or "difference" for second minus first; null where it is not there. */
  quantity(side, trace, name) {
    if (side !== "difference") return this.lines[side]?.traces.get(trace)?.quantities.get(name) ?? null;
    const key = `${trace}/${name}`;
    if (!this.differences.has(key)) this.differences.set(key, this.differenceOf(trace, name));
    return this.differences.get(key);
  }

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

/** The value rounded up to two digits. */
function roundedUp(value) {
  if (!(value > 0)) return 0;
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.ceil(value / unit - 1e-5) * unit).toPrecision(2));
}

// ---------------------------------------------------------------- measures

/** Cohen's d of every row: mean inside minus mean outside, over the pooled standard deviation.
 *
 * d = (m₁ − m₀) / s, s² = ((n₁ − 1) s₁² + (n₀ − 1) s₀²) / (n₁ + n₀ − 2). Missing values do not count.
 * Quantized values are given a deviation of one step at least, so that rounding cannot make an effect.
 */
function effectSizes(matrix, inside) {
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

/** The LSTMVis query (Strobelt and others 2018): the rows that are on at every frame of [start, stop) and off just around it. */
function unitsOn(matrix, [start, stop], threshold, below) {
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

/** At every frame, the share of the rows that are on. */
function sharesOn(matrix, rows, threshold, below) {
  const shares = new Float64Array(matrix.columns);
  for (const row of rows) {
    for (let frame = 0; frame < matrix.columns; frame += 1) {
      const value = matrix.at(row, frame);
      if (below ? value < threshold : value > threshold) shares[frame] += 1 / rows.length;
    }
  }
  return shares;
}

/** The maximal runs of frames at which the share is at least `least`. */
function runsOf(shares, least) {
  const runs = [];
  for (let frame = 0; frame < shares.length; frame += 1) {
    // Sums of 1/n fall short of the whole by rounding.
    if (shares[frame] < least - 1e-9) continue;
    if (runs.length && runs.at(-1)[1] === frame) runs.at(-1)[1] = frame + 1;
    else runs.push([frame, frame + 1]);
  }
  return runs;
}

/** The rows with a value within [low, high] at every frame, at some frame, or on average, among the frames [start, stop). */
function rowsWithin(matrix, [start, stop], low, high, when) {
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
    const fits = { every: seen > 0 && hits === seen, mean: mean >= low && mean <= high, some: hits > 0 };
    if (fits[when]) kept.push(row);
  }
  return kept;
}

// ---------------------------------------------------------------- colors

function rgb(color) {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
}

const hex = (channels) => `#${channels.map((each) => Math.round(each).toString(16).padStart(2, "0")).join("")}`;

function luminance(color) {
  const [red, green, blue] = rgb(color).map((each) => {
    const share = each / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** The color, moved toward white or black just as far as it needs to stand out from the ground. */
const legibleColors = new Map();
function legible(color, ground, least = 3.2) {
  const key = color + ground + least;
  if (!legibleColors.has(key)) {
    const toward = luminance(ground) < 0.3 ? 255 : 0;
    const channels = rgb(color);
    // Black on white is white on black; a hue stays itself.
    const neutral = Math.max(...channels) - Math.min(...channels) < 12;
    let found = neutral && toward ? hex(channels.map((each) => 255 - each)) : color;
    const from = found;
    for (let share = 0; share <= 1 && contrast(found, ground) < least; share += 0.05) {
      found = hex(rgb(from).map((each) => each + (toward - each) * share));
    }
    legibleColors.set(key, found);
  }
  return legibleColors.get(key);
}

/** Colors of the page around the data; those of the data come with the document. */
const THEMES = {
  light: {
    ground: "#ffffff",
    raised: "#f6f6f4",
    text: "#1a1a1a",
    quiet: "#63635f",
    line: "#dcdcd8",
    rule: "#b9b9b4",
    accent: "#5b3fc4",
    soft: "#efecfb",
    veil: "rgba(255,255,255,0.78)",
    hatch: "#c4c4be",
    alarm: "#b00f1c",
    paper: "#f1f1ee",
  },
  dark: {
    ground: "#16171a",
    raised: "#1f2125",
    text: "#ececea",
    quiet: "#a3a5a9",
    line: "#34373c",
    rule: "#5a5e65",
    accent: "#b3a1ff",
    soft: "#2a2640",
    veil: "rgba(22,23,26,0.78)",
    hatch: "#4a4e55",
    alarm: "#ff7b82",
    paper: "#26282d",
  },
};

// ---------------------------------------------------------------- pens

/** The words for a font, put together once: a text drawn in every frame has no time for it. */
const fonts = new Map();
function font(size, weight) {
  const key = 10_000 * weight + size;
  if (!fonts.has(key)) fonts.set(key, `${weight} ${size}px ${FONT}`);
  return fonts.get(key);
}

/** Draws on a canvas, in CSS pixels. */
class CanvasPen {
  constructor(context, density) {
    this.context = context;
    this.density = density;
  }

  /** The nearest border between device pixels. */
  snap(position) {
    return Math.round(position * this.density) / this.density;
  }

  rect(x, y, width, height, { fill = null, stroke = null, thick = 1, alpha = 1 } = {}) {
    const { context } = this;
    context.globalAlpha = alpha;
    if (fill) {
      context.fillStyle = fill;
      context.fillRect(x, y, width, height);
    }
    if (stroke) {
      context.setLineDash([]);
      context.strokeStyle = stroke;
      context.lineWidth = thick;
      context.strokeRect(x, y, width, height);
    }
    context.globalAlpha = 1;
  }

  /** A line through points given as x, y, x, y, ...; a NaN breaks it. */
  path(points, { stroke = null, thick = 1, alpha = 1, dash = [], fill = null, close = false } = {}) {
    const { context } = this;
    context.globalAlpha = alpha;
    context.beginPath();
    let down = false;
    for (let at = 0; at < points.length; at += 2) {
      if (Number.isNaN(points[at + 1])) down = false;
      else if (down) context.lineTo(points[at], points[at + 1]);
      else {
        context.moveTo(points[at], points[at + 1]);
        down = true;
      }
    }
    if (close) context.closePath();
    if (fill) {
      context.fillStyle = fill;
      context.fill();
    }
    if (stroke) {
      context.setLineDash(dash);
      context.lineJoin = "round";
      context.strokeStyle = stroke;
      context.lineWidth = thick;
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  text(x, y, text, { size = 11, fill, weight = 400, align = "left", alpha = 1 } = {}) {
    const { context } = this;
    context.globalAlpha = alpha;
    context.font = font(size, weight);
    context.fillStyle = fill;
    context.textAlign = align;
    context.textBaseline = "alphabetic";
    context.fillText(text, x, y);
    context.globalAlpha = 1;
  }

  width(text, size, weight = 400) {
    this.context.font = font(size, weight);
    return this.context.measureText(text).width;
  }

  /** A part of a picture; without smoothing every value stays a sharp rectangle. */
  image(source, [sx, sy, sw, sh], [x, y, width, height], smooth = false) {
    const { context } = this;
    context.imageSmoothingEnabled = smooth;
    if (smooth) context.imageSmoothingQuality = "high";
    context.drawImage(source, sx, sy, sw, sh, x, y, width, height);
  }

  clipped(x, y, width, height, draw) {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    draw();
    context.restore();
  }

  moved(x, y, draw) {
    this.context.save();
    this.context.translate(x, y);
    draw();
    this.context.restore();
  }
}

/** Writes the same as SVG: text stays text, heatmaps are embedded pictures of one pixel a value. */
class SvgPen {
  constructor(measuring) {
    this.parts = [];
    this.clips = 0;
    this.measuring = measuring;
    this.density = 2;
  }

  snap(position) {
    return position;
  }

  rect(x, y, width, height, { fill = null, stroke = null, thick = 1, alpha = 1 } = {}) {
    this.parts.push(
      `<rect x="${r(x)}" y="${r(y)}" width="${r(Math.max(width, 0))}" height="${r(Math.max(height, 0))}" ` +
        `fill="${fill ?? "none"}"${stroke ? ` stroke="${stroke}" stroke-width="${thick}"` : ""}${opacity(alpha)}/>`,
    );
  }

  path(points, { stroke = null, thick = 1, alpha = 1, dash = [], fill = null, close = false } = {}) {
    let data = "";
    let down = false;
    for (let at = 0; at < points.length; at += 2) {
      if (Number.isNaN(points[at + 1])) {
        down = false;
        continue;
      }
      data += `${down ? "L" : "M"}${r(points[at])} ${r(points[at + 1])}`;
      down = true;
    }
    if (!data) return;
    const dashes = dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : "";
    const line = stroke ? ` stroke="${stroke}" stroke-width="${thick}" stroke-linejoin="round"${dashes}` : "";
    this.parts.push(`<path d="${data}${close ? "Z" : ""}" fill="${fill ?? "none"}"${line}${opacity(alpha)}/>`);
  }

  text(x, y, text, { size = 11, fill, weight = 400, align = "left", alpha = 1 } = {}) {
    const anchor = { left: "start", center: "middle", right: "end" }[align];
    this.parts.push(
      `<text x="${r(x)}" y="${r(y)}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" ` +
        `fill="${fill}"${opacity(alpha)}>${escaped(text)}</text>`,
    );
  }

  width(text, size, weight) {
    return this.measuring.width(text, size, weight);
  }

  image(source, [sx, sy, sw, sh], [x, y, width, height], smooth = false) {
    const [across, down] = [width / sw, height / sh];
    this.clipped(x, y, width, height, () => {
      this.parts.push(
        `<image x="${r(x - sx * across)}" y="${r(y - sy * down)}" width="${r(source.width * across)}" ` +
          `height="${r(source.height * down)}" preserveAspectRatio="none" ` +
          `${smooth ? "" : 'style="image-rendering:pixelated" '}href="${source.toDataURL("image/png")}"/>`,
      );
    });
  }

  clipped(x, y, width, height, draw) {
    this.clips += 1;
    const id = `clip${this.clips}`;
    this.parts.push(
      `<clipPath id="${id}"><rect x="${r(x)}" y="${r(y)}" width="${r(Math.max(width, 0))}" height="${r(Math.max(height, 0))}"/></clipPath>`,
      `<g clip-path="url(#${id})">`,
    );
    draw();
    this.parts.push("</g>");
  }

  moved(x, y, draw) {
    this.parts.push(`<g transform="translate(${r(x)} ${r(y)})">`);
    draw();
    this.parts.push("</g>");
  }

  document(width, height) {
    return (
      `<svg xmlns="${SVG_NAMESPACE}" width="${r(width)}" height="${r(height)}" viewBox="0 0 ${r(width)} ${r(height)}" ` +
      `font-family="${escaped(FONT)}">${this.parts.join("\n")}</svg>\n`
    );
  }
}

const r = (value) => Number(value.toFixed(3));
const opacity = (alpha) => (alpha === 1 ? "" : ` opacity="${r(alpha)}"`);
const escaped = (text) =>
  String(text).replace(/[&<>"]/g, (each) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[each]);

// ---------------------------------------------------------------- rasters

// A canvas of the browser is at most this wide everywhere.
const TILE = 8192;
// Pixels of all cached pictures together: about 160 MB.
const KEPT = 40e6;

/** Pictures of matrices, one pixel a value or a block of values; made once, then only drawn. */
class Rasters {
  constructor() {
    this.clear();
  }

  clear() {
    this.pictures = new Map();
    this.pixels = 0;
    this.made = 0;
  }

  /** The picture under a key, made if it is not there; the least recently used go when there are too many. */
  take(key, make) {
    let picture = this.pictures.get(key);
    if (picture) this.pictures.delete(key);
    else {
      picture = make();
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

/** An opaque color as one 32-bit number; with its sign it is a small one, which costs no memory before a loop is compiled. */
const packed = (red, green, blue) => (255 << 24) | (blue << 16) | (green << 8) | red;

/** The colors of a palette as numbers. */
const ramps = new WeakMap();
function rampOf({ colors }) {
  if (!ramps.has(colors)) {
    const ramp = new Int32Array(colors.length / 3);
    for (let at = 0; at < ramp.length; at += 1)
      ramp[at] = packed(colors[3 * at], colors[3 * at + 1], colors[3 * at + 2]);
    ramps.set(colors, ramp);
  }
  return ramps.get(colors);
}

/** For a value its color as one 32-bit number; missing is transparent, and the ground's hatching shows. */
function colorOf(palette, scale, slack) {
  const table = rampOf(palette);
  const most = table.length - 1;
  const [under, over] = [packed(...rgb(palette.under)), packed(...rgb(palette.over))];
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
 */
function picture(matrix, rows, palette, scale, height, level) {
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
  const tiles = [];
  for (let start = 0; start < across; start += TILE) {
    const width = Math.min(TILE, across - start);
    const canvas = h("canvas", { width, height: down });
    canvas.getContext("2d").putImageData(whole, -start, 0, start, 0, width, down);
    tiles.push({ canvas, start, stop: start + width });
  }
  return { tiles, block, height: down, pixels: pixels.length, missing: pixels.includes(0) };
}

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

/** Sums of values that travelled as codes, of floats otherwise. */
const sumsOf = (matrix, across, most) =>
  matrix.quantized && most * matrix.missing < SMALL ? new Int32Array(across) : new Float64Array(across);

/** The means of blocks of codes none of which needs a mark. A sum of codes has one color, found when it is first met. */
function meanPixels(matrix, rows, color, pixels, { down, across, level }) {
  const { columns } = matrix;
  const most = Math.ceil(rows.length / down) << level;
  const sums = sumsOf(matrix, across, most);
  // What a sum stands for depends on how many values it has: blocks of the last column, and of some rows, have fewer.
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

/** Color sums of `count` values each. */
function paintSums(matrix, color, sums, pixels, to, count, start, stop, known) {
  const length = count * matrix.missing + 1;
  if (length > 1 << 16) {
    for (let column = start; column < stop; column += 1) pixels[to + column] = color(matrix.value(sums[column] / count));
    return;
  }
  if (!known.has(count)) known.set(count, new Int32Array(length));
  const table = known.get(count);
  for (let column = start; column < stop; column += 1) {
    const sum = sums[column];
    let found = table[sum];
    // No color is 0: these values are all there.
    if (found === 0) table[sum] = found = color(matrix.value(sum / count));
    pixels[to + column] = found;
  }
}

/** Add the rows [first, last), block by block, all as they travelled. */
function addRows({ values, columns }, rows, first, last, level, sums) {
  for (let row = first; row < last; row += 1) {
    const start = rows[row] * columns;
    if (level === 0) for (let frame = 0; frame < columns; frame += 1) sums[frame] += values[start + frame];
    else for (let frame = 0; frame < columns; frame += 1) sums[frame >> level] += values[start + frame];
  }
}

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

/** Add a row's blocks to sums, least and greatest values, all as they travelled: a long line has millions of them. */
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

/** The mean of so many neighbors, `stride` apart, rounded. */
function meanOf(values, from, count, stride) {
  let sum = values[from];
  for (let each = 1; each < count; each += 1) sum += values[from + each * stride];
  return Math.round(sum / count);
}

/** A gray image. */
function grayed(values, words) {
  const grays = Int32Array.from({ length: 256 }, (_, gray) => packed(gray, gray, gray));
  for (let at = 0; at < words.length; at += 1) words[at] = grays[values[at]];
}

function colored(values, words, channels) {
  for (let at = 0, from = 0; at < words.length; at += 1, from += channels)
    words[at] = packed(values[from], values[from + 1], values[from + 2]);
}

/** An image of fewer columns: each the mean of `step` neighbors. */
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
class LinePicture {
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
    const canvas = h("canvas", { width, height: rows });
    canvas.getContext("2d").putImageData(target, 0, 0);
    this.columns = columns;
    this.rows = rows;
    this.levels = [canvas];
  }

  /** The smallest size that still has a pixel for every device pixel. */
  level(share) {
    let at = 0;
    while (share < 0.5 ** (at + 1) && this.levels[at].width > 64 && this.levels[at].height > 4) {
      at += 1;
      if (!this.levels[at]) {
        const before = this.levels[at - 1];
        const next = h("canvas", { width: Math.ceil(before.width / 2), height: Math.ceil(before.height / 2) });
        const context = next.getContext("2d");
        context.imageSmoothingQuality = "high";
        context.drawImage(before, 0, 0, next.width, next.height);
        this.levels[at] = next;
      }
    }
    return this.levels[at];
  }

  /** The columns [start, stop) into a box. */
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

// ---------------------------------------------------------------- panels
//
// A panel draws itself with a pen in its own coordinates, (0, 0) at its top left corner. It asks its
// stack where columns are, and the explorer what is chosen.

const SYMBOL_SIZES = [17, 15, 13, 11];

class Panel {
  constructor(stack, height) {
    this.stack = stack;
    this.app = stack.app;
    this.height = height;
    this.top = 0;
    this.canvas = h("canvas", { class: "panel", role: "img", "data-panel": this.kind });
  }

  get kind() {
    return this.constructor.name.replace("Panel", "").toLowerCase();
  }

  get theme() {
    return this.app.palette;
  }

  /** Where the frames that it shows look: those of the posteriors, or of the shown layer. */
  get frames() {
    return this.stack.line.frames;
  }

  /** Where the crosshair's bar stands in it. */
  get framesAtBar() {
    return this.frames;
  }

  /** What a screen reader says of it. */
  label() {
    return this.kind;
  }

  /** The name in the left gutter: a letter or a word, and smaller lines under it. */
  nameplate(pen, y, letter, color, lines = []) {
    const { left, narrow } = this.stack;
    if (narrow) {
      // A word has no room, and its first letter would be taken for a gate's.
      if (letter.length <= 2) pen.text(left - 6, y + 4, letter, { size: 12, weight: 650, fill: color, align: "right" });
      return;
    }
    const first = y - (lines.length ? 5.5 * lines.length - 4 : -4);
    pen.text(left - 12, first, letter, {
      size: letter.length > 2 ? 12 : 15,
      weight: letter.length > 2 ? 500 : 650,
      fill: color,
      align: "right",
    });
    lines.forEach((line, at) =>
      pen.text(left - 12, first + 13 + 12 * at, line, { size: 10.5, fill: this.theme.quiet, align: "right" }),
    );
  }

  /** The chosen columns; over a heatmap only their borders, for a tint would change its colors. */
  selection(pen, tint) {
    const span = this.stack.chosen();
    if (!span) return;
    const [start, stop] = span.map((column) => this.stack.x(column));
    const { left, width } = this.stack;
    pen.clipped(left, 0, width, this.height, () => {
      if (tint) pen.rect(start, 0, stop - start, this.height, { fill: this.theme.accent, alpha: 0.13 });
      for (const x of [start, stop]) {
        if (!tint) pen.rect(pen.snap(x) - 1.5, 0, 3, this.height, { fill: this.theme.ground, alpha: 0.75 });
        pen.rect(pen.snap(x) - 0.5, 0, 1, this.height, { fill: this.theme.accent });
      }
    });
  }

  /** Thin lines between symbols, while they are far enough apart. */
  rules(pen, alpha = 0.5) {
    const { line, left, width } = this.stack;
    const rules = line.rules;
    if (rules.length < 2) return;
    const gap = Math.abs(this.stack.x(rules.at(-1)) - this.stack.x(rules[0])) / (rules.length - 1);
    if (gap < 7) return;
    pen.clipped(left, 0, width, this.height, () => {
      for (const column of rules) {
        const x = this.stack.x(column);
        if (x >= left && x <= left + width)
          pen.rect(pen.snap(x), 0, 1 / pen.density, this.height, { fill: this.theme.rule, alpha });
      }
    });
  }

  draw() {}

  /** Values to mark where the crosshair is: [{ y, color }]. */
  dots() {
    return [];
  }
}

class ImagePanel extends Panel {
  label() {
    return `line image of ${this.stack.line.name}`;
  }

  draw(pen) {
    const { stack, theme, height } = this;
    const picture = stack.picture;
    this.nameplate(pen, height / 2, "image", theme.quiet);
    if (!picture) {
      pen.text(stack.left + 8, height / 2 + 4, "no line image", { fill: theme.quiet, size: 12 });
      return;
    }
    pen.clipped(stack.left, 0, stack.width, height, () => {
      pen.rect(stack.left, 0, stack.width, height, { fill: theme.paper });
      picture.draw(pen, stack.first, stack.last, [stack.left, 0, stack.width, height]);
    });
    this.selection(pen, true);
  }
}

class SymbolsPanel extends Panel {
  constructor(stack, height) {
    super(stack, height);
    this.widths = new Map();
  }

  /** Measured once: while the line moves under the pointer there is no time for it. */
  width(pen, word, size) {
    const key = `${size} ${word}`;
    if (!this.widths.has(key)) this.widths.set(key, pen.width(word, size));
    return this.widths.get(key);
  }

  label() {
    const { line } = this.stack;
    return line.spans.length
      ? `symbols read: ${line.spans.map((span) => visible(span.symbol)).join(" ")}`
      : "nothing was read";
  }

  draw(pen) {
    const { stack, theme, height } = this;
    const { line, left, width } = stack;
    this.nameplate(pen, height / 2, "text", theme.quiet);
    if (!line.spans.length) {
      pen.text(left + 8, height / 2 + 4, "nothing was read", { fill: theme.quiet, size: 12 });
      return;
    }
    this.selection(pen, true);
    const shown = line.spans
      .map((span) => ({
        span,
        x: stack.x((span.start + span.stop) / 2),
        from: stack.x(span.start),
        to: stack.x(span.stop),
      }))
      .filter((each) => each.to > left - 20 && each.from < left + width + 20);
    pen.clipped(left - 4, 0, width + 8, height, () => {
      for (const { span, from, to } of shown) {
        const color = span.confidence < 0.5 ? theme.alarm : theme.text;
        pen.rect(from, 2, Math.max(to - from, 1.5), 3, {
          fill: color,
          alpha: 0.25 + 0.75 * clamp(span.confidence, 0, 1),
        });
      }
      this.symbols(pen, shown);
    });
  }

  symbols(pen, shown) {
    const { theme, stack, height } = this;
    const words = shown.map(({ span }) => lettered(span.symbol) + (span.confidence < 0.5 ? "?" : ""));
    const wanted = shown.map(({ x }) => x);
    let [size, centers] = [SYMBOL_SIZES.at(-1), wanted];
    for (const each of SYMBOL_SIZES) {
      const places = spread(
        wanted,
        words.map((word) => this.width(pen, word, each) + 1.5),
      );
      if (places.some((x, at) => Math.abs(x - wanted[at]) >= 0.55 * each)) continue;
      [size, centers] = [each, places];
      break;
    }
    let end = -Infinity;
    shown.forEach(({ span }, at) => {
      const x = centers[at];
      const half = this.width(pen, words[at], size) / 2;
      const color = span.confidence < 0.5 ? theme.alarm : theme.text;
      if (!hasGlyph(visible(span.symbol)) && stack.picture) {
        // No font here has it: its own pixels stand for it.
        const [from, to] = [stack.x(span.cut_start), stack.x(span.cut_stop)];
        stack.picture.draw(pen, span.cut_start, span.cut_stop, [from, 8, to - from, height - 10]);
      } else if (x - half > end - 1) {
        pen.text(x, 11 + size, words[at], {
          size,
          fill: color,
          align: "center",
          weight: this.app.symbol === span ? 700 : 400,
        });
        end = x + half + 1;
      } else pen.rect(x - 0.5, 9, 1, 4, { fill: color });
    });
  }
}

/** Positions as near to those wanted as can be without overlap: neighbors that push each other move as one. */
function spread(wanted, widths) {
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
    .map((start, at) => start + (offset += at ? (widths[at - 1] + widths[at]) / 2 : 0));
}

class AxisPanel extends Panel {
  label() {
    return `axis: ${this.stack.line.axis.label}, ${fixed(this.stack.first, 1)} to ${fixed(this.stack.last, 1)}`;
  }

  draw(pen) {
    const { stack, theme, app } = this;
    const { left, width, line } = stack;
    const { unit } = line.axis;
    if (!stack.narrow) pen.text(left - 12, 13, unit, { size: 10.5, fill: theme.quiet, align: "right" });
    pen.rect(left, 0, width, 1 / pen.density, { fill: theme.rule });
    const step = Math.max(niceStep((stack.last - stack.first) / Math.max(width / 74, 2)), unit === "frame" ? 1 : 0);
    for (let tick = Math.ceil(stack.first / step) * step; tick <= stack.last + 1e-9; tick += step) {
      const x = stack.x(tick);
      pen.rect(pen.snap(x), 0, 1 / pen.density, 4, { fill: theme.rule });
      const text = short(tick);
      const half = pen.width(text, 10.5) / 2;
      pen.text(clamp(x, left + half, left + width - half), 14, text, {
        size: 10.5,
        fill: theme.quiet,
        align: "center",
      });
    }
    const [from, to] = app.state.zoom;
    if (to - from < 1) {
      pen.rect(left, 18, width, 3, { fill: theme.line });
      pen.rect(left + from * width, 18, Math.max((to - from) * width, 3), 3, { fill: theme.quiet });
    }
    for (const run of app.runs(stack)) {
      const [start, stop] = [0, 1].map((end) => stack.x(stack.frames.edges[run[end]]));
      if (stop < left || start > left + width) continue;
      pen.clipped(left, 0, width, this.height, () => {
        pen.rect(start, this.height - 6, Math.max(stop - start, 3), 6, { fill: theme.accent });
      });
    }
  }
}

/** Round numbers between ticks: 1, 2 or 5 times a power of ten. */
function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-9)));
  return [1, 2, 5, 10].map((each) => each * power).find((each) => each >= least);
}

class PosteriorPanel extends Panel {
  lines() {
    const { stack, app } = this;
    const found = [];
    const add = (line, dash) => {
      if (!line?.posterior) return;
      found.push({ values: line.posterior.blank, color: app.role("blank"), dash, thick: 1.2 });
      found.push({ values: line.posterior.best, color: app.role("symbol"), dash, thick: 1.4 });
    };
    if (stack.side === "difference") add(app.scene.lines[1], SECOND);
    add(stack.line, []);
    return found;
  }

  label() {
    return "posterior of the blank and of the best symbol at every frame, 0 to 1";
  }

  y(value) {
    return 4 + (1 - value) * (this.height - 8);
  }

  draw(pen) {
    const { stack, theme, height, app } = this;
    frameLane(pen, stack, 4, height - 8, theme);
    this.selection(pen, true);
    for (const { values, color, dash, thick } of this.lines()) {
      curve(pen, stack, values, (value) => this.y(value), { stroke: color, dash, thick });
    }
    ends(pen, stack, 4, height - 8, "0", "1", theme);
    if (stack.narrow) {
      this.nameplate(pen, height / 2, "p", theme.quiet);
      return;
    }
    const [blank, best] = [app.role("blank"), app.role("symbol")];
    pen.text(stack.left - 12, height / 2 - 8, "posterior", {
      size: 12,
      weight: 500,
      fill: theme.quiet,
      align: "right",
    });
    [
      ["best symbol", best, 1.8],
      ["blank", blank, 1.2],
    ].forEach(([words, color, thick], at) => {
      const y = height / 2 + 6 + 12 * at;
      pen.text(stack.left - 12, y, words, { size: 10.5, fill: theme.quiet, align: "right" });
      const end = stack.left - 16 - pen.width(words, 10.5);
      pen.path([end - 12, y - 3.5, end, y - 3.5], { stroke: color, thick });
    });
  }

  dots(frame) {
    return this.lines().map(({ values, color }) => ({ y: this.y(values[frame]), color }));
  }
}

/** A panel of the shown layer. */
class LayerPanel extends Panel {
  get frames() {
    return this.stack.frames;
  }
}

/** Lanes under each other, one a gate of this layer, or one a layer with all its gates. */
class StripsPanel extends LayerPanel {
  /** Where the frames of a lane look: it may be of another layer than the one shown. */
  framesOf(lane) {
    return lane.trace ? this.stack.line.framesOf(lane.trace) : this.frames;
  }

  constructor(stack, lanes, laneHeight) {
    super(stack, lanes.length * laneHeight);
    this.lanes = lanes;
    this.lane = laneHeight;
  }

  label() {
    return `mean over the units at every frame, and the band that holds the middle 80 % of them: ${this.lanes.map((lane) => lane.words).join(", ")}`;
  }

  box(at) {
    return [at * this.lane + 3, this.lane - 6];
  }

  y(at, scale, value) {
    return this.place(at, scale)(value);
  }

  /** From a value to its height in a lane. */
  place(at, { low, high }) {
    const [top, height] = this.box(at);
    return (value) => top + (1 - clamp((value - low) / (high - low), -0.02, 1.02)) * height;
  }

  draw(pen) {
    const { stack, theme } = this;
    this.lanes.forEach((lane, at) => {
      const [top, height] = this.box(at);
      frameLane(pen, stack, top, height, theme);
      for (const each of lane.curves) {
        if (each.low && each.high)
          band(pen, stack, each.low, each.high, this.place(at, lane.scale), each.color, this.framesOf(lane));
      }
    });
    this.selection(pen, true);
    this.rules(pen);
    this.lanes.forEach((lane, at) => {
      const [top, height] = this.box(at);
      for (const { values, color, dash } of lane.curves) {
        curve(pen, stack, values, this.place(at, lane.scale), { stroke: color, thick: 1.5, dash }, this.framesOf(lane));
      }
      if (this.lane >= 22) ends(pen, stack, top, height, short(lane.scale.low), short(lane.scale.high), theme);
      this.laneName(pen, lane, top + height / 2);
    });
  }

  laneName(pen, lane, y) {
    const { stack, theme } = this;
    if (lane.letters.length === 1 || stack.narrow) {
      const [letter, color] = lane.letters[0];
      if (stack.narrow) this.nameplate(pen, y, lane.short ?? letter, color);
      else {
        pen.text(stack.left - 12, y + 4.5, letter, { size: 14, weight: 650, fill: color, align: "right" });
        if (lane.side) pen.text(stack.left - 26, y + 4, lane.side, { size: 10.5, fill: theme.quiet, align: "right" });
      }
      return;
    }
    pen.text(stack.left - 12, y - 1, lane.side, { size: 10.5, fill: theme.quiet, align: "right" });
    let x = stack.left - 12;
    for (const [letter, color] of [...lane.letters].reverse()) {
      pen.text(x, y + 12, letter, { size: 11, weight: 650, fill: color, align: "right" });
      x -= 13;
    }
  }

  dots(frame) {
    return this.lanes.flatMap((lane, at) =>
      lane.curves.map(({ values, color }) => ({
        y: this.y(at, lane.scale, values[frame]),
        color,
        places: this.framesOf(lane),
      })),
    );
  }
}

/** Curves of single units: a lane for every quantity that was recorded. */
class UnitsPanel extends StripsPanel {
  label() {
    return `curves of ${this.app.unitWords()}: ${this.lanes.map((lane) => lane.words).join(", ")}`;
  }
}

/** The curves of the units that were found, with a threshold that can be dragged. */
class QueryPanel extends LayerPanel {
  constructor(stack, height, data) {
    super(stack, height);
    this.data = data;
  }

  label() {
    const { query } = this.app.state;
    return `query: ${this.app.quantityWords(query.quantity)} ${query.below ? "below" : "above"} ${number(query.threshold)}`;
  }

  y(value) {
    const { scale } = this.data;
    return 6 + (1 - clamp((value - scale.low) / (scale.high - scale.low), -0.03, 1.03)) * (this.height - 12);
  }

  valueAt(y) {
    const { scale } = this.data;
    return clamp(scale.low + (1 - (y - 6) / (this.height - 12)) * (scale.high - scale.low), scale.low, scale.high);
  }

  draw(pen) {
    const { stack, theme, app, height } = this;
    const { query } = app.state;
    const { data } = this;
    this.nameplate(pen, height / 2, "query", theme.accent, [
      `${app.letter(query.quantity)} ${query.below ? "<" : ">"} ${number(query.threshold)}`,
    ]);
    frameLane(pen, stack, 6, height - 12, theme);
    this.selection(pen, true);
    const color = app.role(query.quantity);
    for (const values of data.curves) {
      const style = { stroke: color, thick: 1, alpha: data.units.length ? 0.75 : 0.3 };
      curve(pen, stack, values, (value) => this.y(value), style, this.frames);
    }
    pen.clipped(stack.left, 0, stack.width, height, () => {
      for (const [start, stop] of data.runs) {
        const [from, to] = [stack.x(this.frames.edges[start]), stack.x(this.frames.edges[stop])];
        pen.rect(from, height - 5, Math.max(to - from, 2), 4, { fill: theme.accent });
      }
    });
    const y = this.y(query.threshold);
    pen.path([stack.left, y, stack.left + stack.width, y], { stroke: theme.accent, thick: 1.5, dash: [5, 3] });
    pen.rect(stack.left - 4, y - 4, 8, 8, { fill: theme.accent });
    ends(pen, stack, 6, height - 12, short(data.scale.low), short(data.scale.high), theme);
  }
}

/** All units of one quantity over all frames; units that were lifted stand on top, each tall enough to see. */
class HeatPanel extends LayerPanel {
  constructor(stack, name, quantity, rows, main) {
    const focus = rows.focus.length;
    const each = focus ? Math.max(10, Math.min(main / Math.max(rows.main.length, 1), 16)) : 0;
    super(stack, focus * each + (focus && rows.main.length ? 4 : 0) + (rows.main.length ? main : 0) || 16);
    Object.assign(this, { name, quantity, rows, each, mainHeight: rows.main.length ? main : 0 });
    this.mainTop = this.height - this.mainHeight;
    this.canvas.dataset.quantity = name;
  }

  /** Where every unit's row begins and ends; found when it is first asked for. */
  get places() {
    this.found ??= this.findPlaces();
    return this.found;
  }

  findPlaces() {
    const { rows, each, mainTop, mainHeight } = this;
    const found = new Map();
    rows.focus.forEach((unit, at) => found.set(unit, [at * each, (at + 1) * each]));
    const step = mainHeight / Math.max(rows.main.length, 1);
    rows.main.forEach((unit, at) => found.set(unit, [mainTop + at * step, mainTop + (at + 1) * step]));
    return found;
  }

  label() {
    const { scale } = this.quantity;
    const shown = this.rows.focus.length + this.rows.main.length;
    return `${this.app.quantityWords(this.name)} of ${plural(shown, "unit")} at ${plural(this.stack.line.count, "frame")}, ${number(scale.low)} to ${number(scale.high)}`;
  }

  unitAt(y) {
    const { focus, main } = this.rows;
    if (y < focus.length * this.each) return focus[clamp(Math.floor(y / this.each), 0, focus.length - 1)];
    if (!main.length || y < this.mainTop) return null;
    return main[clamp(Math.floor(((y - this.mainTop) / this.mainHeight) * main.length), 0, main.length - 1)];
  }

  draw(pen) {
    const { stack, theme, rows } = this;
    const { left, width } = stack;
    if (rows.focus.length) this.paint(pen, rows.focus, "focus", 0, rows.focus.length * this.each);
    if (rows.main.length) this.paint(pen, rows.main, rows.key, this.mainTop, this.mainHeight);
    if (!rows.focus.length && !rows.main.length)
      pen.text(left + 8, 12, "no unit passes the filter", { fill: theme.quiet });
    this.rules(pen, 0.4);
    this.selection(pen, false);
    this.highlights(pen);
    this.names(pen);
    if (!stack.narrow) scaleBar(pen, this.app, this.quantity.scale, left + width + 9, 1, this.height - 2, theme);
  }

  paint(pen, units, order, top, height) {
    const { stack, app, quantity } = this;
    const [from, to] = [pen.snap(top), pen.snap(top + height)];
    const { edges } = this.frames;
    const frames = stack.visible(this.frames);
    const device = (stack.width * pen.density) / Math.max(stack.last - stack.first, 1e-9);
    const frameWidth = (device * (edges[stack.line.count] - edges[0])) / stack.line.count;
    const level = Math.max(0, Math.ceil(-Math.log2(frameWidth) - 1e-9));
    const tall = Math.round((to - from) * pen.density);
    const rowsOf = order === "focus" ? `focus ${units.join()}` : order;
    const key = [stack.side, app.state.trace, this.name, rowsOf, Math.min(tall, units.length), level].join("/");
    const found = app.rasters.take(key, () =>
      picture(quantity.matrix, units, app.scene.palettes[quantity.scale.palette], quantity.scale, tall, level),
    );
    const [first, last] = [Math.floor(frames[0] / found.block), Math.ceil(frames[1] / found.block)];
    const [start, end] = [0, stack.line.count].map((edge) =>
      clamp(stack.x(edges[edge]), stack.left, stack.left + stack.width),
    );
    // Beyond the first and the last frame there is nothing, which is not the same as missing.
    pen.rect(stack.left, from, stack.width, to - from, { fill: this.theme.raised });
    pen.clipped(start, from, end - start, to - from, () => {
      if (found.missing) hatch(pen, start, from, end - start, to - from, this.theme);
      for (const tile of found.tiles) {
        const [start, stop] = [Math.max(first, tile.start), Math.min(last, tile.stop)];
        if (start >= stop) continue;
        // The last block may hold fewer frames than the others: only that share of its pixel is drawn.
        const end = Math.min(stop * found.block, stack.line.count);
        const x = stack.x(edges[start * found.block]);
        const right = stack.x(edges[end]);
        pen.image(
          tile.canvas,
          [start - tile.start, 0, end / found.block - start, found.height],
          [x, from, right - x, to - from],
        );
      }
    });
  }

  /** Chosen units: an arrow at both ends of their row, and lines along it where it is too thin to see. */
  highlights(pen) {
    const { stack, theme, app } = this;
    if (this.rows.own) return;
    for (const unit of app.state.selected_units) {
      const place = this.places.get(unit);
      if (!place) continue;
      const [top, bottom] = place;
      const middle = (top + bottom) / 2;
      const half = Math.max((bottom - top) / 2, 1.5);
      for (const [y, out] of [
        [middle - half, -1],
        [middle + half, 1],
      ]) {
        pen.rect(stack.left, pen.snap(y) + (out < 0 ? -2 : 1), stack.width, 1, { fill: theme.ground, alpha: 0.8 });
        pen.rect(stack.left, pen.snap(y) + (out < 0 ? -1 : 0), stack.width, 1, { fill: theme.accent });
      }
      const right = stack.left + stack.width;
      pen.path([stack.left - 6, middle - 4, stack.left - 0.5, middle, stack.left - 6, middle + 4], {
        fill: theme.accent,
        close: true,
      });
      pen.path([right + 6, middle - 4, right + 0.5, middle, right + 6, middle + 4], {
        fill: theme.accent,
        close: true,
      });
    }
  }

  names(pen) {
    const { stack, theme, app, rows } = this;
    const { name, letter } = app.scene.quantities[this.name];
    const color = app.role(this.name, 4.5);
    if (rows.focus.length && !stack.narrow) {
      rows.focus.forEach((unit, at) => {
        const chosen = app.state.selected_units.includes(unit);
        pen.text(stack.left - 9, (at + 0.5) * this.each + 3.5, String(unit), {
          size: 9.5,
          weight: chosen ? 700 : 500,
          fill: chosen ? theme.accent : theme.text,
          align: "right",
        });
      });
    }
    const total = rows.main.length + rows.focus.length;
    const share = rows.main.length / Math.max(this.mainHeight * pen.density, 1);
    const lines = [name];
    if (this.mainHeight >= 50)
      lines.push(rows.total === total ? plural(total, "unit") : `${total} of ${plural(rows.total, "unit")}`);
    if (share > 1 && this.mainHeight >= 64) lines.push(`mean of ${Math.ceil(share)} a row`);
    const middle = stack.narrow || !rows.main.length ? this.height / 2 : this.mainTop + this.mainHeight / 2;
    if (stack.narrow || rows.main.length) this.nameplate(pen, middle, letter, color, this.mainHeight < 30 ? [] : lines);
  }
}

// Parts that panels share

/** The ground of a lane of curves. */
function frameLane(pen, stack, top, height, theme) {
  pen.rect(stack.left, top, stack.width, height, { fill: theme.raised });
  pen.rect(stack.left, pen.snap(top + height), stack.width, 1 / pen.density, { fill: theme.line });
}

/** The two ends of a lane's scale, at its right. */
function ends(pen, stack, top, height, low, high, theme) {
  if (stack.narrow) return;
  const x = stack.left + stack.width + 7;
  pen.text(x, top + 7, high, { size: 9.5, fill: theme.quiet });
  pen.text(x, top + height, low, { size: 9.5, fill: theme.quiet });
}

/** How many frames share a point of a curve: one, or a block where frames are denser than pixels. */
const blockOf = (stack, first, last) => Math.max(1, Math.round((last - first) / Math.max(stack.width, 1)));

/** A curve over the centers of the frames; where frames are denser than pixels, through the least and the greatest of each block. */
function curve(pen, stack, values, y, style, frames = stack.line.frames) {
  const { count, edges } = frames;
  const [first, last] = stack.visible(frames);
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

/** The room between two curves. */
function band(pen, stack, low, high, y, color, places) {
  const { count, edges } = places;
  const [first, last] = stack.visible(places);
  const block = blockOf(stack, first, last);
  const centers = stack.centers(first, last, places);
  const flush = (frames) => {
    if (!frames.length) return;
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

/** The ground under missing values: slanted lines, which no palette has. */
function hatch(pen, left, top, width, height, theme) {
  pen.rect(left, top, width, height, { fill: theme.paper });
  const points = [];
  for (let x = left - height; x < left + width; x += 6) points.push(x, top + height, x + height, top, NaN, NaN);
  pen.path(points, { stroke: theme.hatch, thick: 1 });
}

/** The colors of a scale with the values at its ends, and what lies beyond. */
function scaleBar(pen, app, scale, x, top, height, theme) {
  if (height < 18) return;
  const tall = Math.min(height, 96);
  const start = top + (height - tall) / 2;
  pen.image(app.rampCanvas(scale.palette), [0, 0, 1, app.rampCanvas(scale.palette).height], [x, start, 8, tall], false);
  pen.rect(x, start, 8, tall, { stroke: theme.rule, thick: 0.6 });
  pen.text(x + 13, start + 8, short(scale.high), { size: 10, fill: theme.quiet });
  pen.text(x + 13, start + tall, short(scale.low), { size: 10, fill: theme.quiet });
  if (scale.low < 0 && tall > 40) pen.text(x + 13, start + tall / 2 + 3.5, "0", { size: 10, fill: theme.quiet });
}

// ---------------------------------------------------------------- stacks

/** All panels of one line, or of the difference of two, on one column axis. */
class Stack {
  constructor(app, side) {
    this.app = app;
    this.side = side;
    this.at = side === "difference" ? 0 : side;
    this.line = app.scene.lines[this.at];
    this.panels = [];
    this.heading = h("div", { class: "stack-title" });
    this.cross = h("canvas", { class: "cross", "aria-hidden": "true" });
    this.plots = h("div", {
      class: "plots",
      tabindex: "0",
      role: "application",
      "data-side": String(side),
      "aria-roledescription": "panels with a crosshair",
    });
    this.root = h("section", { class: "stack" }, this.heading, this.plots);
    this.marks = [];
    this.placed = new Map();
    this.picture = app.linePicture(this.at);
  }

  get words() {
    return this.side === "difference"
      ? "difference, second − first"
      : this.app.scene.two
        ? ["first", "second"][this.side]
        : "";
  }

  /** Where the frames of the shown layer look. */
  get frames() {
    return this.line.framesOf(this.app.state.trace);
  }

  get first() {
    const { start, stop } = this.line.axis;
    return start + this.app.state.zoom[0] * (stop - start);
  }

  get last() {
    const { start, stop } = this.line.axis;
    return start + this.app.state.zoom[1] * (stop - start);
  }

  /** Where a column is, in CSS pixels from the left of the plots. */
  x(column) {
    return this.left + ((column - this.first) / (this.last - this.first)) * this.width;
  }

  /** Where the centers of the frames [first, last), and of one block before them, are: found once for all curves of a drawing. */
  centers(first, last, frames) {
    const { left, width } = this;
    const [start, stop] = [this.first, this.last];
    const key = [left, width, start, stop].join();
    const placed = this.placed.get(frames);
    if (placed?.key !== key) {
      const places = (placed?.places ?? new Float64Array(frames.count)).fill(NaN);
      const from = Math.max(0, first - blockOf(this, first, last));
      for (let frame = from; frame < last; frame += 1)
        places[frame] = left + ((frames.centers[frame] - start) / (stop - start)) * width;
      this.placed.set(frames, { key, places });
    }
    return this.placed.get(frames).places;
  }

  column(x) {
    return this.first + ((x - this.left) / this.width) * (this.last - this.first);
  }

  /** The half-open span of frames that can be seen, and one more on each side. */
  visible({ edges, count }) {
    return [clamp(above(edges, this.first) - 2, 0, count - 1), clamp(above(edges, this.last) + 1, 1, count)];
  }

  /** The chosen columns, where they mean something on this line. */
  chosen() {
    const { columns, dragged } = this.app.state;
    const shown = dragged ?? { columns, side: this.app.askedSide };
    if (!shown.columns.length) return null;
    return this.app.scene.oneAxis || this.side === shown.side ? shown.columns : null;
  }

  /** The frame of this line where the crosshair is. */
  cursorFrame() {
    const { cursor } = this.app.state;
    if (!cursor) return null;
    if (cursor.side === this.at) return clamp(cursor.frame, 0, this.line.count - 1);
    const other = this.app.scene.lines[cursor.side];
    const column = other.framesOf(this.app.state.trace).centers[clamp(cursor.frame, 0, other.count - 1)];
    if (this.app.scene.oneAxis) return this.frames.frameAt(column);
    const share = (column - other.axis.start) / (other.axis.stop - other.axis.start);
    return this.frames.frameAt(this.line.axis.start + share * (this.line.axis.stop - this.line.axis.start));
  }

  /** Take these panels, at this width. */
  lay(panels, width) {
    this.panels = panels;
    this.whole = width;
    let top = 0;
    for (const panel of panels) {
      panel.top = top;
      top += panel.height + panel.gap;
    }
    this.height = top;
    this.plots.replaceChildren(...panels.map((panel) => panel.canvas), this.cross);
    this.plots.style.height = `${top}px`;
    const { density } = this.app;
    for (const panel of panels) {
      sized(panel.canvas, width, panel.height, density);
      panel.canvas.style.top = `${panel.top}px`;
      panel.canvas.setAttribute("aria-label", panel.label());
    }
    sized(this.cross, width, top, density);
    this.marks = this.marks.length ? [[0, 0, width, top]] : [];
  }

  draw() {
    const { density } = this.app;
    for (const panel of this.panels) {
      const context = panel.canvas.getContext("2d");
      // All of it: then the browser need not keep what was there.
      context.resetTransform();
      context.clearRect(0, 0, panel.canvas.width, panel.canvas.height);
      context.setTransform(density, 0, 0, density, 0, 0);
      panel.draw(new CanvasPen(context, density));
    }
  }

  /** The crosshair alone, on its own canvas: only what it covered is wiped. */
  drawCross() {
    const { app } = this;
    const frame = this.panels.length ? this.cursorFrame() : null;
    // A canvas that was never drawn on costs nothing; this one is the largest.
    if (frame === null && !this.marks.length) return;
    const context = this.cross.getContext("2d");
    context.setTransform(app.density, 0, 0, app.density, 0, 0);
    for (const mark of this.marks) context.clearRect(...mark);
    this.marks = [];
    if (frame === null) return;
    const pen = new CanvasPen(context, app.density);
    const mark = (x, y, width, height) => this.marks.push([x - 2, y - 2, width + 4, height + 4]);
    context.save();
    context.beginPath();
    context.rect(this.left, 0, this.width, this.height);
    context.clip();
    if (app.state.played) this.veil(pen, frame, mark);
    this.field(pen, frame, mark);
    this.bar(pen, frame, mark);
    this.row(pen, mark);
    this.points(pen, frame, mark);
    context.restore();
  }

  /** The columns of the frame through all panels; its borders lie on the very pixels where the heatmap changes. */
  bar(pen, frame, mark) {
    // A layer that looked elsewhere has its own columns, so that the bar may step from panel to panel.
    const runs = [];
    for (const panel of this.panels) {
      const places = panel.framesAtBar;
      if (runs.at(-1)?.places === places) runs.at(-1).panels.push(panel);
      else runs.push({ places, panels: [panel] });
    }
    runs.forEach(({ places, panels }, at) => {
      const top = at ? panels[0].top : 0;
      const bottom = runs[at + 1]?.panels[0].top ?? this.height;
      this.barThrough(pen, panels, [top, bottom], this.frameBox(frame, pen, places), mark);
    });
  }

  barThrough(pen, panels, [top, bottom], [from, to], mark) {
    const theme = this.app.palette;
    const thin = 1 / pen.density;
    mark(from, top, to - from, bottom - top);
    if (to - from <= 3) {
      pen.rect(from, top, to - from, bottom - top, { fill: theme.accent, alpha: 0.85 });
      return;
    }
    for (const panel of panels) {
      // A tint would change the colors of a heatmap; there the borders have a pale line beside them.
      if (!(panel instanceof HeatPanel))
        pen.rect(from, panel.top, to - from, panel.height + panel.gap, { fill: theme.accent, alpha: 0.14 });
      else
        for (const x of [from + thin, to - thin - 1])
          pen.rect(x, panel.top, 1, panel.height, { fill: theme.ground, alpha: 0.75 });
    }
    for (const x of [from, to - thin]) pen.rect(x, top, thin, bottom - top, { fill: theme.accent });
  }

  frameBox(frame, pen, places) {
    const [from, to] = [frame, frame + 1].map((edge) => pen.snap(this.x(places.edges[edge])));
    return [from, Math.max(to, from + 1 / pen.density)];
  }

  /** What the frame can see of the image. */
  field(pen, frame, mark) {
    const panel = this.panels.find((each) => each instanceof ImagePanel);
    if (!panel || !this.picture) return;
    const [from, to] = [0, 1].map((end) => pen.snap(this.x(this.frames.fields[2 * frame + end])));
    if (to <= from) return;
    const { shade } = this.app.scene.ink;
    pen.rect(from, panel.top, to - from, panel.height, { fill: shade, alpha: 0.3 });
    for (const x of [from, to - 1]) pen.rect(x, panel.top, 1, panel.height, { fill: shade });
    mark(from, panel.top, to - from, panel.height);
  }

  /** The unit's row in every heatmap. */
  row(pen, mark) {
    const { cursor } = this.app.state;
    if (cursor.unit === null) return;
    for (const panel of this.panels) {
      if (!(panel instanceof HeatPanel) || (panel.rows.own ? panel.name : "") !== cursor.space) continue;
      const place = panel.places.get(cursor.unit);
      if (!place) continue;
      const middle = panel.top + (place[0] + place[1]) / 2;
      const half = Math.max((place[1] - place[0]) / 2, 1);
      const thin = 1 / pen.density;
      for (const y of [middle - half, middle + half - thin]) {
        pen.rect(this.left, pen.snap(y), this.width, thin, { fill: this.app.palette.accent });
      }
      mark(this.left, middle - half, this.width, 2 * half);
    }
  }

  points(pen, frame, mark) {
    for (const panel of this.panels) {
      for (const { y, color, places } of panel.dots(frame)) {
        const x = this.x((places ?? panel.frames).centers[frame]);
        if (!Number.isFinite(y)) continue;
        pen.rect(x - 2.5, panel.top + y - 2.5, 5, 5, { fill: this.app.palette.ground });
        pen.rect(x - 1.75, panel.top + y - 1.75, 3.5, 3.5, { fill: color });
        mark(x - 3, panel.top + y - 3, 6, 6);
      }
    }
  }

  /** While the reading runs: what a layer has not yet read. */
  veil(pen, frame, mark) {
    for (const panel of this.panels) {
      if (panel instanceof AxisPanel) continue;
      const lanes = panel.lanes?.some((lane) => "backward" in lane)
        ? panel.lanes.map((lane, at) => [lane.backward, panel.top + at * panel.lane, panel.lane, panel.framesOf(lane)])
        : [[this.app.trace?.backward ?? false, panel.top, panel.height, panel.frames]];
      for (const [backward, top, height, places] of lanes) {
        // A line seen from its other end has come as far as the other has, counted from its own end.
        const own = backward === (this.app.trace?.backward ?? false) ? frame : this.line.count - 1 - frame;
        const edge = this.x(places.edges[backward ? own : own + 1]);
        const [from, to] = backward ? [this.left, edge] : [edge, this.left + this.width];
        if (to > from) pen.rect(from, top, to - from, height, { fill: this.app.palette.veil });
      }
    }
    mark(this.left, 0, this.width, this.height);
  }
}

/** Give a canvas a size in CSS pixels, and as many device pixels as it covers. */
function sized(canvas, width, height, density) {
  const [across, down] = [Math.round(width * density), Math.max(1, Math.round(height * density))];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  canvas.style.width = `${across / density}px`;
  canvas.style.height = `${down / density}px`;
}

// ---------------------------------------------------------------- explorer

const TRAITS = ["trace", "quantities", "order", "selected_units", "columns", "view", "theme"];
const FIRST = {
  trace: "",
  quantities: [],
  order: "index",
  selected_units: [],
  columns: [],
  view: "first",
  theme: "auto",
};
const SPEEDS = [2, 5, 10, 20, 50];
const DASHES = [[], [6, 2], [2, 2], [8, 2, 2, 2]]; // of several curves in one lane
const SECOND = [3, 2]; // dashes of the second recording's curves in a difference
const SMALLEST = 3; // frames that fill the view at the greatest zoom
const KEYS = [
  ["← →", "one frame; with Ctrl one tenth of the view"],
  ["↑ ↓", "one unit; Page Up and Page Down ten"],
  ["Home End", "first and last frame"],
  ["Shift ← →", "choose columns, from the crosshair on"],
  ["n p", "next and previous symbol: its columns are chosen"],
  ["Enter", "choose the unit at the crosshair; with Ctrl one more"],
  ["q Q", "next and previous heatmap for the crosshair"],
  ["+ − 0", "zoom in, out, whole line"],
  ["[ ]", "lower and taller heatmaps"],
  ["m", "what a drag does: choose columns or move the line"],
  ["v", "next view of two recordings"],
  ["t", "lift the units ranked first, and put them back"],
  ["Space", "play and pause; , and . one step back and on"],
  ["Esc", "end playing; no columns; no units"],
  ["?", "this help"],
];

class Explorer {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.shadow = el.shadowRoot ?? el.attachShadow({ mode: "open" });
    // A notebook would take these keys for commands of its own.
    el.setAttribute("data-lm-suppress-shortcuts", "true");
    this.rasters = new Rasters();
    this.memory = new Map();
    this.pictures = new Map();
    this.rowKeys = new Map();
    this.stacks = [];
    this.density = window.devicePixelRatio || 1;
    this.timings = { open: null, draws: [], crosses: [] };
    this.leaving = [];
    this.pointers = new Map();
    this.state = {
      ...FIRST,
      zoom: [0, 1],
      cursor: null,
      dragged: null,
      mode: "select",
      side: 0,
      tall: 1,
      lift: true,
      lifted: 5,
      alike: false,
      rankBy: "",
      filter: null,
      allLayers: false,
      played: false,
      playing: false,
      speed: 10,
      query: { on: false, quantity: "", below: false, threshold: 0.5, share: 0.7 },
    };
    for (const name of TRAITS) this.state[name] = model.get(name) ?? FIRST[name];
    this.root = h("div", { class: "gateviz" });
    this.shadow.append(h("style", { text: STYLE }), this.root);
    this.listen();
    this.load();
  }

  // The model

  listen() {
    const on = (events, call) => {
      this.model.on(events, call);
      this.leaving.push(() => this.model.off(events, call));
    };
    for (const name of TRAITS) {
      on(`change:${name}`, () => {
        const value = this.model.get(name);
        if (!same(value, this.state[name])) this.set({ [name]: value }, false);
      });
    }
    // Header and bytes come as two changes of one message: open them when both are there.
    on("change:document", () => this.reload());
    on("change:data", () => this.reload());
    on("change:edits", () => this.showEdits());
    on("change:status", () => this.showStatus());
    this.watchKernel(on);
    // Its first call comes right after the first drawing, which had this room already.
    const resized = new ResizeObserver(() => {
      if (this.parts && this.parts.stage.clientWidth !== this.room) this.invalidate("layout");
    });
    resized.observe(this.root);
    this.leaving.push(() => resized.disconnect());
    this.watchDensity();
    this.watchTheme();
    const onWindow = () => this.invalidate("layout");
    window.addEventListener("resize", onWindow);
    this.leaving.push(() => window.removeEventListener("resize", onWindow));
  }

  reload() {
    if (this.reloading) return;
    this.reloading = true;
    queueMicrotask(() => {
      this.reloading = false;
      if (!this.gone) this.load();
    });
  }

  watchDensity() {
    let query = null;
    const changed = () => {
      query?.removeEventListener("change", changed);
      if (this.gone) return;
      this.density = window.devicePixelRatio || 1;
      query = window.matchMedia(`(resolution: ${this.density}dppx)`);
      query.addEventListener("change", changed);
      this.invalidate("layout");
    };
    changed();
    this.leaving.push(() => query.removeEventListener("change", changed));
  }

  watchTheme() {
    // Asked for once: a new one makes the browser work out all styles.
    const query = window.matchMedia("(prefers-color-scheme: dark)");
    this.systemDark = query;
    const changed = () => this.invalidate("layout");
    query.addEventListener("change", changed);
    const observer = new MutationObserver(changed);
    observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
    this.leaving.push(
      () => query.removeEventListener("change", changed),
      () => observer.disconnect(),
    );
  }

  leave() {
    this.gone = true;
    clearTimeout(this.timer);
    clearTimeout(this.saying);
    clearTimeout(this.waiting);
    for (const call of this.leaving) call();
    delete this.el.gatevizExplorer;
    this.shadow.replaceChildren();
  }

  load() {
    const began = performance.now();
    const [described, data] = [this.model.get("document"), this.model.get("data")];
    if (!described?.recordings?.length || !data) {
      this.root.replaceChildren(h("p", { class: "nothing", text: "There is nothing to show yet." }));
      return;
    }
    this.scene = new Scene(described, data);
    this.rasters.clear();
    this.memory.clear();
    this.pictures.clear();
    this.rowKeys.clear();
    const { state, scene } = this;
    if (!scene.lines[0].traces.has(state.trace)) state.trace = [...scene.lines[0].traces.keys()].at(-1);
    if (!scene.two) [state.side, state.view] = [0, "first"];
    if (state.view === "difference" && !this.canSubtract()) state.view = "both";
    if (state.cursor && state.cursor.side >= scene.lines.length) state.cursor = null;
    this.buildChrome();
    this.touched = new Set(["layout"]);
    this.flush();
    this.timings.open = performance.now() - began;
    performance.measure?.("gateviz open", { start: began, end: performance.now() });
  }

  /** Change the state; traits go to the model as well. */
  set(changes, sync = true) {
    const { state } = this;
    const keys = Object.keys(changes).filter((key) => !same(state[key], changes[key]));
    if (!keys.length) return;
    Object.assign(state, changes);
    if (keys.includes("trace")) {
      const { units = 0 } = this.trace ?? {};
      changes = { ...changes, selected_units: state.selected_units.filter((unit) => unit < units) };
      state.selected_units = changes.selected_units;
      if (sync) keys.push("selected_units");
      if (state.cursor) state.cursor = { ...state.cursor, unit: null };
      if (state.view === "difference" && !this.canSubtract()) {
        state.view = changes.view = "both";
        keys.push("view");
      }
    }
    if (sync) {
      let any = false;
      for (const name of TRAITS) {
        if (keys.includes(name) && !same(this.model.get(name), state[name])) {
          this.model.set(name, state[name]);
          any = true;
        }
      }
      if (any) this.save();
    }
    if (!this.scene) return;
    if (keys.every((key) => key === "cursor" || key === "playing")) this.invalidate("cross");
    else if (keys.every((key) => key === "zoom" || key === "dragged")) this.invalidate("base");
    else this.invalidate("layout");
  }

  save() {
    // JupyterLab logs an error for every message to a kernel that is gone.
    if (this.lost) return;
    try {
      this.model.save_changes();
    } catch (error) {
      this.kernelLost(`the kernel could not be reached (${error.message})`);
    }
  }

  invalidate(what) {
    if (!this.scene) return;
    this.touched ??= new Set();
    this.touched.add(what);
    if (this.frameAsked || this.gone) return;
    this.frameAsked = true;
    requestAnimationFrame(() => {
      this.frameAsked = false;
      if (!this.gone) this.flush();
    });
  }

  flush() {
    const touched = this.touched;
    this.touched = new Set();
    const began = performance.now();
    if (touched.has("layout")) {
      this.dark = this.isDark();
      this.syncChrome();
      this.layout();
    }
    if (touched.has("layout") || touched.has("base")) {
      for (const stack of this.stacks) stack.draw();
      this.showZoom();
      push(this.timings.draws, performance.now() - began);
    }
    const crossed = performance.now();
    for (const stack of this.stacks) stack.drawCross();
    this.showReadout();
    push(this.timings.crosses, performance.now() - crossed);
  }

  // What is chosen

  /** The chosen trace of the first recording that has it. */
  get trace() {
    return this.scene?.lines.map((line) => line.traces.get(this.state.trace)).find(Boolean) ?? null;
  }

  get sides() {
    if (!this.scene.two) return [0];
    return { first: [0], second: [1], both: [0, 1], difference: ["difference"] }[this.state.view] ?? [0];
  }

  /** The side that rankings and queries speak of. */
  get askedSide() {
    const { sides } = this;
    return sides.length > 1 ? this.state.side : sides[0];
  }

  get askedLine() {
    return this.scene.lines[this.askedSide === "difference" ? 0 : this.askedSide];
  }

  canSubtract() {
    return Boolean(this.scene.comparison?.difference.includes(this.state.trace));
  }

  /** Whether the page is dark now; `dark` keeps it, for a drawing asks for its colors many times. */
  isDark() {
    const { theme } = this.state;
    if (theme !== "auto") return theme === "dark";
    const jupyter = document.body.dataset.jpThemeLight;
    if (jupyter) return jupyter === "false";
    return this.systemDark.matches;
  }

  get palette() {
    return THEMES[this.dark ? "dark" : "light"];
  }

  /** The color of a role, as far from the ground as a curve must be; with 4.5 as far as text must be. */
  role(name, least) {
    return legible(this.scene.roles[name] ?? this.scene.ink.text, this.palette.ground, least);
  }

  /** The letter of a quantity in its color. */
  letterOf(name) {
    return [this.letter(name), this.role(name, 4.5)];
  }

  letter(name) {
    return this.scene.quantities[name]?.letter ?? name;
  }

  quantityWords(name) {
    const known = this.scene.quantities[name];
    return known ? `${known.name} ${known.letter}` : name;
  }

  unitWords() {
    const { selected_units: units } = this.state;
    return units.length === 1 ? `unit ${units[0]}` : `units ${units.join(", ")}`;
  }

  linePicture(at) {
    if (!this.pictures.has(at)) {
      const { image } = this.scene.lines[at];
      this.pictures.set(at, image ? new LinePicture(image) : null);
    }
    return this.pictures.get(at);
  }

  rampCanvas(name) {
    const key = `ramp ${name}`;
    if (!this.pictures.has(key)) {
      const ramp = rampOf(this.scene.palettes[name]);
      const canvas = h("canvas", { width: 1, height: ramp.length });
      const target = new ImageData(1, ramp.length);
      new Int32Array(target.data.buffer).set(ramp.slice().reverse());
      canvas.getContext("2d").putImageData(target, 0, 0);
      this.pictures.set(key, canvas);
    }
    return this.pictures.get(key);
  }

  /** What was found for a question, found once. */
  once(kind, question, find) {
    const key = JSON.stringify(question);
    const known = this.memory.get(kind);
    if (known?.key === key) return known.value;
    const value = find();
    this.memory.set(kind, { key, value });
    return value;
  }

  /** The quantity asked for where the chosen trace has it, else the hidden state, else the first. */
  quantityOf(name) {
    const there = this.trace ? [...this.trace.quantities.keys()] : [];
    if (there.includes(name)) return name;
    return there.includes("hidden_state") ? "hidden_state" : (there[0] ?? "");
  }

  /** The chosen span of frames of the line that is asked about; null without one. */
  get range() {
    const { columns } = this.state;
    return columns.length ? this.askedLine.framesOf(this.state.trace).framesBetween(...columns) : null;
  }

  /** The symbol whose columns are chosen. */
  get symbol() {
    const { columns } = this.state;
    if (!columns.length) return null;
    const near = (one, other) => Math.abs(one - other) < 1e-6;
    return this.askedLine.spans.find((span) => near(span.start, columns[0]) && near(span.stop, columns[1])) ?? null;
  }

  /** The units by effect size for the chosen columns, largest first; words where there is no such thing. */
  ranking() {
    const { columns, rankBy, trace, alike } = this.state;
    const name = this.quantityOf(rankBy);
    return this.once("ranking", [columns, name, trace, alike, this.askedSide], () => {
      if (!columns.length) return { quantity: name, units: [], words: "" };
      const shown = this.scene.quantity(this.askedSide, trace, name);
      const line = this.askedLine;
      const { symbol } = this;
      const spans =
        alike && symbol
          ? line.spans
              .filter((span) => span.symbol === symbol.symbol)
              .map((span) => line.framesOf(trace).framesBetween(span.start, span.stop))
          : [this.range];
      const inside = new Uint8Array(line.count);
      for (const [start, stop] of spans) inside.fill(1, start, stop);
      const count = inside.reduce((sum, each) => sum + each, 0);
      const found = {
        quantity: name,
        units: [],
        inside: count,
        outside: line.count - count,
        spans: spans.length,
        words: "",
      };
      if (!shown) found.words = `this recording has no ${this.quantityWords(name)} in ${trace}`;
      else if (!count) found.words = "no frame has its center in these columns; choose more of them";
      else if (count === line.count) found.words = "all frames are chosen; there is nothing to compare them with";
      else {
        found.units = effectSizes(shown.matrix, inside);
        found.own = shown.matrix.rows !== this.trace.units ? name : "";
        if (!found.units.length) found.words = "no unit has values both inside and outside";
      }
      return found;
    });
  }

  /** Units that stand on top: those ranked first, while they are lifted. */
  get liftedUnits() {
    const { units = [], own = "" } = this.state.lift ? this.ranking() : {};
    return { own, units: units.slice(0, this.state.lifted).map((each) => each.unit) };
  }

  /** The rows of a quantity's heatmap: units on top, and all others in order. */
  rowsOf(name, quantity) {
    const { state, trace } = this;
    const total = quantity.matrix.rows;
    const own = total !== trace.units;
    const lifted = this.liftedUnits;
    const focus = lifted.own === (own ? name : "") ? lifted.units : [];
    return this.once(
      `rows ${name} ${total}`,
      [state.trace, state.order, this.order(own ? name : "", total), focus, own ? null : this.kept()],
      () => {
        const [top, allowed] = [new Set(focus), own || !this.kept() ? null : new Set(this.kept())];
        const main = this.order(own ? name : "", total).filter(
          (unit) => !top.has(unit) && (!allowed || allowed.has(unit)),
        );
        return { focus, main, own, total, key: this.rowsKey(main) };
      },
    );
  }

  /** A short name for a list of rows, the same for the same list. */
  rowsKey(rows) {
    const key = rows.join();
    if (!this.rowKeys.has(key)) this.rowKeys.set(key, `rows ${this.rowKeys.size}`);
    return this.rowKeys.get(key);
  }

  /** All units of a space of rows (the layer's, or a projected quantity's own) in the chosen order. */
  order(own, total) {
    const { order, trace: name } = this.state;
    const orders = own ? (this.trace.quantities.get(own)?.orders ?? new Map()) : this.trace.orders;
    if (order === "selectivity") {
      const found = this.ranking();
      if (found.units.length && (found.own ?? "") === own) {
        const ranked = found.units.map((each) => each.unit);
        const there = new Set(ranked);
        return [...ranked, ...range(total).filter((unit) => !there.has(unit))];
      }
    }
    return this.once(`order ${own}`, [name, order, total], () => {
      const found = orders.get(order);
      return found && found.length === total ? [...found] : range(total);
    });
  }

  /** The units that pass the filter; null without one. */
  kept() {
    const { filter, trace } = this.state;
    if (!filter) return null;
    return this.once("kept", [filter, trace, this.askedSide, this.state.columns], () => {
      const shown = this.scene.quantity(this.askedSide, trace, filter.quantity);
      if (!shown || shown.matrix.rows !== this.trace.units) return null;
      const frames = this.range && this.range[0] < this.range[1] ? this.range : [0, this.askedLine.count];
      return rowsWithin(shown.matrix, frames, filter.low, filter.high, filter.when);
    });
  }

  /** What the query finds: the units, and the runs of frames where enough of them are on together. */
  queried(stack = null) {
    const { query, trace, columns } = this.state;
    if (!query.on) return null;
    const side = stack ? stack.side : this.askedSide;
    const name = this.quantityOf(query.quantity);
    return this.once(`query ${side}`, [query, name, trace, columns, side, this.askedSide], () => {
      const asked = this.scene.quantity(this.askedSide, trace, name);
      const shown = this.scene.quantity(side, trace, name);
      if (!asked || !shown) return null;
      const found = {
        quantity: name,
        units: [],
        runs: [],
        others: [],
        range: this.range,
        words: "",
        matrix: shown.matrix,
        scale: shown.scale,
        side,
      };
      if (!this.range) found.words = "choose columns first: drag over them, or click a symbol";
      else if (this.range[0] >= this.range[1])
        found.words = "no frame has its center in these columns; choose more of them";
      else {
        found.units = unitsOn(asked.matrix, this.range, query.threshold, query.below);
        if (!found.units.length)
          found.words = "no unit is on at all these frames and off just around them; move the threshold";
        else {
          found.runs = runsOf(sharesOn(shown.matrix, found.units, query.threshold, query.below), query.share);
          const [start, stop] = side === this.askedSide ? this.range : [0, 0];
          found.others = found.runs.filter((run) => run[1] <= start || run[0] >= stop);
        }
      }
      // Until units are found, some of all show where a threshold may lie.
      const step = Math.max(1, Math.floor(shown.matrix.rows / 32));
      const drawn = found.units.length
        ? found.units.slice(0, 40)
        : range(shown.matrix.rows).filter((unit) => unit % step === 0);
      found.curves = drawn.map((unit) => shown.matrix.row(unit));
      return found;
    });
  }

  /** The runs marked on a stack's axis. */
  runs(stack) {
    return this.queried(stack)?.runs ?? [];
  }

  // Layout

  layout() {
    const { state, scene } = this;
    const stage = this.parts.stage;
    this.root.dataset.theme = this.dark ? "dark" : "light";
    for (const [name, color] of Object.entries(this.palette)) this.root.style.setProperty(`--${name}`, color);
    const width = this.root.clientWidth;
    this.root.dataset.size = width < 640 ? "narrow" : width < 1040 ? "middle" : "wide";
    const sides = this.sides;
    if (
      !same(
        this.stacks.map((stack) => stack.side),
        sides,
      ) ||
      this.stacks.some((stack) => !scene.lines.includes(stack.line))
    ) {
      this.stacks = sides.map((side) => new Stack(this, side));
      for (const stack of this.stacks) this.attach(stack);
      stage.replaceChildren(...this.stacks.map((stack) => stack.root));
    }
    const room = stage.clientWidth;
    this.room = room;
    const beside = sides.length > 1 && room >= 720;
    stage.dataset.beside = String(beside);
    const each = Math.floor(beside ? (room - 20) / 2 : room);
    for (const stack of this.stacks) {
      stack.narrow = each < 400;
      stack.left = stack.narrow ? 20 : this.gutter();
      stack.root.style.width = `${each}px`;
      stack.width = Math.max(each - stack.left - (stack.narrow ? 8 : 48), 60);
      stack.heading.textContent = stack.words ? `${stack.words}: ${stack.line.name}` : "";
      stack.heading.hidden = !stack.words;
      stack.root.setAttribute("aria-label", `${stack.words || "line"} ${stack.line.name}`);
      stack.plots.setAttribute(
        "aria-label",
        `${this.trace?.title ?? "no layer"}; arrow keys move the crosshair, plus and minus zoom, question mark lists all keys`,
      );
    }
    const heights = this.heights();
    for (const stack of this.stacks) stack.lay(this.panels(stack, heights), each);
  }

  /** The room at the left that the longest name takes in the font of this system. */
  gutter() {
    return this.once("gutter", this.state.trace, () => {
      const pen = new CanvasPen(h("canvas").getContext("2d"), 1);
      const titles = this.scene.lines.flatMap((line) => [...line.traces.values()].map((trace) => trace.title));
      const names = [
        "mean of 99 a row",
        "— best symbol",
        ...Object.values(this.scene.quantities).map(({ name }) => name),
        ...titles,
      ];
      return Math.ceil(Math.max(...names.map((name) => pen.width(name, 10.5)))) + 18;
    });
  }

  /** Heights that all stacks share, so that a row is at the same place in each. */
  heights() {
    const { state } = this;
    const pictures = this.stacks.map((stack) => stack.picture).filter(Boolean);
    const whole = pictures.map((picture) => (this.stacks[0].width * picture.rows) / picture.columns);
    const window_ = window.innerHeight || 800;
    // As tall as the picture's shape asks for, so far as that leaves the panels their room.
    const image = pictures.length ? clamp(Math.max(...whole), 30, clamp(0.15 * window_, 56, 360)) : 0;
    const count = Math.max(this.shownQuantities().length, 1);
    const gates = this.shownQuantities().filter((name) => name.endsWith("_gate")).length;
    const above = image + 34 + 24 + 56 + 26 * gates + 60;
    const top = Math.min(this.parts.stage.getBoundingClientRect().top + (window.scrollY || 0), 260);
    const main = clamp((window_ - top - above) / count - 8, 56, 170) * state.tall;
    // A canvas has an end; so have eyes.
    return { image, main: Math.min(main, 9000 / count), strip: 26, unit: 30 };
  }

  shownQuantities() {
    const { trace } = this;
    return trace ? [...trace.quantities.keys()].filter((name) => this.state.quantities.includes(name)) : [];
  }

  panels(stack, heights) {
    const { state, scene } = this;
    const found = [];
    const add = (panel, gap = 6) => {
      panel.gap = gap;
      found.push(panel);
    };
    if (heights.image) add(new ImagePanel(stack, heights.image), 0);
    if (this.stacks.some((each) => each.line.spans.length || each.line.posterior)) add(new SymbolsPanel(stack, 32), 2);
    add(new AxisPanel(stack, 24));
    if (state.selected_units.length) {
      const lanes = this.unitLanes(stack);
      if (lanes.length) add(new UnitsPanel(stack, lanes, heights.unit));
    }
    const queried = this.queried(stack);
    if (queried) add(new QueryPanel(stack, 84, queried));
    if (this.stacks.some((each) => each.line.posterior)) add(new PosteriorPanel(stack, 48));
    const lanes = state.allLayers ? this.layerLanes(stack) : this.gateLanes(stack);
    if (lanes.length) add(new StripsPanel(stack, lanes, state.allLayers ? 34 : heights.strip), 8);
    for (const name of this.shownQuantities()) {
      const quantity = scene.quantity(stack.side, state.trace, name);
      if (quantity) add(new HeatPanel(stack, name, quantity, this.rowsOf(name, quantity), heights.main), 8);
    }
    return found;
  }

  /** A lane for every gate that is shown: its mean and band; in a difference the means of both. */
  gateLanes(stack) {
    const names = this.shownQuantities().filter((name) => name.endsWith("_gate"));
    return names.flatMap((name) => {
      const own = this.scene.quantity(stack.at, this.state.trace, name);
      if (!own?.mean) return [];
      const color = this.role(name);
      const curves = [{ values: own.mean, low: own.low, high: own.high, color, dash: [] }];
      const other = stack.side === "difference" ? this.scene.quantity(1, this.state.trace, name) : null;
      if (other?.mean) curves.push({ values: other.mean, color, dash: SECOND });
      return [
        {
          scale: { low: 0, high: 1 },
          curves,
          letters: [this.letterOf(name)],
          side: "mean",
          words: this.quantityWords(name),
        },
      ];
    });
  }

  gatesOf(trace) {
    return [...trace.quantities.values()].filter((each) => each.name.endsWith("_gate") && each.mean);
  }

  /** A lane for every layer and direction with the means of all its gates. */
  layerLanes(stack) {
    return [...stack.line.traces.values()].flatMap((trace) => {
      const gates = this.gatesOf(trace);
      if (!gates.length) return [];
      return [
        {
          scale: { low: 0, high: 1 },
          curves: gates.map((each, at) => ({ values: each.mean, color: this.role(each.name), dash: DASHES[at] })),
          letters: gates.map((each) => this.letterOf(each.name)),
          side: trace.title,
          short: String(trace.layer),
          words: trace.title,
          trace: trace.name,
          backward: trace.backward,
        },
      ];
    });
  }

  /** The chosen units that have curves: the last ones; in a difference one alone, for there the dashes tell the recordings apart. */
  get drawnUnits() {
    return this.state.selected_units.slice(this.sides.includes("difference") ? -1 : -DASHES.length);
  }

  /** A lane for every quantity with the curves of the chosen units. */
  unitLanes(stack) {
    const { state, scene } = this;
    const units = this.drawnUnits;
    const all = units.length === state.selected_units.length;
    const unitsWords = units.length === 1 ? `unit ${units[0]}` : `${all ? "" : "last "}${units.length} units`;
    return [...(this.trace?.quantities.keys() ?? [])].flatMap((name) => {
      const shown = scene.quantity(stack.at, state.trace, name);
      if (!shown || shown.matrix.rows !== this.trace.units) return [];
      const color = this.role(name);
      const curves = units.map((unit, at) => ({ values: shown.matrix.row(unit), color, dash: DASHES[at] }));
      const other = stack.side === "difference" ? scene.quantity(1, state.trace, name) : null;
      if (other) curves.push({ values: other.matrix.row(units.at(-1)), color: this.palette.text, dash: SECOND });
      return [
        {
          scale: shown.scale,
          curves,
          letters: [this.letterOf(name)],
          words: this.quantityWords(name),
          side: unitsWords,
        },
      ];
    });
  }

  // Zoom

  get leastSpan() {
    return Math.min(1, SMALLEST / Math.max(...this.scene.lines.map((line) => line.count)));
  }

  /** Show this share of the line, and no less than a few frames of it. */
  zoomTo(from, to) {
    const span = clamp(to - from, this.leastSpan, 1);
    const start = clamp((from + to - span) / 2, 0, 1 - span);
    this.set({ zoom: [start, start + span] });
  }

  /** Zoom by a factor around a share of the view that stays where it is. */
  zoomBy(factor, around = 0.5) {
    const [from, to] = this.state.zoom;
    const span = clamp((to - from) / factor, this.leastSpan, 1);
    const fixedPoint = from + around * (to - from);
    const start = clamp(fixedPoint - around * span, 0, 1 - span);
    this.set({ zoom: [start, start + span] });
  }

  pan(share) {
    const [from, to] = this.state.zoom;
    const start = clamp(from + share, 0, 1 - (to - from));
    this.set({ zoom: [start, start + (to - from)] });
  }

  /** Bring the columns into view. */
  reveal(start, stop, line = this.askedLine) {
    const [from, to] = this.state.zoom;
    const share = (column) => (column - line.axis.start) / (line.axis.stop - line.axis.start);
    const [first, last] = [share(start), share(stop)];
    if (first >= from && last <= to) return;
    const middle = (first + last) / 2;
    const span = Math.max(to - from, Math.min(1, (last - first) * 1.3));
    this.zoomTo(middle - span / 2, middle + span / 2);
  }

  // Choosing

  chooseColumns(start, stop, side = null) {
    const changes = { columns: start < stop ? [start, stop] : [] };
    if (side !== null) changes.side = side;
    this.set(changes);
  }

  chooseSymbol(span, side) {
    const again = this.symbol === span && this.state.side === side;
    if (again) this.clearColumns();
    else {
      this.showTab("rank");
      this.chooseColumns(span.start, span.stop, side);
      this.reveal(span.start, span.stop, this.scene.lines[side]);
      this.say(`${quoted(span.symbol)} chosen, ${this.frameWords(span.frames)}${this.mostWords()}`);
    }
  }

  clearColumns() {
    this.set({ columns: [], alike: false });
    this.say("no columns chosen");
  }

  chooseUnit(unit, add = false) {
    const { selected_units: units } = this.state;
    const kept = units.filter((each) => each !== unit);
    const removed = kept.length < units.length && (add || units.length === 1);
    const next = removed ? kept : add ? [...kept, unit] : [unit];
    this.set({ selected_units: next });
    this.say(removed ? `unit ${unit} no longer chosen` : `unit ${unit} chosen`);
  }

  frameWords([start, stop]) {
    return stop - start === 1 ? `frame ${start}` : `frames ${start} to ${stop - 1}`;
  }

  /** Move the crosshair; `quiet` for the pointer, which says where it is when it rests. */
  moveTo(cursor, quiet = true) {
    const before = this.state.cursor;
    if (before && same(before, cursor)) return;
    this.set({ cursor });
    this.sayLater(quiet ? 500 : 120);
  }

  cursorNow() {
    const side = this.stacks.length > 1 ? this.state.side : this.stacks[0].at;
    return this.state.cursor ?? { side, frame: 0, unit: null, space: "", quantity: this.shownQuantities()[0] ?? "" };
  }

  // Pointer

  attach(stack) {
    const { plots } = stack;
    plots.addEventListener("pointerdown", (event) => this.pressed(stack, event));
    plots.addEventListener("pointermove", (event) => this.moved(stack, event));
    plots.addEventListener("pointerup", (event) => this.released(stack, event));
    plots.addEventListener("pointercancel", (event) => this.cancelled(event));
    plots.addEventListener("dblclick", () => this.zoomTo(0, 1));
    plots.addEventListener("wheel", (event) => this.wheeled(stack, event), { passive: false });
    plots.addEventListener("keydown", (event) => this.key(stack, event));
  }

  /** Where a pointer is: position in the plots, column, frame, panel and unit under it. */
  place(stack, event) {
    const box = stack.plots.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const column = stack.column(clamp(x, stack.left, stack.left + stack.width));
    const panel = stack.panels.find((each) => y >= each.top && y < each.top + each.height + each.gap) ?? null;
    const unit = panel instanceof HeatPanel ? panel.unitAt(y - panel.top) : null;
    return {
      x,
      y,
      column,
      frame: (panel?.framesAtBar ?? stack.frames).frameAt(column),
      panel,
      unit,
      within: x >= stack.left && x <= stack.left + stack.width,
    };
  }

  cursorAt(stack, place) {
    const heat = place.panel instanceof HeatPanel;
    const before = this.state.cursor;
    return {
      side: stack.at,
      frame: place.frame,
      unit: heat ? place.unit : (before?.unit ?? null),
      space: heat && place.panel.rows.own ? place.panel.name : heat ? "" : (before?.space ?? ""),
      quantity: heat ? place.panel.name : (before?.quantity ?? ""),
    };
  }

  pressed(stack, event) {
    if (event.button !== 0) return;
    const place = this.place(stack, event);
    try {
      stack.plots.setPointerCapture(event.pointerId);
    } catch {
      // A pointer that does not exist any more cannot be held; its move still counts.
    }
    this.pointers.set(event.pointerId, { ...place, now: place });
    if (this.pointers.size === 2) {
      this.drag = { kind: "pinch", stack, zoom: this.state.zoom, from: this.pinch() };
      this.set({ dragged: null });
      return;
    }
    let kind = (this.state.mode === "select") !== event.shiftKey ? "select" : "pan";
    if (place.panel instanceof AxisPanel) kind = "pan";
    if (this.onThreshold(place)) kind = "threshold";
    this.drag = {
      kind,
      stack,
      start: place,
      zoom: this.state.zoom,
      moved: false,
      add: event.ctrlKey || event.metaKey,
      panel: place.panel,
    };
  }

  onThreshold({ panel, y }) {
    return panel instanceof QueryPanel && Math.abs(y - panel.top - panel.y(this.state.query.threshold)) < 9;
  }

  pinch() {
    const [one, other] = [...this.pointers.values()];
    return { distance: Math.max(Math.abs(one.now.x - other.now.x), 12), middle: (one.now.x + other.now.x) / 2 };
  }

  moved(stack, event) {
    const place = this.place(stack, event);
    const held = this.pointers.get(event.pointerId);
    if (held) held.now = place;
    if (!held || !this.drag) {
      this.hover(stack, place);
      return;
    }
    const { drag } = this;
    if (drag.kind === "pinch") {
      const { distance, middle } = this.pinch();
      const [from, to] = drag.zoom;
      const share = (drag.from.middle - stack.left) / stack.width;
      const span = clamp(((to - from) * drag.from.distance) / distance, 0, 1);
      const start = from + share * (to - from) - ((middle - stack.left) / stack.width) * span;
      this.zoomTo(start, start + span);
      return;
    }
    if (!drag.moved && Math.hypot(place.x - drag.start.x, place.y - drag.start.y) < 4) return;
    drag.moved = true;
    if (drag.kind === "pan") {
      const [from, to] = drag.zoom;
      const start = clamp(from - ((place.x - drag.start.x) / stack.width) * (to - from), 0, 1 - (to - from));
      this.set({ zoom: [start, start + to - from] });
    } else if (drag.kind === "threshold") {
      this.set({
        query: { ...this.state.query, threshold: Number(drag.panel.valueAt(place.y - drag.panel.top).toPrecision(3)) },
      });
      drag.panel = stack.panels.find((each) => each instanceof QueryPanel) ?? drag.panel;
    } else {
      // Chosen when the pointer is let go: until then no row moves under it.
      this.set({ dragged: { columns: [drag.start.column, place.column].sort((a, b) => a - b), side: stack.side } });
      this.hover(stack, place);
    }
  }

  hover(stack, place) {
    const { panel } = place;
    let pointer = "crosshair";
    if (panel instanceof AxisPanel || this.state.mode === "pan") pointer = "grab";
    if (panel instanceof SymbolsPanel || panel instanceof ImagePanel)
      pointer = stack.line.spanAtColumn(place.column) ? "pointer" : pointer;
    if (this.onThreshold(place)) pointer = "ns-resize";
    if (panel instanceof AxisPanel && this.runAt(stack, place)) pointer = "pointer";
    stack.plots.style.cursor = place.within ? pointer : "default";
    if (this.state.playing || !place.within) return;
    if (this.state.played) this.set({ played: false });
    this.moveTo(this.cursorAt(stack, place));
  }

  runAt(stack, place) {
    const reach = (4 / stack.width) * (stack.last - stack.first);
    return this.runs(stack).find(
      ([start, stop]) =>
        stack.frames.edges[start] - reach <= place.column && place.column < stack.frames.edges[stop] + reach,
    );
  }

  released(stack, event) {
    this.pointers.delete(event.pointerId);
    const { drag } = this;
    if (this.pointers.size) return;
    this.drag = null;
    if (!drag || drag.kind === "pinch") return;
    const place = this.place(stack, event);
    if (drag.moved) {
      if (drag.kind === "select" && this.state.dragged) {
        const [start, stop] = this.state.dragged.columns;
        this.set({ dragged: null });
        this.chooseColumns(start, stop, stack.at);
        this.columnsDragged();
      }
      return;
    }
    if (drag.start.within) this.clicked(stack, place, drag.add || event.ctrlKey || event.metaKey);
  }

  cancelled(event) {
    this.pointers.delete(event.pointerId);
    this.drag = null;
    this.set({ dragged: null });
  }

  columnsDragged() {
    const { range: frames } = this;
    if (!frames) return;
    if (this.tab === "filter") this.showTab("rank");
    this.say(
      frames[0] < frames[1]
        ? `${this.frameWords(frames)} chosen${this.mostWords()}`
        : "no frame has its center in these columns",
    );
  }

  /** What the ranking begins with. */
  mostWords() {
    const [first] = this.ranking().units;
    return first ? `; unit ${first.unit} differs most, effect size ${number(first.effect)}` : "";
  }

  clicked(stack, place, add) {
    const { panel } = place;
    if (this.state.playing) return;
    this.moveTo(this.cursorAt(stack, place), false);
    if (panel instanceof ImagePanel || panel instanceof SymbolsPanel) {
      const span = stack.line.spanAtColumn(place.column);
      if (span) this.chooseSymbol(span, stack.at);
      else this.clearColumns();
    } else if (panel instanceof AxisPanel) {
      const run = this.runAt(stack, place);
      if (run) this.goToRun(run, stack.at);
    } else if (panel instanceof HeatPanel && place.unit !== null) {
      if (panel.rows.own) this.say(`row ${place.unit} belongs to the projection: it is no unit of the layer`);
      else this.chooseUnit(place.unit, add);
    }
  }

  goToRun([start, stop], side) {
    const line = this.scene.lines[side];
    this.moveTo({ ...this.cursorNow(), side, frame: start }, false);
    const { edges } = line.framesOf(this.state.trace);
    this.reveal(edges[start], edges[stop], line);
    this.say(`${this.frameWords([start, stop])}: ${this.symbolsBetween(line, start, stop) || "no symbol"}`);
  }

  symbolsBetween(line, start, stop) {
    const { edges } = line.framesOf(this.state.trace);
    return line.spans
      .filter((span) => span.start < edges[stop] && span.stop > edges[start])
      .map((span) => visible(span.symbol))
      .join("");
  }

  /** The wheel with Ctrl, and a pinch, which a browser hands over as one, zoom. Without Ctrl it scrolls the page until the panels have the focus. */
  wheeled(stack, event) {
    const place = this.place(stack, event);
    // Beside the plots the page scrolls, as does a page under a line that is shown whole.
    if (!place.within) return;
    const [from, to] = this.state.zoom;
    const asked = event.ctrlKey || event.metaKey;
    const across = asked ? 0 : event.shiftKey && !event.deltaX ? event.deltaY : event.deltaX;
    if (Math.abs(across) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      // Nothing else is moved by it: a line that was zoomed takes it without the focus, too.
      if (to - from >= 1) return;
      event.preventDefault();
      this.pan((across / stack.width) * (to - from));
      return;
    }
    // With Ctrl the browser would zoom its page.
    if (!asked && (this.shadow.activeElement !== stack.plots || (to - from >= 1 && event.deltaY > 0))) return;
    event.preventDefault();
    const delta = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
    // Fingers send many small steps: a hundred times the logarithm of how far they have spread.
    const fingers = asked && event.deltaMode === 0 && Math.abs(delta) < 50;
    this.zoomBy(Math.exp(-clamp(delta, -240, 240) / (fingers ? 100 : 320)), (place.x - stack.left) / stack.width);
  }

  // Keys

  key(stack, event) {
    if (event.altKey || event.metaKey) return;
    const cursor = this.cursorNow();
    const line = this.scene.lines[cursor.side];
    const frameTo = (frame) => this.keyFrame({ ...cursor, frame: clamp(frame, 0, line.count - 1) }, event);
    const far = event.ctrlKey;
    const actions = {
      ArrowLeft: () => (far ? this.pan(-0.1 * this.zoomSpan) : frameTo(cursor.frame - 1)),
      ArrowRight: () => (far ? this.pan(0.1 * this.zoomSpan) : frameTo(cursor.frame + 1)),
      Home: () => frameTo(0),
      End: () => frameTo(line.count - 1),
      ArrowUp: () => this.keyUnit(stack, -1),
      ArrowDown: () => this.keyUnit(stack, 1),
      PageUp: () => this.keyUnit(stack, -10),
      PageDown: () => this.keyUnit(stack, 10),
      "+": () => this.zoomBy(1.5, this.cursorShare()),
      "=": () => this.zoomBy(1.5, this.cursorShare()),
      "-": () => this.zoomBy(1 / 1.5, this.cursorShare()),
      _: () => this.zoomBy(1 / 1.5, this.cursorShare()),
      0: () => this.zoomTo(0, 1),
      "[": () => this.taller(1 / 1.25),
      "]": () => this.taller(1.25),
      n: () => this.keySymbol(1),
      p: () => this.keySymbol(-1),
      q: () => this.keyQuantity(1),
      Q: () => this.keyQuantity(-1),
      m: () => this.setMode(this.state.mode === "select" ? "pan" : "select"),
      v: () => this.nextView(),
      t: () => this.set({ lift: !this.state.lift }),
      Enter: () => {
        if (cursor.unit !== null && !cursor.space) this.chooseUnit(cursor.unit, event.ctrlKey);
      },
      " ": () => this.togglePlay(),
      ",": () => this.step(-1),
      ".": () => this.step(1),
      Escape: () => this.escape(),
      "?": () => this.help(),
    };
    const action = actions[event.key];
    if (!action || (far && !["ArrowLeft", "ArrowRight", "Enter"].includes(event.key))) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  get zoomSpan() {
    return this.state.zoom[1] - this.state.zoom[0];
  }

  cursorShare() {
    const { cursor } = this.state;
    if (!cursor) return 0.5;
    const line = this.scene.lines[cursor.side];
    const share = (line.framesOf(this.state.trace).centers[cursor.frame] - line.axis.start) / (line.axis.stop - line.axis.start);
    return clamp((share - this.state.zoom[0]) / this.zoomSpan, 0, 1);
  }

  keyFrame(cursor, event) {
    const line = this.scene.lines[cursor.side];
    const { edges } = line.framesOf(this.state.trace);
    const before = this.cursorNow().frame;
    if (event.shiftKey) {
      this.anchor ??= before;
      const [first, last] = [this.anchor, cursor.frame].sort((a, b) => a - b);
      this.chooseColumns(edges[first], edges[last + 1], cursor.side);
    } else this.anchor = null;
    if (this.state.played && !this.state.playing) this.set({ played: false });
    this.reveal(edges[cursor.frame], edges[cursor.frame + 1], line);
    this.moveTo(cursor, false);
  }

  heatPanels(stack) {
    return stack.panels.filter((panel) => panel instanceof HeatPanel);
  }

  keyUnit(stack, step) {
    const cursor = this.cursorNow();
    const panels = this.heatPanels(stack);
    const panel = panels.find((each) => each.name === cursor.quantity) ?? panels[0];
    if (!panel) return;
    const units = [...panel.rows.focus, ...panel.rows.main];
    if (!units.length) return;
    const at = units.indexOf(cursor.unit);
    const next = at < 0 ? (step > 0 ? 0 : units.length - 1) : clamp(at + step, 0, units.length - 1);
    this.moveTo({ ...cursor, unit: units[next], quantity: panel.name, space: panel.rows.own ? panel.name : "" }, false);
  }

  keyQuantity(step) {
    const names = this.shownQuantities();
    if (!names.length) return;
    const cursor = this.cursorNow();
    const name = names[(Math.max(names.indexOf(cursor.quantity), 0) + step + names.length) % names.length];
    const shown = this.scene.quantity(this.stacks[0].side, this.state.trace, name);
    const own = shown && shown.matrix.rows !== this.trace.units ? name : "";
    this.moveTo({ ...cursor, quantity: name, space: own, unit: own === cursor.space ? cursor.unit : null }, false);
  }

  keySymbol(step) {
    const cursor = this.cursorNow();
    const { spans } = this.scene.lines[cursor.side];
    if (!spans.length) return;
    const { symbol } = this;
    let at = spans.indexOf(symbol);
    if (at < 0) {
      at = spans.findIndex((span) => span.frames[1] > cursor.frame);
      at = (at < 0 ? spans.length : at) - (step > 0 ? 1 : 0);
    }
    const span = spans[clamp(at + step, 0, spans.length - 1)];
    if (span === symbol) return;
    this.moveTo({ ...cursor, frame: span.frames[0] }, false);
    this.chooseSymbol(span, cursor.side);
  }

  setMode(mode) {
    this.set({ mode });
    this.say(mode === "select" ? "a drag chooses columns" : "a drag moves the line");
  }

  nextView() {
    if (!this.scene.two) return;
    const views = ["first", "second", "both", ...(this.canSubtract() ? ["difference"] : [])];
    const view = views[(views.indexOf(this.state.view) + 1) % views.length];
    this.set({ view });
    this.say(`view: ${view}`);
  }

  taller(factor) {
    this.set({ tall: clamp(this.state.tall * factor, 0.5, 12) });
  }

  escape() {
    const { state } = this;
    if (state.playing || state.played) this.stop();
    else if (state.columns.length) this.clearColumns();
    else if (state.selected_units.length) {
      this.set({ selected_units: [] });
      this.say("no units chosen");
    } else if (state.query.on) this.set({ query: { ...state.query, on: false } });
  }

  // What is said

  say(words) {
    clearTimeout(this.saying);
    if (this.parts) this.parts.live.textContent = words;
  }

  sayLater(delay) {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => this.say(this.cursorWords()), delay);
  }
}

/** Give an element this text; the same text again must not make the browser lay the page out. */
function written(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const range = (count) => Array.from({ length: count }, (_, at) => at);

function push(list, value) {
  list.push(value);
  if (list.length > 4000) list.shift();
}

// The class goes on in the sections below: methods only, for a getter would be read when it is assigned.

// ---------------------------------------------------------------- readout

Object.assign(Explorer.prototype, {
  /** A value with as many digits as it has, and how far it may be off where 8 bits carried it. */
  valueWords(matrix, value) {
    if (Number.isNaN(value)) return "missing";
    const off = matrix.coarseness;
    if (!off) return number(value, 6);
    const decimals = clamp(Math.ceil(-Math.log10(off)), 0, 7);
    return `${fixed(value, decimals)} ± ${number(off, 1)}`;
  },

  /** The value at the crosshair on each side that is shown: [{ words, text, value }]. */
  cursorValues() {
    const { cursor, trace } = this.state;
    if (!cursor || cursor.unit === null || !cursor.quantity) return [];
    return this.stacks.flatMap((stack) => {
      const shown = this.scene.quantity(stack.side, trace, cursor.quantity);
      if (!shown || cursor.unit >= shown.matrix.rows) return [];
      const value = shown.matrix.at(cursor.unit, stack.cursorFrame());
      const sign = stack.side === "difference" && value > 0 ? "+" : "";
      return [{ side: stack.side, value, text: sign + this.valueWords(shown.matrix, value), matrix: shown.matrix }];
    });
  },

  showReadout() {
    const { fields } = this.parts;
    const { cursor } = this.state;
    const put = (name, text) => written(fields[name], text);
    if (!cursor) {
      for (const name of ["frame", "columns", "field", "symbol", "unit"]) put(name, "–");
      put("value", "move over the panels");
      this.showUnitValues();
      return;
    }
    const line = this.scene.lines[cursor.side];
    const frame = clamp(cursor.frame, 0, line.count - 1);
    put("frame", `${frame} of 0–${line.count - 1}`);
    const { edges, fields: seen } = line.framesOf(this.state.trace);
    put("columns", `${fixed(edges[frame], 1)} – ${fixed(edges[frame + 1], 1)}`);
    const [from, to] = [seen[2 * frame], seen[2 * frame + 1]];
    put("field", to > from ? `${fixed(from, 1)} – ${fixed(to, 1)}` : "padding only");
    put("symbol", this.symbolWords(line, frame));
    const gate = cursor.quantity && cursor.unit !== null ? this.quantityWords(cursor.quantity) : "";
    put("unit", cursor.unit === null ? "–" : `${cursor.unit}`);
    const values = this.cursorValues();
    put("valueName", gate || "value");
    if (values.length === 2) {
      const change = values[1].value - values[0].value;
      put("value", `${values[0].text} → ${values[1].text} (${change > 0 ? "+" : ""}${number(change, 2)})`);
    } else put("value", values.length ? values[0].text : "over a heatmap");
    this.showUnitValues();
    this.showReading();
  },

  symbolWords(line, frame) {
    const span = line.spanAt(frame);
    const said = span ? `${visible(span.symbol)}` : "none";
    if (!line.posterior) return said;
    const { blank, best, symbols } = line.posterior;
    const likely = symbols[frame] ? `p(${visible(symbols[frame])}) ${number(best[frame], 2)}, ` : "";
    return `${said} · ${likely}p(blank) ${number(blank[frame], 2)}`;
  },

  /** The crosshair as a sentence for the live region. */
  cursorWords() {
    const { cursor } = this.state;
    if (!cursor) return "";
    const line = this.scene.lines[cursor.side];
    const span = line.spanAt(cursor.frame);
    const { edges } = line.framesOf(this.state.trace);
    const parts = [
      `frame ${cursor.frame}`,
      `columns ${fixed(edges[cursor.frame], 0)} to ${fixed(edges[cursor.frame + 1], 0)}`,
    ];
    if (span) parts.push(`symbol ${visible(span.symbol)}`);
    if (cursor.unit !== null) {
      parts.push(`unit ${cursor.unit}`);
      for (const { side, text } of this.cursorValues()) {
        const which = this.stacks.length > 1 ? ["first ", "second "][side] : "";
        parts.push(`${which}${this.quantityWords(cursor.quantity)} ${text}`);
      }
    }
    return parts.join(", ");
  },

  /** While the reading runs, the letters not yet read are pale. */
  showReading() {
    const { state } = this;
    this.parts.letters.forEach(({ button, span, at }) => {
      const stack = this.stacks.find((each) => each.at === at);
      let unread = false;
      if (state.played && stack) {
        const frame = stack.cursorFrame();
        unread = this.trace?.backward ? span.frames[0] < frame : span.frames[1] > frame + 1;
      }
      button.classList.toggle("unread", unread);
    });
  },
});

// ---------------------------------------------------------------- controls

Object.assign(Explorer.prototype, {
  buildChrome() {
    const held = this.shadow.activeElement?.dataset.key;
    this.parts = { letters: [] };
    this.stacks = [];
    const { parts } = this;
    parts.stage = h("div", { class: "stage" });
    parts.live = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
    parts.side = h("aside", { class: "side", "aria-label": "answers" });
    const main = h(
      "div",
      { class: "main" },
      h("div", { class: "left" }, this.buildReadout(), parts.stage, this.buildLegend()),
      parts.side,
    );
    this.root.replaceChildren(this.buildHeader(), this.buildNotes(), this.buildToolbar(), main, parts.live);
    this.buildSide();
    this.showEdits();
    this.showStatus();
    if (held) this.root.querySelector(`[data-key="${held}"]`)?.focus();
  },

  buildHeader() {
    const { scene, parts } = this;
    const marks =
      scene.two && scene.lines.every((line) => line.spans.length)
        ? textChanges(...scene.lines.map((line) => line.spans.map((span) => span.symbol)))
        : null;
    const rows = scene.lines.map((line, at) => this.buildReadingRow(line, at, marks?.[at]));
    parts.theme = this.select(
      "theme",
      "colors",
      [
        ["auto", "auto"],
        ["light", "light"],
        ["dark", "dark"],
      ],
      (theme) => this.set({ theme }),
    );
    const tools = h(
      "div",
      { class: "tools" },
      this.button("png", "Save what is on screen as PNG", ["PNG"], () => this.savePng()),
      this.button("svg", "Save what is on screen as SVG", ["SVG"], () => this.saveSvg()),
      this.button("python", "The Python lines that draw this with gateviz.plot", ["Python"], () => this.showCode()),
      parts.theme.root,
      this.button("help", "Keys and formulas", ["?"], () => this.help()),
    );
    const title = this.ownTitle() ? h("h1", { text: this.ownTitle() }) : null;
    return h("header", {}, h("div", { class: "readings" }, title, ...rows), tools);
  },

  /** A title that was given; without one the text that was read stands above. */
  ownTitle() {
    const { title, lines } = this.scene;
    return lines.some((line) => title === line.text || title === line.name) ? "" : title;
  },

  /** What was read, every symbol a button; one stop of the Tab key, arrow keys from there. */
  buildReadingRow(line, at, marks) {
    const which = this.scene.two ? h("span", { class: "which", text: `${["first", "second"][at]}` }) : null;
    const name = line.spans.length || line.text ? h("span", { class: "source", text: line.name }) : null;
    const letters = h("span", { class: "letters", role: "group", "aria-label": `symbols read from ${line.name}` });
    line.spans.forEach((span, index) => {
      const doubtful = span.confidence < 0.5;
      const button = h("button", {
        type: "button",
        class: `letter${marks?.[index] ? " changed" : ""}${doubtful ? " doubtful" : ""}`,
        tabindex: index ? "-1" : "0",
        "aria-pressed": "false",
        "aria-label": `${visible(span.symbol)}, ${this.frameWords(span.frames)}, confidence ${number(span.confidence, 2)}${marks?.[index] ? ", differs from the other reading" : ""}`,
        title: `${this.frameWords(span.frames)}, confidence ${number(span.confidence, 2)}`,
        onclick: () => this.chooseSymbol(span, at),
      });
      if (hasGlyph(visible(span.symbol)) || !line.image) button.textContent = lettered(span.symbol);
      else button.append(this.ownPixels(at, span));
      letters.append(button);
      this.parts.letters.push({ button, span, at });
    });
    if (!line.spans.length) letters.append(h("span", { class: "plain", text: line.text || line.name }));
    letters.addEventListener("keydown", (event) => roving(event, [...letters.querySelectorAll("button")]));
    return h("div", { class: "reading" }, which, letters, name);
  },

  /** A symbol that no font here has, as the line shows it. */
  ownPixels(at, span) {
    const picture = this.linePicture(at);
    const [start, stop] = [span.cut_start, Math.max(span.cut_stop, span.cut_start + 1)];
    const width = clamp((26 * (stop - start)) / picture.rows, 6, 60);
    const canvas = h("canvas", {
      class: "pixels",
      role: "img",
      "aria-label": [...span.symbol].map(codePoint).join(" "),
    });
    sized(canvas, width, 26, 2);
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    picture.draw(new CanvasPen(context, 2), start, stop, [0, 0, width, 26]);
    return canvas;
  },

  /** What a reader must see: edits of the runs, and what a difference means. */
  buildNotes() {
    const { parts, scene } = this;
    parts.notes = h("ul", { class: "notes", "aria-label": "edits and notes" });
    parts.noteLines = scene.lines.flatMap((line, at) =>
      line.notes.map((note) => (scene.two ? `${["First", "Second"][at]}: ${note}` : note)),
    );
    return parts.notes;
  },

  showEdits() {
    if (!this.parts) return;
    const { parts, scene, state } = this;
    const edits = this.model.get("edits") ?? [];
    const said = parts.noteLines.join(" ");
    const lines = [...parts.noteLines, ...edits.filter((edit) => !said.includes(edit)).map((edit) => `Edit: ${edit}`)];
    const { words = "" } = scene.comparison ?? {};
    if (scene.two && words && ["both", "difference"].includes(state.view)) lines.push(words);
    if (this.lost) lines.push(this.lost);
    parts.notes.replaceChildren(...lines.map((line) => h("li", { text: line })));
    parts.notes.hidden = !lines.length;
    const listed = edits.length ? edits : parts.noteLines;
    parts.editList?.replaceChildren(...listed.map((edit) => h("li", { text: edit })));
    if (parts.noEdits) parts.noEdits.hidden = listed.length > 0;
    this.showLive();
  },

  buildToolbar() {
    const { scene, parts } = this;
    const traces = [
      ...new Map(scene.lines.flatMap((line) => [...line.traces]).map(([name, trace]) => [name, trace.title])).entries(),
    ];
    parts.trace = this.select("trace", "layer", traces, (trace) => this.set({ trace }));
    parts.quantities = h("div", { class: "group", role: "group", "aria-label": "heatmaps shown" });
    parts.chips = Object.entries(scene.quantities).map(([name, { letter, name: words }]) => {
      const chip = this.button(`show-${name}`, `show the ${words}`, [letter], () => this.toggleQuantity(name));
      chip.classList.add("chip");
      parts.quantities.append(chip);
      return { name, chip };
    });
    parts.order = this.select("order", "order", [], (order) => this.chooseOrder(order));
    parts.views = scene.two
      ? this.segments(
          "view",
          "recordings",
          [
            ["first", "first"],
            ["second", "second"],
            ["both", "both"],
            ["difference", "difference"],
          ],
          (view) => this.set({ view }),
        )
      : null;
    parts.modes = this.segments(
      "mode",
      "drag",
      [
        ["select", "select"],
        ["pan", "pan"],
      ],
      (mode) => this.setMode(mode),
    );
    parts.speed = this.select(
      "speed",
      "frames/s",
      SPEEDS.map((speed) => [String(speed), String(speed)]),
      (speed) => this.set({ speed: Number(speed) }),
    );
    parts.play = this.button("play", "Play the reading", [icon(ICONS.play)], () => this.togglePlay());
    parts.layers = h("input", {
      type: "checkbox",
      "data-key": "layers",
      onchange: (event) => this.set({ allLayers: event.target.checked }),
    });
    parts.zoomWords = h("span", { class: "zoom", text: "1×" });
    return h(
      "div",
      { class: "toolbar", role: "group", "aria-label": "view" },
      parts.trace.root,
      parts.quantities,
      parts.order.root,
      parts.views?.root,
      h("label", { class: "check", title: "The means of all layers, each with its gates" }, parts.layers, "all layers"),
      scene.two ? null : h("span", { class: "spring" }),
      parts.modes.root,
      h(
        "div",
        { class: "group", role: "group", "aria-label": "zoom" },
        this.button("out", "Zoom out (−)", [icon(ICONS.minus)], () => this.zoomBy(1 / 1.5, this.cursorShare())),
        parts.zoomWords,
        this.button("in", "Zoom in (+)", [icon(ICONS.plus)], () => this.zoomBy(1.5, this.cursorShare())),
        this.button("whole", "Whole line (0)", [icon(ICONS.whole)], () => this.zoomTo(0, 1)),
        this.button("taller", "Taller heatmaps (])", [icon(ICONS.taller)], () => this.taller(1.25)),
        this.button("lower", "Lower heatmaps ([)", [icon(ICONS.lower)], () => this.taller(1 / 1.25)),
      ),
      h(
        "div",
        { class: "group", role: "group", "aria-label": "play" },
        this.button("stepback", "One step back (,)", [icon(ICONS.back)], () => this.step(-1)),
        parts.play,
        this.button("step", "One step on (.)", [icon(ICONS.forward)], () => this.step(1)),
        parts.speed.root,
      ),
    );
  },

  toggleQuantity(name) {
    const shown = new Set(this.state.quantities);
    if (!shown.delete(name)) shown.add(name);
    this.set({ quantities: Object.keys(this.scene.quantities).filter((each) => shown.has(each)) });
  },

  chooseOrder(order) {
    this.set({ order });
    if (order === "selectivity" && !this.state.columns.length) {
      this.say("choose columns or a symbol: until then units stand by index");
      this.showTab("rank");
    }
  },

  buildReadout() {
    const { parts } = this;
    parts.fields = {};
    const field = (name, words, title) => {
      parts.fields[name] = h("dd", { "data-field": name, text: "–" });
      const term = h("dt", { text: words, title });
      if (name === "value") parts.fields.valueName = term;
      return h("div", { class: `field ${name}` }, term, parts.fields[name]);
    };
    return h(
      "dl",
      { class: "readout", "aria-label": "at the crosshair" },
      field("frame", "frame", "position in the network's output"),
      field("columns", "columns", "the columns of the image that the frame stands for"),
      field("field", "sees", "its receptive field, shaded on the image"),
      field("symbol", "symbol", "what was read here, and the posteriors"),
      field("unit", "unit", "row of the heatmaps"),
      field("value", "value", "of the unit at the frame"),
    );
  },

  /** The scales, what lies beyond them, and what is missing. */
  buildLegend() {
    this.parts.legend = h("div", { class: "legend", "aria-label": "scales" });
    return this.parts.legend;
  },

  showLegend() {
    const seen = new Map();
    for (const stack of this.stacks) {
      for (const name of this.shownQuantities()) {
        const shown = this.scene.quantity(stack.side, this.state.trace, name);
        if (!shown) continue;
        const { palette, low, high, rule } = shown.scale;
        const key = [palette, low, high].join();
        if (!seen.has(key)) seen.set(key, { palette, low, high, rules: new Set(), letters: new Set() });
        seen.get(key).letters.add(this.letter(name));
        if (rule) seen.get(key).rules.add(rule);
      }
    }
    const items = [...seen.values()].map(({ palette, low, high, letters, rules }) => {
      const { colors, under, over } = this.scene.palettes[palette];
      const stops = range(9).map((at) => {
        const index = 3 * Math.round((at / 8) * (colors.length / 3 - 1));
        return hex([...colors.subarray(index, index + 3)]);
      });
      const beyond = rules.size
        ? h(
            "span",
            { class: "beyond" },
            h("i", { style: { background: under } }),
            "below ",
            h("i", { style: { background: over } }),
            "above",
          )
        : null;
      return h(
        "span",
        { class: "scale" },
        h("b", { text: [...letters].join(" ") }),
        h("span", { text: short(low) }),
        h("i", { class: "ramp", style: { background: `linear-gradient(to right, ${stops.join(", ")})` } }),
        h("span", { text: short(high) }),
        rules.size ? h("span", { class: "rule", text: [...rules].join("; ") }) : null,
        beyond,
      );
    });
    const entry = (mark, text) => h("span", { class: "scale" }, mark, h("span", { text }));
    items.push(entry(h("i", { class: "hatched" }), "missing"));
    if (this.state.allLayers)
      items.push(
        ...this.gatesOf(this.trace).map(({ name }, at) => entry(stroke(DASHES[at]), `mean ${this.letter(name)}`)),
      );
    else if (this.shownQuantities().some((name) => name.endsWith("_gate"))) {
      items.push(entry(h("i", { class: "banded" }), "mean and 10–90 % of units"));
    }
    if (this.sides.includes("difference")) items.push(entry(stroke([]), "first"), entry(stroke(SECOND), "second"));
    else if (this.drawnUnits.length > 1)
      items.push(...this.drawnUnits.map((unit, at) => entry(stroke(DASHES[at]), `unit ${unit}`)));
    this.parts.legend.replaceChildren(...items);
  },

  /** Controls follow the state. */
  syncChrome() {
    const { parts, state, scene } = this;
    parts.trace.value = state.trace;
    parts.theme.value = state.theme;
    parts.speed.value = String(state.speed);
    parts.layers.checked = state.allLayers;
    const there = this.trace?.quantities;
    for (const { name, chip } of parts.chips) {
      chip.setAttribute("aria-pressed", String(state.quantities.includes(name)));
      chip.disabled = !there?.has(name);
      chip.style.setProperty("--role", this.role(name, 4.5));
    }
    const orders = [...(this.trace?.orders.keys() ?? []), "selectivity"].map((order) => [order, order]);
    parts.order.options = orders;
    parts.order.value = orders.some(([order]) => order === state.order) ? state.order : "index";
    parts.modes.value = state.mode;
    if (parts.views) {
      parts.views.value = state.view;
      let words = "";
      if (!this.canSubtract()) {
        const others = scene.comparison?.difference.length;
        words = others
          ? `No difference: ${this.trace?.title ?? "this layer"} has other units in the two.`
          : (scene.comparison?.words ?? "");
      }
      parts.views.disable("difference", words);
    }
    for (const { button, span, at } of parts.letters) {
      const chosen = this.symbol === span || (state.alike && this.symbol?.symbol === span.symbol && at === state.side);
      button.setAttribute("aria-pressed", String(Boolean(chosen)));
    }
    this.showEdits();
    this.showLegend();
    this.showSide();
    this.showPlay();
  },

  showZoom() {
    const [from, to] = this.state.zoom;
    written(this.parts.zoomWords, `${number(1 / (to - from), 2)}×`);
    for (const stack of this.stacks) {
      const axis = stack.panels.find((panel) => panel instanceof AxisPanel);
      axis?.canvas.setAttribute("aria-label", axis.label());
    }
  },

  // Controls of one kind each

  button(key, title, content, onclick) {
    return h("button", { type: "button", title, "aria-label": title, "data-key": key, onclick }, ...content);
  },

  /** A list to choose from with a word before it; `usual` is chosen where what was chosen is not there. */
  select(key, words, options, choose, usual = "") {
    const list = h("select", { "data-key": key, "aria-label": words, onchange: () => choose(list.value) });
    const control = {
      root: h("label", { class: "choice" }, h("span", { text: words }), list),
      list,
      get value() {
        return list.value;
      },
      set value(value) {
        list.value = value;
      },
      set options(pairs) {
        if (same(pairs, control.pairs)) return;
        control.pairs = pairs;
        const wanted = pairs.some(([value]) => value === list.value) ? list.value : usual;
        list.replaceChildren(...pairs.map(([value, text]) => h("option", { value, text, selected: value === wanted })));
      },
    };
    control.options = options;
    return control;
  },

  /** One of a few, side by side: radio buttons that look like one. */
  segments(key, words, options, choose) {
    const name = `${key}-${Math.random().toString(36).slice(2)}`;
    const inputs = options.map(([value]) =>
      h("input", { type: "radio", name, value, "data-key": `${key}-${value}`, onchange: () => choose(value) }),
    );
    const labels = options.map(([, text], at) => h("label", {}, inputs[at], h("span", { text })));
    return {
      root: h("div", { class: "segments", role: "radiogroup", "aria-label": words }, ...labels),
      set value(value) {
        for (const input of inputs) input.checked = input.value === value;
      },
      disable(value, why) {
        const at = options.findIndex(([each]) => each === value);
        inputs[at].disabled = Boolean(why);
        labels[at].title = why;
        labels[at].classList.toggle("off", Boolean(why));
      },
    };
  },
});

/** Arrow keys within a row of buttons that is one stop of the Tab key. */
function roving(event, buttons) {
  const at = buttons.indexOf(event.target);
  const step = { ArrowLeft: -1, ArrowRight: 1, Home: -buttons.length, End: buttons.length }[event.key];
  if (at < 0 || step === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  const next = buttons[clamp(at + step, 0, buttons.length - 1)];
  for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
  next.focus();
}

// ---------------------------------------------------------------- side panel

const TABS = [
  ["rank", "Rank"],
  ["query", "Query"],
  ["filter", "Filter"],
  ["edit", "Edit"],
];

Object.assign(Explorer.prototype, {
  buildSide() {
    const { parts } = this;
    this.tab ??= "rank";
    parts.card = h("section", { class: "card", "aria-label": "chosen units" });
    parts.tabs = TABS.map(([key, words]) =>
      h("button", {
        type: "button",
        role: "tab",
        id: `tab-${key}`,
        "aria-controls": `page-${key}`,
        "data-key": `tab-${key}`,
        text: words,
        onclick: () => this.showTab(key),
      }),
    );
    const list = h(
      "div",
      { role: "tablist", class: "tabs", "aria-label": "answers", onkeydown: (event) => this.tabKey(event) },
      ...parts.tabs,
    );
    const pages = {
      rank: this.buildRank(),
      query: this.buildQuery(),
      filter: this.buildFilter(),
      edit: this.buildEdit(),
    };
    parts.pages = TABS.map(([key]) => {
      const page = pages[key];
      page.id = `page-${key}`;
      page.setAttribute("role", "tabpanel");
      page.setAttribute("aria-labelledby", `tab-${key}`);
      return page;
    });
    parts.side.replaceChildren(parts.card, list, ...parts.pages);
    this.showTab(this.tab);
  },

  showTab(key) {
    this.tab = key;
    TABS.forEach(([each], at) => {
      const chosen = each === key;
      this.parts.tabs[at].setAttribute("aria-selected", String(chosen));
      this.parts.tabs[at].tabIndex = chosen ? 0 : -1;
      this.parts.pages[at].hidden = !chosen;
    });
  },

  tabKey(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const at = TABS.findIndex(([key]) => key === this.tab);
    const [next] = TABS[(at + step + TABS.length) % TABS.length];
    this.showTab(next);
    this.parts.tabs[TABS.findIndex(([key]) => key === next)].focus();
    event.preventDefault();
    event.stopPropagation();
  },

  quantityOptions() {
    return this.trace ? [...this.trace.quantities.keys()].map((name) => [name, this.quantityWords(name)]) : [];
  },

  // Ranking

  buildRank() {
    const { parts } = this;
    parts.rankBy = this.select("rank-by", "by", [], (rankBy) => this.set({ rankBy }));
    parts.rankWords = h("p", { class: "words" });
    parts.alike = h("input", {
      type: "checkbox",
      "data-key": "alike",
      onchange: (event) => this.set({ alike: event.target.checked }),
    });
    parts.alikeWords = h("span");
    parts.alikeRow = h("label", { class: "check" }, parts.alike, parts.alikeWords);
    parts.lift = h("input", {
      type: "checkbox",
      "data-key": "lift",
      onchange: (event) => this.set({ lift: event.target.checked }),
    });
    parts.lifted = h("input", {
      type: "number",
      min: "1",
      max: "30",
      "data-key": "lifted",
      "aria-label": "how many units to lift",
      onchange: (event) => this.set({ lifted: clamp(Math.round(Number(event.target.value)) || 5, 1, 30) }),
    });
    parts.liftRow = h(
      "div",
      { class: "row" },
      h("label", { class: "check" }, parts.lift, "lift the first"),
      parts.lifted,
      h("span", { text: "to the top" }),
    );
    parts.ranked = h("ol", { class: "ranked", "aria-label": "units by effect size" });
    parts.rankHead = h(
      "div",
      { class: "head", "aria-hidden": "true" },
      ...["unit", "whole line", "effect size d", "here / elsewhere"].map((words) => h("span", { text: words })),
    );
    parts.clear = this.button("clear-columns", "Choose no columns", ["Clear"], () => this.clearColumns());
    return h(
      "section",
      { class: "page" },
      h("div", { class: "row between" }, parts.rankBy.root, parts.clear),
      parts.rankWords,
      parts.alikeRow,
      parts.liftRow,
      parts.rankHead,
      parts.ranked,
    );
  },

  showRank() {
    const { parts, state } = this;
    const found = this.ranking();
    parts.rankBy.options = this.quantityOptions();
    parts.rankBy.value = found.quantity;
    parts.clear.disabled = !state.columns.length;
    const { symbol } = this;
    const count = symbol ? this.askedLine.spans.filter((span) => span.symbol === symbol.symbol).length : 0;
    parts.alikeRow.hidden = count < 2;
    parts.alike.checked = state.alike;
    parts.alikeWords.textContent = symbol ? `every ${quoted(symbol.symbol)} in this line (${count})` : "";
    parts.lift.checked = state.lift;
    parts.lifted.value = String(state.lifted);
    parts.liftRow.hidden = parts.rankHead.hidden = !found.units.length;
    parts.rankWords.replaceChildren(...this.rankWords(found, symbol));
    const most = Math.max(
      ...found.units
        .slice(0, 40)
        .map((each) => Math.abs(each.effect))
        .filter(Number.isFinite),
      1e-9,
    );
    const key = JSON.stringify([
      state.columns,
      found.quantity,
      state.trace,
      state.alike,
      this.askedSide,
      state.selected_units,
      this.dark,
      state.lift,
      state.lifted,
    ]);
    if (parts.rankedKey === key) return;
    parts.rankedKey = key;
    const held = this.shadow.activeElement?.dataset.key;
    parts.ranked.replaceChildren(...found.units.slice(0, 40).map((each, at) => this.rankRow(each, at, most, found)));
    if (held?.startsWith("ranked-")) parts.ranked.querySelector(`[data-key="${held}"]`)?.focus();
  },

  rankWords(found, symbol) {
    if (!this.state.columns.length) {
      return [
        h("span", {
          class: "quiet",
          text: "Click a symbol, or drag over columns: the units that behave differently there than elsewhere are listed here, and lifted to the top of the heatmaps.",
        }),
      ];
    }
    if (found.words) return [h("span", { class: "alarm", text: sentence(found.words) })];
    const [start, stop] = this.state.columns;
    const where = symbol ? `${quoted(symbol.symbol)}, ` : "";
    const side = this.scene.two
      ? { 0: " of the first", 1: " of the second", difference: " of the difference" }[this.askedSide]
      : "";
    const few =
      found.inside < 3 ? ` ${found.inside === 1 ? "One frame is" : "Two frames are"} one look, not a statistic.` : "";
    return [
      h("b", { text: `${where}columns ${fixed(start, 0)}–${fixed(stop, 0)}` }),
      `${side}: ${plural(found.inside, "frame")}${found.spans > 1 ? ` in ${found.spans} places` : ""} against ${found.outside} others.${few}`,
    ];
  },

  rankRow({ unit, effect, inside, outside }, at, most, found) {
    const chosen = !found.own && this.state.selected_units.includes(unit);
    const lifted = this.state.lift && at < this.state.lifted;
    const share = Number.isFinite(effect) ? Math.abs(effect) / most : 1;
    const spark = h("canvas", { class: "spark", "aria-hidden": "true" });
    this.spark(spark, unit, found);
    const words = `unit ${unit}: effect size ${number(effect)}, mean ${number(inside)} here and ${number(outside)} elsewhere`;
    const row = h(
      "button",
      {
        type: "button",
        "data-key": `ranked-${unit}`,
        "data-unit": unit,
        "aria-pressed": String(chosen),
        "aria-label": words,
        title: words,
        onclick: (event) =>
          found.own
            ? this.say("a row of the projection is no unit of the layer")
            : this.chooseUnit(unit, event.ctrlKey || event.metaKey),
      },
      h("span", { class: "unit", text: String(unit) }),
      spark,
      h(
        "span",
        { class: "effect" },
        h("i", { class: effect < 0 ? "less" : "more", style: { width: `${100 * share}%` } }),
        h("span", { text: `${effect > 0 ? "+" : ""}${fixed(effect, 2)}` }),
      ),
      h("span", { class: "means", text: `${fixed(inside, 2)} / ${fixed(outside, 2)}` }),
    );
    return h("li", { class: lifted ? "lifted" : "" }, row);
  },

  /** The unit's whole curve, small, with the chosen columns behind it. */
  spark(canvas, unit, found) {
    const [width, height] = [78, 18];
    sized(canvas, width, height, this.density);
    const context = canvas.getContext("2d");
    context.scale(this.density, this.density);
    const pen = new CanvasPen(context, this.density);
    const shown = this.scene.quantity(this.askedSide, this.state.trace, found.quantity);
    const values = shown.matrix.row(unit);
    const line = this.askedLine;
    const { centers } = line.framesOf(this.state.trace);
    const x = (column) => ((column - line.axis.start) / (line.axis.stop - line.axis.start)) * width;
    const [start, stop] = this.state.columns;
    pen.rect(x(start), 0, Math.max(x(stop) - x(start), 1.5), height, { fill: this.palette.accent, alpha: 0.28 });
    const { low, high } = shown.scale;
    const block = Math.max(1, Math.floor(values.length / 150));
    const points = [];
    for (let frame = 0; frame < values.length; frame += block) {
      points.push(x(centers[frame]), 1 + (1 - clamp((values[frame] - low) / (high - low), 0, 1)) * (height - 2));
    }
    pen.path(points, { stroke: this.role(found.quantity), thick: 1 });
  },

  // Query

  buildQuery() {
    const { parts } = this;
    const change = (changes) => this.set({ query: { ...this.state.query, on: true, ...changes } });
    parts.queryOf = this.select("query-of", "units whose", [], (quantity) => this.chooseQueryQuantity(quantity));
    parts.queryWay = this.select(
      "query-way",
      "is",
      [
        ["above", "above"],
        ["below", "below"],
      ],
      (way) => change({ below: way === "below" }),
    );
    parts.threshold = h("input", {
      type: "number",
      step: "any",
      "data-key": "threshold",
      "aria-label": "threshold",
      onchange: (event) => event.target.value !== "" && change({ threshold: Number(event.target.value) }),
    });
    parts.slider = h("input", {
      type: "range",
      step: "any",
      "data-key": "slider",
      "aria-label": "threshold",
      oninput: (event) => change({ threshold: Number(Number(event.target.value).toPrecision(3)) }),
    });
    parts.share = h("input", {
      type: "number",
      min: "1",
      max: "100",
      "data-key": "share",
      "aria-label": "least share of these units, in percent",
      onchange: (event) => change({ share: clamp(Number(event.target.value) || 70, 1, 100) / 100 }),
    });
    parts.queryOn = h("input", {
      type: "checkbox",
      "data-key": "query-on",
      onchange: (event) => change({ on: event.target.checked }),
    });
    parts.queryWords = h("p", { class: "words" });
    parts.queryUnits = h("div", { class: "chips" });
    parts.queryRuns = h("ol", { class: "runs" });
    return h(
      "section",
      { class: "page" },
      h("p", {
        class: "quiet",
        text: "Units that are on at every frame of the chosen columns, and off just before and after.",
      }),
      h("label", { class: "check" }, parts.queryOn, "look for them; drag the dashed line to move the threshold"),
      h("div", { class: "row" }, parts.queryOf.root, parts.queryWay.root, parts.threshold),
      parts.slider,
      parts.queryWords,
      parts.queryUnits,
      h(
        "div",
        { class: "row" },
        h("span", { text: "Elsewhere at least" }),
        parts.share,
        h("span", { text: "% of them are on:" }),
      ),
      parts.queryRuns,
    );
  },

  chooseQueryQuantity(quantity) {
    const { low, high } = this.scene.quantity(this.askedSide, this.state.trace, quantity).scale;
    const { threshold } = this.state.query;
    const fits = threshold > low && threshold < high;
    this.set({ query: { ...this.state.query, on: true, quantity, threshold: fits ? threshold : (low + high) / 2 } });
  },

  showQuery() {
    const { parts, state } = this;
    const { query } = state;
    const name = this.quantityOf(query.quantity);
    parts.queryOf.options = this.quantityOptions();
    parts.queryOf.value = name;
    parts.queryWay.value = query.below ? "below" : "above";
    parts.queryOn.checked = query.on;
    parts.threshold.value = String(query.threshold);
    const scale = name ? this.scene.quantity(this.askedSide, state.trace, name)?.scale : null;
    [parts.slider.min, parts.slider.max] = [scale?.low ?? 0, scale?.high ?? 1].map(String);
    parts.slider.value = String(query.threshold);
    parts.share.value = String(Math.round(query.share * 100));
    const found = this.queried();
    parts.queryWords.className = found?.words ? "words alarm" : "words";
    parts.queryWords.textContent = "";
    if (found?.words) parts.queryWords.textContent = sentence(found.words);
    else if (found)
      parts.queryWords.textContent = `${plural(found.units.length, "unit")} in ${this.frameWords(found.range)}.`;
    const own = found && found.matrix.rows !== this.trace.units;
    parts.queryUnits.replaceChildren(
      ...(found?.units.slice(0, 60) ?? []).map((unit) =>
        h("button", {
          type: "button",
          "data-key": `found-${unit}`,
          "data-unit": unit,
          "aria-pressed": String(!own && state.selected_units.includes(unit)),
          "aria-label": `unit ${unit}`,
          text: String(unit),
          onclick: (event) => !own && this.chooseUnit(unit, event.ctrlKey || event.metaKey),
        }),
      ),
      found && found.units.length > 60
        ? h("span", { class: "quiet", text: `and ${found.units.length - 60} more` })
        : "",
    );
    const line = this.askedLine;
    parts.queryRuns.replaceChildren(
      ...(found?.others ?? []).slice(0, 60).map(([start, stop]) =>
        h(
          "li",
          {},
          h("button", {
            type: "button",
            "data-key": `run-${start}`,
            "data-start": start,
            "data-stop": stop,
            text: `${this.frameWords([start, stop])} · ${this.symbolsBetween(line, start, stop) || "no symbol"}`,
            onclick: () => this.goToRun([start, stop], this.askedSide === "difference" ? 0 : this.askedSide),
          }),
        ),
      ),
      found && found.units.length && !found.others.length ? h("li", { class: "quiet", text: "nowhere else" }) : "",
    );
  },

  // Filter

  buildFilter() {
    const { parts } = this;
    const apply = () => {
      const [low, high] = [Number(parts.filterLow.value), Number(parts.filterHigh.value)];
      this.set({
        filter: {
          quantity: parts.filterOf.value,
          low: Math.min(low, high),
          high: Math.max(low, high),
          when: parts.filterWhen.value,
        },
      });
    };
    parts.filterOf = this.select("filter-of", "units whose", [], () => {
      const { low, high } = this.scene.quantity(this.askedSide, this.state.trace, parts.filterOf.value).scale;
      parts.filterLow.value = String(low);
      parts.filterHigh.value = String(high);
      apply();
    });
    parts.filterLow = h("input", {
      type: "number",
      step: "any",
      value: "0.9",
      "data-key": "filter-low",
      "aria-label": "least value",
      onchange: apply,
    });
    parts.filterHigh = h("input", {
      type: "number",
      step: "any",
      value: "1",
      "data-key": "filter-high",
      "aria-label": "greatest value",
      onchange: apply,
    });
    parts.filterWhen = this.select(
      "filter-when",
      "when",
      [
        ["some", "at some frame"],
        ["every", "at every frame"],
        ["mean", "on average"],
      ],
      apply,
    );
    parts.filterWords = h("p", { class: "words" });
    parts.filterClear = this.button("filter-clear", "Show all units", ["Show all"], () => this.set({ filter: null }));
    return h(
      "section",
      { class: "page" },
      h("p", {
        class: "quiet",
        text: "Only these units are shown; within the chosen columns where some are chosen, else on the whole line.",
      }),
      h("div", { class: "row" }, parts.filterOf.root),
      h(
        "div",
        { class: "row" },
        h("span", { text: "lies from" }),
        parts.filterLow,
        h("span", { text: "to" }),
        parts.filterHigh,
      ),
      h(
        "div",
        { class: "row" },
        parts.filterWhen.root,
        this.button("filter-apply", "Show only these units", ["Apply"], apply),
        parts.filterClear,
      ),
      parts.filterWords,
    );
  },

  showFilter() {
    const { parts, state } = this;
    const options = this.quantityOptions().filter(
      ([name]) => this.scene.quantity(this.askedSide, state.trace, name)?.matrix.rows === this.trace.units,
    );
    parts.filterOf.options = options;
    if (state.filter) {
      parts.filterOf.value = state.filter.quantity;
      [parts.filterLow.value, parts.filterHigh.value] = [String(state.filter.low), String(state.filter.high)];
      parts.filterWhen.value = state.filter.when;
    }
    const kept = this.kept();
    parts.filterClear.disabled = !state.filter;
    parts.filterWords.textContent = kept
      ? `${kept.length} of ${plural(this.trace.units, "unit")} shown.`
      : "All units are shown.";
  },

  // Chosen units

  showCard() {
    const { parts, state } = this;
    const { selected_units: units } = state;
    const { trace } = this;
    parts.cardValues = [];
    if (!units.length || !trace) {
      parts.card.replaceChildren(
        h("p", { class: "quiet", text: "Click a row of a heatmap: the unit's curves appear under the image." }),
      );
      return;
    }
    const unit = units.at(-1);
    const chips =
      units.length > 1
        ? h(
            "div",
            { class: "chips" },
            ...units.map((each) =>
              h("button", {
                type: "button",
                "aria-pressed": "true",
                "aria-label": `unit ${each}: choose it no longer`,
                "data-key": `chosen-${each}`,
                text: String(each),
                onclick: () => this.chooseUnit(each, true),
              }),
            ),
          )
        : null;
    const keeps = trace.timescale
      ? h(
          "p",
          { class: "keeps" },
          h("b", { text: this.timescaleWords(trace.timescale[unit]) }),
          " timescale, −1 / ln(mean f)",
        )
      : null;
    const [own, others] = [true, false].map((of) =>
      [...trace.quantities.values()].filter((quantity) => (quantity.matrix.rows === trace.units) === of),
    );
    const rows = own.map((quantity) => {
      const value = h("td", { class: "number", text: "–" });
      parts.cardValues.push({ name: quantity.name, unit, cell: value });
      const shares = trace.saturation.get(quantity.name);
      return h(
        "tr",
        {},
        h("th", {
          scope: "row",
          text: this.letter(quantity.name),
          title: this.quantityWords(quantity.name),
          style: { color: this.role(quantity.name, 4.5) },
        }),
        value,
        shares
          ? h("td", {}, this.shareBar(shares.left[unit], shares.right[unit]))
          : h("td", { class: "quiet", text: "–" }),
      );
    });
    parts.card.replaceChildren(
      h(
        "div",
        { class: "row between" },
        h("h2", { text: `Unit ${unit}` }),
        this.button("clear-units", "Choose no units", ["Clear"], () => this.set({ selected_units: [] })),
      ),
      chips ?? "",
      keeps ?? "",
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col", text: "" }),
            h("th", { scope: "col", text: "here" }),
            h("th", { scope: "col", text: "shut < 0.1 · open > 0.9" }),
          ),
        ),
        h("tbody", {}, ...rows),
      ),
      others.length
        ? h("p", {
            class: "quiet",
            text: `${others.map(({ name }) => this.letter(name)).join(", ")}: projected; its rows are no units of the layer.`,
          })
        : "",
    );
  },

  timescaleWords(frames) {
    if (Number.isNaN(frames)) return "no";
    return Number.isFinite(frames) ? plural(Number(number(frames)), "frame") : "endless";
  },

  /** How often a gate is shut and open: bars from both ends, and the numbers. */
  shareBar(left, right) {
    const words = `shut at ${number(100 * left, 2)} % of the frames, open at ${number(100 * right, 2)} %`;
    return h(
      "span",
      { class: "shares", title: words, role: "img", "aria-label": words },
      h("span", { text: `${Math.round(100 * left)} %` }),
      h(
        "i",
        { class: "bar" },
        h("i", { class: "shut", style: { width: `${100 * left}%` } }),
        h("i", { class: "open", style: { width: `${100 * right}%` } }),
      ),
      h("span", { text: `${Math.round(100 * right)} %` }),
    );
  },

  /** The chosen unit's values where the crosshair is. */
  showUnitValues() {
    const stack = this.stacks.find((each) => each.side === this.askedSide) ?? this.stacks[0];
    const frame = stack?.cursorFrame() ?? null;
    for (const { name, unit, cell } of this.parts.cardValues ?? []) {
      const shown = frame === null ? null : this.scene.quantity(stack.side, this.state.trace, name);
      const text = shown ? number(shown.matrix.at(unit, frame), 3) : "–";
      written(cell, text);
    }
  },

  showSide() {
    this.showCard();
    this.showRank();
    this.showQuery();
    this.showFilter();
    this.showLive();
  },
});

// ---------------------------------------------------------------- live edits

// Longer than any line takes to read again; then the reader is told that nothing came back.
const PATIENCE = 20000;

Object.assign(Explorer.prototype, {
  buildEdit() {
    const { parts } = this;
    parts.gate = this.select("gate", "hold", [], () => {}, "forget_gate");
    parts.holdAt = h("input", {
      type: "number",
      step: "any",
      value: "0",
      "data-key": "hold-at",
      "aria-label": "value to hold it at",
    });
    const at = (value) =>
      this.button(`hold-${value}`, `hold at ${value}`, [String(value)], () => (parts.holdAt.value = String(value)));
    parts.editWhere = h("p", { class: "words" });
    parts.editWords = h("p", { class: "words", role: "status" });
    parts.editList = h("ol", { class: "edits", "aria-label": "edits that are on" });
    parts.noEdits = h("p", { class: "quiet", text: "No edits are on." });
    parts.editControls = [
      this.button("hold", "Hold the gate and read the line again", ["Hold and read again"], () =>
        this.sendEdit("hold"),
      ),
      this.button("ablate", "Silence the units and read the line again", ["Ablate units"], () =>
        this.sendEdit("ablate"),
      ),
    ];
    parts.undo = this.button("undo", "Undo the last edit", ["Undo"], () => this.send({ type: "undo" }));
    parts.redo = this.button("redo", "Redo", ["Redo"], () => this.send({ type: "redo" }));
    parts.clearEdits = this.button("clear", "Take all edits off", ["Clear"], () => this.send({ type: "clear" }));
    parts.small = [at(0), at(1)];
    return h(
      "section",
      { class: "page" },
      h("div", { class: "row" }, parts.gate.root, h("span", { text: "at" }), parts.holdAt, ...parts.small),
      parts.editWhere,
      h("div", { class: "row" }, ...parts.editControls),
      h("h3", { text: "Edits" }),
      parts.editList,
      parts.noEdits,
      h("div", { class: "row" }, parts.undo, parts.redo, parts.clearEdits),
      parts.editWords,
    );
  },

  showLive() {
    const { parts, state, scene } = this;
    if (!parts?.editControls) return;
    parts.gate.options = this.quantityOptions();
    const units = state.selected_units;
    const where = state.columns.length
      ? `columns ${fixed(state.columns[0], 0)} to ${fixed(state.columns[1], 0)}`
      : "the whole line";
    parts.editWhere.textContent = `${units.length ? this.unitWords() : "All units"} of ${this.trace?.title ?? "this layer"}, ${where}.`;
    const status = this.model.get("status") ?? {};
    const usable = scene.live && !this.lost && !status.busy;
    for (const control of [...parts.editControls, ...parts.small, parts.holdAt, parts.gate.list])
      control.disabled = !usable;
    const edits = this.model.get("edits") ?? [];
    parts.undo.disabled = !usable;
    parts.redo.disabled = !usable;
    parts.clearEdits.disabled = !usable || !edits.length;
    let words = status.words ?? "";
    if (status.busy) words = `${words || "reading the line again"} …`;
    if (this.lost) words = this.lost;
    else if (!scene.live)
      words = "Edits need a kernel with the recognizer: gateviz.explore(recording, recognizer=...).";
    else if (this.unanswered)
      words = "The kernel has not answered yet. It may be busy, or gone; what you see is what it sent last.";
    parts.editWords.textContent = words;
    parts.editWords.className = this.lost || this.unanswered ? "words alarm" : "words";
  },

  showStatus() {
    clearTimeout(this.waiting);
    this.unanswered = false;
    this.showLive();
    const { words = "", busy = false } = this.model.get("status") ?? {};
    if (words && this.parts) this.say(busy ? `${words} …` : words);
  },

  sendEdit(type) {
    const { state, parts } = this;
    const message = {
      type,
      trace: state.trace,
      units: [...state.selected_units],
      columns: state.columns.length ? [...state.columns] : null,
    };
    if (type === "hold") {
      const value = Number(parts.holdAt.value);
      if (parts.holdAt.value === "" || !Number.isFinite(value)) {
        parts.editWords.textContent = "Give a number to hold the gate at.";
        return;
      }
      Object.assign(message, { gate: parts.gate.value, value });
    }
    this.send(message);
  },

  send(message) {
    this.checkKernel();
    if (this.lost) return;
    clearTimeout(this.waiting);
    try {
      this.model.send(message);
    } catch (error) {
      this.kernelLost(`the kernel could not be reached (${error.message})`);
      return;
    }
    this.waiting = setTimeout(() => {
      this.unanswered = true;
      this.showLive();
    }, PATIENCE);
  },

  kernelLost(why) {
    if (this.lost) return;
    this.lost = `Nobody can read the line again: ${why}. What you see is what was sent last; run the cell again.`;
    if (!this.parts) return;
    this.showEdits();
    this.say(this.lost);
  },

  kernelBack() {
    if (!this.lost) return;
    this.lost = "";
    this.showEdits();
  },

  /** Hear of the kernel's end, as far as a notebook tells. */
  watchKernel(on) {
    on("comm:close", () => this.kernelLost("the connection to the kernel is closed"));
    on("comm_live_update", () =>
      this.model.comm_live === false ? this.kernelLost("the connection to the kernel is lost") : this.kernelBack(),
    );
    const kernel = this.model.widget_manager?.kernel;
    this.kernel = kernel;
    const changed = () => this.checkKernel();
    for (const signal of [kernel?.statusChanged, kernel?.connectionStatusChanged, kernel?.disposed]) {
      if (typeof signal?.connect !== "function") continue;
      signal.connect(changed);
      this.leaving.push(() => signal.disconnect?.(changed));
    }
  },

  checkKernel() {
    const manager = this.model.widget_manager;
    // JupyterLab's manager has no kernel any more when it is shut down: then ask the one it had.
    const kernel = manager?.kernel ?? this.kernel;
    if (this.model.comm_live === false) this.kernelLost("the connection to the kernel is lost");
    else if (
      kernel &&
      (kernel.isDisposed || ["dead", "terminating", "restarting", "autorestarting"].includes(kernel.status))
    ) {
      this.kernelLost(kernel.isDisposed ? "the kernel is gone" : `the kernel is ${kernel.status}`);
    }
  },
});

// ---------------------------------------------------------------- play

Object.assign(Explorer.prototype, {
  togglePlay() {
    if (this.state.playing) {
      this.pause();
      return;
    }
    const line = this.scene.lines[this.cursorNow().side];
    const [start, end] = this.readingEnds(line);
    const cursor = this.cursorNow();
    const ahead = this.state.played && cursor.frame !== end;
    this.set({ played: true, playing: true, cursor: { ...cursor, frame: ahead ? cursor.frame : start } });
    this.say(`playing ${this.trace?.backward ? "from the right" : "from the left"}`);
    this.showPlay();
    this.tick();
  },

  /** The frames that the chosen layer reads first and last. */
  readingEnds(line) {
    return this.trace?.backward ? [line.count - 1, 0] : [0, line.count - 1];
  },

  tick() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.gone || !this.state.playing) return;
      if (this.step(1, true)) this.tick();
      else this.stop();
    }, 1000 / this.state.speed);
  },

  /** One frame on in the direction of reading; false at the end. */
  step(count, running = false) {
    if (!running) this.pause();
    const cursor = this.cursorNow();
    const line = this.scene.lines[cursor.side];
    const [start] = this.readingEnds(line);
    const frame = this.state.cursor ? cursor.frame + (this.trace?.backward ? -count : count) : start;
    if (frame < 0 || frame >= line.count) return false;
    this.set({ played: true, cursor: { ...cursor, frame } });
    const { edges } = line.framesOf(this.state.trace);
    this.reveal(edges[frame], edges[frame + 1], line);
    if (!running) this.sayLater(200);
    return true;
  },

  pause() {
    clearTimeout(this.timer);
    if (!this.state.playing) return;
    this.set({ playing: false });
    this.showPlay();
    this.say("paused");
  },

  stop() {
    clearTimeout(this.timer);
    this.set({ playing: false, played: false });
    this.showPlay();
    this.say("the whole line is read");
  },

  showPlay() {
    const { play } = this.parts;
    const words = this.state.playing
      ? "Pause"
      : `Play the reading, ${this.trace?.backward ? "from the right" : "from the left"}`;
    if (play.title === words) return;
    play.title = words;
    play.setAttribute("aria-label", words);
    play.replaceChildren(icon(this.state.playing ? ICONS.pause : ICONS.play));
  },
});

// ---------------------------------------------------------------- export

Object.assign(Explorer.prototype, {
  /** Draw all that is on screen: texts, notes, and the panels of every stack. */
  paintAll(pen, measured) {
    const theme = this.palette;
    const beside = this.parts.stage.dataset.beside === "true";
    const gap = 20;
    const margin = 16;
    const width = this.stacks.reduce(
      (sum, stack) => (beside ? sum + stack.whole + gap : Math.max(sum, stack.whole)),
      beside ? -gap : 0,
    );
    const lines = [...this.scene.lines.entries()]
      .filter(([at]) => this.stacks.some((stack) => stack.at === at || stack.side === "difference"))
      .map(([at, line]) => [this.scene.two ? `${["first", "second"][at]}: ` : "", line.text || line.name]);
    const notes = [...this.parts.notes.querySelectorAll("li")].map((item) => item.textContent);
    notes.push(`${this.trace?.title ?? ""}, order of units: ${this.state.order}`);
    if (this.ownTitle()) lines.unshift(["", this.ownTitle()]);
    let y = margin;
    for (const [which, text] of lines) {
      y += 24;
      if (measured) pen.text(margin, y, which + text, { size: 17, fill: theme.text });
    }
    for (const note of notes) {
      y += 17;
      if (measured) pen.text(margin, y, note, { size: 12, fill: theme.quiet });
    }
    y += 14;
    let [x, bottom] = [margin, y];
    for (const stack of this.stacks) {
      const heading = stack.words ? 20 : 0;
      if (measured && heading)
        pen.text(x + stack.left, y + 13, stack.heading.textContent, { size: 12, weight: 600, fill: theme.text });
      if (measured) {
        for (const panel of stack.panels) {
          pen.moved(x, y + heading + panel.top, () =>
            pen.clipped(0, 0, stack.whole, panel.height, () => panel.draw(pen)),
          );
        }
      }
      bottom = Math.max(bottom, y + heading + stack.height);
      if (beside) x += stack.whole + gap;
      else y += heading + stack.height + gap;
    }
    return { width: width + 2 * margin, height: bottom + margin };
  },

  svg() {
    const measuring = new CanvasPen(h("canvas").getContext("2d"), 1);
    const { width, height } = this.paintAll(measuring, false);
    const pen = new SvgPen(measuring);
    pen.rect(0, 0, width, height, { fill: this.palette.ground });
    this.paintAll(pen, true);
    return pen.document(width, height);
  },

  png() {
    const canvas = h("canvas");
    const { width, height } = this.paintAll(new CanvasPen(canvas.getContext("2d"), 1), false);
    const density = Math.max(2, this.density);
    [canvas.width, canvas.height] = [Math.round(width * density), Math.round(height * density)];
    const context = canvas.getContext("2d");
    context.scale(density, density);
    const pen = new CanvasPen(context, density);
    pen.rect(0, 0, width, height, { fill: this.palette.ground });
    this.paintAll(pen, true);
    return new Promise((done) => canvas.toBlob(done, "image/png"));
  },

  async savePng() {
    this.download(await this.png(), "png");
  },

  saveSvg() {
    this.download(new Blob([this.svg()], { type: "image/svg+xml" }), "svg");
  },

  download(blob, ending) {
    const name = `${(this.scene.lines[0].name || "gates").replace(/\.[a-z]+$/i, "").replace(/[^\p{L}\p{N}_-]+/gu, "_")}-${this.state.trace}.${ending}`;
    const address = URL.createObjectURL(blob);
    const link = h("a", { href: address, download: name });
    this.root.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
    this.say(`saved as ${name}`);
  },

  /** The Python lines that draw the same with `gateviz.plot`. */
  code() {
    const { scene, sides } = this;
    const shown = [...new Set(sides.flatMap((side) => (side === "difference" ? [0, 1] : [side])))];
    const named = shown.map((at) => ({
      line: scene.lines[at],
      name: scene.two ? ["first", "second"][at] : "recording",
    }));
    const lines = ["import gateviz", "", ...this.recordedCode(named), "", ...this.wordsForCode()];
    for (const { line, name } of named) lines.push(...this.drawnCode(line, name));
    return `${lines.join("\n")}\n`;
  },

  /** Where the recordings come from: a file is read again; an edited run, or another model's, is opened. */
  recordedCode(named) {
    const image = (line) => line.name.replace(/, [^,]*$/, "");
    const twins = this.scene.two && image(this.scene.lines[0]) === image(this.scene.lines[1]);
    const plain = named.filter(({ line }) => line.image && !line.notes.length && !(twins && line.name !== image(line)));
    const lines = plain.length
      ? ["recognizer = gateviz.load()  # the bundled model; name another if it read the line"]
      : [];
    for (const { line, name } of named) {
      lines.push(...line.notes.flatMap((note) => note.split("\n")).map((note) => `# ${note}`));
      lines.push(
        plain.some((each) => each.line === line)
          ? `${name} = gateviz.record(recognizer, ${python(line.name)})`
          : `${name} = gateviz.open_recording("${name}.safetensors")  # as ${name}.save wrote it`,
      );
    }
    return lines;
  },

  /** What is on screen and `gateviz.plot` does not draw. */
  wordsForCode() {
    const words = [];
    if (this.sides.includes("difference"))
      words.push("# gateviz.plot draws both recordings; their difference is the explorer's own.");
    if (this.zoomSpan < 1) {
      const [from, to] = [this.stacks[0].first, this.stacks[0].last].map((column) => fixed(column, 0));
      words.push(
        `# gateviz.plot draws the whole line; on screen are the ${this.stacks[0].line.axis.unit}s ${from} to ${to}.`,
      );
    }
    return words;
  },

  /** The figures of one recording. */
  drawnCode(line, name) {
    const { state } = this;
    const trace = line.traces.get(state.trace);
    const prefix = name === "recording" ? "" : `${name}-`;
    const where = trace ? [`layers=[${trace.layer}]`, `directions=[${python(trace.direction)}]`] : [];
    const shown = trace ? this.shownQuantities().filter((each) => trace.quantities.has(each)) : [];
    const frames = state.cursor ? [`frames=[${clamp(state.cursor.frame, 0, line.count - 1)}]`] : [];
    const rows = this.rowsForCode(shown);
    const order = rows
      ? [`units=[${rows.join(", ")}]`]
      : ["peak", "similarity", "timescale"].includes(state.order)
        ? [`order=${python(state.order)}`]
        : [];
    const some = trace && shown.length < trace.quantities.size ? [`quantities=[${shown.map(python).join(", ")}]`] : [];
    const figure = (call, options, file) =>
      `gateviz.plot.${call}(${[name, ...options].join(", ")}).savefig("${prefix}${file}.pdf")`;
    const lines = [];
    if (shown.length) lines.push(figure("gates", [...where, ...some, ...order, ...frames], "gates"));
    if (!shown.length || state.allLayers) lines.push(figure("overview", frames, "overview"));
    if (state.selected_units.length && trace)
      lines.push(figure("units", [`units=[${state.selected_units.join(", ")}]`, ...where, ...frames], "units"));
    if (state.played && shown.length) {
      const options = [
        name,
        python(`${prefix}reading.gif`),
        ...where,
        ...some,
        ...order,
        `frames_per_second=${state.speed}`,
      ];
      lines.push(`gateviz.plot.animate(${options.join(", ")})`);
    }
    return lines;
  },

  /** The units in their rows, where no order of `gateviz.plot` gives the same. */
  rowsForCode(shown) {
    for (const name of shown) {
      const quantity = this.scene.quantity(this.stacks[0].side, this.state.trace, name);
      if (!quantity) continue;
      const rows = this.rowsOf(name, quantity);
      if (rows.own) continue;
      const plain = !rows.focus.length && rows.main.length === rows.total && this.state.order !== "selectivity";
      return plain ? null : [...rows.focus, ...rows.main];
    }
    return null;
  },

  buildCode() {
    const { parts } = this;
    parts.codeText = h("textarea", { readonly: true, rows: "14", spellcheck: "false", "aria-label": "Python" });
    parts.copied = h("span", { role: "status", class: "quiet" });
    const copy = async () => {
      parts.codeText.select();
      try {
        await navigator.clipboard.writeText(parts.codeText.value);
        parts.copied.textContent = "copied";
      } catch {
        // A page from a file may not write to the clipboard; the text is selected, Ctrl+C does it.
        parts.copied.textContent = "selected: press Ctrl+C";
      }
    };
    parts.codeDialog = h(
      "dialog",
      { class: "dialog", "aria-label": "Python", onkeydown: (event) => event.stopPropagation() },
      h("h2", { text: "The same with gateviz.plot" }),
      parts.codeText,
      h(
        "div",
        { class: "row" },
        this.button("copy", "Copy the lines", ["Copy"], copy),
        h("button", { type: "button", text: "Close", onclick: () => parts.codeDialog.close() }),
        parts.copied,
      ),
    );
    return parts.codeDialog;
  },

  showCode() {
    const { parts } = this;
    if (!parts.codeDialog) this.root.append(this.buildCode());
    parts.codeText.value = this.code();
    parts.copied.textContent = "";
    parts.codeDialog.showModal();
  },
});

/** A string as Python writes it. */
const python = (text) => JSON.stringify(text);

// ---------------------------------------------------------------- help

const LSTM = {
  input_gate: "i = σ(W_i x + U_i h₋ + b_i): 1 lets the candidate in",
  forget_gate: "f = σ(W_f x + U_f h₋ + b_f): 1 keeps the cell state, 0 drops it",
  candidate: "g = tanh(W_g x + U_g h₋ + b_g): what would be written",
  output_gate: "o = σ(W_o x + U_o h₋ + b_o): 1 shows the cell state",
  cell_state: "c = f · c₋ + i · g",
  hidden_state: "h = o · tanh(c)",
};
const GRU = {
  reset_gate: "r = σ(W_r x + U_r h₋ + b_r): 0 hides the past from the candidate",
  update_gate: "z = σ(W_z x + U_z h₋ + b_z): 1 keeps the hidden state",
  candidate: "g = tanh(W_g x + r · (U_g h₋ + a_g) + b_g): what would be written (elsewhere called n)",
  hidden_state: "h = z · h₋ + (1 − z) · g",
};
const FORMULAS = [
  [
    "effect size",
    "Cohen's d = (m₁ − m₀) / s, with s² = ((n₁ − 1) s₁² + (n₀ − 1) s₀²) / (n₁ + n₀ − 2): means m, deviations s and counts n of the frames inside (1) and outside (0). Where values travelled in 8 bits, s is one step of them at least. It describes this line; it is no test.",
  ],
  [
    "query",
    "on at every frame of the chosen columns, off at the frame before and the frame after (LSTMVis; Strobelt and others 2018). Elsewhere: runs of frames at which enough of these units are on.",
  ],
  [
    "timescale",
    "−1 / ln(mean f) frames: then a cell state that is only multiplied by the mean forget gate has fallen to 1/e",
  ],
  [
    "saturation",
    "share of frames at which a gate is below 0.1 (shut) or above 0.9 (open); Karpathy, Johnson, Fei-Fei 2015",
  ],
  ["mean and band", "over the units, at every frame; the band holds the middle 80 % of them"],
  [
    "columns",
    "of a frame: from half-way to the frame before to half-way to the next. Frames are inside chosen columns when their center is. What a frame sees is its receptive field, which is wider.",
  ],
  ["difference", "second − first, frame by frame and unit by unit"],
];

Object.assign(Explorer.prototype, {
  buildHelp() {
    const { parts, scene } = this;
    const list = (pairs, tag) =>
      h("dl", { class: tag }, ...pairs.flatMap(([term, words]) => [h("dt", { text: term }), h("dd", { text: words })]));
    const precision = scene.exact
      ? "Values are the recorded ones, in float32."
      : "Values travelled in few bits: each is within 1/255 of its scale of the recorded one, and the readout says how far it may be off. For exact values write the file with --exact.";
    parts.help = h(
      "dialog",
      { class: "dialog help", "aria-label": "Help", onkeydown: (event) => event.stopPropagation() },
      h(
        "div",
        { class: "row between" },
        h("h2", { text: "Keys and formulas" }),
        h("button", { type: "button", text: "Close", onclick: () => parts.help.close() }),
      ),
      h("p", {
        text: "Ctrl and the wheel, or two fingers: zoom around the pointer; after a click into the panels the wheel alone. Drag: choose columns or move the line; with Shift the other of the two. Double click: whole line. Click a symbol, a row, or a mark on the axis. Ctrl-click: one more unit. Keys work in the panels:",
      }),
      list(KEYS, "keys"),
      list([...this.equations(), ...FORMULAS], "formulas"),
      h("p", {
        text: `${precision} Where values are denser than pixels, a pixel is the mean of a block; a missing value, or one beyond the scale, is never averaged away.`,
      }),
    );
    return parts.help;
  },

  /** The equations of the quantities that are here. */
  equations() {
    const { quantities } = this.scene;
    const known = "update_gate" in quantities || "reset_gate" in quantities ? GRU : LSTM;
    return Object.entries(known)
      .filter(([name]) => name in quantities)
      .map(([name, words]) => [quantities[name].name, words]);
  },

  help() {
    if (!this.parts.help) this.root.append(this.buildHelp());
    this.parts.help.showModal();
  },
});

// ---------------------------------------------------------------- style

const STYLE = `
:host { display: block; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.gateviz {
  font: 13px/1.4 ${FONT}; color: var(--text); background: var(--ground); color-scheme: light;
  padding: 14px 18px 18px; min-width: 0; font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%;
}
.gateviz[data-theme="dark"] { color-scheme: dark; }
.gateviz[data-size="narrow"] { padding: 10px 8px 14px; }
.nothing { margin: 1em; }
h1 { font-size: 16px; font-weight: 650; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 14px; font-weight: 650; margin: 0; }
h3 { font-size: 12px; font-weight: 600; margin: 10px 0 2px; color: var(--quiet); }
p { margin: 4px 0; }
.quiet { color: var(--quiet); }
.alarm { color: var(--alarm); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

button, select, input[type="number"], textarea {
  font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--rule); border-radius: 5px; margin: 0;
}
button { min-height: 26px; min-width: 26px; padding: 2px 8px; display: inline-flex; align-items: center; justify-content: center; cursor: pointer; }
button:hover:not(:disabled) { border-color: var(--quiet); background: var(--raised); }
button svg { width: 13px; height: 13px; fill: currentColor; }
select { min-height: 26px; padding: 1px 4px; max-width: 100%; }
input[type="number"] { width: 5.4em; min-height: 26px; padding: 1px 5px; }
input[type="checkbox"], input[type="range"] { accent-color: var(--accent); margin: 0; }
input[type="range"] { width: 100%; }
:disabled { opacity: 0.45; cursor: not-allowed; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }

header { display: flex; gap: 8px 20px; align-items: flex-start; justify-content: space-between; flex-wrap: wrap; }
.readings { flex: 1 1 260px; min-width: 0; max-height: max(132px, 40vh); overflow-y: auto; }
.reading { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 10px; margin: -2px 0 4px; }
.which { font-weight: 600; color: var(--quiet); min-width: 3.6em; }
.source { color: var(--quiet); overflow-wrap: anywhere; }
.letters { font-size: 21px; line-height: 1.35; min-width: 0; }
.letter {
  font-size: inherit; line-height: inherit; min-width: 0; min-height: 0; padding: 0 0.5px; border: 0; border-radius: 3px;
  background: none; display: inline; border-bottom: 2px solid transparent;
}
.letter:hover { background: var(--soft) !important; }
.letter[aria-pressed="true"] { background: var(--soft); border-bottom-color: var(--accent); font-weight: 650; }
.letter.changed { text-decoration: underline wavy var(--alarm) 1.5px; text-underline-offset: 4px; }
.letter.doubtful { color: var(--alarm); text-decoration: underline dotted 2px; text-underline-offset: 4px; }
.letter.changed.doubtful { text-decoration: underline wavy var(--alarm) 1.5px; }
.letter.unread { opacity: 0.22; }
.pixels { vertical-align: -6px; }
.tools { display: flex; gap: 6px; flex-wrap: wrap; align-items: center; }

.notes { margin: 6px 0 2px; padding: 6px 12px; list-style: none; border-left: 3px solid var(--alarm); background: var(--raised); }
.notes li { overflow-wrap: anywhere; }

.toolbar {
  display: flex; flex-wrap: wrap; align-items: center; gap: 8px 14px; padding: 8px 0; margin: 4px 0 8px;
  border-top: 1px solid var(--line); border-bottom: 1px solid var(--line);
}
.toolbar > *, .tools > * { flex: none; max-width: 100%; }
.toolbar .spring { flex: 1 1 0; }
.group { display: flex; align-items: center; gap: 3px; flex-wrap: wrap; }
.choice { display: inline-flex; align-items: center; gap: 6px; min-width: 0; }
.choice span, .check { color: var(--quiet); }
.check { display: inline-flex; align-items: center; gap: 6px; }
.zoom { min-width: 3.4em; text-align: center; color: var(--quiet); }
.chip { font-weight: 650; color: var(--quiet); border-color: var(--line); min-width: 28px; }
.chip[aria-pressed="true"] { color: var(--role); border-color: currentColor; box-shadow: inset 0 -3px 0 -1px currentColor; }
.segments { display: inline-flex; border: 1px solid var(--rule); border-radius: 5px; overflow: hidden; }
.segments label { position: relative; cursor: pointer; }
.segments input { position: absolute; opacity: 0; inset: 0; margin: 0; cursor: inherit; }
.segments span { display: block; padding: 3px 9px; min-height: 24px; color: var(--quiet); }
.segments label + label span { border-left: 1px solid var(--line); }
.segments input:checked + span { background: var(--soft); color: var(--text); font-weight: 600; box-shadow: inset 0 -2px 0 var(--accent); }
.segments input:focus-visible + span { outline: 2px solid var(--accent); outline-offset: -2px; }
.segments .off { cursor: not-allowed; }
.segments .off span { text-decoration: line-through; opacity: 0.5; }

.main { display: flex; gap: 22px; align-items: flex-start; }
.left { flex: 1 1 0; min-width: 0; }
.side { flex: none; width: 312px; min-width: 0; position: sticky; top: 8px; max-height: calc(100vh - 16px); overflow-y: auto; overscroll-behavior: contain; padding-bottom: 4px; }
[data-size="wide"] .side { border-left: 1px solid var(--line); padding-left: 20px; width: 340px; }
[data-size="narrow"] .main, [data-size="middle"] .main { flex-direction: column; align-items: stretch; }
[data-size="narrow"] .side, [data-size="middle"] .side { width: auto; position: static; max-height: none; }
[data-size="middle"] .left, [data-size="narrow"] .left { flex: none; }

.readout {
  display: grid; gap: 2px 14px; margin: 0 0 8px; padding: 6px 12px;
  grid-template-columns: minmax(0, 7.4em) minmax(0, 8.2em) minmax(0, 8.2em) minmax(9em, 1.3fr) 3.2em minmax(10em, 1.5fr);
  background: var(--raised); border-radius: 6px; position: sticky; top: 0; z-index: 3;
}
[data-size="narrow"] .readout { grid-template-columns: 1fr 1fr 1fr; padding: 6px 8px; gap: 4px 8px; }
[data-size="narrow"] .field.symbol { grid-column: span 2; }
[data-size="narrow"] .field.value { grid-column: span 3; }
[data-size="narrow"] .field.unit { grid-column: span 1; }
.field { min-width: 0; }
.field dt { font-size: 10.5px; color: var(--quiet); white-space: nowrap; }
.field dd { margin: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.field.value dd { font-weight: 600; }

.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 10px 0 0; font-size: 11px; color: var(--quiet); }
.scale { display: inline-flex; align-items: center; gap: 5px; flex-wrap: wrap; }
.scale b { color: var(--text); font-weight: 600; letter-spacing: 0.06em; }
.scale i { display: inline-block; width: 12px; height: 10px; border: 0.5px solid var(--rule); }
.scale i.ramp { width: 76px; }
.scale i.hatched { background: repeating-linear-gradient(135deg, var(--hatch) 0 1px, var(--paper) 1px 4px); }
.scale i.banded { background: linear-gradient(to bottom, var(--line) 0 38%, var(--text) 38% 62%, var(--line) 62%); border: 0; }
.beyond { display: inline-flex; gap: 4px; align-items: center; }

.stage { display: flex; flex-direction: column; gap: 20px; min-width: 0; }
.stage[data-beside="true"] { flex-direction: row; }
.stack { min-width: 0; }
.stack-title { font-weight: 600; font-size: 12px; margin: 0 0 4px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.plots { position: relative; touch-action: pan-y; user-select: none; -webkit-user-select: none; border-radius: 3px; }
.plots:focus-visible { outline-offset: 3px; }
.plots canvas { position: absolute; left: 0; }
.cross { top: 0; pointer-events: none; }

.card { padding-bottom: 10px; margin-bottom: 8px; border-bottom: 1px solid var(--line); min-height: 34px; }
.card table { width: 100%; border-collapse: collapse; margin-top: 4px; }
.card th, .card td { text-align: left; padding: 1px 6px 1px 0; font-weight: 400; }
.card thead th { font-size: 10.5px; color: var(--quiet); }
.card tbody th { font-weight: 650; width: 1.6em; }
.card .number { width: 5.2em; }
.keeps { color: var(--quiet); }
.keeps b { color: var(--text); }
.shares { display: grid; grid-template-columns: 3.2em 1fr 3.2em; gap: 4px; align-items: center; font-size: 11px; }
.shares span:last-child { text-align: right; }
.bar { position: relative; height: 7px; background: var(--raised); border: 0.5px solid var(--rule); overflow: hidden; }
.bar i { position: absolute; top: 0; bottom: 0; }
.bar .shut { left: 0; background: var(--rule); }
.bar .open { right: 0; background: var(--accent); }

.tabs { display: flex; gap: 2px; border-bottom: 1px solid var(--line); margin-bottom: 8px; }
.tabs button { border: 0; border-radius: 4px 4px 0 0; padding: 4px 11px; color: var(--quiet); }
.tabs button[aria-selected="true"] { color: var(--text); font-weight: 600; box-shadow: inset 0 -2px 0 var(--accent); }
.row { display: flex; align-items: center; gap: 6px; flex-wrap: wrap; margin: 6px 0; }
.between { justify-content: space-between; }
.words { min-height: 1.4em; overflow-wrap: anywhere; }
.page .check { margin: 2px 0; }

ol { list-style: none; padding: 0; margin: 6px 0; }
.head { display: grid; grid-template-columns: 2.6em 78px 1fr 8em; gap: 8px; padding: 0 5px; font-size: 10.5px; color: var(--quiet); margin-top: 8px; }
.head span:last-child { text-align: right; }
.head + ol { margin-top: 2px; }
.ranked button {
  width: 100%; display: grid; grid-template-columns: 2.6em 78px 1fr 6.6em; gap: 8px; padding: 1px 4px; border-color: transparent; text-align: left; min-height: 24px;
}
.ranked .unit { font-weight: 600; text-align: right; }
.ranked .lifted .unit { color: var(--accent); }
.ranked button[aria-pressed="true"] { background: var(--soft); border-color: var(--accent); }
.effect { position: relative; display: flex; align-items: center; height: 18px; padding-left: 4px; }
.effect i { position: absolute; left: 0; top: 2px; bottom: 2px; background: var(--soft); border-left: 2px solid var(--accent); }
.effect i.less { border-left-style: dotted; }
.effect span { position: relative; }
.means { color: var(--quiet); font-size: 11px; text-align: right; white-space: nowrap; }
.spark { display: block; }
.chips { display: flex; flex-wrap: wrap; gap: 4px; max-height: 116px; overflow-y: auto; padding: 2px; }
.chips button { min-height: 22px; min-width: 30px; padding: 0 5px; }
.chips button[aria-pressed="true"] { background: var(--soft); border-color: var(--accent); font-weight: 600; }
.runs button { border-color: transparent; justify-content: flex-start; width: 100%; text-align: left; }
.edits { padding-left: 1.6em; list-style: decimal; }
.edits li { overflow-wrap: anywhere; }

.dialog { font: inherit; color: var(--text); background: var(--ground); border: 1px solid var(--rule); border-radius: 8px; width: min(720px, 94vw); max-height: 90vh; padding: 16px 20px; }
.dialog::backdrop { background: rgba(0, 0, 0, 0.4); }
.dialog textarea { width: 100%; font: 12px/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; padding: 8px; margin: 8px 0; }
.help dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 16px; margin: 10px 0; }
.help dt { font-weight: 600; }
.help dd { margin: 0; }
@media (max-width: 520px) { .help dl { grid-template-columns: 1fr; } .help dd { margin-bottom: 4px; } }
@media (prefers-reduced-motion: no-preference) { button, .letter { transition: background 0.12s, border-color 0.12s; } }
@media (forced-colors: active) { .letter[aria-pressed="true"], .chip[aria-pressed="true"] { outline: 2px solid Highlight; } }
`;

// ---------------------------------------------------------------- render

/** What tests and other scripts may ask the explorer of an element. Positions are in CSS pixels of the window. */
function answers(explorer) {
  const plain = (value) => JSON.parse(JSON.stringify(value));
  const stackOf = (side) => explorer.stacks.find((stack) => stack.at === side) ?? explorer.stacks[0];
  const left = (stack) => stack.plots.getBoundingClientRect().left;
  return {
    state: () => plain({ ...explorer.state, tab: explorer.tab, dark: explorer.dark, lost: explorer.lost ?? "" }),
    columnToX: (column, side = 0) => left(stackOf(side)) + stackOf(side).x(column),
    xToColumn: (x, side = 0) => stackOf(side).column(x - left(stackOf(side))),
    /** The middle of a cell of a heatmap. */
    cellPoint(quantity, unit, frame, side = 0) {
      const stack = stackOf(side);
      const panel = stack.panels.find((each) => each instanceof HeatPanel && each.name === quantity);
      const place = panel?.places.get(unit);
      if (!place) return null;
      const box = stack.plots.getBoundingClientRect();
      return { x: box.left + stack.x(stack.frames.centers[frame]), y: box.top + panel.top + (place[0] + place[1]) / 2 };
    },
    panels: (side = 0) =>
      stackOf(side).panels.map((panel) => ({
        kind: panel.kind,
        quantity: panel.name ?? "",
        top: panel.top,
        height: panel.height,
        left: stackOf(side).left,
        width: stackOf(side).width,
        rows: panel.rows ? [...panel.rows.focus, ...panel.rows.main] : [],
      })),
    valueAt: (trace, quantity, unit, frame, side = 0) =>
      explorer.scene.quantity(side, trace, quantity)?.matrix.at(unit, frame) ?? null,
    ranking: () => plain(explorer.ranking()),
    query() {
      const found = explorer.queried();
      if (!found) return null;
      const { quantity, units, runs, others, words } = found;
      return plain({ quantity, units, runs, others, words });
    },
    code: () => explorer.code(),
    svg: () => explorer.svg(),
    metrics: () => ({
      ...explorer.timings,
      draws: [...explorer.timings.draws],
      crosses: [...explorer.timings.crosses],
      rasters: explorer.rasters.made,
    }),
  };
}

/** Show the model in the element; returns how to take it away again. */
function render({ model, el }) {
  const explorer = new Explorer(model, el);
  el.gatevizExplorer = answers(explorer);
  return () => explorer.leave();
}

export default { render };
