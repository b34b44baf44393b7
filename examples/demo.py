"""What `make demo` runs: read the sample line with the model at hand, draw its gates, say where the figure is."""

import sys
from pathlib import Path

import gateviz

SAMPLE = Path(gateviz.__file__).parent / "assets" / "english.png"
OUT = Path("out") / "demo.png"


def main() -> int:
    """0 when the figure is drawn, 1 with a sentence when there is no model."""
    try:
        recognizer = gateviz.load()
    except gateviz.GatevizError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    recording = gateviz.record(recognizer, SAMPLE)
    OUT.parent.mkdir(exist_ok=True)
    gateviz.plot.save(gateviz.plot.gates(recording), OUT)
    print(f"read: {recording.text}")
    print(f"figure: {OUT.resolve()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
