// What the explorer is for those who load it: `render` for the notebook (anywidget), `showPage` for an HTML file.

import { answersOf } from "./answers.js";
import { Explorer } from "./explorer.js";
import { showPage as show } from "./page.js";

/** @import { Model } from "./types.d.ts" */

/**
 * Show the model in the element; returns how to take it away again.
 *
 * @param {{ model: Model, el: HTMLElement & { gatevizExplorer?: object } }} context
 */
export function render({ model, el }) {
  const explorer = new Explorer(model, el);
  el.gatevizExplorer = answersOf(explorer);
  return () => {
    delete el.gatevizExplorer;
    explorer.leave();
  };
}

export const showPage = () => show(render);
