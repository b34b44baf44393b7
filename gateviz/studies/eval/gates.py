"""How the cells of a recognizer fare on the lines of an evaluation: an error rate does not tell that a memory keeps nothing."""

from collections.abc import Callable
from dataclasses import replace

from gateviz.capture.edits import clamp
from gateviz.capture.recognizer import Recognizer
from gateviz.capture.recorder import record_lines
from gateviz.capture.targets import has_recurrent
from gateviz.data.gate_health import GateHealth
from gateviz.data.gates import Quantity
from gateviz.errors import GeometryError, ImageError
from gateviz.measure.gate_health import forgetful, gate_health
from gateviz.recording import Recording
from gateviz.typesetting.lines import LineSet

LINES = 32
"""Lines whose gates are looked at, at most: with each layer held they are read once more, step by step."""


def health_on(
    recognizer: Recognizer,
    lines: LineSet,
    *,
    limit: int = LINES,
    on_progress: Callable[[int], object] = lambda done: None,
) -> GateHealth | None:
    """The health of the cells on the first lines that can be read; None where no layer has cells and forget gates.

    Args:
        recognizer: whose gates to look at.
        lines: to read.
        limit: lines, at most.
        on_progress: called with the number of lines just read.
    """
    if not has_recurrent(recognizer.module):
        return None
    recordings: list[Recording] = []
    images = []
    for index in range(min(limit, len(lines))):
        try:
            line = lines[index]
            recordings += record_lines(recognizer, [(line.image, line.name)], witness=False)
        except (ImageError, GeometryError):  # it counts among the lines that could not be read
            continue
        images.append((line.image, line.name))
        on_progress(1)
    health = gate_health(recording.traces for recording in recordings)
    if health is None:
        return None
    layers = sorted({t.layer for r in recordings for t in r.traces if Quantity.FORGET_GATE in t.values})
    without = []
    for layer in layers:
        edits = [clamp(Quantity.FORGET_GATE, 0.0, layer=layer)]
        held = record_lines(recognizer, images, quantities=[Quantity.FORGET_GATE], edits=edits, progress=on_progress)
        without.append([recording.text for recording in held])
    return replace(health, forgetful=forgetful([recording.text for recording in recordings], without))
