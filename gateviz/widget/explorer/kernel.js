// The other side: the notebook's model, whose traits the state follows, and the kernel behind it, which may be gone.

import { same } from "./numbers.js";
import { TRAITS } from "./store.js";

/** @import { State, Store } from "./store.js" */
/** @import { Model } from "./types.d.ts" */
/** @import { Voice } from "./voice.js" */

/** Longer than any line takes to read again; then the reader is told that nothing came back. */
const PATIENCE = 20000;
const ENDED = ["dead", "terminating", "restarting", "autorestarting"];
const UNREACHED = "the kernel could not be reached";

export class Kernel {
  /**
   * @param {Model} model
   * @param {Store} store
   * @param {Voice} voice
   * @param {() => void} changed edits, status or the kernel's own state are other now
   */
  constructor(model, store, voice, changed) {
    this.model = model;
    this.store = store;
    this.voice = voice;
    this.changed = changed;
    /** Why nobody can read the line again; empty while somebody can. */
    this.lost = "";
    /** Whether an answer has been waited for too long. */
    this.unanswered = false;
    /** @type {(() => void)[]} */
    this.leaving = [];
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.waiting = undefined;
    this.follow();
    this.watch();
  }

  /** @returns {string[]} */
  get edits() {
    return this.model.get("edits") ?? [];
  }

  /** @returns {{ busy?: boolean, words?: string }} */
  get status() {
    return this.model.get("status") ?? {};
  }

  /**
   * @param {string} events
   * @param {() => void} listener
   */
  on(events, listener) {
    this.model.on(events, listener);
    this.leaving.push(() => this.model.off(events, listener));
  }

  /** Keep the state and the model's traits the same. */
  follow() {
    for (const name of TRAITS) {
      const has = this.model.get(name);
      if (has !== undefined && has !== null) Object.assign(this.store.state, { [name]: has });
      this.on(`change:${name}`, () => this.store.set({ [name]: this.model.get(name) }, true));
    }
    this.store.subscribe((changed, fromModel) => {
      if (!fromModel) this.tell(changed);
    });
    this.on("change:edits", this.changed);
    this.on("change:status", () => this.heard());
  }

  /** @param {Set<keyof State>} changed */
  tell(changed) {
    const { state } = this.store;
    const news = TRAITS.filter((name) => changed.has(name) && !same(this.model.get(name), state[name]));
    for (const name of news) this.model.set(name, state[name]);
    // JupyterLab logs an error for every message to a kernel that is gone.
    if (!news.length || this.lost) return;
    this.reach(() => this.model.save_changes());
  }

  /** The kernel says how far it is. */
  heard() {
    clearTimeout(this.waiting);
    this.unanswered = false;
    this.changed();
    const { words = "", busy = false } = this.status;
    if (words) this.voice.say(busy ? `${words} …` : words);
  }

  /** @param {object} message */
  send(message) {
    this.check();
    if (this.lost) return;
    clearTimeout(this.waiting);
    if (!this.reach(() => this.model.send(message))) return;
    this.waiting = setTimeout(() => {
      this.unanswered = true;
      this.changed();
    }, PATIENCE);
  }

  /** @param {() => void} call */
  reach(call) {
    try {
      call();
      return true;
    } catch (error) {
      this.lose(`${UNREACHED} (${error instanceof Error ? error.message : error})`);
      return false;
    }
  }

  /** @param {string} why */
  lose(why) {
    if (this.lost) return;
    this.lost = `Nobody can read the line again: ${why}. What you see is what was sent last; run the cell again.`;
    this.changed();
    this.voice.say(this.lost);
  }

  back() {
    if (!this.lost) return;
    this.lost = "";
    this.changed();
  }

  /** Hear of the kernel's end, as far as a notebook tells. */
  watch() {
    this.on("comm:close", () => this.lose("the connection to the kernel is closed"));
    this.on("comm_live_update", () => {
      if (this.model.comm_live === false) this.lose("the connection to the kernel is lost");
      else this.back();
    });
    const kernel = this.model.widget_manager?.kernel;
    this.first = kernel;
    const changed = () => this.check();
    for (const signal of [kernel?.statusChanged, kernel?.connectionStatusChanged, kernel?.disposed]) {
      if (typeof signal?.connect !== "function") continue;
      signal.connect(changed);
      this.leaving.push(() => signal.disconnect?.(changed));
    }
  }

  check() {
    // JupyterLab's manager has no kernel any more when it is shut down: then ask the one it had.
    const kernel = this.model.widget_manager?.kernel ?? this.first;
    if (this.model.comm_live === false) this.lose("the connection to the kernel is lost");
    else if (kernel && (kernel.isDisposed || ENDED.includes(kernel.status ?? "")))
      this.lose(kernel.isDisposed ? "the kernel is gone" : `the kernel is ${kernel.status}`);
  }

  leave() {
    clearTimeout(this.waiting);
    for (const call of this.leaving) call();
  }
}
