// All panels of one line, or of the difference of two, on one column axis.

import { contextOf, newCanvas, sized } from "./canvas.js";
import { Crosshair } from "./crosshair.js";
import { above, clamp } from "./numbers.js";
import { blockOf } from "./panels/curves.js";
import { CanvasPen } from "./pens.js";

/** @import { Asked } from "./asked.js" */
/** @import { Look } from "./look.js" */
/** @import { Panel } from "./panels/panel.js" */
/** @import { Frames, Scene } from "./scene.js" */
/** @import { Store } from "./store.js" */
/** @import { Side } from "./types.d.ts" */

/** @typedef {{ scene: Scene, store: Store, asked: Asked, look: Look }} Shared */

export class Stack {
  /**
   * @param {Shared} shared
   * @param {Side} side
   */
  constructor({ scene, store, asked, look }, side) {
    this.scene = scene;
    this.store = store;
    this.asked = asked;
    this.look = look;
    this.side = side;
    this.at = side === "difference" ? 0 : side;
    this.line = scene.lines[this.at];
    this.picture = look.pictures[this.at];
    /** @type {Panel[]} */
    this.panels = [];
    // Of the plots in CSS pixels: where they begin, how wide they are, how wide and high the whole is.
    this.left = 0;
    this.width = 0;
    this.whole = 0;
    this.height = 0;
    this.narrow = false;
    this.heading = document.createElement("div");
    this.heading.className = "stack-title";
    this.cross = newCanvas();
    this.cross.className = "cross";
    this.cross.setAttribute("aria-hidden", "true");
    this.crosshair = new Crosshair(this);
    this.plots = document.createElement("div");
    this.plots.className = "plots";
    this.plots.tabIndex = 0;
    this.plots.setAttribute("role", "application");
    this.plots.setAttribute("aria-roledescription", "panels with a crosshair");
    this.plots.dataset.side = String(side);
    this.root = document.createElement("section");
    this.root.className = "stack";
    this.root.append(this.heading, this.plots);
    /** @type {Map<Frames, { key: string, places: Float64Array }>} */
    this.placed = new Map();
  }

  get words() {
    if (this.side === "difference") return "difference, second − first";
    return this.scene.two ? ["first", "second"][this.side] : "";
  }

  /** Where the frames of the shown layer look. */
  get frames() {
    return this.line.framesOf(this.store.state.trace);
  }

  get first() {
    const { start, stop } = this.line.axis;
    return start + this.store.state.zoom[0] * (stop - start);
  }

  get last() {
    const { start, stop } = this.line.axis;
    return start + this.store.state.zoom[1] * (stop - start);
  }

  /**
   * Where a column is, in CSS pixels from the left of the plots.
   *
   * @param {number} column
   */
  x(column) {
    return this.left + ((column - this.first) / (this.last - this.first)) * this.width;
  }

  /** @param {number} x */
  column(x) {
    return this.first + ((x - this.left) / this.width) * (this.last - this.first);
  }

  /**
   * Where the centers of the frames [first, last), and of one block before them, are: found once for all curves of a drawing.
   *
   * @param {number} first
   * @param {number} last
   * @param {Frames} frames
   */
  centers(first, last, frames) {
    const { left, width } = this;
    const [start, stop] = [this.first, this.last];
    const key = [left, width, start, stop].join();
    const placed = this.placed.get(frames);
    if (placed?.key === key) return placed.places;
    const places = (placed?.places ?? new Float64Array(frames.count)).fill(NaN);
    const from = Math.max(0, first - blockOf(this, first, last));
    for (let frame = from; frame < last; frame += 1)
      places[frame] = left + ((frames.centers[frame] - start) / (stop - start)) * width;
    this.placed.set(frames, { key, places });
    return places;
  }

  /**
   * The half-open span of frames that can be seen, and one more on each side.
   *
   * @param {Frames} frames
   * @returns {[number, number]}
   */
  visible({ edges, count }) {
    return [clamp(above(edges, this.first) - 2, 0, count - 1), clamp(above(edges, this.last) + 1, 1, count)];
  }

  /**
   * The chosen columns, where they mean something on this line.
   *
   * @returns {number[] | null}
   */
  chosen() {
    const { columns, dragged } = this.store.state;
    const shown = dragged ?? { columns, side: this.asked.side };
    if (!shown.columns.length) return null;
    return this.scene.oneAxis || this.side === shown.side ? shown.columns : null;
  }

  /** The frame of this line where the crosshair is. */
  cursorFrame() {
    const { cursor, trace } = this.store.state;
    if (!cursor) return null;
    if (cursor.side === this.at) return clamp(cursor.frame, 0, this.line.count - 1);
    const other = this.scene.lines[cursor.side];
    const column = other.framesOf(trace).centers[clamp(cursor.frame, 0, other.count - 1)];
    if (this.scene.oneAxis) return this.frames.frameAt(column);
    const share = (column - other.axis.start) / (other.axis.stop - other.axis.start);
    return this.frames.frameAt(this.line.axis.start + share * (this.line.axis.stop - this.line.axis.start));
  }

  /**
   * Take this place in the stage.
   *
   * @param {number} whole
   * @param {number} gutter the room for names at the left
   */
  place(whole, gutter) {
    this.whole = whole;
    this.narrow = whole < 400;
    this.left = this.narrow ? 20 : gutter;
    this.width = Math.max(whole - this.left - (this.narrow ? 8 : 48), 60);
    this.root.style.width = `${whole}px`;
    this.root.setAttribute("aria-label", `${this.words || "line"} ${this.line.name}`);
    this.heading.textContent = this.words ? `${this.words}: ${this.line.name}` : "";
    this.heading.hidden = !this.words;
    this.plots.setAttribute(
      "aria-label",
      `${this.asked.trace?.title ?? "no layer"}; arrow keys move the crosshair, plus and minus zoom, question mark lists all keys`,
    );
  }

  /**
   * Take these panels.
   *
   * @param {Panel[]} panels
   */
  lay(panels) {
    this.panels = panels;
    let top = 0;
    for (const panel of panels) {
      panel.top = top;
      top += panel.height + panel.gap;
    }
    this.height = top;
    this.plots.replaceChildren(...panels.map((panel) => panel.canvas), this.cross);
    this.plots.style.height = `${top}px`;
    const { density } = this.look;
    for (const panel of panels) {
      sized(panel.canvas, this.whole, panel.height, density);
      panel.canvas.style.top = `${panel.top}px`;
      panel.canvas.setAttribute("aria-label", panel.label());
    }
    sized(this.cross, this.whole, top, density);
    this.crosshair.laid();
  }

  draw() {
    const { density } = this.look;
    for (const panel of this.panels) {
      const context = contextOf(panel.canvas);
      // All of it: then the browser need not keep what was there.
      context.resetTransform();
      context.clearRect(0, 0, panel.canvas.width, panel.canvas.height);
      context.setTransform(density, 0, 0, density, 0, 0);
      panel.draw(new CanvasPen(context, density));
    }
  }
}
