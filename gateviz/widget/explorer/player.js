// Plays the reading: the crosshair runs the way the chosen layer reads.

/** @import { Shown } from "./shown.js" */
/** @import { Line } from "./scene.js" */

export const SPEEDS = [2, 5, 10, 20, 50];

export class Player {
  /** @param {Shown} shown */
  constructor(shown) {
    this.shown = shown;
    this.store = shown.store;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    // A new reading of the line goes on playing.
    if (this.store.state.playing) this.tick();
  }

  get backward() {
    return this.shown.asked.trace?.backward ?? false;
  }

  get way() {
    return this.backward ? "from the right" : "from the left";
  }

  toggle() {
    if (this.store.state.playing) {
      this.pause();
      return;
    }
    const cursor = this.shown.moves.cursorNow();
    const [start, end] = this.readingEnds(this.shown.scene.lines[cursor.side]);
    const ahead = this.store.state.played && cursor.frame !== end;
    this.store.set({ played: true, playing: true, cursor: { ...cursor, frame: ahead ? cursor.frame : start } });
    this.shown.voice.say(`playing ${this.way}`);
    this.tick();
  }

  /**
   * The frames that the chosen layer reads first and last.
   *
   * @param {Line} line
   */
  readingEnds(line) {
    return this.backward ? [line.count - 1, 0] : [0, line.count - 1];
  }

  tick() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (!this.store.state.playing) return;
      if (this.step(1, true)) this.tick();
      else this.stop();
    }, 1000 / this.store.state.speed);
  }

  /**
   * One frame on in the direction of reading; false at the end.
   *
   * @param {number} count
   * @param {boolean} running
   */
  step(count, running = false) {
    if (!running) this.pause();
    const { moves, scene } = this.shown;
    const cursor = moves.cursorNow();
    const line = scene.lines[cursor.side];
    const [start] = this.readingEnds(line);
    const frame = this.store.state.cursor ? cursor.frame + (this.backward ? -count : count) : start;
    if (frame < 0 || frame >= line.count) return false;
    this.store.set({ played: true, cursor: { ...cursor, frame } });
    moves.revealFrames(line, [frame, frame + 1]);
    if (!running) moves.sayCursor(200);
    return true;
  }

  pause() {
    clearTimeout(this.timer);
    if (!this.store.state.playing) return;
    this.store.set({ playing: false });
    this.shown.voice.say("paused");
  }

  stop() {
    clearTimeout(this.timer);
    this.store.set({ playing: false, played: false });
    this.shown.voice.say("the whole line is read");
  }

  leave() {
    clearTimeout(this.timer);
  }
}
