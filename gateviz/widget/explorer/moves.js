// What a reader can do, by pointer, key or button: zoom, choose, move the crosshair.

import { clamp, same } from "./numbers.js";
import { cursorWords, frameWords, symbolsBetween } from "./voice.js";
import { number, quoted } from "./words.js";

/** @import { Shown } from "./shown.js" */
/** @import { Line } from "./scene.js" */
/** @import { Cursor, Side, Span } from "./types.d.ts" */

/** Frames that fill the view at the greatest zoom. */
const SMALLEST = 3;

export class Moves {
  /** @param {Shown} shown */
  constructor(shown) {
    this.shown = shown;
    this.scene = shown.scene;
    this.store = shown.store;
    this.asked = shown.asked;
    this.voice = shown.voice;
  }

  get state() {
    return this.store.state;
  }

  // Zoom

  get leastSpan() {
    return Math.min(1, SMALLEST / Math.max(...this.scene.lines.map((line) => line.count)));
  }

  get zoomSpan() {
    const [from, to] = this.state.zoom;
    return to - from;
  }

  /**
   * Show this share of the line, and no less than a few frames of it.
   *
   * @param {number} from
   * @param {number} to
   */
  zoomTo(from, to) {
    const span = clamp(to - from, this.leastSpan, 1);
    this.zoomFrom((from + to - span) / 2, span);
  }

  /**
   * @param {number} from
   * @param {number} span
   */
  zoomFrom(from, span) {
    const start = clamp(from, 0, 1 - span);
    this.store.set({ zoom: [start, start + span] });
  }

  /**
   * Zoom by a factor around a share of the view that stays where it is.
   *
   * @param {number} factor
   * @param {number} around
   */
  zoomBy(factor, around) {
    const [from, to] = this.state.zoom;
    const span = clamp((to - from) / factor, this.leastSpan, 1);
    this.zoomFrom(from + around * (to - from) - around * span, span);
  }

  /** @param {number} share of the line */
  pan(share) {
    this.zoomFrom(this.state.zoom[0] + share, this.zoomSpan);
  }

  /**
   * Bring the columns into view.
   *
   * @param {number} start
   * @param {number} stop
   * @param {Line} line
   */
  reveal(start, stop, line) {
    const [from, to] = this.state.zoom;
    const share = (/** @type {number} */ column) => (column - line.axis.start) / (line.axis.stop - line.axis.start);
    const [first, last] = [share(start), share(stop)];
    if (first >= from && last <= to) return;
    const middle = (first + last) / 2;
    const span = Math.max(to - from, Math.min(1, (last - first) * 1.3));
    this.zoomTo(middle - span / 2, middle + span / 2);
  }

  /**
   * Bring these frames into view.
   *
   * @param {Line} line
   * @param {[number, number]} frames half-open
   */
  revealFrames(line, [start, stop]) {
    const { edges } = line.framesOf(this.state.trace);
    this.reveal(edges[start], edges[stop], line);
  }

  /** The share of the view at which the crosshair is. */
  cursorShare() {
    const { cursor, trace, zoom } = this.state;
    if (!cursor) return 0.5;
    const line = this.scene.lines[cursor.side];
    const column = line.framesOf(trace).centers[cursor.frame];
    const share = (column - line.axis.start) / (line.axis.stop - line.axis.start);
    return clamp((share - zoom[0]) / this.zoomSpan, 0, 1);
  }

  /** @param {number} factor */
  taller(factor) {
    this.store.set({ tall: clamp(this.state.tall * factor, 0.5, 12) });
  }

  // Choosing

  /**
   * @param {number} start
   * @param {number} stop
   * @param {number} side
   */
  chooseColumns(start, stop, side) {
    this.store.set({ columns: start < stop ? [start, stop] : [], side });
  }

  /**
   * @param {Span} span
   * @param {number} side
   */
  chooseSymbol(span, side) {
    if (this.asked.symbol === span && this.state.side === side) {
      this.clearColumns();
      return;
    }
    this.store.set({ tab: "rank" });
    this.chooseColumns(span.start, span.stop, side);
    this.reveal(span.start, span.stop, this.scene.lines[side]);
    this.voice.say(`${quoted(span.symbol)} chosen, ${frameWords(span.frames)}${this.mostWords()}`);
  }

  clearColumns() {
    this.store.set({ columns: [], alike: false });
    this.voice.say("no columns chosen");
  }

  /**
   * Choose the columns that were dragged over.
   *
   * @param {number[]} columns
   * @param {number} side
   */
  chooseDragged([start, stop], side) {
    this.store.set({ dragged: null });
    this.chooseColumns(start, stop, side);
    const frames = this.asked.range;
    if (!frames) return;
    if (this.state.tab === "filter") this.store.set({ tab: "rank" });
    const none = "no frame has its center in these columns";
    this.voice.say(frames[0] < frames[1] ? `${frameWords(frames)} chosen${this.mostWords()}` : none);
  }

  /** What the ranking begins with. */
  mostWords() {
    const [first] = this.asked.ranking().units;
    return first ? `; unit ${first.unit} differs most, effect size ${number(first.effect)}` : "";
  }

  /**
   * Choose a unit alone, or with those chosen before; one that is chosen already no longer.
   *
   * @param {number} unit
   * @param {boolean} add
   */
  chooseUnit(unit, add = false) {
    const { selected_units: units } = this.state;
    const kept = units.filter((each) => each !== unit);
    const removed = kept.length < units.length && (add || units.length === 1);
    const next = removed ? kept : add ? [...kept, unit] : [unit];
    this.store.set({ selected_units: next });
    this.voice.say(removed ? `unit ${unit} no longer chosen` : `unit ${unit} chosen`);
  }

  /** @param {string} order */
  chooseOrder(order) {
    this.store.set({ order });
    if (order === "selectivity" && !this.state.columns.length) {
      this.voice.say("choose columns or a symbol: until then units stand by index");
      this.store.set({ tab: "rank" });
    }
  }

  /** @param {string} mode */
  setMode(mode) {
    this.store.set({ mode });
    this.voice.say(mode === "select" ? "a drag chooses columns" : "a drag moves the line");
  }

  nextView() {
    if (!this.scene.two) return;
    const views = ["first", "second", "both", ...(this.asked.canSubtract ? ["difference"] : [])];
    const view = views[(views.indexOf(this.state.view) + 1) % views.length];
    this.store.set({ view });
    this.voice.say(`view: ${view}`);
  }

  /** What Escape does: end playing, else choose no columns, else no units, else ask no query. */
  escape() {
    const { state } = this;
    if (state.playing || state.played) this.shown.player.stop();
    else if (state.columns.length) this.clearColumns();
    else if (state.selected_units.length) {
      this.store.set({ selected_units: [] });
      this.voice.say("no units chosen");
    } else if (state.query.on) this.store.set({ query: { ...state.query, on: false } });
  }

  // The crosshair

  /**
   * Move the crosshair; `quiet` for the pointer, which says where it is when it rests.
   *
   * @param {Cursor} cursor
   * @param {boolean} quiet
   */
  moveTo(cursor, quiet = true) {
    const before = this.state.cursor;
    if (before && same(before, cursor)) return;
    this.store.set({ cursor });
    this.sayCursor(quiet ? 500 : 120);
  }

  /** @param {number} delay */
  sayCursor(delay) {
    this.voice.sayLater(delay, () => cursorWords(this.shown));
  }

  /**
   * The crosshair, or where it would begin.
   *
   * @returns {Cursor}
   */
  cursorNow() {
    const { stacks } = this.shown.stage;
    const side = stacks.length > 1 ? this.state.side : stacks[0].at;
    const quantity = this.asked.shownQuantities[0] ?? "";
    return this.state.cursor ?? { side, frame: 0, unit: null, space: "", quantity };
  }

  /**
   * Show a run of frames that a query found.
   *
   * @param {[number, number]} run half-open
   * @param {Side} asked
   */
  goToRun(run, asked) {
    const side = asked === "difference" ? 0 : asked;
    const line = this.scene.lines[side];
    this.moveTo({ ...this.cursorNow(), side, frame: run[0] }, false);
    this.revealFrames(line, run);
    this.voice.say(`${frameWords(run)}: ${symbolsBetween(line, this.state.trace, run) || "no symbol"}`);
  }
}
