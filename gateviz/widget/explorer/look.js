// How it looks: colors on this ground, pictures that are made once.

import { contextOf, newCanvas } from "./canvas.js";
import { legible, THEMES } from "./colors.js";
import { LinePicture } from "./line_picture.js";
import { Rasters, rampOf } from "./rasters.js";

/** @import { Scene } from "./scene.js" */

export class Look {
  /**
   * @param {Scene} scene
   * @param {number} density device pixels in a CSS pixel
   */
  constructor(scene, density) {
    this.scene = scene;
    this.density = density;
    /** Whether the page is dark now: kept, for a drawing asks for its colors many times. */
    this.dark = false;
    this.rasters = new Rasters();
    this.pictures = scene.lines.map(({ image }) => (image ? new LinePicture(image) : null));
    /** @type {Map<string, HTMLCanvasElement>} */
    this.ramps = new Map();
  }

  get palette() {
    return THEMES[this.dark ? "dark" : "light"];
  }

  /**
   * The color of a role, as far from the ground as a curve must be; with 4.5 as far as text must be.
   *
   * @param {string} name
   * @param {number} [least]
   */
  role(name, least) {
    return legible(this.scene.roles[name] ?? this.scene.ink.text, this.palette.ground, least);
  }

  /**
   * The letter of a quantity in its color.
   *
   * @param {string} name
   * @returns {[string, string]}
   */
  letterOf(name) {
    return [this.scene.letter(name), this.role(name, 4.5)];
  }

  /**
   * The colors of a palette, the highest on top.
   *
   * @param {string} name
   */
  rampCanvas(name) {
    const known = this.ramps.get(name);
    if (known) return known;
    const ramp = rampOf(this.scene.palettes[name]);
    const canvas = newCanvas(1, ramp.length);
    const target = new ImageData(1, ramp.length);
    new Int32Array(target.data.buffer).set(ramp.slice().reverse());
    contextOf(canvas).putImageData(target, 0, 0);
    this.ramps.set(name, canvas);
    return canvas;
  }
}
