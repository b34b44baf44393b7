// Panels of curves: posteriors, means of gates, single units, a query.

import { clamp } from "../numbers.js";
import { number, short } from "../words.js";
import { band, curve, ends, frameLane, SECOND } from "./curves.js";
import { LayerPanel, Panel } from "./panel.js";

/** @import { Queried } from "../measures.js" */
/** @import { Line } from "../scene.js" */
/** @import { Stack } from "../stack.js" */
/** @import { Numbers, Pen } from "../types.d.ts" */
/** @import { Dot } from "./panel.js" */
/** @import { Height } from "./curves.js" */

/**
 * A lane: curves on one scale, and the letters and words that name it. `trace` is set where it shows another layer than
 * the chosen one, and `backward` then says which way that layer reads.
 *
 * @typedef {object} Lane
 * @property {{ low: number, high: number }} scale
 * @property {{ values: Numbers, low?: Numbers | null, high?: Numbers | null, color: string, dash: number[] }[]} curves
 * @property {[string, string][]} letters
 * @property {string} side
 * @property {string} words
 * @property {string} [short]
 * @property {string} [trace]
 * @property {boolean} [backward]
 */

export class PosteriorPanel extends Panel {
  get kind() {
    return "posterior";
  }

  lines() {
    const { stack, look, scene } = this;
    /** @type {{ values: Numbers, color: string, dash: number[], thick: number }[]} */
    const found = [];
    /**
     * @param {Line | undefined} line
     * @param {number[]} dash
     */
    const add = (line, dash) => {
      if (!line?.posterior) return;
      found.push({ values: line.posterior.blank, color: look.role("blank"), dash, thick: 1.2 });
      found.push({ values: line.posterior.best, color: look.role("symbol"), dash, thick: 1.4 });
    };
    if (stack.side === "difference") add(scene.lines[1], SECOND);
    add(stack.line, []);
    return found;
  }

  label() {
    return "posterior of the blank and of the best symbol at every frame, 0 to 1";
  }

  /** @param {number} value */
  y(value) {
    return 4 + (1 - value) * (this.height - 8);
  }

  /** @param {Pen} pen */
  draw(pen) {
    const { stack, theme, height, look } = this;
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
    const [blank, best] = [look.role("blank"), look.role("symbol")];
    pen.text(stack.left - 12, height / 2 - 8, "posterior", {
      size: 12,
      weight: 500,
      fill: theme.quiet,
      align: "right",
    });
    const key = [
      { words: "best symbol", color: best, thick: 1.8 },
      { words: "blank", color: blank, thick: 1.2 },
    ];
    key.forEach(({ words, color, thick }, at) => {
      const y = height / 2 + 6 + 12 * at;
      pen.text(stack.left - 12, y, words, { size: 10.5, fill: theme.quiet, align: "right" });
      const end = stack.left - 16 - pen.width(words, 10.5);
      pen.path([end - 12, y - 3.5, end, y - 3.5], { stroke: color, thick });
    });
  }

  /**
   * @override
   * @param {number} frame
   * @returns {Dot[]}
   */
  dots(frame) {
    return this.lines().map(({ values, color }) => ({ y: this.y(values[frame]), color }));
  }
}

/** Lanes under each other, one a gate of this layer, or one a layer with all its gates. */
export class StripsPanel extends LayerPanel {
  get kind() {
    return "strips";
  }

  /**
   * Where the frames of a lane look: it may be of another layer than the one shown.
   *
   * @param {Lane} lane
   */
  framesOf(lane) {
    return lane.trace ? this.stack.line.framesOf(lane.trace) : this.frames;
  }

  /**
   * @param {Stack} stack
   * @param {Lane[]} lanes
   * @param {number} laneHeight
   */
  constructor(stack, lanes, laneHeight) {
    super(stack, lanes.length * laneHeight);
    this.lanes = lanes;
    this.lane = laneHeight;
  }

  label() {
    return `mean over the units at every frame, and the band that holds the middle 80 % of them: ${this.lanes.map((lane) => lane.words).join(", ")}`;
  }

  /**
   * @param {number} at
   * @returns {[number, number]}
   */
  box(at) {
    return [at * this.lane + 3, this.lane - 6];
  }

  /**
   * @param {number} at
   * @param {{ low: number, high: number }} scale
   * @param {number} value
   */
  y(at, scale, value) {
    return this.place(at, scale)(value);
  }

  /**
   * From a value to its height in a lane.
   *
   * @param {number} at
   * @param {{ low: number, high: number }} scale
   * @returns {Height}
   */
  place(at, { low, high }) {
    const [top, height] = this.box(at);
    return (value) => top + (1 - clamp((value - low) / (high - low), -0.02, 1.02)) * height;
  }

  /** @param {Pen} pen */
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

  /**
   * @param {Pen} pen
   * @param {Lane} lane
   * @param {number} y
   */
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

  /**
   * @override
   * @param {number} frame
   * @returns {Dot[]}
   */
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
export class UnitsPanel extends StripsPanel {
  get kind() {
    return "units";
  }

  label() {
    return `curves of ${this.asked.unitWords()}: ${this.lanes.map((lane) => lane.words).join(", ")}`;
  }
}

/** The curves of the units that were found, with a threshold that can be dragged. */
export class QueryPanel extends LayerPanel {
  /**
   * @param {Stack} stack
   * @param {number} height
   * @param {Queried} data
   */
  constructor(stack, height, data) {
    super(stack, height);
    this.data = data;
  }

  get kind() {
    return "query";
  }

  label() {
    const { query } = this.state;
    return `query: ${this.scene.quantityWords(query.quantity)} ${query.below ? "below" : "above"} ${number(query.threshold)}`;
  }

  /** @param {number} value */
  y(value) {
    const { scale } = this.data;
    return 6 + (1 - clamp((value - scale.low) / (scale.high - scale.low), -0.03, 1.03)) * (this.height - 12);
  }

  /** @param {number} y */
  valueAt(y) {
    const { scale } = this.data;
    return clamp(scale.low + (1 - (y - 6) / (this.height - 12)) * (scale.high - scale.low), scale.low, scale.high);
  }

  /** @param {Pen} pen */
  draw(pen) {
    const { stack, theme, look, scene, state, height } = this;
    const { query } = state;
    const { data } = this;
    this.nameplate(pen, height / 2, "query", theme.accent, [
      `${scene.letter(query.quantity)} ${query.below ? "<" : ">"} ${number(query.threshold)}`,
    ]);
    frameLane(pen, stack, 6, height - 12, theme);
    this.selection(pen, true);
    const color = look.role(query.quantity);
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
