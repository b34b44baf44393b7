// What is on screen as a file: texts, notes, and the panels of every stack, as SVG or PNG.

import { contextOf, newCanvas } from "./canvas.js";
import { CanvasPen, SvgPen } from "./pens.js";

/** @import { Shown } from "./shown.js" */
/** @import { Pen } from "./types.d.ts" */

const GAP = 20;
const MARGIN = 16;

/**
 * Draw all that is on screen; without a pen it is only measured.
 *
 * @param {Shown} shown
 * @param {Pen | null} pen
 */
function paint(shown, pen) {
  const { look, stage } = shown;
  const theme = look.palette;
  const { stacks } = stage;
  const beside = stage.beside;
  const wholes = stacks.map(({ whole }) => whole);
  const width = beside ? wholes.reduce((sum, whole) => sum + whole + GAP, -GAP) : Math.max(0, ...wholes);
  let y = MARGIN;
  for (const text of headings(shown)) {
    y += 24;
    pen?.text(MARGIN, y, text, { size: 17, fill: theme.text });
  }
  for (const note of notes(shown)) {
    y += 17;
    pen?.text(MARGIN, y, note, { size: 12, fill: theme.quiet });
  }
  y += 14;
  let [x, bottom] = [MARGIN, y];
  for (const stack of stacks) {
    const heading = stack.words ? 20 : 0;
    if (pen && heading)
      pen.text(x + stack.left, y + 13, stack.heading.textContent ?? "", { size: 12, weight: 600, fill: theme.text });
    if (pen)
      for (const panel of stack.panels) {
        pen.moved(x, y + heading + panel.top, () =>
          pen.clipped(0, 0, stack.whole, panel.height, () => panel.draw(pen)),
        );
      }
    bottom = Math.max(bottom, y + heading + stack.height);
    if (beside) x += stack.whole + GAP;
    else y += heading + stack.height + GAP;
  }
  return { width: width + 2 * MARGIN, height: bottom + MARGIN };
}

/** @param {Shown} shown */
function headings({ scene, stage }) {
  const lines = [...scene.lines.entries()]
    .filter(([at]) => stage.stacks.some((stack) => stack.at === at || stack.side === "difference"))
    .map(([at, line]) => `${scene.two ? `${["first", "second"][at]}: ` : ""}${line.text || line.name}`);
  return scene.ownTitle ? [scene.ownTitle, ...lines] : lines;
}

/** @param {Shown} shown */
function notes(shown) {
  return [...shown.notes(), `${shown.asked.trace?.title ?? ""}, order of units: ${shown.store.state.order}`];
}

/**
 * @param {Shown} shown
 * @returns {string}
 */
export function svg(shown) {
  const { width, height } = paint(shown, null);
  const pen = new SvgPen(new CanvasPen(contextOf(newCanvas()), 1));
  pen.rect(0, 0, width, height, { fill: shown.look.palette.ground });
  paint(shown, pen);
  return pen.document(width, height);
}

/**
 * @param {Shown} shown
 * @returns {Promise<Blob | null>}
 */
function png(shown) {
  const { width, height } = paint(shown, null);
  const density = Math.max(2, shown.look.density);
  const canvas = newCanvas(Math.round(width * density), Math.round(height * density));
  const context = contextOf(canvas);
  context.scale(density, density);
  const pen = new CanvasPen(context, density);
  pen.rect(0, 0, width, height, { fill: shown.look.palette.ground });
  paint(shown, pen);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

/** @param {Shown} shown */
export function saveSvg(shown) {
  download(shown, new Blob([svg(shown)], { type: "image/svg+xml" }), "svg");
}

/** @param {Shown} shown */
export async function savePng(shown) {
  const blob = await png(shown);
  if (blob) download(shown, blob, "png");
  else shown.voice.say("this browser can make no PNG of this size; save an SVG");
}

/**
 * @param {Shown} shown
 * @param {Blob} blob
 * @param {string} ending
 */
function download({ root, scene, store, voice }, blob, ending) {
  const line = (scene.lines[0].name || "gates").replace(/\.[a-z]+$/i, "").replace(/[^\p{L}\p{N}_-]+/gu, "_");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${line}-${store.state.trace}.${ending}`;
  root.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  voice.say(`saved as ${link.download}`);
}
