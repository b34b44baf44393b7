// The Python lines that draw the same with `gateviz.plot`.

import { clamp } from "./numbers.js";
import { fixed } from "./words.js";

/** @import { Line } from "./scene.js" */
/** @import { Shown } from "./shown.js" */

/** @typedef {{ line: Line, name: string }} Named */

/**
 * A string as Python writes it.
 *
 * @param {string} text
 */
const python = (text) => JSON.stringify(text);

/** @param {Shown} shown */
export function code(shown) {
  const { asked, scene } = shown;
  const sides = new Set(asked.sides.flatMap((side) => (side === "difference" ? [0, 1] : [side])));
  const named = [...sides].map((at) => ({
    line: scene.lines[at],
    name: scene.two ? ["first", "second"][at] : "recording",
  }));
  const lines = ["import gateviz", "", ...recorded(shown, named), "", ...remarks(shown)];
  for (const each of named) lines.push(...drawn(shown, each));
  return `${lines.join("\n")}\n`;
}

/**
 * Where the recordings come from: a file is read again; an edited run, or another model's, is opened.
 *
 * @param {Shown} shown
 * @param {Named[]} named
 */
function recorded({ scene }, named) {
  const image = (/** @type {Line} */ line) => line.name.replace(/, [^,]*$/, "");
  const twins = scene.two && image(scene.lines[0]) === image(scene.lines[1]);
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
}

/**
 * What is on screen and `gateviz.plot` does not draw.
 *
 * @param {Shown} shown
 */
function remarks({ asked, moves, stage }) {
  const words = [];
  if (asked.sides.includes("difference"))
    words.push("# gateviz.plot draws both recordings; their difference is the explorer's own.");
  if (moves.zoomSpan < 1) {
    const [stack] = stage.stacks;
    const [from, to] = [stack.first, stack.last].map((column) => fixed(column, 0));
    words.push(`# gateviz.plot draws the whole line; on screen are the ${stack.line.axis.unit}s ${from} to ${to}.`);
  }
  return words;
}

/**
 * The figures of one recording.
 *
 * @param {Shown} shown
 * @param {Named} named
 */
function drawn(shown, { line, name }) {
  const { state } = shown.store;
  const trace = line.traces.get(state.trace);
  const prefix = name === "recording" ? "" : `${name}-`;
  const where = trace ? [`layers=[${trace.layer}]`, `directions=[${python(trace.direction)}]`] : [];
  const quantities = trace ? shown.asked.shownQuantities.filter((each) => trace.quantities.has(each)) : [];
  const frames = state.cursor ? [`frames=[${clamp(state.cursor.frame, 0, line.count - 1)}]`] : [];
  const order = orderOf(shown, quantities);
  const some =
    trace && quantities.length < trace.quantities.size ? [`quantities=[${quantities.map(python).join(", ")}]`] : [];
  const figure = (/** @type {string} */ call, /** @type {string[]} */ options, file = call) =>
    `gateviz.plot.${call}(${[name, ...options].join(", ")}).savefig("${prefix}${file}.pdf")`;
  const lines = [];
  if (quantities.length) lines.push(figure("gates", [...where, ...some, ...order, ...frames]));
  if (!quantities.length || state.allLayers) lines.push(figure("overview", frames));
  if (state.selected_units.length && trace)
    lines.push(figure("units", [`units=[${state.selected_units.join(", ")}]`, ...where, ...frames]));
  if (state.played && quantities.length) {
    const file = python(`${prefix}reading.gif`);
    const options = [name, file, ...where, ...some, ...order, `frames_per_second=${state.speed}`];
    lines.push(`gateviz.plot.animate(${options.join(", ")})`);
  }
  return lines;
}

/**
 * The order of the units as an option: by name where `gateviz.plot` has it, else one by one.
 *
 * @param {Shown} shown
 * @param {string[]} quantities
 */
function orderOf({ asked, scene, stage, store }, quantities) {
  const { order, trace } = store.state;
  const rows = quantities
    .map((name) => {
      const quantity = scene.quantity(stage.stacks[0].side, trace, name);
      return quantity && asked.rowsOf(name, quantity);
    })
    .find((each) => each && !each.own);
  const plain = !rows || (!rows.focus.length && rows.main.length === rows.total && order !== "selectivity");
  if (!plain) return [`units=[${[...rows.focus, ...rows.main].join(", ")}]`];
  return ["peak", "similarity", "timescale"].includes(order) ? [`order=${python(order)}`] : [];
}
