// Edits: a gate is held, or units are silenced, and the kernel reads the line again.

import { fixed } from "../words.js";
import { Button, Select } from "./controls.jsx";

/** @import { Shown } from "../shown.js" */

/** @param {{ shown: Shown }} props */
export function Edit({ shown }) {
  const { kernel, scene, store } = shown;
  const { hold } = store.state;
  const usable = scene.live && !kernel.lost && !kernel.status.busy;
  const edits = kernel.edits.length ? kernel.edits : shown.noteLines;
  const options = shown.quantityOptions();
  const change = (/** @type {Partial<typeof hold>} */ changes) =>
    store.set({ hold: { ...store.state.hold, words: "", ...changes } });
  return (
    <>
      <div class="row">
        <Select
          name="gate"
          words="hold"
          options={options}
          value={gateOf(hold.gate, options)}
          disabled={!usable}
          choose={(gate) => change({ gate })}
        />
        <span>at</span>
        <input
          type="number"
          step="any"
          data-key="hold-at"
          aria-label="value to hold it at"
          value={hold.at}
          disabled={!usable}
          onInput={(event) => change({ at: event.currentTarget.value })}
        />
        {["0", "1"].map((at) => (
          <Button
            key={at}
            name={`hold-${at}`}
            title={`hold at ${at}`}
            disabled={!usable}
            onClick={() => change({ at })}
          >
            {at}
          </Button>
        ))}
      </div>
      <p class="words">{whereWords(shown)}</p>
      <div class="row">
        <Button
          name="hold"
          title="Hold the gate and read the line again"
          disabled={!usable}
          onClick={() => sendHold(shown)}
        >
          Hold and read again
        </Button>
        <Button
          name="ablate"
          title="Silence the units and read the line again"
          disabled={!usable}
          onClick={() => kernel.send({ type: "ablate", ...chosenPart(shown) })}
        >
          Ablate units
        </Button>
      </div>
      <h3>Edits</h3>
      <ol class="edits" aria-label="edits that are on">
        {edits.map((edit, at) => (
          <li key={at}>{edit}</li>
        ))}
      </ol>
      <p class="quiet" hidden={edits.length > 0}>
        No edits are on.
      </p>
      <div class="row">
        <Button name="undo" title="Undo the last edit" disabled={!usable} onClick={() => kernel.send({ type: "undo" })}>
          Undo
        </Button>
        <Button name="redo" title="Redo" disabled={!usable} onClick={() => kernel.send({ type: "redo" })}>
          Redo
        </Button>
        <Button
          name="clear"
          title="Take all edits off"
          disabled={!usable || !kernel.edits.length}
          onClick={() => kernel.send({ type: "clear" })}
        >
          Clear
        </Button>
      </div>
      <p class={kernel.lost || kernel.unanswered ? "words alarm" : "words"} role="status">
        {hold.words || statusWords(shown)}
      </p>
    </>
  );
}

/**
 * The gate that was chosen where the layer has it, else the first.
 *
 * @param {string} gate
 * @param {string[][]} options
 */
const gateOf = (gate, options) => (options.some(([name]) => name === gate) ? gate : (options[0]?.[0] ?? ""));

/** @param {Shown} shown */
function whereWords({ asked, store }) {
  const { columns, selected_units: units } = store.state;
  const [start, stop] = columns;
  const where = start === undefined ? "the whole line" : `columns ${fixed(start, 0)} to ${fixed(stop, 0)}`;
  return `${units.length ? asked.unitWords() : "All units"} of ${asked.trace?.title ?? "this layer"}, ${where}.`;
}

/** @param {Shown} shown */
function statusWords({ kernel, scene }) {
  if (kernel.lost) return kernel.lost;
  if (!scene.live) return "Edits need a kernel with the recognizer: gateviz.explore(recording, recognizer=...).";
  if (kernel.unanswered)
    return "The kernel has not answered yet. It may be busy, or gone; what you see is what it sent last.";
  const { busy = false, words = "" } = kernel.status;
  return busy ? `${words || "reading the line again"} …` : words;
}

/**
 * What an edit is about: the chosen units and columns of the chosen layer.
 *
 * @param {Shown} shown
 */
function chosenPart({ store }) {
  const { columns, selected_units: units, trace } = store.state;
  return { trace, units: [...units], columns: columns.length ? [...columns] : null };
}

/** @param {Shown} shown */
function sendHold(shown) {
  const { kernel, store } = shown;
  const { at, gate } = store.state.hold;
  const value = Number(at);
  const words = at === "" || !Number.isFinite(value) ? "Give a number to hold the gate at." : "";
  store.set({ hold: { ...store.state.hold, words } });
  const message = { type: "hold", ...chosenPart(shown), gate: gateOf(gate, shown.quantityOptions()), value };
  if (!words) kernel.send(message);
}
