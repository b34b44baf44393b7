// What was read, and what can be done with the whole page.

import { Component } from "preact";
import { contextOf, hasGlyph, lettered, sized } from "../canvas.js";
import { clamp } from "../numbers.js";
import { CanvasPen } from "../pens.js";
import { savePng, saveSvg } from "../saving.js";
import { frameWords } from "../voice.js";
import { codePoint, number, textChanges, visible } from "../words.js";
import { Button, Drawn, roving, Select } from "./controls.jsx";

/** @import { Shown } from "../shown.js" */
/** @import { Line } from "../scene.js" */
/** @import { Span } from "../types.d.ts" */

/** @param {{ shown: Shown }} props */
export function Header({ shown }) {
  const { dialogs, scene, store } = shown;
  const themes = ["auto", "light", "dark"].map((each) => [each, each]);
  return (
    <>
      <div class="readings">
        {scene.ownTitle && <h1>{scene.ownTitle}</h1>}
        {scene.lines.map((line, at) => (
          <Reading key={at} shown={shown} line={line} at={at} marks={shown.marks[at]} />
        ))}
      </div>
      <div class="tools">
        <Button name="png" title="Save what is on screen as PNG" onClick={() => savePng(shown)}>
          PNG
        </Button>
        <Button name="svg" title="Save what is on screen as SVG" onClick={() => saveSvg(shown)}>
          SVG
        </Button>
        <Button name="python" title="The Python lines that draw this with gateviz.plot" onClick={() => dialogs.code()}>
          Python
        </Button>
        <Select
          name="theme"
          words="colors"
          options={themes}
          value={store.state.theme}
          choose={(theme) => store.set({ theme })}
        />
        <Button name="help" title="Keys and formulas" onClick={() => dialogs.help()}>
          ?
        </Button>
      </div>
    </>
  );
}

/**
 * Where two readings differ: true for a symbol that is not in the other.
 *
 * @param {Line[]} lines
 * @returns {boolean[][]}
 */
export function readingMarks(lines) {
  const [first, second] = lines.map((line) => line.spans.map((span) => span.symbol));
  return second?.length && first.length ? textChanges(first, second) : [];
}

/**
 * Every symbol a button; one stop of the Tab key, arrow keys from there.
 *
 * @param {{ shown: Shown, line: Line, at: number, marks?: boolean[] }} props
 */
function Reading({ shown, line, at, marks }) {
  const { alike, side } = shown.store.state;
  const { symbol } = shown.asked;
  const twins = alike && at === side ? symbol?.symbol : undefined;
  const unread = unreadAt(shown, at);
  return (
    <div class="reading">
      {shown.scene.two && <span class="which">{["first", "second"][at]}</span>}
      {/* biome-ignore lint/a11y/useSemanticElements: symbols are no form. */}
      <span
        class="letters"
        role="group"
        aria-label={`symbols read from ${line.name}`}
        onKeyDown={(event) => roving(event, [...event.currentTarget.querySelectorAll("button")])}
      >
        {line.spans.map((span, index) => (
          <Letter
            key={index}
            shown={shown}
            at={at}
            span={span}
            first={index === 0}
            changed={marks?.[index] ?? false}
            chosen={symbol === span || twins === span.symbol}
            unread={unread(span)}
          />
        ))}
        {!line.spans.length && <span class="plain">{line.text || line.name}</span>}
      </span>
      {(line.spans.length > 0 || line.text) && <span class="source">{line.name}</span>}
    </div>
  );
}

/**
 * While the reading runs, the letters not yet read are pale.
 *
 * @param {Shown} shown
 * @param {number} at
 * @returns {(span: Span) => boolean}
 */
function unreadAt({ asked, stage, store }, at) {
  const frame = store.state.played ? stage.stacks.find((stack) => stack.at === at)?.cursorFrame() : null;
  if (frame === null || frame === undefined) return () => false;
  return asked.trace?.backward ? (span) => span.frames[0] < frame : (span) => span.frames[1] > frame + 1;
}

/** @typedef {{ shown: Shown, at: number, span: Span, first: boolean, changed: boolean, chosen: boolean, unread: boolean }} LetterProps */

/** A long line has hundreds of them, of which a step of the reading changes one. @extends {Component<LetterProps>} */
class Letter extends Component {
  /** @param {LetterProps} next */
  shouldComponentUpdate(next) {
    const { shown, span, changed, chosen, unread } = this.props;
    return (
      next.shown !== shown ||
      next.span !== span ||
      next.changed !== changed ||
      next.chosen !== chosen ||
      next.unread !== unread
    );
  }

  render() {
    const { shown, at, span, first, changed, chosen, unread } = this.props;
    const words = `${frameWords(span.frames)}, confidence ${number(span.confidence, 2)}`;
    const classes = ["letter"];
    if (changed) classes.push("changed");
    if (span.confidence < 0.5) classes.push("doubtful");
    if (unread) classes.push("unread");
    const picture = shown.look.pictures[at];
    const plain = hasGlyph(visible(span.symbol)) || !picture;
    return (
      <button
        type="button"
        class={classes.join(" ")}
        tabIndex={first ? 0 : -1}
        aria-pressed={chosen}
        aria-label={`${visible(span.symbol)}, ${words}${changed ? ", differs from the other reading" : ""}`}
        title={words}
        onClick={() => shown.moves.chooseSymbol(span, at)}
      >
        {plain ? lettered(span.symbol) : <OwnPixels picture={picture} span={span} />}
      </button>
    );
  }
}

/**
 * A symbol that no font here has, as the line shows it.
 *
 * @param {{ picture: NonNullable<Shown["look"]["pictures"][number]>, span: Span }} props
 */
function OwnPixels({ picture, span }) {
  const [start, stop] = [span.cut_start, Math.max(span.cut_stop, span.cut_start + 1)];
  const width = clamp((26 * (stop - start)) / picture.rows, 6, 60);
  /** @param {HTMLCanvasElement} canvas */
  const draw = (canvas) => {
    sized(canvas, width, 26, 2);
    const context = contextOf(canvas);
    context.scale(2, 2);
    picture.draw(new CanvasPen(context, 2), start, stop, [0, 0, width, 26]);
  };
  return <Drawn class="pixels" label={[...span.symbol].map(codePoint).join(" ")} drawn={[picture, span]} draw={draw} />;
}
