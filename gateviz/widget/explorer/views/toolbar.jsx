// Which layer, which heatmaps, in which order; zoom and play.

import { SPEEDS } from "../player.js";
import { number } from "../words.js";
import { Button, Check, Icon, Segments, Select } from "./controls.jsx";

/** @import { Shown } from "../shown.js" */

/** @typedef {{ shown: Shown }} Props */

/** @param {Props} props */
export function Toolbar({ shown }) {
  const { asked, moves, scene, store } = shown;
  const { state } = store;
  const traces = new Map(scene.lines.flatMap((line) => [...line.traces]).map(([name, { title }]) => [name, title]));
  const orders = [...(asked.trace?.orders.keys() ?? []), "selectivity"];
  return (
    <>
      <Select
        name="trace"
        words="layer"
        options={[...traces]}
        value={state.trace}
        choose={(trace) => store.set({ trace })}
      />
      <Quantities shown={shown} />
      <Select
        name="order"
        words="order"
        options={orders.map((order) => [order, order])}
        value={orders.includes(state.order) ? state.order : "index"}
        choose={(order) => moves.chooseOrder(order)}
      />
      {scene.two && <Views shown={shown} />}
      <Check
        name="layers"
        title="The means of all layers, each with its gates"
        checked={state.allLayers}
        onChange={(allLayers) => store.set({ allLayers })}
      >
        all layers
      </Check>
      {!scene.two && <span class="spring" />}
      <Segments
        name="mode"
        words="drag"
        options={["select", "pan"]}
        value={state.mode}
        choose={(mode) => moves.setMode(mode)}
      />
      <Zoom shown={shown} />
      <Play shown={shown} />
    </>
  );
}

/** @param {Props} props */
function Quantities({ shown }) {
  const { asked, look, scene, store } = shown;
  const { quantities } = store.state;
  const toggle = (/** @type {string} */ name) => {
    const after = new Set(store.state.quantities);
    if (!after.delete(name)) after.add(name);
    store.set({ quantities: Object.keys(scene.quantities).filter((each) => after.has(each)) });
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: buttons are no form.
    <div class="group" role="group" aria-label="heatmaps shown">
      {Object.entries(scene.quantities).map(([name, { letter, name: words }]) => (
        <button
          key={name}
          type="button"
          class="chip"
          title={`show the ${words}`}
          aria-label={`show the ${words}`}
          data-key={`show-${name}`}
          aria-pressed={quantities.includes(name)}
          disabled={!asked.trace?.quantities.has(name)}
          style={{ "--role": look.role(name, 4.5) }}
          onClick={() => toggle(name)}
        >
          {letter}
        </button>
      ))}
    </div>
  );
}

/** @param {Props} props */
function Views({ shown }) {
  const { asked, scene, store } = shown;
  let why = "";
  if (!asked.canSubtract) {
    why = scene.comparison?.difference.length
      ? `No difference: ${asked.trace?.title ?? "this layer"} has other units in the two.`
      : (scene.comparison?.words ?? "");
  }
  return (
    <Segments
      name="view"
      words="recordings"
      options={["first", "second", "both", "difference"]}
      value={store.state.view}
      choose={(view) => store.set({ view })}
      off={{ difference: why }}
    />
  );
}

/** @param {Props} props */
function Zoom({ shown: { moves } }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: buttons are no form.
    <div class="group" role="group" aria-label="zoom">
      <Button name="out" title="Zoom out (−)" onClick={() => moves.zoomBy(1 / 1.5, moves.cursorShare())}>
        <Icon name="minus" />
      </Button>
      <span class="zoom">{`${number(1 / moves.zoomSpan, 2)}×`}</span>
      <Button name="in" title="Zoom in (+)" onClick={() => moves.zoomBy(1.5, moves.cursorShare())}>
        <Icon name="plus" />
      </Button>
      <Button name="whole" title="Whole line (0)" onClick={() => moves.zoomTo(0, 1)}>
        <Icon name="whole" />
      </Button>
      <Button name="taller" title="Taller heatmaps (])" onClick={() => moves.taller(1.25)}>
        <Icon name="taller" />
      </Button>
      <Button name="lower" title="Lower heatmaps ([)" onClick={() => moves.taller(1 / 1.25)}>
        <Icon name="lower" />
      </Button>
    </div>
  );
}

/** @param {Props} props */
function Play({ shown: { player, store } }) {
  const { playing, speed } = store.state;
  return (
    // biome-ignore lint/a11y/useSemanticElements: buttons are no form.
    <div class="group" role="group" aria-label="play">
      <Button name="stepback" title="One step back (,)" onClick={() => player.step(-1)}>
        <Icon name="back" />
      </Button>
      <Button name="play" title={playing ? "Pause" : `Play the reading, ${player.way}`} onClick={() => player.toggle()}>
        <Icon name={playing ? "pause" : "play"} />
      </Button>
      <Button name="step" title="One step on (.)" onClick={() => player.step(1)}>
        <Icon name="forward" />
      </Button>
      <Select
        name="speed"
        words="frames/s"
        options={SPEEDS.map((each) => [String(each), String(each)])}
        value={String(speed)}
        choose={(each) => store.set({ speed: Number(each) })}
      />
    </div>
  );
}
