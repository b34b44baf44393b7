// What is chosen, and what follows from it: rankings, orders of rows, filters, queries. All is found once a question.

import { effectSizes, findQueried, rowsWithin } from "./measures.js";
import { range } from "./numbers.js";

/** @import { Queried } from "./measures.js" */
/** @import { Line, Quantity, Scene, Trace } from "./scene.js" */
/** @import { Store } from "./store.js" */
/** @import { Ranked, Side, Span } from "./types.d.ts" */

/**
 * Units by effect size, largest first; `words` where there is no such thing. `own` names the projected quantity whose rows
 * they are, if they are no units of the layer.
 *
 * @typedef {object} Ranking
 * @property {string} quantity
 * @property {Ranked[]} units
 * @property {string} own
 * @property {number} inside how many frames are chosen
 * @property {number} outside
 * @property {number} spans in how many places
 * @property {string} words
 */
/**
 * The rows of a heatmap: those on top, and all others in order.
 *
 * @typedef {{ focus: number[], main: number[], own: boolean, total: number, key: string }} Rows
 */
/** How many chosen units have curves. */
const DRAWN = 4;

export class Asked {
  /**
   * @param {Scene} scene
   * @param {Store} store
   */
  constructor(scene, store) {
    this.scene = scene;
    this.store = store;
    /** @type {Map<string, { key: string, value: unknown }>} */
    this.memory = new Map();
    /** @type {Map<string, string>} */
    this.rowKeys = new Map();
  }

  get state() {
    return this.store.state;
  }

  /**
   * What was found for a question, found once.
   *
   * @template T
   * @param {string} kind
   * @param {unknown} question
   * @param {() => T} find
   * @returns {T}
   */
  once(kind, question, find) {
    const key = JSON.stringify(question);
    const known = this.memory.get(kind);
    if (known?.key === key) return /** @type {T} */ (known.value);
    const value = find();
    this.memory.set(kind, { key, value });
    return value;
  }

  /**
   * The chosen trace of the first recording that has it.
   *
   * @returns {Trace | null}
   */
  get trace() {
    return this.scene.lines.map((line) => line.traces.get(this.state.trace)).find(Boolean) ?? null;
  }

  /** @returns {Side[]} */
  get sides() {
    if (!this.scene.two) return [0];
    /** @type {Record<string, Side[]>} */
    const sides = { first: [0], second: [1], both: [0, 1], difference: ["difference"] };
    return sides[this.state.view] ?? [0];
  }

  /** The side that rankings and queries speak of. */
  get side() {
    const { sides } = this;
    return sides.length > 1 ? this.state.side : sides[0];
  }

  /** @returns {Line} */
  get line() {
    const { side } = this;
    return this.scene.lines[side === "difference" ? 0 : side];
  }

  get canSubtract() {
    return Boolean(this.scene.comparison?.difference.includes(this.state.trace));
  }

  /** @returns {string[]} */
  get shownQuantities() {
    const { trace } = this;
    return trace ? [...trace.quantities.keys()].filter((name) => this.state.quantities.includes(name)) : [];
  }

  /** The chosen units that have curves: the last ones; in a difference one alone, for there the dashes tell the recordings apart. */
  get drawnUnits() {
    return this.state.selected_units.slice(this.sides.includes("difference") ? -1 : -DRAWN);
  }

  unitWords() {
    const { selected_units: units } = this.state;
    return units.length === 1 ? `unit ${units[0]}` : `units ${units.join(", ")}`;
  }

  /**
   * A quantity of the chosen trace as the side that is asked about shows it.
   *
   * @param {string} name
   * @returns {Quantity | null}
   */
  quantity(name) {
    return this.scene.quantity(this.side, this.state.trace, name);
  }

  /**
   * The quantity asked for where the chosen trace has it, else the hidden state, else the first.
   *
   * @param {string} name
   */
  quantityOf(name) {
    const there = this.trace ? [...this.trace.quantities.keys()] : [];
    if (there.includes(name)) return name;
    return there.includes("hidden_state") ? "hidden_state" : (there[0] ?? "");
  }

  /**
   * The chosen span of frames of the line that is asked about; null without one.
   *
   * @returns {[number, number] | null}
   */
  get range() {
    const [start, stop] = this.state.columns;
    return start === undefined ? null : this.line.framesOf(this.state.trace).framesBetween(start, stop);
  }

  /**
   * The symbol whose columns are chosen.
   *
   * @returns {Span | null}
   */
  get symbol() {
    const { columns } = this.state;
    if (!columns.length) return null;
    const near = (/** @type {number} */ one, /** @type {number} */ other) => Math.abs(one - other) < 1e-6;
    return this.line.spans.find((span) => near(span.start, columns[0]) && near(span.stop, columns[1])) ?? null;
  }

  /** @returns {Ranking} */
  ranking() {
    const { columns, rankBy, trace, alike } = this.state;
    const name = this.quantityOf(rankBy);
    return this.once("ranking", [columns, name, trace, alike, this.side], () => this.findRanking(name));
  }

  /**
   * @param {string} name
   * @returns {Ranking}
   */
  findRanking(name) {
    const { line, range: chosen } = this;
    const { trace } = this.state;
    /** @type {Ranking} */
    const found = { quantity: name, units: [], own: "", inside: 0, outside: 0, spans: 0, words: "" };
    if (!chosen) return found;
    const shown = this.quantity(name);
    const spans = this.state.alike && this.symbol ? this.alikeSpans(this.symbol) : [chosen];
    const inside = new Uint8Array(line.count);
    for (const [start, stop] of spans) inside.fill(1, start, stop);
    const count = inside.reduce((sum, each) => sum + each, 0);
    Object.assign(found, { inside: count, outside: line.count - count, spans: spans.length });
    if (!shown) found.words = `this recording has no ${this.scene.quantityWords(name)} in ${trace}`;
    else if (!count) found.words = "no frame has its center in these columns; choose more of them";
    else if (count === line.count) found.words = "all frames are chosen; there is nothing to compare them with";
    else {
      found.units = effectSizes(shown.matrix, inside);
      found.own = shown.matrix.rows !== this.trace?.units ? name : "";
      if (!found.units.length) found.words = "no unit has values both inside and outside";
    }
    return found;
  }

  /** @param {Span} symbol */
  alikeSpans(symbol) {
    const { line } = this;
    const frames = line.framesOf(this.state.trace);
    return line.spans
      .filter((span) => span.symbol === symbol.symbol)
      .map((span) => frames.framesBetween(span.start, span.stop));
  }

  /** Units that stand on top: those ranked first, while they are lifted. */
  get lifted() {
    if (!this.state.lift) return { own: "", units: [] };
    const { units, own } = this.ranking();
    return { own, units: units.slice(0, this.state.lifted).map((each) => each.unit) };
  }

  /**
   * The rows of a quantity's heatmap.
   *
   * @param {string} name
   * @param {Quantity} quantity
   * @returns {Rows}
   */
  rowsOf(name, quantity) {
    const { state } = this;
    const total = quantity.matrix.rows;
    const own = total !== this.trace?.units;
    const space = own ? name : "";
    const { lifted } = this;
    const focus = lifted.own === space ? lifted.units : [];
    const kept = own ? null : this.kept();
    const order = this.order(space, total);
    return this.once(`rows ${name} ${total}`, [state.trace, state.order, order, focus, kept], () => {
      const [top, allowed] = [new Set(focus), kept ? new Set(kept) : null];
      const main = order.filter((unit) => !top.has(unit) && (!allowed || allowed.has(unit)));
      return { focus, main, own, total, key: this.rowsKey(main) };
    });
  }

  /**
   * A short name for a list of rows, the same for the same list.
   *
   * @param {number[]} rows
   */
  rowsKey(rows) {
    const key = rows.join();
    const known = this.rowKeys.get(key) ?? `rows ${this.rowKeys.size}`;
    this.rowKeys.set(key, known);
    return known;
  }

  /**
   * All units of a space of rows (the layer's, or a projected quantity's own) in the chosen order.
   *
   * @param {string} own
   * @param {number} total
   * @returns {number[]}
   */
  order(own, total) {
    const { order, trace: name } = this.state;
    if (order === "selectivity") {
      const found = this.ranking();
      if (found.units.length && found.own === own) {
        const ranked = found.units.map((each) => each.unit);
        const there = new Set(ranked);
        return [...ranked, ...range(total).filter((unit) => !there.has(unit))];
      }
    }
    return this.once(`order ${own}`, [name, order, total], () => {
      const orders = own ? this.trace?.quantities.get(own)?.orders : this.trace?.orders;
      const found = orders?.get(order);
      return found && found.length === total ? [...found] : range(total);
    });
  }

  /**
   * The units that pass the filter; null without one.
   *
   * @returns {number[] | null}
   */
  kept() {
    const { filter, trace, columns } = this.state;
    if (!filter) return null;
    return this.once("kept", [filter, trace, this.side, columns], () => {
      const shown = this.quantity(filter.quantity);
      if (!shown || shown.matrix.rows !== this.trace?.units) return null;
      const chosen = this.range;
      /** @type {[number, number]} */
      const frames = chosen && chosen[0] < chosen[1] ? chosen : [0, this.line.count];
      return rowsWithin(shown.matrix, frames, filter.low, filter.high, filter.when);
    });
  }

  /**
   * What the query finds on a side; null without one.
   *
   * @param {Side} side
   * @returns {Queried | null}
   */
  queried(side = this.side) {
    const { query, trace, columns } = this.state;
    if (!query.on) return null;
    const name = this.quantityOf(query.quantity);
    return this.once(`query ${side}`, [query, name, trace, columns, side, this.side], () => {
      const asked = this.quantity(name);
      const shown = this.scene.quantity(side, trace, name);
      return asked && shown ? findQueried(query, this.range, asked, shown, side === this.side) : null;
    });
  }

  /**
   * The runs marked on a side's axis.
   *
   * @param {Side} side
   */
  runs(side) {
    return this.queried(side)?.runs ?? [];
  }
}
