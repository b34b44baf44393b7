// The units that behave differently in the chosen columns, by effect size.

import { contextOf, sized } from "../canvas.js";
import { clamp } from "../numbers.js";
import { CanvasPen } from "../pens.js";
import { fixed, number, plural, quoted, sentence } from "../words.js";
import { Button, Check, Drawn, NumberField, Select } from "./controls.jsx";

/** @import { Ranking } from "../asked.js" */
/** @import { Shown } from "../shown.js" */
/** @import { Ranked } from "../types.d.ts" */

/** How many units are listed. */
const LISTED = 40;
const NOTHING_CHOSEN =
  "Click a symbol, or drag over columns: the units that behave differently there than elsewhere are listed here, and lifted to the top of the heatmaps.";

/** @param {{ shown: Shown }} props */
export function Rank({ shown }) {
  const { asked, moves, store } = shown;
  const { alike, columns, lift, lifted } = store.state;
  const found = asked.ranking();
  const { symbol } = asked;
  const count = symbol ? asked.line.spans.filter((span) => span.symbol === symbol.symbol).length : 0;
  const none = !found.units.length;
  return (
    <>
      <div class="row between">
        <Select
          name="rank-by"
          words="by"
          options={shown.quantityOptions()}
          value={found.quantity}
          choose={(rankBy) => store.set({ rankBy })}
        />
        <Button
          name="clear-columns"
          title="Choose no columns"
          disabled={!columns.length}
          onClick={() => moves.clearColumns()}
        >
          Clear
        </Button>
      </div>
      <p class="words">
        <Words shown={shown} found={found} />
      </p>
      <Check name="alike" checked={alike} hidden={count < 2} onChange={(each) => store.set({ alike: each })}>
        <span>{symbol && `every ${quoted(symbol.symbol)} in this line (${count})`}</span>
      </Check>
      <div class="row" hidden={none}>
        <Check name="lift" checked={lift} onChange={(each) => store.set({ lift: each })}>
          lift the first
        </Check>
        <NumberField
          name="lifted"
          words="how many units to lift"
          min="1"
          max="30"
          value={String(lifted)}
          onChange={(value) => store.set({ lifted: clamp(Math.round(Number(value)) || 5, 1, 30) })}
        />
        <span>to the top</span>
      </div>
      <div class="head" aria-hidden="true" hidden={none}>
        {["unit", "whole line", "effect size d", "here / elsewhere"].map((words) => (
          <span key={words}>{words}</span>
        ))}
      </div>
      <Units shown={shown} found={found} />
    </>
  );
}

/** @param {{ shown: Shown, found: Ranking }} props */
function Words({ shown: { asked, scene, store }, found }) {
  const [start, stop] = store.state.columns;
  if (start === undefined) return <span class="quiet">{NOTHING_CHOSEN}</span>;
  if (found.words) return <span class="alarm">{sentence(found.words)}</span>;
  const where = asked.symbol ? `${quoted(asked.symbol.symbol)}, ` : "";
  const side = asked.side === "difference" ? "difference" : ["first", "second"][asked.side];
  const few =
    found.inside < 3 ? ` ${found.inside === 1 ? "One frame is" : "Two frames are"} one look, not a statistic.` : "";
  const places = found.spans > 1 ? ` in ${found.spans} places` : "";
  return (
    <>
      <b>{`${where}columns ${fixed(start, 0)}–${fixed(stop, 0)}`}</b>
      {`${scene.two ? ` of the ${side}` : ""}: ${plural(found.inside, "frame")}${places} against ${found.outside} others.${few}`}
    </>
  );
}

/** @param {{ shown: Shown, found: Ranking }} props */
function Units({ shown, found }) {
  const listed = found.units.slice(0, LISTED);
  const effects = listed.map(({ effect }) => Math.abs(effect)).filter(Number.isFinite);
  const most = Math.max(...effects, 1e-9);
  const { lift, lifted } = shown.store.state;
  return (
    <ol class="ranked" aria-label="units by effect size">
      {listed.map((each, at) => (
        <li key={each.unit} class={lift && at < lifted ? "lifted" : ""}>
          <Unit shown={shown} found={found} ranked={each} most={most} />
        </li>
      ))}
    </ol>
  );
}

/** @param {{ shown: Shown, found: Ranking, ranked: Ranked, most: number }} props */
function Unit({ shown, found, ranked: { unit, effect, inside, outside }, most }) {
  const chosen = !found.own && shown.store.state.selected_units.includes(unit);
  const share = Number.isFinite(effect) ? Math.abs(effect) / most : 1;
  const words = `unit ${unit}: effect size ${number(effect)}, mean ${number(inside)} here and ${number(outside)} elsewhere`;
  /** @param {MouseEvent} event */
  const choose = (event) => {
    if (found.own) shown.voice.say("a row of the projection is no unit of the layer");
    else shown.moves.chooseUnit(unit, event.ctrlKey || event.metaKey);
  };
  return (
    <button
      type="button"
      data-key={`ranked-${unit}`}
      data-unit={unit}
      aria-pressed={chosen}
      aria-label={words}
      title={words}
      onClick={choose}
    >
      <span class="unit">{unit}</span>
      <Spark shown={shown} found={found} unit={unit} />
      <span class="effect">
        <i class={effect < 0 ? "less" : "more"} style={{ width: `${100 * share}%` }} />
        <span>{`${effect > 0 ? "+" : ""}${fixed(effect, 2)}`}</span>
      </span>
      <span class="means">{`${fixed(inside, 2)} / ${fixed(outside, 2)}`}</span>
    </button>
  );
}

/**
 * The unit's whole curve, small, with the chosen columns behind it. A ranking is another when anything of its question is.
 *
 * @param {{ shown: Shown, found: Ranking, unit: number }} props
 */
function Spark({ shown, found, unit }) {
  const { dark, density } = shown.look;
  const draw = (/** @type {HTMLCanvasElement} */ canvas) => drawSpark(shown, found.quantity, unit, canvas);
  return <Drawn class="spark" drawn={[found, unit, dark, density]} draw={draw} />;
}

/**
 * @param {Shown} shown
 * @param {string} quantity
 * @param {number} unit
 * @param {HTMLCanvasElement} canvas
 */
function drawSpark({ asked, look, store }, quantity, unit, canvas) {
  const shown = asked.quantity(quantity);
  if (!shown) return;
  const [width, height] = [78, 18];
  sized(canvas, width, height, look.density);
  const context = contextOf(canvas);
  context.setTransform(look.density, 0, 0, look.density, 0, 0);
  context.clearRect(0, 0, width, height);
  const pen = new CanvasPen(context, look.density);
  const values = shown.matrix.row(unit);
  const { line } = asked;
  const { centers } = line.framesOf(store.state.trace);
  const x = (/** @type {number} */ column) => ((column - line.axis.start) / (line.axis.stop - line.axis.start)) * width;
  const [start, stop] = store.state.columns;
  pen.rect(x(start), 0, Math.max(x(stop) - x(start), 1.5), height, { fill: look.palette.accent, alpha: 0.28 });
  const { low, high } = shown.scale;
  const block = Math.max(1, Math.floor(values.length / 150));
  const points = [];
  for (let frame = 0; frame < values.length; frame += block) {
    points.push(x(centers[frame]), 1 + (1 - clamp((values[frame] - low) / (high - low), 0, 1)) * (height - 2));
  }
  pen.path(points, { stroke: look.role(quantity), thick: 1 });
}
