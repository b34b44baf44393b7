// One document as it is shown: its panels and controls, drawn when something changed, once a frame of the screen.

import { Asked } from "./asked.js";
import { Keys } from "./keys.js";
import { Look } from "./look.js";
import { Moves } from "./moves.js";
import { AxisPanel } from "./panels/line.js";
import { Player } from "./player.js";
import { Pointer } from "./pointer.js";
import { Stage } from "./stage.js";
import { Dialogs } from "./views/dialogs.jsx";
import { readingMarks } from "./views/header.jsx";

/** @import { Kernel } from "./kernel.js" */
/** @import { Scene } from "./scene.js" */
/** @import { State, Store } from "./store.js" */
/** @import { Surroundings } from "./surroundings.js" */
/** @import { Chrome } from "./views/chrome.jsx" */
/** @import { Voice } from "./voice.js" */

/**
 * What stays while documents come and go.
 *
 * @typedef {object} Setting
 * @property {HTMLElement} root
 * @property {Store} store
 * @property {Kernel} kernel
 * @property {Voice} voice
 * @property {Surroundings} surroundings
 * @property {Chrome} chrome
 * @property {{ open: number | null, draws: number[], crosses: number[] }} timings in milliseconds
 */

/**
 * What a change asks for: the controls, a layout, a drawing of the panels as they are laid out, or the crosshair alone,
 * which always follows.
 *
 * @typedef {"chrome" | "layout" | "base" | "cross"} Task
 */

/** What the parts of the state ask for, where it is less than a layout. @type {Partial<Record<keyof State, Task>>} */
const TASKS = {
  cursor: "cross",
  playing: "chrome",
  tab: "chrome",
  asking: "chrome",
  hold: "chrome",
  zoom: "base",
  dragged: "base",
};

export class Shown {
  /**
   * @param {Setting} setting
   * @param {Scene} scene
   */
  constructor(setting, scene) {
    this.setting = setting;
    const { root, store, kernel, voice, surroundings, chrome } = setting;
    this.root = root;
    this.store = store;
    this.kernel = kernel;
    this.voice = voice;
    this.scene = scene;
    this.asked = new Asked(scene, store);
    this.look = new Look(scene, surroundings.density);
    this.settle();
    store.consequences = (changed) => this.consequences(changed);
    this.marks = readingMarks(scene.lines);
    this.noteLines = scene.lines.flatMap((line, at) =>
      line.notes.map((note) => (scene.two ? `${["First", "Second"][at]}: ${note}` : note)),
    );
    this.stage = new Stage(this, chrome.stage, (stack) => {
      new Pointer(this, stack);
      new Keys(this, stack);
    });
    this.moves = new Moves(this);
    this.dialogs = new Dialogs(this);
    this.player = new Player(this);
    /** @type {Set<Task>} */
    this.tasks = new Set(["layout"]);
    this.waiting = 0;
    this.flush();
  }

  /** What was chosen and is not there any more becomes what is chosen at first. */
  settle() {
    const { asked, scene, store } = this;
    const { state } = store;
    const { traces } = scene.lines[0];
    if (!traces.has(state.trace)) state.trace = [...traces.keys()].at(-1) ?? "";
    if (!scene.two) Object.assign(state, { side: 0, view: "first" });
    if (state.view === "difference" && !asked.canSubtract) state.view = "both";
    if (state.cursor && state.cursor.side >= scene.lines.length) state.cursor = null;
  }

  /**
   * Another trace has other units, and perhaps no difference.
   *
   * @param {Set<keyof State>} changed
   * @returns {Partial<State>}
   */
  consequences(changed) {
    if (!changed.has("trace")) return {};
    const { cursor, selected_units: units, view } = this.store.state;
    const count = this.asked.trace?.units ?? 0;
    return {
      selected_units: units.filter((unit) => unit < count),
      cursor: cursor && { ...cursor, unit: null },
      view: view === "difference" && !this.asked.canSubtract ? "both" : view,
    };
  }

  /** What a reader must see: edits of the runs, what a difference means, and that the kernel is gone. */
  notes() {
    const said = this.noteLines.join(" ");
    const edits = this.kernel.edits.filter((edit) => !said.includes(edit)).map((edit) => `Edit: ${edit}`);
    const compared = this.scene.two && ["both", "difference"].includes(this.store.state.view);
    const words = (compared && this.scene.comparison?.words) || "";
    return [...this.noteLines, ...edits, words, this.kernel.lost].filter(Boolean);
  }

  /** The quantities of the chosen trace, to choose from. */
  quantityOptions() {
    const names = this.asked.trace?.quantities.keys() ?? [];
    return [...names].map((name) => [name, this.scene.quantityWords(name)]);
  }

  /** @param {Set<keyof State>} changed */
  changed(changed) {
    for (const key of changed) this.invalidate(TASKS[key] ?? "layout");
  }

  /** @param {Task} task */
  invalidate(task) {
    this.tasks.add(task);
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      this.flush();
    });
  }

  flush() {
    const { chrome, timings } = this.setting;
    const { tasks } = this;
    this.tasks = new Set();
    const began = performance.now();
    if (tasks.has("layout")) this.lay();
    else if (tasks.has("chrome")) chrome.follow(this);
    if (tasks.has("layout") || tasks.has("base")) {
      for (const stack of this.stage.stacks) stack.draw();
      this.zoomed();
      kept(timings.draws, performance.now() - began);
    }
    const crossed = performance.now();
    for (const stack of this.stage.stacks) stack.crosshair.draw();
    chrome.crossed(this);
    kept(timings.crosses, performance.now() - crossed);
  }

  lay() {
    const { chrome, surroundings } = this.setting;
    const { look, root } = this;
    look.density = surroundings.density;
    look.dark = surroundings.isDark(this.store.state.theme);
    chrome.follow(this);
    root.dataset.theme = look.dark ? "dark" : "light";
    for (const [name, color] of Object.entries(look.palette)) root.style.setProperty(`--${name}`, color);
    const width = root.clientWidth;
    root.dataset.size = width < 640 ? "narrow" : width < 1040 ? "middle" : "wide";
    chrome.explain(this);
    this.stage.lay();
  }

  zoomed() {
    this.setting.chrome.zoomed(this);
    for (const stack of this.stage.stacks) {
      const axis = stack.panels.find((panel) => panel instanceof AxisPanel);
      axis?.canvas.setAttribute("aria-label", axis.label());
    }
  }

  leave() {
    cancelAnimationFrame(this.waiting);
    this.player.leave();
    this.dialogs.leave();
  }
}

/**
 * @param {number[]} list
 * @param {number} value
 */
function kept(list, value) {
  list.push(value);
  if (list.length > 4000) list.shift();
}
