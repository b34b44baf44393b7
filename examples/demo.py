"""What `make demo` runs: read the sample line with the bundled model, draw its gates, say where the figure is."""

from pathlib import Path

import gateviz

SAMPLE = Path(gateviz.__file__).parent / "assets" / "english.png"
OUT = Path("out") / "demo.png"


def main() -> None:
    """Draw the figure."""
    recording = gateviz.record(gateviz.load(), SAMPLE)
    OUT.parent.mkdir(exist_ok=True)
    gateviz.plot.save(gateviz.plot.gates(recording), OUT)
    print(f"read: {recording.text}")
    print(f"figure: {OUT.resolve()}")


if __name__ == "__main__":
    main()
