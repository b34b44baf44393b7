// As much of a browser as canvases need that are drawn on and never looked at.

class Context {
  constructor() {
    this.put = [];
  }

  putImageData(image) {
    this.put.push(image);
  }
}

class Element {
  constructor() {
    this.dataset = {};
    this.style = {};
    this.attributes = {};
    this.context = new Context();
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  getContext() {
    return this.context;
  }
}

globalThis.document = { createElement: () => new Element() };
globalThis.ImageData = class {
  constructor(width, height) {
    Object.assign(this, { width, height, data: new Uint8ClampedArray(4 * width * height) });
  }
};

/** Keeps what it is asked to draw. */
export class RecordingPen {
  constructor() {
    this.density = 1;
    this.drawn = [];
  }

  snap(position) {
    return Math.round(position);
  }

  rect(...box) {
    this.drawn.push({ rect: box.slice(0, 4), ...box[4] });
  }

  path(points, style) {
    this.drawn.push({ path: points, ...style });
  }

  text(x, y, text, style) {
    this.drawn.push({ text, x, y, ...style });
  }

  width(text) {
    return 6 * text.length;
  }

  image(source, from, to) {
    this.drawn.push({ image: source, from, to });
  }

  clipped(_x, _y, _width, _height, draw) {
    draw();
  }

  moved(_x, _y, draw) {
    draw();
  }

  get texts() {
    return this.drawn.flatMap(({ text }) => text ?? []);
  }
}
