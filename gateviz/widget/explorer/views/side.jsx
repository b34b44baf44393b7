// The side panel: the chosen unit, and answers under tabs.

import { Edit } from "./edit.jsx";
import { Filter } from "./filter.jsx";
import { Query } from "./query.jsx";
import { Rank } from "./rank.jsx";

/** @import { Shown } from "../shown.js" */

const TABS = [
  { name: "rank", words: "Rank", Page: Rank },
  { name: "query", words: "Query", Page: Query },
  { name: "filter", words: "Filter", Page: Filter },
  { name: "edit", words: "Edit", Page: Edit },
];

/**
 * The tabs and their pages, under the card of the chosen unit, which is drawn apart: it follows the crosshair.
 *
 * @param {{ shown: Shown, card: (element: HTMLElement | null) => void }} props
 */
export function Side({ shown, card }) {
  const { tab } = shown.store.state;
  const choose = (/** @type {string} */ name) => shown.store.set({ tab: name });
  return (
    <>
      <section class="card" aria-label="chosen units" ref={card} />
      <div role="tablist" class="tabs" aria-label="answers" onKeyDown={(event) => turn(event, tab, choose)}>
        {TABS.map(({ name, words }) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-controls={`page-${name}`}
            aria-selected={name === tab}
            tabIndex={name === tab ? 0 : -1}
            data-key={`tab-${name}`}
            onClick={() => choose(name)}
          >
            {words}
          </button>
        ))}
      </div>
      {TABS.map(({ name, Page }) => (
        <section
          key={name}
          class="page"
          id={`page-${name}`}
          role="tabpanel"
          aria-labelledby={`tab-${name}`}
          hidden={name !== tab}
        >
          <Page shown={shown} />
        </section>
      ))}
    </>
  );
}

/**
 * Arrow keys go from tab to tab.
 *
 * @param {KeyboardEvent & { currentTarget: HTMLElement }} event
 * @param {string} tab
 * @param {(name: string) => void} choose
 */
function turn(event, tab, choose) {
  const steps = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1 });
  const step = steps[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  const { name } = TABS[(TABS.findIndex((each) => each.name === tab) + step + TABS.length) % TABS.length];
  choose(name);
  event.currentTarget.querySelector(/** @type {"button"} */ (`#tab-${name}`))?.focus();
}
