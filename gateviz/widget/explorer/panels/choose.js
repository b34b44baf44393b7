// Which panels a stack shows, and their lanes.

import { DASHES, SECOND } from "./curves.js";
import { HeatPanel } from "./heat.js";
import { PosteriorPanel, QueryPanel, StripsPanel, UnitsPanel } from "./lanes.js";
import { AxisPanel, ImagePanel, SymbolsPanel } from "./line.js";

/** @import { Trace } from "../scene.js" */
/** @import { Stack } from "../stack.js" */
/** @import { Lane } from "./lanes.js" */
/** @import { Panel } from "./panel.js" */

/** @typedef {{ image: number, main: number, strip: number, unit: number }} Heights */

/**
 * The panels of a stack from top to bottom. Where one stack of several has something, all keep room for it, so that a row
 * is at the same place in each.
 *
 * @param {Stack} stack
 * @param {Stack[]} stacks
 * @param {Heights} heights
 */
export function panelsOf(stack, stacks, heights) {
  const { asked, scene } = stack;
  const { state } = asked;
  /** @type {Panel[]} */
  const found = [];
  const add = (/** @type {Panel} */ panel, gap = 6) => {
    panel.gap = gap;
    found.push(panel);
  };
  const any = stacks.map(({ line }) => line);
  if (heights.image) add(new ImagePanel(stack, heights.image), 0);
  if (any.some((line) => line.spans.length || line.posterior)) add(new SymbolsPanel(stack, 32), 2);
  add(new AxisPanel(stack, 24));
  const units = state.selected_units.length ? unitLanes(stack) : [];
  if (units.length) add(new UnitsPanel(stack, units, heights.unit));
  const queried = asked.queried(stack.side);
  if (queried) add(new QueryPanel(stack, 84, queried));
  if (any.some((line) => line.posterior)) add(new PosteriorPanel(stack, 48));
  const lanes = state.allLayers ? layerLanes(stack) : gateLanes(stack);
  if (lanes.length) add(new StripsPanel(stack, lanes, state.allLayers ? 34 : heights.strip), 8);
  for (const name of asked.shownQuantities) {
    const quantity = scene.quantity(stack.side, state.trace, name);
    if (quantity) add(new HeatPanel(stack, name, quantity, asked.rowsOf(name, quantity), heights.main), 8);
  }
  return found;
}

/**
 * A lane for every gate that is shown: its mean and band; in a difference the means of both.
 *
 * @param {Stack} stack
 * @returns {Lane[]}
 */
function gateLanes({ asked, at, look, scene, side }) {
  const { trace } = asked.state;
  const names = asked.shownQuantities.filter((name) => name.endsWith("_gate"));
  return names.flatMap((name) => {
    const own = scene.quantity(at, trace, name);
    if (!own?.mean) return [];
    const color = look.role(name);
    /** @type {Lane["curves"]} */
    const curves = [{ values: own.mean, low: own.low, high: own.high, color, dash: [] }];
    const other = side === "difference" ? scene.quantity(1, trace, name) : null;
    if (other?.mean) curves.push({ values: other.mean, color, dash: SECOND });
    const letters = [look.letterOf(name)];
    return [{ scale: { low: 0, high: 1 }, curves, letters, side: "mean", words: scene.quantityWords(name) }];
  });
}

/** @param {Trace} trace */
export const gatesOf = (trace) =>
  [...trace.quantities.values()].flatMap(({ name, mean }) => (name.endsWith("_gate") && mean ? [{ name, mean }] : []));

/**
 * A lane for every layer and direction with the means of all its gates.
 *
 * @param {Stack} stack
 * @returns {Lane[]}
 */
function layerLanes({ line, look }) {
  return [...line.traces.values()].flatMap((trace) => {
    const gates = gatesOf(trace);
    if (!gates.length) return [];
    return [
      {
        scale: { low: 0, high: 1 },
        curves: gates.map(({ name, mean }, at) => ({ values: mean, color: look.role(name), dash: DASHES[at] })),
        letters: gates.map(({ name }) => look.letterOf(name)),
        side: trace.title,
        short: String(trace.layer),
        words: trace.title,
        trace: trace.name,
        backward: trace.backward,
      },
    ];
  });
}

/**
 * A lane for every quantity with the curves of the chosen units.
 *
 * @param {Stack} stack
 * @returns {Lane[]}
 */
function unitLanes({ asked, at, look, scene, side }) {
  const { selected_units: chosen, trace } = asked.state;
  const units = asked.drawnUnits;
  const count = `${units.length === chosen.length ? "" : "last "}${units.length} units`;
  const words = units.length === 1 ? `unit ${units[0]}` : count;
  return [...(asked.trace?.quantities.keys() ?? [])].flatMap((name) => {
    const shown = scene.quantity(at, trace, name);
    if (!shown || shown.matrix.rows !== asked.trace?.units) return [];
    const color = look.role(name);
    const curves = units.map((unit, index) => ({ values: shown.matrix.row(unit), color, dash: DASHES[index] }));
    const other = side === "difference" ? scene.quantity(1, trace, name) : null;
    if (other)
      curves.push({ values: other.matrix.row(units[units.length - 1]), color: look.palette.text, dash: SECOND });
    const letters = [look.letterOf(name)];
    return [{ scale: shown.scale, curves, letters, words: scene.quantityWords(name), side: words }];
  });
}
