import assert from "node:assert/strict";
import test from "node:test";
import { fixed, number, plural, short, textChanges, visible } from "../../gateviz/widget/explorer/words.js";

test("numbers have so many digits, a true minus, and words where there is none", () => {
  assert.equal(number(0.123456), "0.123");
  assert.equal(number(-12.345, 4), "−12.35");
  assert.equal(number(1234567), "1.23e+6");
  assert.equal(number(0.00001), "1.00e−5");
  assert.deepEqual(
    [0, Number.NaN, null, Infinity, -Infinity].map((each) => number(each)),
    ["0", "missing", "missing", "∞", "−∞"],
  );
});

test("a fixed count of decimals never writes a negative zero", () => {
  assert.deepEqual(
    [-0.001, -0.25, 3].map((each) => fixed(each, 1)),
    ["0.0", "−0.3", "3.0"],
  );
  assert.equal(fixed(Number.NaN, 1), "missing");
});

test("ends of scales are as short as they can be", () => {
  assert.deepEqual([1, -0.5, 0.1 + 0.2].map(short), ["1", "−0.5", "0.3"]);
});

test("one is no plural", () => {
  assert.deepEqual([plural(1, "frame"), plural(2, "frame")], ["1 frame", "2 frames"]);
});

test("what cannot be seen has a sign or its code point", () => {
  assert.deepEqual(["a", " ", "\u3000", "\u200b", "\u0301"].map(visible), ["a", "␣", "␣", "U+200B", "\u0301"]);
});

test("two readings are marked where they differ, and nowhere else", () => {
  assert.deepEqual(textChanges("coffee", "cofee"), [
    [false, false, false, true, false, false],
    [false, false, false, false, false],
  ]);
  assert.deepEqual(textChanges("ab", "xb"), [
    [true, false],
    [true, false],
  ]);
});
