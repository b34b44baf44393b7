import assert from "node:assert/strict";
import test from "node:test";
import { Asked } from "../../gateviz/widget/explorer/asked.js";
import { Scene } from "../../gateviz/widget/explorer/scene.js";
import { Store } from "../../gateviz/widget/explorer/store.js";
import { HIDDEN, made } from "./made.js";

function asked(changes = {}, ...lines) {
  const { document, data } = made(HIDDEN, ...lines);
  const store = new Store();
  store.set({ trace: "0.forward", quantities: ["forget_gate", "hidden_state"], ...changes });
  return new Asked(new Scene(document, data), store);
}

test("without chosen columns there is no ranking and no symbol", () => {
  const found = asked();
  assert.deepEqual([found.ranking().units, found.symbol, found.range], [[], null, null]);
});

test("the symbol whose columns are chosen, and the units that differ there", () => {
  const found = asked({ columns: [8, 16] });
  assert.equal(found.symbol.symbol, "b");
  assert.deepEqual(found.range, [2, 4]);
  const ranking = found.ranking();
  assert.deepEqual([ranking.quantity, ranking.inside, ranking.outside], ["hidden_state", 2, 6]);
  assert.deepEqual(
    ranking.units
      .map(({ unit }) => unit)
      .slice(0, 2)
      .sort(),
    [0, 1],
  );
  assert.equal(ranking.units.at(-1).unit, 3);
});

test("all symbols that are the same are ranked together", () => {
  const ranking = asked({ columns: [0, 8], alike: true }).ranking();
  assert.deepEqual([ranking.spans, ranking.inside], [2, 4]);
});

test("why there is no ranking is said", () => {
  assert.match(asked({ columns: [0.5, 1] }).ranking().words, /no frame has its center/);
  assert.match(asked({ columns: [0, 32] }).ranking().words, /all frames are chosen/);
});

test("what was found is found once, until something else is asked", () => {
  const found = asked({ columns: [8, 16] });
  const first = found.ranking();
  assert.equal(found.ranking(), first);
  found.store.set({ columns: [0, 8] });
  assert.notEqual(found.ranking(), first);
});

test("rows stand in the chosen order, those ranked first on top while they are lifted", () => {
  const rows = (changes) => {
    const found = asked(changes);
    return found.rowsOf("hidden_state", found.quantity("hidden_state"));
  };
  assert.deepEqual(rows({ order: "peak" }).main, [3, 2, 1, 0]);
  assert.deepEqual(rows({ order: "unheard of" }).main, [0, 1, 2, 3]);
  const lifted = rows({ columns: [8, 16], lifted: 2 });
  assert.deepEqual(
    [lifted.focus.sort(), lifted.main],
    [
      [0, 1],
      [2, 3],
    ],
  );
  assert.deepEqual(rows({ columns: [8, 16], lift: false }).focus, []);
});

test("a filter leaves units out of the rows", () => {
  const filter = { quantity: "hidden_state", low: 0.4, high: 0.6, when: "every" };
  const found = asked({ filter });
  assert.deepEqual(found.kept(), [3]);
  assert.deepEqual(found.rowsOf("hidden_state", found.quantity("hidden_state")).main, [3]);
});

test("a query finds the units that are on here alone, and where they are on again", () => {
  const query = { on: true, quantity: "hidden_state", below: false, threshold: 0.9, share: 1 };
  const found = asked({ columns: [8, 16], query }).queried();
  assert.deepEqual([found.units, found.runs, found.others], [[0], [[2, 4]], []]);
  assert.match(asked({ query }).queried().words, /choose columns first/);
  assert.equal(asked().queried(), null);
});

test("sides follow the view, and a difference needs a trace that both have alike", () => {
  const two = asked({ view: "both", side: 1 }, HIDDEN);
  assert.deepEqual([two.sides, two.side, two.canSubtract], [[0, 1], 1, true]);
  two.store.set({ view: "difference" });
  assert.deepEqual([two.sides, two.side], [["difference"], "difference"]);
  assert.deepEqual(asked({ view: "both" }).sides, [0]);
});
