// Stands in for the notebook's model in an HTML file. It follows explorer.js in the same module.

class GatevizPage {
  constructor(state) {
    this.state = state;
    this.listeners = new Map();
  }

  get(name) {
    return this.state[name];
  }

  set(name, value) {
    const changes = typeof name === "object" ? name : { [name]: value };
    const changed = Object.keys(changes).filter((key) => this.state[key] !== changes[key]);
    Object.assign(this.state, changes);
    for (const key of changed) this.tell(`change:${key}`, changes[key]);
    if (changed.length) this.tell("change");
  }

  on(events, listener) {
    for (const event of events.split(" ")) {
      if (!this.listeners.has(event)) this.listeners.set(event, []);
      this.listeners.get(event).push(listener);
    }
  }

  off(events, listener) {
    for (const event of events ? events.split(" ") : [...this.listeners.keys()]) {
      const kept = (this.listeners.get(event) ?? []).filter((each) => listener && each !== listener);
      this.listeners.set(event, kept);
    }
  }

  tell(event, value) {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(this, value);
  }

  save_changes() {}

  // Nobody listens: a file cannot read the line again. Its document says so ("live": false).
  send() {}
}

function gatevizPageBytes(id) {
  const coded = document.getElementById(id).textContent;
  if (Uint8Array.fromBase64) return new DataView(Uint8Array.fromBase64(coded).buffer);
  // Browsers of before 2025.
  const text = atob(coded);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return new DataView(bytes.buffer);
}

const gatevizPageState = JSON.parse(document.getElementById("gateviz-state").textContent);
gatevizPageState.document = JSON.parse(document.getElementById("gateviz-document").textContent);
gatevizPageState.data = gatevizPageBytes("gateviz-data");
render({ model: new GatevizPage(gatevizPageState), el: document.getElementById("gateviz") });
