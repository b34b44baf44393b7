// Canvases, and what letters the fonts of this system have.

import { codePoint, visible } from "./words.js";

export const FONT =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, ' +
  '"PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", ' +
  '"WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Noto Sans CJK JP", "AR PL UMing CN", sans-serif';

/**
 * The words for a font, put together once: a text drawn in every frame has no time for it.
 *
 * @type {Map<number, string>}
 */
const fonts = new Map();

/**
 * @param {number} size
 * @param {number} weight
 * @returns {string}
 */
export function font(size, weight) {
  const key = 10_000 * weight + size;
  const known = fonts.get(key) ?? `${weight} ${size}px ${FONT}`;
  fonts.set(key, known);
  return known;
}

/**
 * A canvas of so many pixels.
 *
 * @param {number} width
 * @param {number} height
 */
export function newCanvas(width = 300, height = 150) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

/**
 * What draws on a canvas.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} options
 */
export function contextOf(canvas, options = {}) {
  const context = canvas.getContext("2d", options);
  if (!context) throw new Error("this browser gives no canvas to draw on");
  return context;
}

/**
 * Give a canvas a size in CSS pixels, and as many device pixels as it covers.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 * @param {number} density
 */
export function sized(canvas, width, height, density) {
  const [across, down] = [Math.round(width * density), Math.max(1, Math.round(height * density))];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  canvas.style.width = `${across / density}px`;
  canvas.style.height = `${down / density}px`;
}

/**
 * For each glyph once: whether some font of this system has it. A missing one looks like a noncharacter does.
 *
 * @type {Map<string, boolean>}
 */
const glyphs = new Map();
/** @type {string | null} */
let noGlyph = null;

/**
 * @param {string} text
 * @returns {boolean}
 */
export function hasGlyph(text) {
  if (/^[\x20-\x7e␣]*$/.test(text)) return true;
  noGlyph ??= glyphPixels("\u{10FFFE}");
  const known = glyphs.get(text) ?? glyphPixels(text) !== noGlyph;
  glyphs.set(text, known);
  return known;
}

/**
 * @param {string} text
 * @returns {string}
 */
function glyphPixels(text) {
  const context = contextOf(newCanvas(32, 32), { willReadFrequently: true });
  context.font = `20px ${FONT}`;
  context.textBaseline = "middle";
  context.fillText(text, 2, 16);
  return context.getImageData(0, 0, 32, 32).data.join();
}

/**
 * The symbol as letters can show it: its code point where no font here has it.
 *
 * @param {string} symbol
 */
export const lettered = (symbol) =>
  hasGlyph(visible(symbol)) ? visible(symbol) : [...symbol].map(codePoint).join(" ");
