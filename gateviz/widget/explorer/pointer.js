// The pointer over the panels of a stack: moving, clicking, dragging, pinching, and the wheel.

import { clamp } from "./numbers.js";
import { HeatPanel } from "./panels/heat.js";
import { QueryPanel } from "./panels/lanes.js";
import { AxisPanel, ImagePanel, SymbolsPanel } from "./panels/line.js";

/** @import { Panel } from "./panels/panel.js" */
/** @import { Shown } from "./shown.js" */
/** @import { Stack } from "./stack.js" */
/** @import { Cursor } from "./types.d.ts" */

/** @typedef {{ x: number, y: number, column: number, frame: number, panel: Panel | null, unit: number | null, within: boolean }} Place */
/** @typedef {{ kind: "pinch", zoom: [number, number], from: { distance: number, middle: number } }} Pinch */
/** @typedef {{ kind: "select" | "pan" | "threshold", zoom: [number, number], start: Place, moved: boolean, add: boolean }} Pull */

export class Pointer {
  /**
   * @param {Shown} shown
   * @param {Stack} stack
   */
  constructor(shown, stack) {
    this.shown = shown;
    this.stack = stack;
    this.store = shown.store;
    this.moves = shown.moves;
    /** @type {Map<number, Place>} where the pointers are that are held down */
    this.held = new Map();
    /** @type {Pinch | Pull | null} */
    this.drag = null;
    const { plots } = stack;
    plots.addEventListener("pointerdown", (event) => this.pressed(event));
    plots.addEventListener("pointermove", (event) => this.moved(event));
    plots.addEventListener("pointerup", (event) => this.released(event));
    plots.addEventListener("pointercancel", (event) => this.cancelled(event));
    plots.addEventListener("dblclick", () => this.moves.zoomTo(0, 1));
    plots.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
  }

  get state() {
    return this.store.state;
  }

  /**
   * Where a pointer is: position in the plots, column, frame, panel and unit under it.
   *
   * @param {MouseEvent} event
   * @returns {Place}
   */
  place(event) {
    const { stack } = this;
    const box = stack.plots.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const column = stack.column(clamp(x, stack.left, stack.left + stack.width));
    const panel = stack.panels.find((each) => y >= each.top && y < each.top + each.height + each.gap) ?? null;
    const unit = panel instanceof HeatPanel ? panel.unitAt(y - panel.top) : null;
    const frame = (panel?.framesAtBar ?? stack.frames).frameAt(column);
    return { x, y, column, frame, panel, unit, within: x >= stack.left && x <= stack.left + stack.width };
  }

  /**
   * @param {Place} place
   * @returns {Cursor}
   */
  cursorAt({ frame, panel, unit }) {
    const [side, before] = [this.stack.at, this.state.cursor];
    if (panel instanceof HeatPanel)
      return { side, frame, unit, space: panel.rows.own ? panel.name : "", quantity: panel.name };
    return { side, frame, unit: before?.unit ?? null, space: before?.space ?? "", quantity: before?.quantity ?? "" };
  }

  /** @param {PointerEvent} event */
  pressed(event) {
    if (event.button !== 0) return;
    const place = this.place(event);
    try {
      this.stack.plots.setPointerCapture(event.pointerId);
    } catch {
      // A pointer that does not exist any more cannot be held; its move still counts.
    }
    this.held.set(event.pointerId, place);
    if (this.held.size === 2) {
      this.drag = { kind: "pinch", zoom: this.state.zoom, from: this.pinch() };
      this.store.set({ dragged: null });
      return;
    }
    /** @type {Pull["kind"]} */
    let kind = (this.state.mode === "select") !== event.shiftKey ? "select" : "pan";
    if (place.panel instanceof AxisPanel) kind = "pan";
    if (this.onThreshold(place)) kind = "threshold";
    this.drag = { kind, start: place, zoom: this.state.zoom, moved: false, add: event.ctrlKey || event.metaKey };
  }

  /** @param {Place} place */
  onThreshold({ panel, y }) {
    return panel instanceof QueryPanel && Math.abs(y - panel.top - panel.y(this.state.query.threshold)) < 9;
  }

  pinch() {
    const [one, other] = [...this.held.values()];
    return { distance: Math.max(Math.abs(one.x - other.x), 12), middle: (one.x + other.x) / 2 };
  }

  /** @param {PointerEvent} event */
  moved(event) {
    const place = this.place(event);
    const held = this.held.has(event.pointerId);
    if (held) this.held.set(event.pointerId, place);
    if (!held || !this.drag) this.hover(place);
    else if (this.drag.kind === "pinch") this.pinched(this.drag);
    else this.pulled(this.drag, place);
  }

  /** @param {Pinch} drag */
  pinched({ zoom: [from, to], from: began }) {
    const { stack } = this;
    const { distance, middle } = this.pinch();
    const share = (began.middle - stack.left) / stack.width;
    const span = clamp(((to - from) * began.distance) / distance, 0, 1);
    const start = from + share * (to - from) - ((middle - stack.left) / stack.width) * span;
    this.moves.zoomTo(start, start + span);
  }

  /**
   * @param {Pull} drag
   * @param {Place} place
   */
  pulled(drag, place) {
    const { stack, store } = this;
    if (!drag.moved && Math.hypot(place.x - drag.start.x, place.y - drag.start.y) < 4) return;
    drag.moved = true;
    if (drag.kind === "pan") {
      const [from, to] = drag.zoom;
      this.moves.zoomFrom(from - ((place.x - drag.start.x) / stack.width) * (to - from), to - from);
    } else if (drag.kind === "threshold") {
      const panel = stack.panels.find((each) => each instanceof QueryPanel);
      if (!panel) return;
      const threshold = Number(panel.valueAt(place.y - panel.top).toPrecision(3));
      store.set({ query: { ...this.state.query, threshold } });
    } else {
      // Chosen when the pointer is let go: until then no row moves under it.
      const columns = [drag.start.column, place.column].sort((a, b) => a - b);
      store.set({ dragged: { columns, side: stack.side } });
      this.hover(place);
    }
  }

  /** @param {Place} place */
  hover(place) {
    this.stack.plots.style.cursor = place.within ? this.shape(place) : "default";
    if (this.state.playing || !place.within) return;
    if (this.state.played) this.store.set({ played: false });
    this.moves.moveTo(this.cursorAt(place));
  }

  /**
   * What the pointer looks like here.
   *
   * @param {Place} place
   */
  shape(place) {
    const { panel } = place;
    if (panel instanceof AxisPanel && this.runAt(place)) return "pointer";
    if (this.onThreshold(place)) return "ns-resize";
    const symbols = panel instanceof SymbolsPanel || panel instanceof ImagePanel;
    if (symbols && this.stack.line.spanAtColumn(place.column)) return "pointer";
    return panel instanceof AxisPanel || this.state.mode === "pan" ? "grab" : "crosshair";
  }

  /** @param {Place} place */
  runAt({ column }) {
    const { stack } = this;
    const { edges } = stack.frames;
    const reach = (4 / stack.width) * (stack.last - stack.first);
    return this.shown.asked
      .runs(stack.side)
      .find(([start, stop]) => edges[start] - reach <= column && column < edges[stop] + reach);
  }

  /** @param {PointerEvent} event */
  released(event) {
    this.held.delete(event.pointerId);
    const { drag } = this;
    if (this.held.size) return;
    this.drag = null;
    if (!drag || drag.kind === "pinch") return;
    const { dragged } = this.state;
    if (drag.moved) {
      if (drag.kind === "select" && dragged) this.moves.chooseDragged(dragged.columns, this.stack.at);
    } else if (drag.start.within) this.clicked(this.place(event), drag.add || event.ctrlKey || event.metaKey);
  }

  /** @param {PointerEvent} event */
  cancelled(event) {
    this.held.delete(event.pointerId);
    this.drag = null;
    this.store.set({ dragged: null });
  }

  /**
   * @param {Place} place
   * @param {boolean} add
   */
  clicked(place, add) {
    const { moves, stack } = this;
    const { panel, unit } = place;
    if (this.state.playing) return;
    moves.moveTo(this.cursorAt(place), false);
    if (panel instanceof ImagePanel || panel instanceof SymbolsPanel) {
      const span = stack.line.spanAtColumn(place.column);
      if (span) moves.chooseSymbol(span, stack.at);
      else moves.clearColumns();
    } else if (panel instanceof AxisPanel) {
      const run = this.runAt(place);
      if (run) moves.goToRun(run, stack.at);
    } else if (panel instanceof HeatPanel && unit !== null) {
      if (panel.rows.own) this.shown.voice.say(`row ${unit} belongs to the projection: it is no unit of the layer`);
      else moves.chooseUnit(unit, add);
    }
  }

  /**
   * The wheel with Ctrl, and a pinch, which a browser hands over as one, zoom. Without Ctrl it scrolls the page until the
   * panels have the focus.
   *
   * @param {WheelEvent} event
   */
  wheeled(event) {
    const { moves, stack } = this;
    const place = this.place(event);
    // Beside the plots the page scrolls, as does a page under a line that is shown whole.
    if (!place.within) return;
    const span = moves.zoomSpan;
    const asked = event.ctrlKey || event.metaKey;
    const across = asked ? 0 : event.shiftKey && !event.deltaX ? event.deltaY : event.deltaX;
    if (Math.abs(across) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      // Nothing else is moved by it: a line that was zoomed takes it without the focus, too.
      if (span >= 1) return;
      event.preventDefault();
      moves.pan((across / stack.width) * span);
      return;
    }
    const focused = /** @type {ShadowRoot} */ (stack.plots.getRootNode()).activeElement === stack.plots;
    // With Ctrl the browser would zoom its page.
    if (!asked && (!focused || (span >= 1 && event.deltaY > 0))) return;
    event.preventDefault();
    const delta = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
    // Fingers send many small steps: a hundred times the logarithm of how far they have spread.
    const fingers = asked && event.deltaMode === 0 && Math.abs(delta) < 50;
    const factor = Math.exp(-clamp(delta, -240, 240) / (fingers ? 100 : 320));
    moves.zoomBy(factor, (place.x - stack.left) / stack.width);
  }
}
