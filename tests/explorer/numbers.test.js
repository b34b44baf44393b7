import assert from "node:assert/strict";
import test from "node:test";
import { above, atLeast, clamp, niceStep, roundedUp, spread } from "../../gateviz/widget/explorer/numbers.js";

test("a value is kept between two others", () => {
  assert.deepEqual(
    [-1, 0.5, 2].map((value) => clamp(value, 0, 1)),
    [0, 0.5, 1],
  );
});

test("positions in sorted values are those of a linear search", () => {
  const sorted = Float64Array.from([0, 1, 1, 3, 7]);
  for (const value of [-1, 0, 0.5, 1, 2, 3, 7, 8]) {
    assert.equal(above(sorted, value), sorted.filter((each) => each <= value).length);
    const found = sorted.findIndex((each) => each >= value);
    assert.equal(atLeast(sorted, value), found < 0 ? sorted.length : found);
  }
});

test("bounds are rounded up to two digits, ticks to 1, 2 or 5", () => {
  assert.deepEqual([0.1234, 12, 131, 0, Number.NaN].map(roundedUp), [0.13, 12, 140, 0, 0]);
  assert.deepEqual([0.9, 1, 1.1, 4, 6, 0.03].map(niceStep), [1, 1, 2, 5, 10, 0.05]);
});

test("neighbors that push each other move as one, and no further than they must", () => {
  assert.deepEqual(spread([0, 100], [10, 10]), [0, 100]);
  assert.deepEqual(spread([0, 0], [10, 10]), [-5, 5]);
  const places = spread([0, 1, 2, 50], [10, 10, 10, 10]);
  assert.deepEqual(places, [-9, 1, 11, 50]);
});
