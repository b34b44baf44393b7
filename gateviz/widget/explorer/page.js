// Stands in for the notebook's model in an HTML file.

/** @import { Model } from "./types.d.ts" */

/** @typedef {(page: Page, value?: unknown) => void} Listener */

/** @implements {Model} */
class Page {
  /** @param {Record<string, unknown>} state */
  constructor(state) {
    this.state = state;
    /** @type {Map<string, Listener[]>} */
    this.listeners = new Map();
  }

  /** @param {string} name */
  get(name) {
    return this.state[name];
  }

  /**
   * @param {string} name
   * @param {unknown} value
   */
  set(name, value) {
    if (this.state[name] === value) return;
    this.state[name] = value;
    for (const listener of [...(this.listeners.get(`change:${name}`) ?? [])]) listener(this, value);
  }

  /**
   * @param {string} event
   * @param {Listener} listener
   */
  on(event, listener) {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
  }

  /**
   * @param {string} event
   * @param {Listener} listener
   */
  off(event, listener) {
    const kept = (this.listeners.get(event) ?? []).filter((each) => each !== listener);
    this.listeners.set(event, kept);
  }

  save_changes() {}

  // Nobody listens: a file cannot read the line again. Its document says so ("live": false).
  send() {}
}

/** @param {string} id */
const textOf = (id) => document.getElementById(id)?.textContent ?? "";

/** @param {string} coded */
function bytesOf(coded) {
  const modern = /** @type {{ fromBase64?: (coded: string) => Uint8Array<ArrayBuffer> }} */ (
    /** @type {unknown} */ (Uint8Array)
  );
  if (modern.fromBase64) return new DataView(modern.fromBase64(coded).buffer);
  // Browsers of before 2025.
  const text = atob(coded);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return new DataView(bytes.buffer);
}

/**
 * Show what an HTML file holds.
 *
 * @param {(context: { model: Model, el: HTMLElement }) => void} render
 */
export function showPage(render) {
  const el = document.getElementById("gateviz");
  if (!el) throw new Error("this page has no element gateviz to show anything in");
  const state = JSON.parse(textOf("gateviz-state"));
  state.document = JSON.parse(textOf("gateviz-document"));
  state.data = bytesOf(textOf("gateviz-data"));
  render({ model: new Page(state), el });
}
