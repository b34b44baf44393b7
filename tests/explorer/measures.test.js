import assert from "node:assert/strict";
import test from "node:test";
import { Matrix } from "../../gateviz/widget/explorer/matrix.js";
import { effectSizes, rowsWithin, runsOf, sharesOn, unitsOn } from "../../gateviz/widget/explorer/measures.js";

const matrix = (...rows) => new Matrix(Float64Array.from(rows.flat()), rows.length, rows[0].length);

test("Cohen's d by its formula, the largest first", () => {
  const found = effectSizes(matrix([1, 2, 3, 4], [0, 4, 1, 9]), Uint8Array.from([0, 0, 1, 1]));
  // Means 1.5 and 3.5, both variances 0.5; means 2 and 5, variances 8 and 32.
  assert.equal(found[0].unit, 0);
  assert.ok(Math.abs(found[0].effect - 2 / Math.SQRT1_2) < 1e-12);
  assert.ok(Math.abs(found[1].effect - 3 / Math.sqrt(20)) < 1e-12);
  assert.deepEqual([found[1].inside, found[1].outside], [5, 2]);
});

test("missing values do not count, and a unit without any on one side is left out", () => {
  const found = effectSizes(
    matrix([1, 1, Number.NaN, 1], [Number.NaN, Number.NaN, 1, 2]),
    Uint8Array.from([0, 0, 1, 1]),
  );
  assert.deepEqual(
    found.map(({ unit, effect }) => [unit, effect]),
    [[0, 0]],
  );
});

test("what 8 bits rounded away makes no effect", () => {
  const codes = new Matrix(Uint8Array.from([100, 100, 101, 101]), 1, 4, { low: 0, high: 1 });
  assert.ok(Math.abs(effectSizes(codes, Uint8Array.from([0, 0, 1, 1]))[0].effect - 1) < 1e-9);
});

test("units on at every frame of a span and off just around it", () => {
  const values = matrix([0, 1, 1, 0], [1, 1, 1, 0], [0, 1, 0, 0], [0, 1, 1, 1]);
  assert.deepEqual(unitsOn(values, [1, 3], 0.5, false), [0]);
  assert.deepEqual(unitsOn(values, [3, 4], 0.5, true), [0, 1]);
  assert.deepEqual(unitsOn(values, [2, 2], 0.5, false), []);
});

test("runs are where enough units are on together, a whole being whole in spite of rounding", () => {
  const values = matrix([0, 1, 1, 0, 1], [0, 1, 1, 0, 0], [0, 1, 1, 0, 0]);
  const shares = sharesOn(values, [0, 1, 2], 0.5, false);
  assert.deepEqual(runsOf(shares, 1), [[1, 3]]);
  assert.deepEqual(runsOf(shares, 0.3), [
    [1, 3],
    [4, 5],
  ]);
});

test("a filter asks for some frame, every frame, or the mean", () => {
  const values = matrix([0, 0, 1], [0.5, 0.6, 0.7], [Number.NaN, Number.NaN, Number.NaN]);
  const within = (when) => rowsWithin(values, [0, 3], 0.5, 1, when);
  assert.deepEqual([within("some"), within("every"), within("mean")], [[0, 1], [1], [1]]);
});
