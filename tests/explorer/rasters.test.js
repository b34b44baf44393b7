import assert from "node:assert/strict";
import test from "node:test";
import "./browser.js";
import { Matrix } from "../../gateviz/widget/explorer/matrix.js";
import { packed, picture, Rasters } from "../../gateviz/widget/explorer/rasters.js";

const UNDER = packed(0, 0, 255);
const OVER = packed(255, 0, 0);
const SCALE = { palette: "gate", low: 0, high: 1, rule: "" };

/** A palette of 256 grays: a value of v is v times 255, rounded. */
const GRAYS = {
  colors: Uint8Array.from({ length: 768 }, (_, at) => Math.floor(at / 3)),
  under: "#0000ff",
  over: "#ff0000",
};
const gray = (value) => packed(...Array(3).fill(Math.round(255 * value)));

const floats = (...rows) => new Matrix(Float32Array.from(rows.flat()), rows.length, rows[0].length);
const codes = (...rows) =>
  new Matrix(Uint8Array.from(rows.flat()), rows.length, rows[0].length, { low: 0, high: 254 / 255 });

/** The pixels of a picture, row by row. */
function pixels(matrix, height, level, rows = [...Array(matrix.rows).keys()]) {
  const made = picture(matrix, rows, GRAYS, SCALE, height, level);
  const [image] = made.tiles[0].canvas.context.put;
  const all = [...new Int32Array(image.data.buffer)];
  return {
    made,
    rows: Array.from({ length: image.height }, (_, at) => all.slice(at * image.width, (at + 1) * image.width)),
  };
}

test("one pixel a value, in the order of the rows; what is missing is transparent, what is beyond has its own color", () => {
  const values = floats([0, 0.5, 1], [Number.NaN, -0.2, 1.2]);
  const found = pixels(values, 2, 0, [1, 0]);
  assert.deepEqual(found.rows, [
    [0, UNDER, OVER],
    [gray(0), gray(0.5), gray(1)],
  ]);
  assert.equal(found.made.missing, true);
  assert.equal(pixels(values, 2, 0, [0]).made.missing, false);
});

test("where values share a pixel it is their mean", () => {
  assert.deepEqual(pixels(floats([0, 1, 0.5], [1, 0, 0.5]), 1, 0).rows, [[gray(0.5), gray(0.5), gray(0.5)]]);
  assert.deepEqual(pixels(floats([0, 0.5, 1]), 1, 1).rows, [[gray(0.25), gray(1)]]);
});

test("codes are averaged as values are", () => {
  // No mean of these lies half-way between two grays, where a float32 may fall to either side.
  const rows = [
    [0, 102, 200, 50, 7],
    [20, 0, 250, 50, 8],
    [4, 4, 4, 4, 4],
  ];
  const values = floats(...rows.map((row) => row.map((code) => code / 255)));
  for (const [height, level] of [
    [3, 1],
    [2, 0],
    [2, 2],
    [1, 1],
  ])
    assert.deepEqual(pixels(codes(...rows), height, level).rows, pixels(values, height, level).rows);
});

test("no mark is averaged away", () => {
  const many = Array(16).fill(0.5);
  for (const [value, color] of [
    [Number.NaN, 0],
    [1.5, OVER],
    [-0.5, UNDER],
  ])
    assert.deepEqual(pixels(floats([...many, value]), 1, 5).rows, [[color]]);
  assert.deepEqual(pixels(codes([100, 100, 255]), 1, 2).rows, [[0]]);
});

test("pictures are made once, and the least used go when there are too many", () => {
  const rasters = new Rasters();
  const make = (pixels) => () => ({ tiles: [], block: 1, height: 1, pixels, missing: false });
  const first = rasters.take("a", make(15e6));
  assert.equal(rasters.take("a", make(1)), first);
  rasters.take("b", make(15e6));
  rasters.take("a", make(1));
  rasters.take("c", make(15e6));
  assert.deepEqual([...rasters.pictures.keys()], ["a", "c"]);
  assert.equal(rasters.made, 3);
});
