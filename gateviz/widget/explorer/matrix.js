// Arrays of numbers as they came: views into the bytes of a document.

/** @import { Descriptor, Numbers } from "./types.d.ts" */

const KINDS = { u1: Uint8Array, u2: Uint16Array, i4: Int32Array, f4: Float32Array, f8: Float64Array };

/** The arrays of a document: views into the bytes that came with it. */
export class Arrays {
  /** @param {ArrayBuffer | DataView | Uint8Array} data */
  constructor(data) {
    const bytes =
      data instanceof ArrayBuffer
        ? new Uint8Array(data)
        : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    // Offsets are multiples of 8; a notebook may hand over bytes that begin anywhere.
    this.bytes = bytes.byteOffset % 8 ? bytes.slice() : bytes;
  }

  /**
   * @param {Descriptor} descriptor
   * @returns {Numbers}
   */
  of(descriptor) {
    const length = descriptor.shape.reduce((product, size) => product * size, 1);
    const kind = KINDS[descriptor.dtype];
    if (!kind)
      throw new Error(`the document has an array of type ${descriptor.dtype}, which this explorer cannot read`);
    return new kind(/** @type {ArrayBuffer} */ (this.bytes.buffer), this.bytes.byteOffset + descriptor.offset, length);
  }
}

/** The values of one quantity, unit by frame: as they were recorded, or as codes between `low` and `high`. */
export class Matrix {
  /**
   * @param {Numbers} values
   * @param {number} rows
   * @param {number} columns
   * @param {{ low: number, high: number } | null} range
   */
  constructor(values, rows, columns, range = null) {
    this.values = values;
    this.rows = rows;
    this.columns = columns;
    this.quantized = range !== null;
    // A code above this one stands for no value.
    this.missing = Infinity;
    this.low = 0;
    this.step = 0;
    /** @type {number | null} How far a computed value may lie from the true one. */
    this.error = null;
    /** @type {boolean | null} Whether no value is missing; found when it is first asked for. */
    this.whole = null;
    if (range) {
      this.missing = values instanceof Uint8Array ? 254 : 65534;
      this.low = range.low;
      this.step = (range.high - range.low) / this.missing;
    }
  }

  /**
   * @param {Descriptor} descriptor
   * @param {Arrays} arrays
   * @returns {Matrix}
   */
  static of(descriptor, arrays) {
    const { low, high } = descriptor;
    const range = low === undefined || high === undefined ? null : { low, high };
    return new Matrix(arrays.of(descriptor), descriptor.shape[0], descriptor.shape[1], range);
  }

  /**
   * What `second` has more than `first`.
   *
   * @param {Matrix} second
   * @param {Matrix} first
   * @returns {Matrix}
   */
  static difference(second, first) {
    const found = new Float32Array(first.rows * first.columns);
    const [one, other] = [new Float64Array(first.columns), new Float64Array(first.columns)];
    for (let row = 0; row < first.rows; row += 1) {
      second.read(row, one);
      first.read(row, other);
      for (let frame = 0; frame < first.columns; frame += 1)
        found[row * first.columns + frame] = one[frame] - other[frame];
    }
    const matrix = new Matrix(found, first.rows, first.columns);
    matrix.error = second.step / 2 + first.step / 2;
    return matrix;
  }

  /**
   * The farthest that a value can lie from the one recorded.
   *
   * @returns {number}
   */
  get coarseness() {
    return this.error ?? (this.quantized ? this.step / 2 : 0);
  }

  /**
   * @param {number} row
   * @param {number} frame
   * @returns {number}
   */
  at(row, frame) {
    return this.value(this.values[row * this.columns + frame]);
  }

  /**
   * What a code stands for.
   *
   * @param {number} code
   * @returns {number}
   */
  value(code) {
    if (!this.quantized) return code;
    return code > this.missing ? NaN : this.low + code * this.step;
  }

  /**
   * Whether it is known that every value is there and lies in [low, high]: then a block of them is its mean.
   *
   * @param {number} low
   * @param {number} high
   * @returns {boolean}
   */
  within(low, high) {
    if (!this.quantized || this.low < low || this.value(this.missing) > high) return false;
    this.whole ??= !this.values.includes(this.missing + 1);
    return this.whole;
  }

  /**
   * One row into `target`.
   *
   * @param {number} row
   * @param {Float64Array} target
   * @returns {Float64Array}
   */
  read(row, target) {
    for (let frame = 0; frame < this.columns; frame += 1) target[frame] = this.at(row, frame);
    return target;
  }

  /**
   * @param {number} row
   * @returns {Float64Array}
   */
  row(row) {
    return this.read(row, new Float64Array(this.columns));
  }
}
