// Only units with these values are shown.

import { plural } from "../words.js";
import { Button, NumberField, Select } from "./controls.jsx";

/** @import { Shown } from "../shown.js" */
/** @import { Filter as Asking } from "../types.d.ts" */

const WHEN = [
  ["some", "at some frame"],
  ["every", "at every frame"],
  ["mean", "on average"],
];

/** @param {{ shown: Shown }} props */
export function Filter({ shown }) {
  const { asked, store } = shown;
  const options = shown.quantityOptions().filter(([name]) => asked.quantity(name)?.matrix.rows === asked.trace?.units);
  const fields = () => {
    const { asking } = store.state;
    const there = options.some(([name]) => name === asking.quantity);
    return there ? asking : { ...asking, quantity: options[0]?.[0] ?? "" };
  };
  const now = fields();
  const kept = asked.kept();
  const apply = (/** @type {Partial<Asking>} */ changes) => {
    const { low, high, ...rest } = { ...fields(), ...changes };
    const next = { ...rest, low: Math.min(low, high), high: Math.max(low, high) };
    store.set({ filter: next, asking: next });
  };
  const choose = (/** @type {string} */ quantity) => {
    const scale = asked.quantity(quantity)?.scale;
    apply(scale ? { quantity, low: scale.low, high: scale.high } : { quantity });
  };
  return (
    <>
      <p class="quiet">
        Only these units are shown; within the chosen columns where some are chosen, else on the whole line.
      </p>
      <div class="row">
        <Select name="filter-of" words="units whose" options={options} value={now.quantity} choose={choose} />
      </div>
      <div class="row">
        <span>lies from</span>
        <NumberField
          name="filter-low"
          words="least value"
          step="any"
          value={String(now.low)}
          onChange={(value) => apply({ low: Number(value) })}
        />
        <span>to</span>
        <NumberField
          name="filter-high"
          words="greatest value"
          step="any"
          value={String(now.high)}
          onChange={(value) => apply({ high: Number(value) })}
        />
      </div>
      <div class="row">
        <Select name="filter-when" words="when" options={WHEN} value={now.when} choose={(when) => apply({ when })} />
        <Button name="filter-apply" title="Show only these units" onClick={() => apply({})}>
          Apply
        </Button>
        <Button
          name="filter-clear"
          title="Show all units"
          disabled={!store.state.filter}
          onClick={() => store.set({ filter: null })}
        >
          Show all
        </Button>
      </div>
      <p class="words">
        {kept ? `${kept.length} of ${plural(asked.trace?.units ?? 0, "unit")} shown.` : "All units are shown."}
      </p>
    </>
  );
}
