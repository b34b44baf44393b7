// The one state of an explorer, and who is told when it changes.

import { same } from "./numbers.js";

/** @import { Cursor, Filter, Query, Side } from "./types.d.ts" */

/**
 * What is chosen. The first seven are traits, which Python has too.
 *
 * @typedef {object} State
 * @property {string} trace
 * @property {string[]} quantities
 * @property {string} order
 * @property {number[]} selected_units
 * @property {number[]} columns two ends, or none
 * @property {string} view
 * @property {string} theme
 * @property {[number, number]} zoom the shown part of the line, as shares of it
 * @property {Cursor | null} cursor
 * @property {{ columns: number[], side: Side } | null} dragged columns that are not yet chosen
 * @property {string} mode what a drag does: select or pan
 * @property {number} side the recording that rankings and queries speak of while both are shown
 * @property {number} tall a factor of the height of heatmaps
 * @property {boolean} lift
 * @property {number} lifted
 * @property {boolean} alike rank by every symbol that is the same as the chosen one
 * @property {string} rankBy
 * @property {Filter | null} filter
 * @property {Filter} asking the filter as its fields have it, applied or not
 * @property {boolean} allLayers
 * @property {boolean} played
 * @property {boolean} playing
 * @property {number} speed frames a second
 * @property {Query} query
 * @property {string} tab
 * @property {{ gate: string, at: string, words: string }} hold an edit as its fields have it, and what is wrong with them
 */

export const TRAITS = /** @type {const} */ ([
  "trace",
  "quantities",
  "order",
  "selected_units",
  "columns",
  "view",
  "theme",
]);

/** @returns {State} */
export const firstState = () => ({
  trace: "",
  quantities: [],
  order: "index",
  selected_units: [],
  columns: [],
  view: "first",
  theme: "auto",
  zoom: [0, 1],
  cursor: null,
  dragged: null,
  mode: "select",
  side: 0,
  tall: 1,
  lift: true,
  lifted: 5,
  alike: false,
  rankBy: "",
  filter: null,
  asking: { quantity: "", low: 0.9, high: 1, when: "some" },
  allLayers: false,
  played: false,
  playing: false,
  speed: 10,
  query: { on: false, quantity: "", below: false, threshold: 0.5, share: 0.7 },
  tab: "rank",
  hold: { gate: "forget_gate", at: "0", words: "" },
});

/** @typedef {(changed: Set<keyof State>, fromModel: boolean) => void} Listener */

export class Store {
  constructor() {
    this.state = firstState();
    /**
     * What a change brings with it; it depends on what is shown.
     *
     * @type {(changed: Set<keyof State>) => Partial<State>}
     */
    this.consequences = () => ({});
    /** @type {Listener[]} */
    this.listeners = [];
  }

  /** @param {Listener} listener told after every change which parts of the state are other now */
  subscribe(listener) {
    this.listeners.push(listener);
  }

  /**
   * Change the state.
   *
   * @param {Partial<State>} changes
   * @param {boolean} fromModel the model has them already
   */
  set(changes, fromModel = false) {
    const changed = this.assign(changes);
    if (!changed.size) return;
    for (const key of this.assign(this.consequences(changed))) changed.add(key);
    for (const listener of this.listeners) listener(changed, fromModel);
  }

  /**
   * @param {Partial<State>} changes
   * @returns {Set<keyof State>} those that are none are left out
   */
  assign(changes) {
    const keys = /** @type {(keyof State)[]} */ (Object.keys(changes));
    const changed = keys.filter((key) => !same(this.state[key], changes[key]));
    Object.assign(this.state, changes);
    return new Set(changed);
  }
}
