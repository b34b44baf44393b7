import assert from "node:assert/strict";
import test from "node:test";
import { Asked } from "../../gateviz/widget/explorer/asked.js";
import { Look } from "../../gateviz/widget/explorer/look.js";
import { panelsOf } from "../../gateviz/widget/explorer/panels/choose.js";
import { curve } from "../../gateviz/widget/explorer/panels/curves.js";
import { Scene } from "../../gateviz/widget/explorer/scene.js";
import { Store } from "../../gateviz/widget/explorer/store.js";
import { RecordingPen } from "./browser.js";
import { HIDDEN, made } from "./made.js";

const HEIGHTS = { image: 0, main: 80, strip: 26, unit: 30 };

/** As much of a stack as panels ask for: 8 frames of four columns on 320 pixels from 100 on. */
function stack(changes = {}) {
  const { document, data } = made(HIDDEN);
  const [scene, store] = [new Scene(document, data), new Store()];
  store.set({ trace: "0.forward", quantities: ["forget_gate", "hidden_state"], ...changes });
  const asked = new Asked(scene, store);
  const [line] = scene.lines;
  const x = (column) => 100 + 10 * column;
  return {
    ...{ scene, store, asked, line, x, look: new Look(scene, 1), side: 0, at: 0, narrow: false, picture: null },
    ...{ left: 100, width: 320, first: 0, last: 32, frames: line.frames, chosen: () => null },
    visible: ({ count }) => [0, count],
    centers: (_first, _last, { centers }) => centers.map(x),
  };
}

const panels = (one) => panelsOf(one, [one], HEIGHTS);
const kinds = (one) => panels(one).map(({ kind }) => kind);

test("panels are those that are asked for, from top to bottom", () => {
  assert.deepEqual(kinds(stack()), ["symbols", "axis", "heat", "heat"]);
  assert.deepEqual(kinds(stack({ quantities: [], selected_units: [1] })), ["symbols", "axis", "units"]);
  const query = { ...new Store().state.query, on: true };
  assert.deepEqual(kinds(stack({ quantities: ["hidden_state"], query })), ["symbols", "axis", "query", "heat"]);
});

test("every row of a heatmap is where it is looked for, those on top too", () => {
  const [, , panel] = panels(stack({ columns: [8, 16], lifted: 2, quantities: ["hidden_state", "forget_gate"] }));
  assert.deepEqual([panel.rows.focus.length, panel.rows.main.length], [2, 2]);
  for (const unit of [0, 1, 2, 3]) {
    const [top, bottom] = panel.places.get(unit);
    assert.equal(panel.unitAt((top + bottom) / 2), unit);
  }
  assert.equal(panel.unitAt(panel.rows.focus.length * panel.each + 1), null);
});

test("a heatmap that a filter leaves empty says so", () => {
  const filter = { quantity: "hidden_state", low: 5, high: 6, when: "some" };
  const [, , panel] = panels(stack({ filter }));
  const pen = new RecordingPen();
  panel.draw(pen);
  assert.ok(pen.texts.includes("no unit passes the filter"));
});

test("symbols stand over their columns, and those in doubt are asked", () => {
  const one = stack();
  one.line.spans[1].confidence = 0.3;
  const pen = new RecordingPen();
  panels(one)[0].draw(pen);
  const letters = pen.drawn.filter(({ align }) => align === "center");
  assert.deepEqual(
    letters.map(({ text, x }) => [text, x]),
    [
      ["a", 140],
      ["b?", 220],
      ["a", 380],
    ],
  );
});

test("curves of chosen units have a lane a quantity and a mark at the crosshair", () => {
  const [, , units] = panels(stack({ quantities: [], selected_units: [2, 0] }));
  assert.deepEqual(
    units.lanes.map(({ words, side }) => [words, side]),
    [
      ["forget gate f", "2 units"],
      ["hidden state h", "2 units"],
    ],
  );
  const [low, high] = units
    .dots(3)
    .slice(0, 2)
    .map(({ y }) => y);
  // The lane is 30 high, 3 free above and below: 0.3 and 1 on a scale from 0 to 1.
  assert.ok(Math.abs(low - (3 + 0.7 * 24)) < 1e-5);
  assert.equal(high, 3);
});

test("a threshold is where its value is", () => {
  const query = { on: true, quantity: "hidden_state", below: false, threshold: 0.5, share: 0.7 };
  const [, , panel] = panels(stack({ quantities: [], query }));
  for (const value of [-1, -0.25, 0.5, 1]) assert.ok(Math.abs(panel.valueAt(panel.y(value)) - value) < 1e-12);
});

test("a curve goes through centers, breaks at what is missing, and keeps the ends of a block", () => {
  const one = stack();
  const draw = (values, width) => {
    const pen = new RecordingPen();
    curve(pen, { ...one, width }, Float64Array.from(values), (value) => value, {});
    return pen.drawn[0].path;
  };
  assert.deepEqual(draw([0, 1, 2, 3, 4, 5, 6, 7], 320).slice(0, 4), [120, 0, 160, 1]);
  const alone = draw([Number.NaN, 1, Number.NaN, 3, 4, 5, 6, 7], 320);
  assert.deepEqual(alone.slice(2, 6), [158.5, 1, 161.5, 1]);
  assert.deepEqual(draw([0, 9, 2, 3, 4, 5, 6, 7], 4).slice(0, 4), [120, 0, 120, 9]);
});
