// The window around an explorer: how dense its pixels are, and whether it is dark.

export class Surroundings {
  /** @param {() => void} changed something is other now; what is on screen must be laid out anew */
  constructor(changed) {
    this.changed = changed;
    // Asked for once: a new one makes the browser work out all styles.
    this.systemDark = window.matchMedia("(prefers-color-scheme: dark)");
    this.systemDark.addEventListener("change", changed);
    this.themes = new MutationObserver(changed);
    this.themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
    window.addEventListener("resize", changed);
    this.density = 1;
    this.denser = () => {
      this.watchDensity();
      changed();
    };
    /** @type {MediaQueryList} */
    this.resolution = this.watchDensity();
  }

  /**
   * A query that matches this density alone tells when it is another.
   *
   * @returns {MediaQueryList}
   */
  watchDensity() {
    this.resolution?.removeEventListener("change", this.denser);
    this.density = window.devicePixelRatio || 1;
    this.resolution = window.matchMedia(`(resolution: ${this.density}dppx)`);
    this.resolution.addEventListener("change", this.denser);
    return this.resolution;
  }

  /** @param {string} theme */
  isDark(theme) {
    if (theme !== "auto") return theme === "dark";
    const jupyter = document.body.dataset.jpThemeLight;
    return jupyter ? jupyter === "false" : this.systemDark.matches;
  }

  leave() {
    this.systemDark.removeEventListener("change", this.changed);
    this.themes.disconnect();
    window.removeEventListener("resize", this.changed);
    this.resolution.removeEventListener("change", this.denser);
  }
}
