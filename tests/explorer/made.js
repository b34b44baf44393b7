// A small document, as `gateviz.panels.wire` packs it: one line of eight frames, a layer of four units.

const KINDS = { Float64Array: "f8", Float32Array: "f4", Uint8Array: "u1", Int32Array: "i4" };

/** Puts arrays behind each other, each at a multiple of eight bytes, and says where they are. */
export class Packed {
  constructor() {
    this.parts = [];
    this.length = 0;
  }

  put(array, shape = [array.length], range = {}) {
    const offset = this.length;
    this.parts.push({ array, offset });
    this.length += Math.ceil(array.byteLength / 8) * 8;
    return { dtype: KINDS[array.constructor.name], shape, offset, ...range };
  }

  get data() {
    const bytes = new Uint8Array(this.length);
    for (const { array, offset } of this.parts) bytes.set(new Uint8Array(array.buffer), offset);
    return new DataView(bytes.buffer);
  }
}

export const FRAMES = 8;
const WIDTH = 4;

/** Frames of four columns each; every one sees two columns more on both sides. */
export function frames(packed, count = FRAMES) {
  const at = (make) => packed.put(Float64Array.from({ length: count }, (_, frame) => make(frame)));
  const fields = Float64Array.from(
    { length: 2 * count },
    (_, end) => WIDTH * ((end + (end % 2)) / 2) + (end % 2 ? 2 : -2),
  );
  return {
    count,
    edges: packed.put(Float64Array.from({ length: count + 1 }, (_, edge) => WIDTH * edge)),
    centers: at((frame) => WIDTH * frame + WIDTH / 2),
    fields: packed.put(fields),
  };
}

/** Values of four units: one is on in frames 2 and 3, one is off there, one rises, one never moves. */
export const HIDDEN = [
  [0, 0, 1, 1, 0, 0, 0, 0],
  [1, 1, 0, 0, 1, 1, 1, 1],
  [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7],
  [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
];

export const span = (symbol, first, last) => ({
  symbol,
  confidence: 0.9,
  frames: [first, last],
  start: WIDTH * first,
  stop: WIDTH * last,
  cut_start: WIDTH * first,
  cut_stop: WIDTH * last,
});

function trace(packed, values, name = "0.forward") {
  const quantity = (palette, low) => ({
    values: packed.put(Float32Array.from(values.flat()), [values.length, FRAMES]),
    scale: { palette, low, high: 1, rule: "" },
  });
  return {
    name,
    layer: 0,
    direction: name.split(".")[1],
    title: "layer 0",
    units: values.length,
    quantities: { forget_gate: quantity("gate", 0), hidden_state: quantity("signed", -1) },
    orders: { peak: packed.put(Int32Array.from([3, 2, 1, 0])) },
  };
}

/** The document and its bytes. `lines` are values of units, one matrix a recording. */
export function made(...lines) {
  const packed = new Packed();
  const palette = { colors: packed.put(Uint8Array.from([0, 0, 0, 255, 255, 255])), under: "#0000ff", over: "#ff0000" };
  const document = {
    title: "t",
    exact: true,
    live: false,
    roles: { hidden_state: "#123456" },
    ink: { text: "#000000", shade: "#ffcc00" },
    quantities: {
      forget_gate: { name: "forget gate", letter: "f" },
      hidden_state: { name: "hidden state", letter: "h" },
    },
    comparison: { difference: ["0.forward"], words: "" },
    palettes: { gate: palette, signed: palette },
    recordings: lines.map((values, at) => ({
      name: `line ${at}`,
      text: "aba",
      axis: { start: 0, stop: WIDTH * FRAMES, label: "column" },
      frames: frames(packed),
      spans: [span("a", 0, 2), span("b", 2, 4), span("a", 6, 8)],
      traces: [trace(packed, values)],
    })),
  };
  return { document, data: packed.data };
}
