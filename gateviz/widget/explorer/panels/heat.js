// All units of one quantity over all frames; units that were lifted stand on top, each tall enough to see.

import { clamp } from "../numbers.js";
import { picture } from "../rasters.js";
import { number, plural } from "../words.js";
import { hatch, scaleBar } from "./curves.js";
import { LayerPanel } from "./panel.js";

/** @import { Rows } from "../asked.js" */
/** @import { Quantity } from "../scene.js" */
/** @import { Stack } from "../stack.js" */
/** @import { Pen } from "../types.d.ts" */

/** All units of one quantity over all frames; units that were lifted stand on top, each tall enough to see. */
export class HeatPanel extends LayerPanel {
  /**
   * @param {Stack} stack
   * @param {string} name
   * @param {Quantity} quantity
   * @param {Rows} rows
   * @param {number} main
   */
  constructor(stack, name, quantity, rows, main) {
    const focus = rows.focus.length;
    const each = focus ? Math.max(10, Math.min(main / Math.max(rows.main.length, 1), 16)) : 0;
    super(stack, focus * each + (focus && rows.main.length ? 4 : 0) + (rows.main.length ? main : 0) || 16);
    this.name = name;
    this.quantity = quantity;
    this.rows = rows;
    this.each = each;
    this.mainHeight = rows.main.length ? main : 0;
    /** @type {Map<number, [number, number]> | null} */
    this.found = null;
    this.mainTop = this.height - this.mainHeight;
    this.canvas.dataset.quantity = name;
  }

  get kind() {
    return "heat";
  }

  /** Where every unit's row begins and ends; found when it is first asked for. */
  get places() {
    this.found ??= this.findPlaces();
    return this.found;
  }

  /** @returns {Map<number, [number, number]>} */
  findPlaces() {
    const { rows, each, mainTop, mainHeight } = this;
    /** @type {Map<number, [number, number]>} */
    const found = new Map();
    for (const [at, unit] of rows.focus.entries()) found.set(unit, [at * each, (at + 1) * each]);
    const step = mainHeight / Math.max(rows.main.length, 1);
    for (const [at, unit] of rows.main.entries()) found.set(unit, [mainTop + at * step, mainTop + (at + 1) * step]);
    return found;
  }

  label() {
    const { scale } = this.quantity;
    const shown = this.rows.focus.length + this.rows.main.length;
    return `${this.scene.quantityWords(this.name)} of ${plural(shown, "unit")} at ${plural(this.stack.line.count, "frame")}, ${number(scale.low)} to ${number(scale.high)}`;
  }

  /**
   * @param {number} y
   * @returns {number | null}
   */
  unitAt(y) {
    const { focus, main } = this.rows;
    if (y < focus.length * this.each) return focus[clamp(Math.floor(y / this.each), 0, focus.length - 1)];
    if (!main.length || y < this.mainTop) return null;
    return main[clamp(Math.floor(((y - this.mainTop) / this.mainHeight) * main.length), 0, main.length - 1)];
  }

  /** @param {Pen} pen */
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
    if (!stack.narrow) scaleBar(pen, this.look, this.quantity.scale, left + width + 9, 1, this.height - 2, theme);
  }

  /**
   * @param {Pen} pen
   * @param {number[]} units
   * @param {string} order
   * @param {number} top
   * @param {number} height
   */
  paint(pen, units, order, top, height) {
    const { stack, look, scene, state, quantity } = this;
    const [from, to] = [pen.snap(top), pen.snap(top + height)];
    const { edges } = this.frames;
    const frames = stack.visible(this.frames);
    const device = (stack.width * pen.density) / Math.max(stack.last - stack.first, 1e-9);
    const frameWidth = (device * (edges[stack.line.count] - edges[0])) / stack.line.count;
    const level = Math.max(0, Math.ceil(-Math.log2(frameWidth) - 1e-9));
    const tall = Math.round((to - from) * pen.density);
    const rowsOf = order === "focus" ? `focus ${units.join()}` : order;
    const key = [stack.side, state.trace, this.name, rowsOf, Math.min(tall, units.length), level].join("/");
    const found = look.rasters.take(key, () =>
      picture(quantity.matrix, units, scene.palettes[quantity.scale.palette], quantity.scale, tall, level),
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

  /**
   * Chosen units: an arrow at both ends of their row, and lines along it where it is too thin to see.
   *
   * @param {Pen} pen
   */
  highlights(pen) {
    const { stack, theme, state } = this;
    if (this.rows.own) return;
    for (const unit of state.selected_units) {
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

  /** @param {Pen} pen */
  names(pen) {
    const { stack, theme, look, scene, state, rows } = this;
    const { name, letter } = scene.quantities[this.name];
    const color = look.role(this.name, 4.5);
    if (rows.focus.length && !stack.narrow) {
      rows.focus.forEach((unit, at) => {
        const chosen = state.selected_units.includes(unit);
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
