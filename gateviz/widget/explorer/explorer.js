// The explorer in an element: opens the document that the model holds, and every one that comes after it.

import { FONT } from "./canvas.js";
import { Kernel } from "./kernel.js";
import { Scene } from "./scene.js";
import { Shown } from "./shown.js";
import { Store } from "./store.js";
import ANSWERS from "./styles/answers.css";
import PAGE from "./styles/page.css";
import PANELS from "./styles/panels.css";
import { Surroundings } from "./surroundings.js";
import { Chrome } from "./views/chrome.jsx";
import { Voice } from "./voice.js";

/** @import { Setting } from "./shown.js" */
/** @import { Model } from "./types.d.ts" */

export class Explorer {
  /**
   * @param {Model} model
   * @param {HTMLElement} el
   */
  constructor(model, el) {
    this.model = model;
    this.shadow = el.shadowRoot ?? el.attachShadow({ mode: "open" });
    // A notebook would take these keys for commands of its own.
    el.setAttribute("data-lm-suppress-shortcuts", "true");
    const style = document.createElement("style");
    style.textContent = [PAGE, PANELS, ANSWERS].join("\n");
    const root = document.createElement("div");
    root.className = "gateviz";
    root.style.setProperty("--font", FONT);
    this.shadow.append(style, root);
    /** @type {Shown | null} */
    this.shown = null;
    this.gone = false;
    this.reloading = false;
    const [store, voice] = [new Store(), new Voice()];
    store.subscribe((changed) => this.shown?.changed(changed));
    const kernel = new Kernel(model, store, voice, () => this.shown?.invalidate("chrome"));
    // Header and bytes come as two changes of one message: open them when both are there.
    kernel.on("change:document", () => this.reload());
    kernel.on("change:data", () => this.reload());
    const surroundings = new Surroundings(() => this.shown?.invalidate("layout"));
    const timings = { open: null, draws: [], crosses: [] };
    /** @type {Setting} */
    this.setting = { root, store, kernel, voice, surroundings, chrome: new Chrome(voice.root), timings };
    // Its first call comes right after the first drawing, which had this room already.
    this.resized = new ResizeObserver(() => {
      const stage = this.shown?.stage;
      if (stage && stage.root.clientWidth !== stage.room) this.shown?.invalidate("layout");
    });
    this.resized.observe(root);
    this.load();
  }

  reload() {
    if (this.reloading) return;
    this.reloading = true;
    queueMicrotask(() => {
      this.reloading = false;
      if (!this.gone) this.load();
    });
  }

  load() {
    const began = performance.now();
    const { chrome, root, timings } = this.setting;
    const [described, data] = [this.model.get("document"), this.model.get("data")];
    this.shown?.leave();
    this.shown = null;
    if (!described?.recordings?.length || !data) {
      const nothing = document.createElement("p");
      nothing.className = "nothing";
      nothing.textContent = "There is nothing to show yet.";
      root.replaceChildren(nothing);
      return;
    }
    if (!chrome.stage.isConnected) root.replaceChildren(...chrome.parts);
    this.shown = new Shown(this.setting, new Scene(described, data));
    timings.open = performance.now() - began;
    performance.measure?.("gateviz open", { start: began, end: performance.now() });
  }

  leave() {
    this.gone = true;
    this.shown?.leave();
    const { kernel, surroundings, voice } = this.setting;
    kernel.leave();
    surroundings.leave();
    voice.hush();
    this.resized.disconnect();
    this.shadow.replaceChildren();
  }
}
