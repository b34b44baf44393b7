// Controls of one kind each, and canvases among them.

import { Component, createRef } from "preact";

/** @import { ComponentChildren, RefObject } from "preact" */

/**
 * A button with a name for tests and for the focus, and words for the pointer and for screen readers.
 *
 * @param {{ name: string, title: string, onClick: (event: MouseEvent) => void, children: ComponentChildren, disabled?: boolean }} props
 */
export const Button = ({ name, title, onClick, children, disabled = false }) => (
  <button type="button" title={title} aria-label={title} data-key={name} disabled={disabled} onClick={onClick}>
    {children}
  </button>
);

/**
 * A list to choose from with a word before it.
 *
 * @param {{ name: string, words: string, options: string[][], value: string, choose: (value: string) => void, disabled?: boolean }} props
 */
export const Select = ({ name, words, options, value, choose, disabled = false }) => (
  <label class="choice">
    <span>{words}</span>
    <select
      data-key={name}
      aria-label={words}
      value={value}
      disabled={disabled}
      onChange={(event) => choose(event.currentTarget.value)}
    >
      {options.map(([each, text]) => (
        <option key={each} value={each}>
          {text}
        </option>
      ))}
    </select>
  </label>
);

/**
 * One of a few, side by side: radio buttons that look like one. `off` says why one of them cannot be.
 *
 * @param {{ name: string, words: string, options: string[], value: string, choose: (value: string) => void, off?: Record<string, string> }} props
 */
export const Segments = ({ name, words, options, value, choose, off = {} }) => (
  <div class="segments" role="radiogroup" aria-label={words}>
    {options.map((each) => (
      <label key={each} class={off[each] ? "off" : undefined} title={off[each] || undefined}>
        <input
          type="radio"
          name={name}
          value={each}
          data-key={`${name}-${each}`}
          checked={value === each}
          disabled={Boolean(off[each])}
          onChange={() => choose(each)}
        />
        <span>{each}</span>
      </label>
    ))}
  </div>
);

/**
 * @param {{ name: string, checked: boolean, onChange: (checked: boolean) => void, children: ComponentChildren, title?: string, hidden?: boolean }} props
 */
export const Check = ({ name, checked, onChange, children, title, hidden = false }) => (
  <label class="check" title={title} hidden={hidden}>
    <input
      type="checkbox"
      data-key={name}
      checked={checked}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
    {children}
  </label>
);

/**
 * A number; what is typed is taken when it is done.
 *
 * @param {{ name: string, words: string, value: string, onChange: (value: string) => void, min?: string, max?: string, step?: string, disabled?: boolean }} props
 */
export const NumberField = ({ name, words, value, onChange, ...bounds }) => (
  <input
    type="number"
    {...bounds}
    data-key={name}
    aria-label={words}
    value={value}
    onChange={(event) => onChange(event.currentTarget.value)}
  />
);

const ICONS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  back: "M11.5 3v10L5 8zM3.5 3H5v10H3.5z",
  forward: "M4.5 3v10L11 8zM11 3h1.5v10H11z",
  plus: "M7.25 3h1.5v4.25H13v1.5H8.75V13h-1.5V8.75H3v-1.5h4.25z",
  minus: "M3 7.25h10v1.5H3z",
  whole: "M1.5 8l3-3v2.2h7V5l3 3-3 3V8.8h-7V11z",
  taller: "M8 1.5l3 3H8.8v7H11l-3 3-3-3h2.2v-7H5z",
  lower: "M7.2 1h1.6v3H11L8 7 5 4h2.2zM8 9l3 3H8.8v3H7.2v-3H5z",
};

/** @param {{ name: keyof typeof ICONS }} props */
export const Icon = ({ name }) => (
  <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
    <path d={ICONS[name]} />
  </svg>
);

/**
 * A canvas that is drawn anew when what is `drawn` on it is another.
 *
 * @typedef {object} DrawnProps
 * @property {unknown[]} drawn
 * @property {(canvas: HTMLCanvasElement) => void} draw
 * @property {string} class
 * @property {string} [label] what a screen reader says of it; without one it says nothing
 */
/** @extends {Component<DrawnProps>} */
export class Drawn extends Component {
  /** @type {RefObject<HTMLCanvasElement | null>} */
  canvas = createRef();

  componentDidMount() {
    this.draw();
  }

  componentDidUpdate() {
    this.draw();
  }

  /** @param {DrawnProps} next */
  shouldComponentUpdate(next) {
    return next.drawn.some((each, at) => each !== this.props.drawn[at]);
  }

  draw() {
    if (this.canvas.current) this.props.draw(this.canvas.current);
  }

  render() {
    const { label } = this.props;
    return (
      <canvas
        ref={this.canvas}
        class={this.props.class}
        role={label ? "img" : undefined}
        aria-label={label}
        aria-hidden={label ? undefined : true}
      />
    );
  }
}

/**
 * Arrow keys within a row of buttons that is one stop of the Tab key.
 *
 * @param {KeyboardEvent} event
 * @param {HTMLButtonElement[]} buttons
 */
export function roving(event, buttons) {
  const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (event.target));
  /** @type {Record<string, number>} */
  const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -buttons.length, End: buttons.length };
  const step = steps[event.key];
  if (at < 0 || step === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  const next = buttons[Math.min(Math.max(at + step, 0), buttons.length - 1)];
  for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
  next.focus();
}
