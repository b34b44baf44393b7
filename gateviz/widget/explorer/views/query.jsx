// Units that are on in the chosen columns and off around them, and where else they are on together.

import { clamp } from "../numbers.js";
import { frameWords, symbolsBetween } from "../voice.js";
import { plural, sentence } from "../words.js";
import { Check, NumberField, Select } from "./controls.jsx";

/** @import { Queried } from "../measures.js" */
/** @import { Shown } from "../shown.js" */
/** @import { Query as Asking } from "../types.d.ts" */

/** How many units and runs are listed. */
const LISTED = 60;

/** @param {{ shown: Shown }} props */
export function Query({ shown }) {
  const { asked, store } = shown;
  const { query } = store.state;
  const name = asked.quantityOf(query.quantity);
  const scale = name ? asked.quantity(name)?.scale : null;
  const change = (/** @type {Partial<Asking>} */ changes) =>
    store.set({ query: { ...store.state.query, on: true, ...changes } });
  const found = asked.queried();
  return (
    <>
      <p class="quiet">Units that are on at every frame of the chosen columns, and off just before and after.</p>
      <Check name="query-on" checked={query.on} onChange={(on) => change({ on })}>
        look for them; drag the dashed line to move the threshold
      </Check>
      <div class="row">
        <Select
          name="query-of"
          words="units whose"
          options={shown.quantityOptions()}
          value={name}
          choose={(quantity) => change({ quantity, threshold: thresholdFor(shown, quantity) })}
        />
        <Select
          name="query-way"
          words="is"
          options={["above", "below"].map((way) => [way, way])}
          value={query.below ? "below" : "above"}
          choose={(way) => change({ below: way === "below" })}
        />
        <NumberField
          name="threshold"
          words="threshold"
          step="any"
          value={String(query.threshold)}
          onChange={(value) => value !== "" && change({ threshold: Number(value) })}
        />
      </div>
      <input
        type="range"
        min={String(scale?.low ?? 0)}
        max={String(scale?.high ?? 1)}
        step="any"
        data-key="slider"
        aria-label="threshold"
        value={String(query.threshold)}
        onInput={(event) => change({ threshold: Number(Number(event.currentTarget.value).toPrecision(3)) })}
      />
      <p class={found?.words ? "words alarm" : "words"}>{found && wordsOf(found)}</p>
      <Units shown={shown} found={found} />
      <div class="row">
        <span>Elsewhere at least</span>
        <NumberField
          name="share"
          words="least share of these units, in percent"
          min="1"
          max="100"
          value={String(Math.round(query.share * 100))}
          onChange={(value) => change({ share: clamp(Number(value) || 70, 1, 100) / 100 })}
        />
        <span>% of them are on:</span>
      </div>
      <Runs shown={shown} found={found} />
    </>
  );
}

/**
 * The threshold as it is where the scale of the quantity holds it, else its middle.
 *
 * @param {Shown} shown
 * @param {string} quantity
 */
function thresholdFor({ asked, store }, quantity) {
  const { threshold } = store.state.query;
  const scale = asked.quantity(quantity)?.scale;
  if (!scale || (threshold > scale.low && threshold < scale.high)) return threshold;
  return (scale.low + scale.high) / 2;
}

/** @param {Queried} found */
function wordsOf({ range, units, words }) {
  if (words || !range) return sentence(words);
  return `${plural(units.length, "unit")} in ${frameWords(range)}.`;
}

/** @param {{ shown: Shown, found: Queried | null }} props */
function Units({ shown, found }) {
  const { asked, moves, store } = shown;
  const own = found?.matrix.rows !== asked.trace?.units;
  const units = found?.units ?? [];
  return (
    <div class="chips">
      {units.slice(0, LISTED).map((unit) => (
        <button
          key={unit}
          type="button"
          data-key={`found-${unit}`}
          data-unit={unit}
          aria-pressed={!own && store.state.selected_units.includes(unit)}
          aria-label={`unit ${unit}`}
          onClick={(event) => !own && moves.chooseUnit(unit, event.ctrlKey || event.metaKey)}
        >
          {unit}
        </button>
      ))}
      {units.length > LISTED && <span class="quiet">{`and ${units.length - LISTED} more`}</span>}
    </div>
  );
}

/** @param {{ shown: Shown, found: Queried | null }} props */
function Runs({ shown, found }) {
  const { asked, moves, store } = shown;
  const others = found?.others ?? [];
  return (
    <ol class="runs">
      {others.slice(0, LISTED).map((run) => (
        <li key={run[0]}>
          <button
            type="button"
            data-key={`run-${run[0]}`}
            data-start={run[0]}
            data-stop={run[1]}
            onClick={() => moves.goToRun(run, asked.side)}
          >
            {`${frameWords(run)} · ${symbolsBetween(asked.line, store.state.trace, run) || "no symbol"}`}
          </button>
        </li>
      ))}
      {found && found.units.length > 0 && !others.length && <li class="quiet">nowhere else</li>}
    </ol>
  );
}
