import assert from "node:assert/strict";
import test from "node:test";
import { Matrix } from "../../gateviz/widget/explorer/matrix.js";
import { Scene } from "../../gateviz/widget/explorer/scene.js";
import { FRAMES, HIDDEN, made } from "./made.js";

const scene = (...lines) => {
  const { document, data } = made(...lines);
  return new Scene(document, data);
};

test("values are those of the document, unit by frame", () => {
  const { matrix } = scene(HIDDEN).quantity(0, "0.forward", "hidden_state");
  assert.deepEqual([matrix.rows, matrix.columns], [4, FRAMES]);
  assert.deepEqual([...matrix.row(0)], HIDDEN[0]);
  assert.equal(matrix.at(2, 7), Math.fround(0.7));
  assert.equal(matrix.coarseness, 0);
});

test("codes stand for values between two ends, and the highest for none", () => {
  const matrix = new Matrix(Uint8Array.from([0, 127, 254, 255]), 1, 4, { low: -1, high: 1 });
  assert.deepEqual([...matrix.row(0)], [-1, 0, 1, Number.NaN]);
  assert.equal(matrix.coarseness, 1 / 254);
  assert.equal(matrix.within(-1, 1), false);
  assert.equal(new Matrix(Uint8Array.from([0, 254]), 1, 2, { low: -1, high: 1 }).within(-1, 1), true);
});

test("bytes that begin anywhere are read all the same", () => {
  const { document, data } = made(HIDDEN);
  const moved = new Uint8Array(data.byteLength + 3);
  moved.set(new Uint8Array(data.buffer), 3);
  const { matrix } = new Scene(document, moved.subarray(3)).quantity(0, "0.forward", "hidden_state");
  assert.deepEqual([...matrix.row(1)], HIDDEN[1]);
});

test("a type that is not known is named", () => {
  const { document, data } = made(HIDDEN);
  document.recordings[0].frames.edges.dtype = "c8";
  assert.throws(() => new Scene(document, data), /an array of type c8, which this explorer cannot read/);
});

test("columns and frames find each other", () => {
  const { frames } = scene(HIDDEN).lines[0];
  assert.deepEqual(
    [-5, 0, 3.9, 4, 31, 99].map((column) => frames.frameAt(column)),
    [0, 0, 0, 1, 7, 7],
  );
  assert.deepEqual(frames.framesBetween(8, 16), [2, 4]);
  assert.deepEqual(frames.framesBetween(10.5, 11), [3, 3]);
});

test("a frame has the symbol whose frames hold it", () => {
  const [line] = scene(HIDDEN).lines;
  assert.equal(line.spanAt(3).symbol, "b");
  assert.equal(line.spanAt(5), null);
  assert.equal(line.spanAtColumn(25).symbol, "a");
});

test("a difference is second minus first, on a scale around 0", () => {
  const other = HIDDEN.map((row) => row.map((value) => value + 0.25));
  const { matrix, scale } = scene(HIDDEN, other).quantity("difference", "0.forward", "hidden_state");
  assert.equal(matrix.at(0, 0), 0.25);
  assert.deepEqual([scale.low, scale.high], [-0.25, 0.25]);
  assert.equal(scene(HIDDEN, HIDDEN.slice(0, 3)).quantity("difference", "0.forward", "hidden_state"), null);
});
