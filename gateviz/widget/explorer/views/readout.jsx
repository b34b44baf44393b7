// What is at the crosshair.

import { clamp } from "../numbers.js";
import { cursorValues } from "../voice.js";
import { fixed, number, visible } from "../words.js";

/** @import { Line } from "../scene.js" */
/** @import { Shown } from "../shown.js" */
/** @import { Cursor } from "../types.d.ts" */

/** Words and explanation of each field. */
const FIELDS = [
  ["frame", "frame", "position in the network's output"],
  ["columns", "columns", "the columns of the image that the frame stands for"],
  ["field", "sees", "its receptive field, shaded on the image"],
  ["symbol", "symbol", "what was read here, and the posteriors"],
  ["unit", "unit", "row of the heatmaps"],
  ["value", "value", "of the unit at the frame"],
];

/** @type {Record<string, string>} */
const NOWHERE = { value: "move over the panels" };

/** @param {{ shown: Shown }} props */
export function Readout({ shown }) {
  const { cursor } = shown.store.state;
  const found = cursor ? readings(shown, cursor) : NOWHERE;
  return FIELDS.map(([name, words, title]) => (
    <div key={name} class={`field ${name}`}>
      <dt title={title}>{found[`${name}Name`] ?? words}</dt>
      <dd data-field={name}>{found[name] ?? "–"}</dd>
    </div>
  ));
}

/**
 * @param {Shown} shown
 * @param {Cursor} cursor
 * @returns {Record<string, string>}
 */
function readings(shown, cursor) {
  const { scene, store } = shown;
  const line = scene.lines[cursor.side];
  const frame = clamp(cursor.frame, 0, line.count - 1);
  const { edges, fields } = line.framesOf(store.state.trace);
  const [from, to] = [fields[2 * frame], fields[2 * frame + 1]];
  /** @type {Record<string, string>} */
  const found = {
    frame: `${frame} of 0–${line.count - 1}`,
    columns: `${fixed(edges[frame], 1)} – ${fixed(edges[frame + 1], 1)}`,
    field: to > from ? `${fixed(from, 1)} – ${fixed(to, 1)}` : "padding only",
    symbol: symbolWords(line, frame),
    value: valueWordsOf(shown),
  };
  if (cursor.unit !== null) {
    found.unit = String(cursor.unit);
    if (cursor.quantity) found.valueName = scene.quantityWords(cursor.quantity);
  }
  return found;
}

/** @param {Shown} shown */
function valueWordsOf(shown) {
  const [first, second] = cursorValues(shown);
  if (!second) return first?.text ?? "over a heatmap";
  const change = second.value - first.value;
  return `${first.text} → ${second.text} (${change > 0 ? "+" : ""}${number(change, 2)})`;
}

/**
 * @param {Line} line
 * @param {number} frame
 */
function symbolWords(line, frame) {
  const span = line.spanAt(frame);
  const said = span ? visible(span.symbol) : "none";
  if (!line.posterior) return said;
  const { blank, best, symbols } = line.posterior;
  const likely = symbols[frame] ? `p(${visible(symbols[frame])}) ${number(best[frame], 2)}, ` : "";
  return `${said} · ${likely}p(blank) ${number(blank[frame], 2)}`;
}
