// The scales, what lies beyond them, what is missing, and which dashes are whose.

import { hex } from "../colors.js";
import { range } from "../numbers.js";
import { gatesOf } from "../panels/choose.js";
import { DASHES, SECOND } from "../panels/curves.js";
import { short } from "../words.js";

/** @import { ComponentChildren } from "preact" */
/** @import { Shown } from "../shown.js" */
/** @import { Palette } from "../types.d.ts" */

/** @typedef {{ palette: string, low: number, high: number, rules: Set<string>, letters: Set<string> }} Seen */

/** @param {{ shown: Shown }} props */
export function Legend({ shown }) {
  return (
    <>
      {scalesOf(shown).map((each) => (
        <Scale
          key={[each.palette, each.low, each.high].join()}
          seen={each}
          palette={shown.scene.palettes[each.palette]}
        />
      ))}
      <Entry mark={<i class="hatched" />}>missing</Entry>
      <Means shown={shown} />
      <Curves shown={shown} />
    </>
  );
}

/**
 * The scales on screen, each with the letters of its quantities.
 *
 * @param {Shown} shown
 * @returns {Seen[]}
 */
function scalesOf({ asked, scene, stage, store }) {
  /** @type {Map<string, Seen>} */
  const seen = new Map();
  for (const stack of stage.stacks) {
    for (const name of asked.shownQuantities) {
      const shown = scene.quantity(stack.side, store.state.trace, name);
      if (!shown) continue;
      const { palette, low, high, rule } = shown.scale;
      const key = [palette, low, high].join();
      const found = seen.get(key) ?? { palette, low, high, rules: new Set(), letters: new Set() };
      found.letters.add(scene.letter(name));
      if (rule) found.rules.add(rule);
      seen.set(key, found);
    }
  }
  return [...seen.values()];
}

/** @param {{ seen: Seen, palette: Palette }} props */
function Scale({ seen: { low, high, letters, rules }, palette: { colors, under, over } }) {
  const stops = range(9).map((at) => {
    const index = 3 * Math.round((at / 8) * (colors.length / 3 - 1));
    return hex([...colors.subarray(index, index + 3)]);
  });
  return (
    <span class="scale">
      <b>{[...letters].join(" ")}</b>
      <span>{short(low)}</span>
      <i class="ramp" style={{ background: `linear-gradient(to right, ${stops.join(", ")})` }} />
      <span>{short(high)}</span>
      {rules.size > 0 && <span class="rule">{[...rules].join("; ")}</span>}
      {rules.size > 0 && (
        <span class="beyond">
          <i style={{ background: under }} />
          {"below "}
          <i style={{ background: over }} />
          above
        </span>
      )}
    </span>
  );
}

/** @param {{ mark: ComponentChildren, children: ComponentChildren }} props */
const Entry = ({ mark, children }) => (
  <span class="scale">
    {mark}
    <span>{children}</span>
  </span>
);

/**
 * A piece of a curve with these dashes.
 *
 * @param {{ dash?: number[] }} props
 */
const Stroke = ({ dash = [] }) => (
  <svg viewBox="0 0 26 8" width="26" height="8" aria-hidden="true">
    <path d="M0 4h26" stroke="currentColor" stroke-width={1.5} stroke-dasharray={dash.join(" ")} />
  </svg>
);

/** @param {{ shown: Shown }} props */
function Means({ shown: { asked, scene, store } }) {
  if (store.state.allLayers) {
    const gates = asked.trace ? gatesOf(asked.trace) : [];
    return gates.map(({ name }, at) => (
      <Entry key={name} mark={<Stroke dash={DASHES[at]} />}>{`mean ${scene.letter(name)}`}</Entry>
    ));
  }
  if (!asked.shownQuantities.some((name) => name.endsWith("_gate"))) return null;
  return <Entry mark={<i class="banded" />}>mean and 10–90 % of units</Entry>;
}

/** @param {{ shown: Shown }} props */
function Curves({ shown: { asked } }) {
  if (asked.sides.includes("difference"))
    return (
      <>
        <Entry mark={<Stroke />}>first</Entry>
        <Entry mark={<Stroke dash={SECOND} />}>second</Entry>
      </>
    );
  if (asked.drawnUnits.length < 2) return null;
  return asked.drawnUnits.map((unit, at) => (
    <Entry key={unit} mark={<Stroke dash={DASHES[at]} />}>{`unit ${unit}`}</Entry>
  ));
}
