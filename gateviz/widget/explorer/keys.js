// Keys in the panels of a stack.

import { clamp } from "./numbers.js";
import { HeatPanel } from "./panels/heat.js";

/** @import { Shown } from "./shown.js" */
/** @import { Stack } from "./stack.js" */
/** @import { Cursor } from "./types.d.ts" */

/** Keys and what they do, as the help lists them. */
export const KEYS = [
  ["← →", "one frame; with Ctrl one tenth of the view"],
  ["↑ ↓", "one unit; Page Up and Page Down ten"],
  ["Home End", "first and last frame"],
  ["Shift ← →", "choose columns, from the crosshair on"],
  ["n p", "next and previous symbol: its columns are chosen"],
  ["Enter", "choose the unit at the crosshair; with Ctrl one more"],
  ["q Q", "next and previous heatmap for the crosshair"],
  ["+ − 0", "zoom in, out, whole line"],
  ["[ ]", "lower and taller heatmaps"],
  ["m", "what a drag does: choose columns or move the line"],
  ["v", "next view of two recordings"],
  ["t", "lift the units ranked first, and put them back"],
  ["Space", "play and pause; , and . one step back and on"],
  ["Esc", "end playing; no columns; no units"],
  ["?", "this help"],
];

/** Keys that mean something with Ctrl, too. */
const FAR = ["ArrowLeft", "ArrowRight", "Enter"];

/** @typedef {(event: KeyboardEvent) => void} Action */

export class Keys {
  /**
   * @param {Shown} shown
   * @param {Stack} stack
   */
  constructor(shown, stack) {
    this.shown = shown;
    this.stack = stack;
    this.store = shown.store;
    this.moves = shown.moves;
    /** @type {number | null} the frame from which columns are chosen by keys */
    this.anchor = null;
    this.actions = this.table();
    stack.plots.addEventListener("keydown", (event) => this.pressed(event));
  }

  get state() {
    return this.store.state;
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.altKey || event.metaKey) return;
    const action = this.actions[event.key];
    if (!action || (event.ctrlKey && !FAR.includes(event.key))) return;
    event.preventDefault();
    event.stopPropagation();
    action(event);
  }

  /** @returns {Record<string, Action>} */
  table() {
    const { moves, shown } = this;
    const zoomIn = () => moves.zoomBy(1.5, moves.cursorShare());
    const zoomOut = () => moves.zoomBy(1 / 1.5, moves.cursorShare());
    return {
      ArrowLeft: (event) => this.across(-1, event),
      ArrowRight: (event) => this.across(1, event),
      Home: (event) => this.frameTo(0, event),
      End: (event) => this.frameTo(Number.POSITIVE_INFINITY, event),
      ArrowUp: () => this.unit(-1),
      ArrowDown: () => this.unit(1),
      PageUp: () => this.unit(-10),
      PageDown: () => this.unit(10),
      "+": zoomIn,
      "=": zoomIn,
      "-": zoomOut,
      _: zoomOut,
      0: () => moves.zoomTo(0, 1),
      "[": () => moves.taller(1 / 1.25),
      "]": () => moves.taller(1.25),
      n: () => this.symbol(1),
      p: () => this.symbol(-1),
      q: () => this.quantity(1),
      Q: () => this.quantity(-1),
      m: () => moves.setMode(this.state.mode === "select" ? "pan" : "select"),
      v: () => moves.nextView(),
      t: () => this.store.set({ lift: !this.state.lift }),
      Enter: (event) => {
        const { unit, space } = moves.cursorNow();
        if (unit !== null && !space) moves.chooseUnit(unit, event.ctrlKey);
      },
      " ": () => shown.player.toggle(),
      ",": () => shown.player.step(-1),
      ".": () => shown.player.step(1),
      Escape: () => moves.escape(),
      "?": () => shown.dialogs.help(),
    };
  }

  /**
   * @param {number} step
   * @param {KeyboardEvent} event
   */
  across(step, event) {
    if (event.ctrlKey) this.moves.pan(0.1 * step * this.moves.zoomSpan);
    else this.frameTo(this.moves.cursorNow().frame + step, event);
  }

  /**
   * @param {number} asked
   * @param {KeyboardEvent} event
   */
  frameTo(asked, event) {
    const cursor = this.moves.cursorNow();
    const line = this.shown.scene.lines[cursor.side];
    const frame = clamp(asked, 0, line.count - 1);
    const { edges } = line.framesOf(this.state.trace);
    if (event.shiftKey) {
      this.anchor ??= cursor.frame;
      const [first, last] = [this.anchor, frame].sort((a, b) => a - b);
      this.moves.chooseColumns(edges[first], edges[last + 1], cursor.side);
    } else this.anchor = null;
    if (this.state.played && !this.state.playing) this.store.set({ played: false });
    this.moves.reveal(edges[frame], edges[frame + 1], line);
    this.moves.moveTo({ ...cursor, frame }, false);
  }

  /** @param {number} step */
  unit(step) {
    const cursor = this.moves.cursorNow();
    const panels = this.stack.panels.filter((panel) => panel instanceof HeatPanel);
    const panel = panels.find((each) => each.name === cursor.quantity) ?? panels[0];
    if (!panel) return;
    const units = [...panel.rows.focus, ...panel.rows.main];
    if (!units.length) return;
    const at = cursor.unit === null ? -1 : units.indexOf(cursor.unit);
    const next = at < 0 ? (step > 0 ? 0 : units.length - 1) : clamp(at + step, 0, units.length - 1);
    this.to({ ...cursor, unit: units[next], quantity: panel.name, space: panel.rows.own ? panel.name : "" });
  }

  /** @param {number} step */
  quantity(step) {
    const { asked, scene, stage } = this.shown;
    const names = asked.shownQuantities;
    if (!names.length) return;
    const cursor = this.moves.cursorNow();
    const name = names[(Math.max(names.indexOf(cursor.quantity), 0) + step + names.length) % names.length];
    const shown = scene.quantity(stage.stacks[0].side, this.state.trace, name);
    const space = shown && shown.matrix.rows !== asked.trace?.units ? name : "";
    this.to({ ...cursor, quantity: name, space, unit: space === cursor.space ? cursor.unit : null });
  }

  /** @param {number} step */
  symbol(step) {
    const cursor = this.moves.cursorNow();
    const { spans } = this.shown.scene.lines[cursor.side];
    if (!spans.length) return;
    const { symbol } = this.shown.asked;
    let at = symbol ? spans.indexOf(symbol) : -1;
    if (at < 0) {
      at = spans.findIndex((span) => span.frames[1] > cursor.frame);
      at = (at < 0 ? spans.length : at) - (step > 0 ? 1 : 0);
    }
    const span = spans[clamp(at + step, 0, spans.length - 1)];
    if (span === symbol) return;
    this.to({ ...cursor, frame: span.frames[0] });
    this.moves.chooseSymbol(span, cursor.side);
  }

  /** @param {Cursor} cursor */
  to(cursor) {
    this.moves.moveTo(cursor, false);
  }
}
