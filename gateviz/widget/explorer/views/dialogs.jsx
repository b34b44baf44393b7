// What stands over the page when it is asked for: keys and formulas, and the Python lines.

import { render } from "preact";
import { KEYS } from "../keys.js";
import { code } from "../python.js";
import { Button } from "./controls.jsx";

/** @import { Shown } from "../shown.js" */
/** @import { Scene } from "../scene.js" */

/** @type {Record<string, string>} */
const LSTM = {
  input_gate: "i = σ(W_i x + U_i h₋ + b_i): 1 lets the candidate in",
  forget_gate: "f = σ(W_f x + U_f h₋ + b_f): 1 keeps the cell state, 0 drops it",
  candidate: "g = tanh(W_g x + U_g h₋ + b_g): what would be written",
  output_gate: "o = σ(W_o x + U_o h₋ + b_o): 1 shows the cell state",
  cell_state: "c = f · c₋ + i · g",
  hidden_state: "h = o · tanh(c)",
};
/** @type {Record<string, string>} */
const GRU = {
  reset_gate: "r = σ(W_r x + U_r h₋ + b_r): 0 hides the past from the candidate",
  update_gate: "z = σ(W_z x + U_z h₋ + b_z): 1 keeps the hidden state",
  candidate: "g = tanh(W_g x + r · (U_g h₋ + a_g) + b_g): what would be written (elsewhere called n)",
  hidden_state: "h = z · h₋ + (1 − z) · g",
};
const FORMULAS = [
  [
    "effect size",
    "Cohen's d = (m₁ − m₀) / s, with s² = ((n₁ − 1) s₁² + (n₀ − 1) s₀²) / (n₁ + n₀ − 2): means m, deviations s and counts n of the frames inside (1) and outside (0). Where values travelled in 8 bits, s is one step of them at least. It describes this line; it is no test.",
  ],
  [
    "query",
    "on at every frame of the chosen columns, off at the frame before and the frame after (LSTMVis; Strobelt and others 2018). Elsewhere: runs of frames at which enough of these units are on.",
  ],
  [
    "timescale",
    "−1 / ln(mean f) frames: then a cell state that is only multiplied by the mean forget gate has fallen to 1/e",
  ],
  [
    "saturation",
    "share of frames at which a gate is below 0.1 (shut) or above 0.9 (open); Karpathy, Johnson, Fei-Fei 2015",
  ],
  ["mean and band", "over the units, at every frame; the band holds the middle 80 % of them"],
  [
    "columns",
    "of a frame: from half-way to the frame before to half-way to the next. Frames are inside chosen columns when their center is. What a frame sees is its receptive field, which is wider.",
  ],
  ["difference", "second − first, frame by frame and unit by unit"],
];
const USE =
  "Ctrl and the wheel, or two fingers: zoom around the pointer; after a click into the panels the wheel alone. Drag: choose columns or move the line; with Shift the other of the two. Double click: whole line. Click a symbol, a row, or a mark on the axis. Ctrl-click: one more unit. Keys work in the panels:";
const EXACT = "Values are the recorded ones, in float32.";
const ROUNDED =
  "Values travelled in few bits: each is within 1/255 of its scale of the recorded one, and the readout says how far it may be off. For exact values write the file with --exact.";
const DENSER =
  "Where values are denser than pixels, a pixel is the mean of a block; a missing value, or one beyond the scale, is never averaged away.";

export class Dialogs {
  /** @param {Shown} shown */
  constructor(shown) {
    this.shown = shown;
    /** @type {HTMLDialogElement | null} */
    this.open = null;
  }

  help() {
    const { scene } = this.shown;
    this.show(
      "dialog help",
      "Help",
      <>
        <div class="row between">
          <h2>Keys and formulas</h2>
          <button type="button" onClick={() => this.close()}>
            Close
          </button>
        </div>
        <p>{USE}</p>
        <List class="keys" pairs={KEYS} />
        <List class="formulas" pairs={[...equations(scene), ...FORMULAS]} />
        <p>{`${scene.exact ? EXACT : ROUNDED} ${DENSER}`}</p>
      </>,
    );
  }

  /** @param {string} copied what became of copying the lines */
  code(copied = "") {
    this.show(
      "dialog",
      "Python",
      <>
        <h2>The same with gateviz.plot</h2>
        <textarea readOnly rows={14} spellcheck={false} aria-label="Python" value={code(this.shown)} />
        <div class="row">
          <Button name="copy" title="Copy the lines" onClick={() => this.copy()}>
            Copy
          </Button>
          <button type="button" onClick={() => this.close()}>
            Close
          </button>
          <span role="status" class="quiet">
            {copied}
          </span>
        </div>
      </>,
    );
  }

  async copy() {
    const text = this.open?.querySelector("textarea");
    text?.select();
    try {
      await navigator.clipboard.writeText(text?.value ?? "");
      this.code("copied");
    } catch {
      // A page from a file may not write to the clipboard; the text is selected, Ctrl+C does it.
      this.code("selected: press Ctrl+C");
    }
  }

  close() {
    this.open?.close();
  }

  /**
   * @param {string} kind
   * @param {string} label
   * @param {import("preact").VNode} content
   */
  show(kind, label, content) {
    let dialog = this.open;
    if (dialog?.className !== kind) {
      dialog?.remove();
      dialog = document.createElement("dialog");
      dialog.className = kind;
      dialog.setAttribute("aria-label", label);
      dialog.addEventListener("keydown", (event) => event.stopPropagation());
      this.shown.root.append(dialog);
      this.open = dialog;
    }
    render(content, dialog);
    if (!dialog.open) dialog.showModal();
  }

  leave() {
    this.open?.remove();
  }
}

/** @param {{ class: string, pairs: string[][] }} props */
const List = ({ class: kind, pairs }) => (
  <dl class={kind}>
    {pairs.map(([term, words]) => (
      <>
        <dt>{term}</dt>
        <dd>{words}</dd>
      </>
    ))}
  </dl>
);

/**
 * The equations of the quantities that are here.
 *
 * @param {Scene} scene
 */
function equations({ quantities }) {
  const known = "update_gate" in quantities || "reset_gate" in quantities ? GRU : LSTM;
  return Object.entries(known)
    .filter(([name]) => name in quantities)
    .map(([name, words]) => [quantities[name].name, words]);
}
