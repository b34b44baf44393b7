// What stands around the panels. Its parts are rendered apart: some follow every move of the crosshair.

import { render } from "preact";
import { Card } from "./card.jsx";
import { Header } from "./header.jsx";
import { Legend } from "./legend.jsx";
import { Readout } from "./readout.jsx";
import { Side } from "./side.jsx";
import { Toolbar } from "./toolbar.jsx";

/** @import { Shown } from "../shown.js" */

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {HTMLElement[]} children
 */
function part(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export class Chrome {
  /** @param {HTMLElement} live what speaks to screen readers */
  constructor(live) {
    this.header = part("header");
    this.notes = part("ul", { class: "notes", "aria-label": "edits and notes" });
    this.toolbar = part("div", { class: "toolbar", role: "group", "aria-label": "view" });
    this.readout = part("dl", { class: "readout", "aria-label": "at the crosshair" });
    this.stage = part("div", { class: "stage" });
    this.legend = part("div", { class: "legend", "aria-label": "scales" });
    this.side = part("aside", { class: "side", "aria-label": "answers" });
    const left = part("div", { class: "left" }, this.readout, this.stage, this.legend);
    const main = part("div", { class: "main" }, left, this.side);
    this.parts = [this.header, this.notes, this.toolbar, main, live];
    /** @type {HTMLElement | null} */
    this.card = null;
    this.hold = (/** @type {HTMLElement | null} */ element) => {
      this.card = element;
    };
  }

  /**
   * All controls as the state has them; the focus stays where it is.
   *
   * @param {Shown} shown
   */
  follow(shown) {
    const root = /** @type {ShadowRoot} */ (this.stage.getRootNode());
    const held = keyOf(root.activeElement);
    render(<Header shown={shown} />, this.header);
    this.zoomed(shown);
    const notes = shown.notes();
    this.notes.hidden = !notes.length;
    render(
      notes.map((note, at) => <li key={at}>{note}</li>),
      this.notes,
    );
    render(<Readout shown={shown} />, this.readout);
    render(<Side shown={shown} card={this.hold} />, this.side);
    if (held && keyOf(root.activeElement) !== held) this.focus(held);
  }

  /** @param {string} name */
  focus(name) {
    for (const part of this.parts) {
      const found = part.querySelector(`[data-key="${name}"]`);
      if (found instanceof HTMLElement) found.focus();
    }
  }

  /** @param {Shown} shown */
  zoomed(shown) {
    render(<Toolbar shown={shown} />, this.toolbar);
  }

  /**
   * The scales of the panels and what else is drawn on them.
   *
   * @param {Shown} shown
   */
  explain(shown) {
    render(<Legend shown={shown} />, this.legend);
  }

  /**
   * What follows the crosshair.
   *
   * @param {Shown} shown
   */
  crossed(shown) {
    render(<Readout shown={shown} />, this.readout);
    if (this.card) render(<Card shown={shown} />, this.card);
    if (shown.store.state.played) render(<Header shown={shown} />, this.header);
  }
}

/** @param {Element | null} element */
const keyOf = (element) => (element instanceof HTMLElement ? element.dataset.key : undefined);
