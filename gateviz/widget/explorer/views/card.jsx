// The unit that was chosen last: what it keeps, and how open its gates are.

import { number, plural } from "../words.js";
import { Button } from "./controls.jsx";

/** @import { Quantity, Trace } from "../scene.js" */
/** @import { Shown } from "../shown.js" */

/** @param {{ shown: Shown }} props */
export function Card({ shown }) {
  const { trace } = shown.asked;
  const { selected_units: units } = shown.store.state;
  const unit = units.at(-1);
  if (unit === undefined || !trace)
    return <p class="quiet">Click a row of a heatmap: the unit's curves appear under the image.</p>;
  const quantities = [...trace.quantities.values()];
  const [own, others] = [true, false].map((of) =>
    quantities.filter(({ matrix }) => (matrix.rows === trace.units) === of),
  );
  return (
    <>
      <div class="row between">
        <h2>{`Unit ${unit}`}</h2>
        <Button name="clear-units" title="Choose no units" onClick={() => shown.store.set({ selected_units: [] })}>
          Clear
        </Button>
      </div>
      {units.length > 1 && <Chosen shown={shown} units={units} />}
      {trace.timescale && (
        <p class="keeps">
          <b>{timescaleWords(trace.timescale[unit])}</b>
          {" timescale, −1 / ln(mean f)"}
        </p>
      )}
      <table>
        <thead>
          <tr>
            <th scope="col" />
            <th scope="col">here</th>
            <th scope="col">{"shut < 0.1 · open > 0.9"}</th>
          </tr>
        </thead>
        <tbody>
          {own.map((quantity) => (
            <Row key={quantity.name} shown={shown} trace={trace} quantity={quantity} unit={unit} />
          ))}
        </tbody>
      </table>
      {others.length > 0 && (
        <p class="quiet">
          {`${others.map(({ name }) => shown.scene.letter(name)).join(", ")}: projected; its rows are no units of the layer.`}
        </p>
      )}
    </>
  );
}

/** @param {{ shown: Shown, units: number[] }} props */
const Chosen = ({ shown, units }) => (
  <div class="chips">
    {units.map((each) => (
      <button
        key={each}
        type="button"
        aria-pressed={true}
        aria-label={`unit ${each}: choose it no longer`}
        data-key={`chosen-${each}`}
        onClick={() => shown.moves.chooseUnit(each, true)}
      >
        {each}
      </button>
    ))}
  </div>
);

/** @param {number} frames */
function timescaleWords(frames) {
  if (Number.isNaN(frames)) return "no";
  return Number.isFinite(frames) ? plural(Number(number(frames)), "frame") : "endless";
}

/** @param {{ shown: Shown, trace: Trace, quantity: Quantity, unit: number }} props */
function Row({ shown, trace, quantity: { name }, unit }) {
  const { look, scene } = shown;
  const shares = trace.saturation.get(name);
  return (
    <tr>
      <th scope="row" title={scene.quantityWords(name)} style={{ color: look.role(name, 4.5) }}>
        {scene.letter(name)}
      </th>
      <td class="number">{valueHere(shown, name, unit)}</td>
      {shares ? (
        <td>
          <Shares left={shares.left[unit]} right={shares.right[unit]} />
        </td>
      ) : (
        <td class="quiet">–</td>
      )}
    </tr>
  );
}

/**
 * The unit's value where the crosshair is.
 *
 * @param {Shown} shown
 * @param {string} name
 * @param {number} unit
 */
function valueHere({ asked, scene, stage, store }, name, unit) {
  const stack = stage.stacks.find((each) => each.side === asked.side) ?? stage.stacks[0];
  const frame = stack?.cursorFrame() ?? null;
  const found = frame === null ? null : scene.quantity(stack.side, store.state.trace, name);
  return found && frame !== null ? number(found.matrix.at(unit, frame), 3) : "–";
}

/**
 * How often a gate is shut and open: bars from both ends, and the numbers.
 *
 * @param {{ left: number, right: number }} props
 */
function Shares({ left, right }) {
  const words = `shut at ${number(100 * left, 2)} % of the frames, open at ${number(100 * right, 2)} %`;
  return (
    <span class="shares" title={words} role="img" aria-label={words}>
      <span>{`${Math.round(100 * left)} %`}</span>
      <i class="bar">
        <i class="shut" style={{ width: `${100 * left}%` }} />
        <i class="open" style={{ width: `${100 * right}%` }} />
      </i>
      <span>{`${Math.round(100 * right)} %`}</span>
    </span>
  );
}
