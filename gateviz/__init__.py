"""gateviz: see what the gates of a text recognizer do, under the very pixels they look at.

Example::

    import gateviz

    recognizer = gateviz.load("crnn.pth")
    recording = gateviz.record(recognizer, "line.png")
    gateviz.plot.gates(recording).savefig("gates.pdf")

The public names are resolved on first use: importing gateviz imports neither torch nor numpy nor
matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateviz import plot
    from gateviz.api import load, record
    from gateviz.capture.edits import ablate, clamp, patch, scale
    from gateviz.capture.instrument import instrument, restore
    from gateviz.capture.instrumented import InstrumentedGRU, InstrumentedLSTM
    from gateviz.capture.instrumented_cells import InstrumentedGRUCell, InstrumentedLSTMCell
    from gateviz.capture.tracing import trace_gates
    from gateviz.data.alphabet import Alphabet
    from gateviz.data.gates import GateTrace, Quantity
    from gateviz.errors import GatevizError
    from gateviz.exploring import explore, gallery
    from gateviz.exporting import export
    from gateviz.files.samples import sample
    from gateviz.files.watch_files import read_watch
    from gateviz.recording import Recording, align, open_recording
    from gateviz.training.gate_watch import GateWatch

    __version__: str

__all__ = [
    "Alphabet",
    "GateTrace",
    "GateWatch",
    "GatevizError",
    "InstrumentedGRU",
    "InstrumentedGRUCell",
    "InstrumentedLSTM",
    "InstrumentedLSTMCell",
    "Quantity",
    "Recording",
    "__version__",
    "ablate",
    "align",
    "clamp",
    "explore",
    "export",
    "gallery",
    "instrument",
    "load",
    "open_recording",
    "patch",
    "plot",
    "read_watch",
    "record",
    "restore",
    "sample",
    "scale",
    "trace_gates",
]

_HOMES = {
    "Alphabet": "gateviz.data.alphabet",
    "GateTrace": "gateviz.data.gates",
    "GateWatch": "gateviz.training.gate_watch",
    "GatevizError": "gateviz.errors",
    "InstrumentedGRU": "gateviz.capture.instrumented",
    "InstrumentedGRUCell": "gateviz.capture.instrumented_cells",
    "InstrumentedLSTM": "gateviz.capture.instrumented",
    "InstrumentedLSTMCell": "gateviz.capture.instrumented_cells",
    "Quantity": "gateviz.data.gates",
    "Recording": "gateviz.recording",
    "ablate": "gateviz.capture.edits",
    "align": "gateviz.recording",
    "clamp": "gateviz.capture.edits",
    "explore": "gateviz.exploring",
    "export": "gateviz.exporting",
    "gallery": "gateviz.exploring",
    "instrument": "gateviz.capture.instrument",
    "load": "gateviz.api",
    "open_recording": "gateviz.recording",
    "patch": "gateviz.capture.edits",
    "read_watch": "gateviz.files.watch_files",
    "record": "gateviz.api",
    "restore": "gateviz.capture.instrument",
    "sample": "gateviz.files.samples",
    "scale": "gateviz.capture.edits",
    "trace_gates": "gateviz.capture.tracing",
}


def __getattr__(name: str) -> object:
    """A public name, imported from its home when it is first asked for."""
    found: object
    if name == "__version__":
        from importlib.metadata import version

        found = version("gateviz")
    elif name == "plot":
        return import_module("gateviz.plot")
    elif name in _HOMES:
        found = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"gateviz has no {name!r}; its public names are {', '.join(__all__)}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
