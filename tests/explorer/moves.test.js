import assert from "node:assert/strict";
import test from "node:test";
import { Asked } from "../../gateviz/widget/explorer/asked.js";
import { Moves } from "../../gateviz/widget/explorer/moves.js";
import { Scene } from "../../gateviz/widget/explorer/scene.js";
import { Store } from "../../gateviz/widget/explorer/store.js";
import { HIDDEN, made } from "./made.js";

function moves() {
  const { document, data } = made(HIDDEN);
  const [scene, store, said] = [new Scene(document, data), new Store(), []];
  store.set({ trace: "0.forward", quantities: ["hidden_state"] });
  const voice = { say: (words) => said.push(words), sayLater: () => undefined };
  const asked = new Asked(scene, store);
  return { moves: new Moves({ scene, store, asked, voice, stage: { stacks: [{ at: 0 }] } }), scene, store, said };
}

test("zooming keeps a place where it is, and ends at three frames", () => {
  const { moves: move, store } = moves();
  move.zoomBy(2, 0.25);
  assert.deepEqual(store.state.zoom, [0.125, 0.625]);
  move.zoomBy(100, 0.5);
  assert.ok(Math.abs(move.zoomSpan - 3 / 8) < 1e-12);
  move.zoomTo(0, 1);
  assert.deepEqual(store.state.zoom, [0, 1]);
});

test("the line ends at its ends", () => {
  const { moves: move, store } = moves();
  move.zoomTo(0.5, 1);
  move.pan(0.3);
  assert.deepEqual(store.state.zoom, [0.5, 1]);
  move.pan(-2);
  assert.deepEqual(store.state.zoom, [0, 0.5]);
});

test("what is out of view is brought into it", () => {
  const { moves: move, scene, store } = moves();
  move.zoomTo(0, 0.5);
  move.reveal(4, 8, scene.lines[0]);
  assert.deepEqual(store.state.zoom, [0, 0.5]);
  move.reveal(28, 32, scene.lines[0]);
  assert.deepEqual(store.state.zoom, [0.5, 1]);
});

test("a symbol is chosen by its columns, and no longer by a second click", () => {
  const { moves: move, scene, said, store } = moves();
  const [, span] = scene.lines[0].spans;
  store.set({ tab: "query" });
  move.chooseSymbol(span, 0);
  assert.deepEqual([store.state.columns, store.state.tab], [[8, 16], "rank"]);
  assert.match(said[0], /^“b” chosen, frames 2 to 3; unit [01] differs most, effect size /);
  move.chooseSymbol(span, 0);
  assert.deepEqual([store.state.columns, said.at(-1)], [[], "no columns chosen"]);
});

test("a unit is chosen alone, or with others", () => {
  const { moves: move, store } = moves();
  const chosen = () => store.state.selected_units;
  move.chooseUnit(1);
  move.chooseUnit(2, true);
  assert.deepEqual(chosen(), [1, 2]);
  move.chooseUnit(1, true);
  assert.deepEqual(chosen(), [2]);
  move.chooseUnit(2);
  assert.deepEqual(chosen(), []);
});

test("Escape undoes one thing after the other", () => {
  const { moves: move, store } = moves();
  store.set({ columns: [0, 8], selected_units: [1], query: { ...store.state.query, on: true } });
  const left = () => [store.state.columns.length, store.state.selected_units.length, store.state.query.on];
  move.escape();
  assert.deepEqual(left(), [0, 1, true]);
  move.escape();
  assert.deepEqual(left(), [0, 0, true]);
  move.escape();
  assert.deepEqual(left(), [0, 0, false]);
});
