// What panels draw with: a canvas, or SVG. Both take CSS pixels.

import { FONT, font } from "./canvas.js";

/** @import { Box, PathStyle, Pen, RectStyle, TextStyle } from "./types.d.ts" */

/**
 * Draws on a canvas, in CSS pixels.
 *
 * @implements {Pen}
 */
export class CanvasPen {
  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} density
   */
  constructor(context, density) {
    this.context = context;
    this.density = density;
  }

  /**
   * The nearest border between device pixels.
   *
   * @param {number} position
   * @returns {number}
   */
  snap(position) {
    return Math.round(position * this.density) / this.density;
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   * @param {RectStyle} style
   */
  rect(x, y, width, height, { fill = null, stroke = null, thick = 1, alpha = 1 } = {}) {
    const { context } = this;
    context.globalAlpha = alpha;
    if (fill) {
      context.fillStyle = fill;
      context.fillRect(x, y, width, height);
    }
    if (stroke) {
      context.setLineDash([]);
      context.strokeStyle = stroke;
      context.lineWidth = thick;
      context.strokeRect(x, y, width, height);
    }
    context.globalAlpha = 1;
  }

  /**
   * A line through points given as x, y, x, y, ...; a NaN breaks it.
   *
   * @param {number[]} points
   * @param {PathStyle} style
   */
  path(points, { stroke = null, thick = 1, alpha = 1, dash = [], fill = null, close = false } = {}) {
    const { context } = this;
    context.globalAlpha = alpha;
    context.beginPath();
    let down = false;
    for (let at = 0; at < points.length; at += 2) {
      if (Number.isNaN(points[at + 1])) down = false;
      else if (down) context.lineTo(points[at], points[at + 1]);
      else {
        context.moveTo(points[at], points[at + 1]);
        down = true;
      }
    }
    if (close) context.closePath();
    if (fill) {
      context.fillStyle = fill;
      context.fill();
    }
    if (stroke) {
      context.setLineDash(dash);
      context.lineJoin = "round";
      context.strokeStyle = stroke;
      context.lineWidth = thick;
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {string} text
   * @param {TextStyle} style
   */
  text(x, y, text, { size = 11, fill, weight = 400, align = "left", alpha = 1 }) {
    const { context } = this;
    context.globalAlpha = alpha;
    context.font = font(size, weight);
    context.fillStyle = fill;
    context.textAlign = align;
    context.textBaseline = "alphabetic";
    context.fillText(text, x, y);
    context.globalAlpha = 1;
  }

  /**
   * @param {string} text
   * @param {number} size
   * @param {number} weight
   * @returns {number}
   */
  width(text, size, weight = 400) {
    this.context.font = font(size, weight);
    return this.context.measureText(text).width;
  }

  /**
   * A part of a picture; without smoothing every value stays a sharp rectangle.
   *
   * @param {HTMLCanvasElement} source
   * @param {Box} from
   * @param {Box} to
   * @param {boolean} smooth
   */
  image(source, [sx, sy, sw, sh], [x, y, width, height], smooth = false) {
    const { context } = this;
    context.imageSmoothingEnabled = smooth;
    if (smooth) context.imageSmoothingQuality = "high";
    context.drawImage(source, sx, sy, sw, sh, x, y, width, height);
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   * @param {() => void} draw
   */
  clipped(x, y, width, height, draw) {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    draw();
    context.restore();
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {() => void} draw
   */
  moved(x, y, draw) {
    this.context.save();
    this.context.translate(x, y);
    draw();
    this.context.restore();
  }
}

/**
 * Writes the same as SVG: text stays text, heatmaps are embedded pictures of one pixel a value.
 *
 * @implements {Pen}
 */
export class SvgPen {
  /** @param {Pen} measuring */
  constructor(measuring) {
    /** @type {string[]} */
    this.parts = [];
    this.clips = 0;
    this.measuring = measuring;
    this.density = 2;
  }

  /**
   * @param {number} position
   * @returns {number}
   */
  snap(position) {
    return position;
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   * @param {RectStyle} style
   */
  rect(x, y, width, height, { fill = null, stroke = null, thick = 1, alpha = 1 } = {}) {
    this.parts.push(
      `<rect x="${r(x)}" y="${r(y)}" width="${r(Math.max(width, 0))}" height="${r(Math.max(height, 0))}" ` +
        `fill="${fill ?? "none"}"${stroke ? ` stroke="${stroke}" stroke-width="${thick}"` : ""}${opacity(alpha)}/>`,
    );
  }

  /**
   * @param {number[]} points
   * @param {PathStyle} style
   */
  path(points, { stroke = null, thick = 1, alpha = 1, dash = [], fill = null, close = false } = {}) {
    let data = "";
    let down = false;
    for (let at = 0; at < points.length; at += 2) {
      if (Number.isNaN(points[at + 1])) {
        down = false;
        continue;
      }
      data += `${down ? "L" : "M"}${r(points[at])} ${r(points[at + 1])}`;
      down = true;
    }
    if (!data) return;
    const dashes = dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : "";
    const line = stroke ? ` stroke="${stroke}" stroke-width="${thick}" stroke-linejoin="round"${dashes}` : "";
    this.parts.push(`<path d="${data}${close ? "Z" : ""}" fill="${fill ?? "none"}"${line}${opacity(alpha)}/>`);
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {string} text
   * @param {TextStyle} style
   */
  text(x, y, text, { size = 11, fill, weight = 400, align = "left", alpha = 1 }) {
    const anchor = { left: "start", center: "middle", right: "end" }[align];
    this.parts.push(
      `<text x="${r(x)}" y="${r(y)}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" ` +
        `fill="${fill}"${opacity(alpha)}>${escaped(text)}</text>`,
    );
  }

  /**
   * @param {string} text
   * @param {number} size
   * @param {number} weight
   * @returns {number}
   */
  width(text, size, weight = 400) {
    return this.measuring.width(text, size, weight);
  }

  /**
   * @param {HTMLCanvasElement} source
   * @param {Box} from
   * @param {Box} to
   * @param {boolean} smooth
   */
  image(source, [sx, sy, sw, sh], [x, y, width, height], smooth = false) {
    const [across, down] = [width / sw, height / sh];
    this.clipped(x, y, width, height, () => {
      this.parts.push(
        `<image x="${r(x - sx * across)}" y="${r(y - sy * down)}" width="${r(source.width * across)}" ` +
          `height="${r(source.height * down)}" preserveAspectRatio="none" ` +
          `${smooth ? "" : 'style="image-rendering:pixelated" '}href="${source.toDataURL("image/png")}"/>`,
      );
    });
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   * @param {() => void} draw
   */
  clipped(x, y, width, height, draw) {
    this.clips += 1;
    const id = `clip${this.clips}`;
    this.parts.push(
      `<clipPath id="${id}"><rect x="${r(x)}" y="${r(y)}" width="${r(Math.max(width, 0))}" height="${r(Math.max(height, 0))}"/></clipPath>`,
      `<g clip-path="url(#${id})">`,
    );
    draw();
    this.parts.push("</g>");
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {() => void} draw
   */
  moved(x, y, draw) {
    this.parts.push(`<g transform="translate(${r(x)} ${r(y)})">`);
    draw();
    this.parts.push("</g>");
  }

  /**
   * @param {number} width
   * @param {number} height
   * @returns {string}
   */
  document(width, height) {
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" width="${r(width)}" height="${r(height)}" viewBox="0 0 ${r(width)} ${r(height)}" ` +
      `font-family="${escaped(FONT)}">${this.parts.join("\n")}</svg>\n`
    );
  }
}

/** @param {number} value */
const r = (value) => Number(value.toFixed(3));

/** @param {number} alpha */
const opacity = (alpha) => (alpha === 1 ? "" : ` opacity="${r(alpha)}"`);

/** @type {Record<string, string>} */
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** @param {string} text */
const escaped = (text) => String(text).replace(/[&<>"]/g, (each) => ENTITIES[each] ?? each);
