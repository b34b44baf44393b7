// Where the stacks are: one, or two beside or under each other.

import { contextOf, newCanvas } from "./canvas.js";
import { clamp, same } from "./numbers.js";
import { panelsOf } from "./panels/choose.js";
import { CanvasPen } from "./pens.js";
import { Stack } from "./stack.js";

/** @import { Heights } from "./panels/choose.js" */
/** @import { Shared } from "./stack.js" */

const GAP = 20;

export class Stage {
  /**
   * @param {Shared} shared
   * @param {HTMLElement} root
   * @param {(stack: Stack) => void} made listens to a new stack
   */
  constructor(shared, root, made) {
    this.shared = shared;
    this.root = root;
    this.made = made;
    /** @type {Stack[]} */
    this.stacks = [];
    this.room = 0;
  }

  get beside() {
    return this.stacks.length > 1 && this.room >= 720;
  }

  /** Make the stacks that are asked for, and give each its place and its panels. */
  lay() {
    const { sides } = this.shared.asked;
    const shown = this.stacks.map(({ side }) => side);
    if (!same(shown, sides)) {
      this.stacks = sides.map((side) => new Stack(this.shared, side));
      for (const stack of this.stacks) this.made(stack);
      this.root.replaceChildren(...this.stacks.map((stack) => stack.root));
    }
    this.room = this.root.clientWidth;
    this.root.dataset.beside = String(this.beside);
    const each = Math.floor(this.beside ? (this.room - GAP) / 2 : this.room);
    for (const stack of this.stacks) stack.place(each, this.gutter());
    const heights = this.heights();
    for (const stack of this.stacks) stack.lay(panelsOf(stack, this.stacks, heights));
  }

  /** The room at the left that the longest name takes in the font of this system. */
  gutter() {
    const { asked, scene } = this.shared;
    return asked.once("gutter", asked.state.trace, () => {
      const pen = new CanvasPen(contextOf(newCanvas()), 1);
      const titles = scene.lines.flatMap((line) => [...line.traces.values()].map((trace) => trace.title));
      const quantities = Object.values(scene.quantities).map(({ name }) => name);
      const names = ["mean of 99 a row", "— best symbol", ...quantities, ...titles];
      return Math.ceil(Math.max(...names.map((name) => pen.width(name, 10.5)))) + 18;
    });
  }

  /**
   * Heights that all stacks share, so that a row is at the same place in each.
   *
   * @returns {Heights}
   */
  heights() {
    const { shownQuantities: shown, state } = this.shared.asked;
    const pictures = this.stacks.flatMap(({ picture }) => picture ?? []);
    const high = window.innerHeight || 800;
    // As tall as the picture's shape asks for, so far as that leaves the panels their room.
    const whole = Math.max(...pictures.map(({ rows, columns }) => (this.stacks[0].width * rows) / columns));
    const image = pictures.length ? clamp(whole, 30, clamp(0.15 * high, 56, 360)) : 0;
    const count = Math.max(shown.length, 1);
    const gates = shown.filter((name) => name.endsWith("_gate")).length;
    const above = image + 34 + 24 + 56 + 26 * gates + 60;
    const top = Math.min(this.root.getBoundingClientRect().top + (window.scrollY || 0), 260);
    const main = clamp((high - top - above) / count - 8, 56, 170) * state.tall;
    // A canvas has an end; so have eyes.
    return { image, main: Math.min(main, 9000 / count), strip: 26, unit: 30 };
  }
}
