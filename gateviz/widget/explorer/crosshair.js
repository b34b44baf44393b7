// The crosshair of a stack, on its own canvas: only what it covered is wiped.

import { contextOf } from "./canvas.js";
import { HeatPanel } from "./panels/heat.js";
import { StripsPanel } from "./panels/lanes.js";
import { AxisPanel, ImagePanel } from "./panels/line.js";
import { CanvasPen } from "./pens.js";

/** @import { Panel } from "./panels/panel.js" */
/** @import { Frames } from "./scene.js" */
/** @import { Stack } from "./stack.js" */
/** @import { Box, Pen } from "./types.d.ts" */

export class Crosshair {
  /** @param {Stack} stack */
  constructor(stack) {
    this.stack = stack;
    /** @type {Box[]} what is drawn on */
    this.marks = [];
  }

  /** The stack has another size: whatever was marked may be anywhere. */
  laid() {
    this.marks = this.marks.length ? [[0, 0, this.stack.whole, this.stack.height]] : [];
  }

  draw() {
    const { stack } = this;
    const { density } = stack.look;
    const frame = stack.panels.length ? stack.cursorFrame() : null;
    // A canvas that was never drawn on costs nothing; this one is the largest.
    if (frame === null && !this.marks.length) return;
    const context = contextOf(stack.cross);
    context.setTransform(density, 0, 0, density, 0, 0);
    for (const mark of this.marks) context.clearRect(...mark);
    this.marks = [];
    if (frame === null) return;
    const pen = new CanvasPen(context, density);
    pen.clipped(stack.left, 0, stack.width, stack.height, () => {
      if (stack.store.state.played) this.veil(pen, frame);
      this.field(pen, frame);
      this.bar(pen, frame);
      this.row(pen);
      this.points(pen, frame);
    });
  }

  /**
   * Remember what was drawn on, with a little around it.
   *
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   */
  mark(x, y, width, height) {
    this.marks.push([x - 2, y - 2, width + 4, height + 4]);
  }

  /**
   * The columns of the frame through all panels; its borders lie on the very pixels where the heatmap changes.
   *
   * @param {Pen} pen
   * @param {number} frame
   */
  bar(pen, frame) {
    // A layer that looked elsewhere has its own columns, so that the bar may step from panel to panel.
    /** @type {{ places: Frames, panels: Panel[] }[]} */
    const runs = [];
    for (const panel of this.stack.panels) {
      const places = panel.framesAtBar;
      const last = runs.at(-1);
      if (last?.places === places) last.panels.push(panel);
      else runs.push({ places, panels: [panel] });
    }
    runs.forEach(({ places, panels }, at) => {
      const top = at ? panels[0].top : 0;
      const bottom = runs[at + 1]?.panels[0].top ?? this.stack.height;
      this.barThrough(pen, panels, [top, bottom], this.frameBox(frame, pen, places));
    });
  }

  /**
   * @param {Pen} pen
   * @param {Panel[]} panels
   * @param {[number, number]} span from top to bottom
   * @param {[number, number]} box from left to right
   */
  barThrough(pen, panels, [top, bottom], [from, to]) {
    const theme = this.stack.look.palette;
    const thin = 1 / pen.density;
    this.mark(from, top, to - from, bottom - top);
    if (to - from <= 3) {
      pen.rect(from, top, to - from, bottom - top, { fill: theme.accent, alpha: 0.85 });
      return;
    }
    for (const panel of panels) {
      // A tint would change the colors of a heatmap; there the borders have a pale line beside them.
      if (!(panel instanceof HeatPanel))
        pen.rect(from, panel.top, to - from, panel.height + panel.gap, { fill: theme.accent, alpha: 0.14 });
      else
        for (const x of [from + thin, to - thin - 1])
          pen.rect(x, panel.top, 1, panel.height, { fill: theme.ground, alpha: 0.75 });
    }
    for (const x of [from, to - thin]) pen.rect(x, top, thin, bottom - top, { fill: theme.accent });
  }

  /**
   * @param {number} frame
   * @param {Pen} pen
   * @param {Frames} places
   * @returns {[number, number]}
   */
  frameBox(frame, pen, places) {
    const [from, to] = [frame, frame + 1].map((edge) => pen.snap(this.stack.x(places.edges[edge])));
    return [from, Math.max(to, from + 1 / pen.density)];
  }

  /**
   * What the frame can see of the image.
   *
   * @param {Pen} pen
   * @param {number} frame
   */
  field(pen, frame) {
    const { stack } = this;
    const panel = stack.panels.find((each) => each instanceof ImagePanel);
    if (!panel || !stack.picture) return;
    const [from, to] = [0, 1].map((end) => pen.snap(stack.x(stack.frames.fields[2 * frame + end])));
    if (to <= from) return;
    const { shade } = stack.scene.ink;
    pen.rect(from, panel.top, to - from, panel.height, { fill: shade, alpha: 0.3 });
    for (const x of [from, to - 1]) pen.rect(x, panel.top, 1, panel.height, { fill: shade });
    this.mark(from, panel.top, to - from, panel.height);
  }

  /**
   * The unit's row in every heatmap.
   *
   * @param {Pen} pen
   */
  row(pen) {
    const { stack } = this;
    const { cursor } = stack.store.state;
    if (!cursor || cursor.unit === null) return;
    for (const panel of stack.panels) {
      if (!(panel instanceof HeatPanel) || (panel.rows.own ? panel.name : "") !== cursor.space) continue;
      const place = panel.places.get(cursor.unit);
      if (!place) continue;
      const middle = panel.top + (place[0] + place[1]) / 2;
      const half = Math.max((place[1] - place[0]) / 2, 1);
      const thin = 1 / pen.density;
      for (const y of [middle - half, middle + half - thin]) {
        pen.rect(stack.left, pen.snap(y), stack.width, thin, { fill: stack.look.palette.accent });
      }
      this.mark(stack.left, middle - half, stack.width, 2 * half);
    }
  }

  /**
   * The values of the curves.
   *
   * @param {Pen} pen
   * @param {number} frame
   */
  points(pen, frame) {
    const { ground } = this.stack.look.palette;
    for (const panel of this.stack.panels) {
      for (const { y, color, places } of panel.dots(frame)) {
        const x = this.stack.x((places ?? panel.frames).centers[frame]);
        if (!Number.isFinite(y)) continue;
        pen.rect(x - 2.5, panel.top + y - 2.5, 5, 5, { fill: ground });
        pen.rect(x - 1.75, panel.top + y - 1.75, 3.5, 3.5, { fill: color });
        this.mark(x - 3, panel.top + y - 3, 6, 6);
      }
    }
  }

  /**
   * While the reading runs: what a layer has not yet read.
   *
   * @param {Pen} pen
   * @param {number} frame
   */
  veil(pen, frame) {
    const { stack } = this;
    const chosen = stack.asked.trace?.backward ?? false;
    for (const panel of stack.panels) {
      if (panel instanceof AxisPanel) continue;
      for (const { backward, top, height, places } of this.readingLanes(panel, chosen)) {
        // A line seen from its other end has come as far as the other has, counted from its own end.
        const own = backward === chosen ? frame : stack.line.count - 1 - frame;
        const edge = stack.x(places.edges[backward ? own : own + 1]);
        const [from, to] = backward ? [stack.left, edge] : [edge, stack.left + stack.width];
        if (to > from) pen.rect(from, top, to - from, height, { fill: stack.look.palette.veil });
      }
    }
    this.mark(stack.left, 0, stack.width, stack.height);
  }

  /**
   * The parts of a panel by the way they are read: lanes of several layers each their own.
   *
   * @param {Panel} panel
   * @param {boolean} chosen
   */
  readingLanes(panel, chosen) {
    const whole = { backward: chosen, top: panel.top, height: panel.height, places: panel.frames };
    if (!(panel instanceof StripsPanel) || !panel.lanes.some((lane) => lane.trace)) return [whole];
    return panel.lanes.map((lane, at) => ({
      backward: lane.backward ?? chosen,
      top: panel.top + at * panel.lane,
      height: panel.lane,
      places: panel.framesOf(lane),
    }));
  }
}
