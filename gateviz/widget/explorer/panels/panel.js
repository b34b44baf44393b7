// What every panel is: it draws itself with a pen in its own coordinates, (0, 0) at its top left corner. It asks its
// stack where columns are, and what is chosen.

import { newCanvas } from "../canvas.js";

/** @import { Frames } from "../scene.js" */
/** @import { Stack } from "../stack.js" */
/** @import { Pen } from "../types.d.ts" */

/** @typedef {{ y: number, color: string, places?: Frames }} Dot */

export class Panel {
  /**
   * @param {Stack} stack
   * @param {number} height
   */
  constructor(stack, height) {
    this.stack = stack;
    this.scene = stack.scene;
    this.asked = stack.asked;
    this.look = stack.look;
    this.height = height;
    this.top = 0;
    /** The room under it. */
    this.gap = 0;
    this.canvas = newCanvas();
    this.canvas.className = "panel";
    this.canvas.setAttribute("role", "img");
    this.canvas.dataset.panel = this.kind;
  }

  /** @returns {string} */
  get kind() {
    return "";
  }

  get state() {
    return this.stack.store.state;
  }

  get theme() {
    return this.look.palette;
  }

  /** Where the frames that it shows look: those of the posteriors, or of the shown layer. */
  get frames() {
    return this.stack.line.frames;
  }

  /** Where the crosshair's bar stands in it. */
  get framesAtBar() {
    return this.frames;
  }

  /**
   * What a screen reader says of it.
   *
   * @returns {string}
   */
  label() {
    return this.kind;
  }

  /**
   * The name in the left gutter: a letter or a word, and smaller lines under it.
   *
   * @param {Pen} pen
   * @param {number} y
   * @param {string} letter
   * @param {string} color
   * @param {string[]} lines
   */
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
    for (const [at, line] of lines.entries())
      pen.text(left - 12, first + 13 + 12 * at, line, { size: 10.5, fill: this.theme.quiet, align: "right" });
  }

  /**
   * The chosen columns; over a heatmap only their borders, for a tint would change its colors.
   *
   * @param {Pen} pen
   * @param {boolean} tint
   */
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

  /**
   * Thin lines between symbols, while they are far enough apart.
   *
   * @param {Pen} pen
   * @param {number} alpha
   */
  rules(pen, alpha = 0.5) {
    const { line, left, width } = this.stack;
    const rules = line.rules;
    if (rules.length < 2) return;
    const gap = Math.abs(this.stack.x(rules[rules.length - 1]) - this.stack.x(rules[0])) / (rules.length - 1);
    if (gap < 7) return;
    pen.clipped(left, 0, width, this.height, () => {
      for (const column of rules) {
        const x = this.stack.x(column);
        if (x >= left && x <= left + width)
          pen.rect(pen.snap(x), 0, 1 / pen.density, this.height, { fill: this.theme.rule, alpha });
      }
    });
  }

  /** @param {Pen} _pen */
  draw(_pen) {}

  /**
   * Values to mark where the crosshair is.
   *
   * @param {number} _frame
   * @returns {Dot[]}
   */
  dots(_frame) {
    return [];
  }
}

/** A panel of the shown layer. */
export class LayerPanel extends Panel {
  get frames() {
    return this.stack.frames;
  }
}
