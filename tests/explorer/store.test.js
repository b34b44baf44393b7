import assert from "node:assert/strict";
import test from "node:test";
import { Kernel } from "../../gateviz/widget/explorer/kernel.js";
import { Store } from "../../gateviz/widget/explorer/store.js";

/** A notebook's model that keeps what it is told. */
class Model {
  constructor(state = {}, more = {}) {
    this.state = state;
    this.listeners = new Map();
    this.sent = [];
    this.saved = 0;
    Object.assign(this, more);
  }

  get(name) {
    return this.state[name];
  }

  set(name, value) {
    this.state[name] = value;
  }

  save_changes() {
    this.saved += 1;
  }

  send(message) {
    this.sent.push(message);
  }

  on(event, listener) {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
  }

  off(event, listener) {
    this.listeners.set(
      event,
      this.listeners.get(event).filter((each) => each !== listener),
    );
  }

  tell(changes) {
    Object.assign(this.state, changes);
    for (const name of Object.keys(changes)) for (const call of this.listeners.get(`change:${name}`) ?? []) call();
  }
}

function opened(model) {
  const store = new Store();
  const said = [];
  let changes = 0;
  const kernel = new Kernel(model, store, { say: (words) => said.push(words) }, () => {
    changes += 1;
  });
  return { store, said, kernel, changes: () => changes };
}

test("listeners hear what is other now, and nothing of what is the same", () => {
  const store = new Store();
  const heard = [];
  store.subscribe((changed) => heard.push([...changed]));
  store.set({ tall: 2, columns: [] });
  store.set({ tall: 2 });
  assert.deepEqual(heard, [["tall"]]);
});

test("what a change brings with it is told with it", () => {
  const store = new Store();
  store.consequences = (changed) => (changed.has("trace") ? { order: "peak" } : {});
  const heard = [];
  store.subscribe((changed) => heard.push([...changed]));
  store.set({ trace: "1.forward" });
  assert.deepEqual(heard, [["trace", "order"]]);
});

test("the state begins as the model has it, and both follow each other", () => {
  const model = new Model({ trace: "1.forward", theme: "dark" });
  const { store } = opened(model);
  assert.deepEqual([store.state.trace, store.state.theme, store.state.order], ["1.forward", "dark", "index"]);
  store.set({ order: "peak", zoom: [0, 0.5] });
  assert.deepEqual([model.state.order, model.state.zoom, model.saved], ["peak", undefined, 1]);
  model.tell({ columns: [1, 2] });
  assert.deepEqual([store.state.columns, model.saved], [[1, 2], 1]);
});

test("a kernel that ended gets no message, and the reader is told once", () => {
  const kernel = { status: "idle", isDisposed: false };
  const model = new Model({}, { widget_manager: { kernel } });
  const found = opened(model);
  found.kernel.send({ type: "undo" });
  kernel.status = "dead";
  found.kernel.send({ type: "undo" });
  found.kernel.send({ type: "undo" });
  found.store.set({ order: "peak" });
  assert.deepEqual([model.sent.length, model.saved, found.said.length], [1, 0, 1]);
  assert.match(found.kernel.lost, /^Nobody can read the line again: the kernel is dead\. What you see/);
  found.kernel.leave();
});

test("a message that cannot be sent is no silence", () => {
  const model = new Model({}, { send: () => assert.fail("no comm") });
  const { kernel } = opened(model);
  kernel.send({ type: "undo" });
  assert.match(kernel.lost, /could not be reached \(no comm\)/);
});

test("an answer that does not come is waited for twenty seconds", (context) => {
  const waits = [];
  context.mock.method(globalThis, "setTimeout", (call, delay) => waits.push({ call, delay }));
  const model = new Model();
  const { kernel, said } = opened(model);
  kernel.send({ type: "undo" });
  assert.deepEqual([kernel.unanswered, waits.map(({ delay }) => delay)], [false, [20_000]]);
  waits[0].call();
  assert.equal(kernel.unanswered, true);
  model.tell({ status: { busy: true, words: "reading" } });
  assert.deepEqual([kernel.unanswered, said], [false, ["reading …"]]);
});

test("whoever leaves hears nothing more", () => {
  const model = new Model();
  const { kernel, store } = opened(model);
  kernel.leave();
  model.tell({ order: "peak" });
  assert.equal(store.state.order, "index");
});
