// What tests and other scripts may ask the explorer of an element. Positions are in CSS pixels of the window.

import { HeatPanel } from "./panels/heat.js";
import { code } from "./python.js";
import { svg } from "./saving.js";

/** @import { Explorer } from "./explorer.js" */
/** @import { Stack } from "./stack.js" */
/** @import { Side } from "./types.d.ts" */

const plain = (/** @type {unknown} */ value) => JSON.parse(JSON.stringify(value));

/** @param {Explorer} explorer */
export function answersOf(explorer) {
  const open = () => {
    if (!explorer.shown) throw new Error("nothing is shown yet: the model holds no document");
    return explorer.shown;
  };
  /** @param {number} side */
  const stackOf = (side) => {
    const { stacks } = open().stage;
    return stacks.find((stack) => stack.at === side) ?? stacks[0];
  };
  const left = (/** @type {Stack} */ stack) => stack.plots.getBoundingClientRect().left;
  return {
    state() {
      const { kernel, store } = explorer.setting;
      return plain({ ...store.state, dark: explorer.shown?.look.dark, lost: kernel.lost });
    },
    columnToX: (/** @type {number} */ column, side = 0) => left(stackOf(side)) + stackOf(side).x(column),
    xToColumn: (/** @type {number} */ x, side = 0) => stackOf(side).column(x - left(stackOf(side))),
    /**
     * The middle of a cell of a heatmap.
     *
     * @param {string} quantity
     * @param {number} unit
     * @param {number} frame
     * @param {number} side
     */
    cellPoint(quantity, unit, frame, side = 0) {
      const stack = stackOf(side);
      const panel = stack.panels.filter((each) => each instanceof HeatPanel).find((each) => each.name === quantity);
      const place = panel?.places.get(unit);
      if (!panel || !place) return null;
      const box = stack.plots.getBoundingClientRect();
      return { x: box.left + stack.x(stack.frames.centers[frame]), y: box.top + panel.top + (place[0] + place[1]) / 2 };
    },
    panels(side = 0) {
      const { left, panels, width } = stackOf(side);
      return panels.map((panel) => {
        const heat = panel instanceof HeatPanel ? panel : null;
        const rows = heat ? [...heat.rows.focus, ...heat.rows.main] : [];
        return {
          kind: panel.kind,
          quantity: heat?.name ?? "",
          top: panel.top,
          height: panel.height,
          left,
          width,
          rows,
        };
      });
    },
    /**
     * @param {string} trace
     * @param {string} quantity
     * @param {number} unit
     * @param {number} frame
     * @param {Side} side
     */
    valueAt: (trace, quantity, unit, frame, side = 0) =>
      open().scene.quantity(side, trace, quantity)?.matrix.at(unit, frame) ?? null,
    ranking: () => plain(open().asked.ranking()),
    query() {
      const found = open().asked.queried();
      if (!found) return null;
      const { quantity, units, runs, others, words } = found;
      return plain({ quantity, units, runs, others, words });
    },
    code: () => code(open()),
    svg: () => svg(open()),
    metrics() {
      const { open: opened, draws, crosses } = explorer.setting.timings;
      return { open: opened, draws: [...draws], crosses: [...crosses], rasters: open().look.rasters.made };
    },
  };
}
