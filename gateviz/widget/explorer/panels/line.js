// Panels of the line itself: its image, its symbols, its axis.

import { hasGlyph, lettered } from "../canvas.js";
import { clamp, niceStep, spread } from "../numbers.js";
import { fixed, short, visible } from "../words.js";
import { Panel } from "./panel.js";

/** @import { Stack } from "../stack.js" */
/** @import { Pen, Span } from "../types.d.ts" */

/** @typedef {{ span: Span, x: number, from: number, to: number }} Shown */

const SYMBOL_SIZES = [17, 15, 13, 11];

export class ImagePanel extends Panel {
  get kind() {
    return "image";
  }

  label() {
    return `line image of ${this.stack.line.name}`;
  }

  /** @param {Pen} pen */
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

export class SymbolsPanel extends Panel {
  /**
   * @param {Stack} stack
   * @param {number} height
   */
  constructor(stack, height) {
    super(stack, height);
    /** @type {Map<string, number>} */
    this.widths = new Map();
  }

  get kind() {
    return "symbols";
  }

  /**
   * Measured once: while the line moves under the pointer there is no time for it.
   *
   * @param {Pen} pen
   * @param {string} word
   * @param {number} size
   */
  width(pen, word, size) {
    const key = `${size} ${word}`;
    const found = this.widths.get(key) ?? pen.width(word, size);
    this.widths.set(key, found);
    return found;
  }

  label() {
    const { line } = this.stack;
    return line.spans.length
      ? `symbols read: ${line.spans.map((span) => visible(span.symbol)).join(" ")}`
      : "nothing was read";
  }

  /** @param {Pen} pen */
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

  /**
   * @param {Pen} pen
   * @param {Shown[]} shown
   */
  symbols(pen, shown) {
    const { theme, stack, height } = this;
    const words = shown.map(({ span }) => lettered(span.symbol) + (span.confidence < 0.5 ? "?" : ""));
    const wanted = shown.map(({ x }) => x);
    let [size, centers] = [SYMBOL_SIZES[SYMBOL_SIZES.length - 1], wanted];
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
          weight: this.asked.symbol === span ? 700 : 400,
        });
        end = x + half + 1;
      } else pen.rect(x - 0.5, 9, 1, 4, { fill: color });
    });
  }
}

export class AxisPanel extends Panel {
  get kind() {
    return "axis";
  }

  label() {
    return `axis: ${this.stack.line.axis.label}, ${fixed(this.stack.first, 1)} to ${fixed(this.stack.last, 1)}`;
  }

  /** @param {Pen} pen */
  draw(pen) {
    const { stack, theme, asked, state } = this;
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
    const [from, to] = state.zoom;
    if (to - from < 1) {
      pen.rect(left, 18, width, 3, { fill: theme.line });
      pen.rect(left + from * width, 18, Math.max((to - from) * width, 3), 3, { fill: theme.quiet });
    }
    for (const run of asked.runs(stack.side)) {
      const [start, stop] = [0, 1].map((end) => stack.x(stack.frames.edges[run[end]]));
      if (stop < left || start > left + width) continue;
      pen.clipped(left, 0, width, this.height, () => {
        pen.rect(start, this.height - 6, Math.max(stop - start, 3), 6, { fill: theme.accent });
      });
    }
  }
}
