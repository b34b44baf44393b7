// Colors: how far they stand from their ground, and those of the page. Those of the data come with the document.

/**
 * @param {string} color
 * @returns {number[]}
 */
export function rgb(color) {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
}

/** @param {number[]} channels */
export const hex = (channels) => `#${channels.map((each) => Math.round(each).toString(16).padStart(2, "0")).join("")}`;

/**
 * @param {string} color
 * @returns {number}
 */
function luminance(color) {
  const [red, green, blue] = rgb(color).map((each) => {
    const share = each / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * @param {string} one
 * @param {string} other
 * @returns {number}
 */
export function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/**
 * The color, moved toward white or black just as far as it needs to stand out from the ground.
 *
 * @type {Map<string, string>}
 */
const legibleColors = new Map();

/**
 * @param {string} color
 * @param {string} ground
 * @returns {string}
 * @param {number} least
 */
export function legible(color, ground, least = 3.2) {
  const key = color + ground + least;
  if (!legibleColors.has(key)) {
    const toward = luminance(ground) < 0.3 ? 255 : 0;
    const channels = rgb(color);
    // Black on white is white on black; a hue stays itself.
    const neutral = Math.max(...channels) - Math.min(...channels) < 12;
    let found = neutral && toward ? hex(channels.map((each) => 255 - each)) : color;
    const from = found;
    for (let share = 0; share <= 1 && contrast(found, ground) < least; share += 0.05) {
      found = hex(rgb(from).map((each) => each + (toward - each) * share));
    }
    legibleColors.set(key, found);
  }
  return legibleColors.get(key) ?? color;
}

/** Colors of the page around the data; those of the data come with the document. */
export const THEMES = {
  light: {
    ground: "#ffffff",
    raised: "#f6f6f4",
    text: "#1a1a1a",
    quiet: "#63635f",
    line: "#dcdcd8",
    rule: "#b9b9b4",
    accent: "#5b3fc4",
    soft: "#efecfb",
    veil: "rgba(255,255,255,0.78)",
    hatch: "#c4c4be",
    alarm: "#b00f1c",
    paper: "#f1f1ee",
  },
  dark: {
    ground: "#16171a",
    raised: "#1f2125",
    text: "#ececea",
    quiet: "#a3a5a9",
    line: "#34373c",
    rule: "#5a5e65",
    accent: "#b3a1ff",
    soft: "#2a2640",
    veil: "rgba(22,23,26,0.78)",
    hatch: "#4a4e55",
    alarm: "#ff7b82",
    paper: "#26282d",
  },
};
