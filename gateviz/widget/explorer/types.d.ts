/** What passes between the modules, and the document as `gateviz.panels.explorer` and `gateviz.panels.wire` write it. */

export interface Descriptor {
  dtype: "u1" | "u2" | "i4" | "f4" | "f8";
  shape: number[];
  offset: number;
  low?: number;
  high?: number;
}

export type Numbers = Uint8Array | Uint16Array | Int32Array | Float32Array | Float64Array;

export interface Scale {
  palette: string;
  low: number;
  high: number;
  rule: string;
}

export interface Span {
  symbol: string;
  confidence: number;
  /** Half-open, as all spans of frames. */
  frames: [number, number];
  start: number;
  stop: number;
  cut_start: number;
  cut_stop: number;
}

export interface FramesDescribed {
  count: number;
  edges: Descriptor;
  centers: Descriptor;
  fields: Descriptor;
}

export interface QuantityDescribed {
  values: Descriptor;
  scale: Scale;
  mean?: Descriptor | null;
  low?: Descriptor | null;
  high?: Descriptor | null;
  orders?: Record<string, Descriptor> | null;
}

export interface TraceDescribed {
  name: string;
  layer: number;
  direction: string;
  title: string;
  units: number;
  frames?: FramesDescribed | null;
  quantities: Record<string, QuantityDescribed>;
  orders?: Record<string, Descriptor>;
  timescale?: Descriptor | null;
  saturation?: Record<string, { left: Descriptor; right: Descriptor }>;
}

export interface LineDescribed {
  name: string;
  text: string;
  notes?: string[];
  axis: { start: number; stop: number; label: string };
  image?: Descriptor | null;
  frames: FramesDescribed;
  spans?: Span[];
  rules?: Descriptor | null;
  posterior?: { blank: Descriptor; best: Descriptor; symbols: string[] } | null;
  traces: TraceDescribed[];
}

export interface Comparison {
  /** The traces that have the same units and frames in both. */
  difference: string[];
  words: string;
}

export interface DocumentDescribed {
  title: string;
  exact: boolean;
  live: boolean;
  roles: Record<string, string>;
  ink: { text: string; shade: string };
  quantities: Record<string, { name: string; letter: string }>;
  comparison?: Comparison | null;
  palettes: Record<string, { colors: Descriptor; under: string; over: string }>;
  recordings: LineDescribed[];
}

export interface Palette {
  colors: Numbers;
  under: string;
  over: string;
}

/** The notebook's model, as far as anywidget promises it and JupyterLab's shows more. */
export interface Model {
  // biome-ignore lint/suspicious/noExplicitAny: a trait may be anything.
  get(name: string): any;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(message: object): void;
  on(events: string, listener: () => void): void;
  off(events: string, listener: () => void): void;
  comm_live?: boolean;
  widget_manager?: { kernel?: Kernel };
}

export interface Signal {
  connect?(listener: () => void): void;
  disconnect?(listener: () => void): void;
}

export interface Kernel {
  status?: string;
  isDisposed?: boolean;
  statusChanged?: Signal;
  connectionStatusChanged?: Signal;
  disposed?: Signal;
}

/** A recording by its place, or "difference" for second minus first. */
export type Side = number | "difference";

export interface Cursor {
  side: number;
  frame: number;
  unit: number | null;
  /** The projected quantity whose rows `unit` counts; empty for the units of the layer. */
  space: string;
  quantity: string;
}

export interface Filter {
  quantity: string;
  low: number;
  high: number;
  when: string;
}

export interface Query {
  on: boolean;
  quantity: string;
  below: boolean;
  threshold: number;
  share: number;
}

export interface Ranked {
  unit: number;
  effect: number;
  inside: number;
  outside: number;
}

export interface RectStyle {
  fill?: string | null;
  stroke?: string | null;
  thick?: number;
  alpha?: number;
}

export interface PathStyle extends RectStyle {
  dash?: number[];
  close?: boolean;
}

export interface TextStyle {
  size?: number;
  fill: string;
  weight?: number;
  align?: "left" | "center" | "right";
  alpha?: number;
}

export type Box = [x: number, y: number, width: number, height: number];

/** Draws in CSS pixels: on a canvas, or as SVG. */
export interface Pen {
  density: number;
  snap(position: number): number;
  rect(x: number, y: number, width: number, height: number, style?: RectStyle): void;
  path(points: number[], style?: PathStyle): void;
  text(x: number, y: number, text: string, style: TextStyle): void;
  width(text: string, size: number, weight?: number): number;
  image(source: HTMLCanvasElement, from: Box, to: Box, smooth?: boolean): void;
  clipped(x: number, y: number, width: number, height: number, draw: () => void): void;
  moved(x: number, y: number, draw: () => void): void;
}
