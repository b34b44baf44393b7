"""A watched training of which every number is known."""

import numpy as np

from gateviz.data.alignment import Span
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Direction, Quantity
from gateviz.data.watch import GateHistory, LayerWatch, ReadingWatch, WatchedLine, WatchRecord

FRAMES, UNITS = 10, 5
GATES = (Quantity.INPUT_GATE, Quantity.FORGET_GATE, Quantity.OUTPUT_GATE)
STEPS = (0, 10, 20, 30)


def layer(number, direction, step):
    """Left saturation of unit u is u / 10, right saturation 0 to begin with and 1 for unit 4 from step 20 on."""
    left = np.arange(UNITS, dtype=np.float32) / 10
    right = np.zeros(UNITS, np.float32)
    if step >= 20:
        left, right = left * np.float32(0.5), np.array([0, 0.25, 0.5, 0.75, 1], np.float32)
    means = np.linspace(0, 1, FRAMES, dtype=np.float32)
    times = np.array([0.0, 1.0, 10.0, 50.0, np.inf], np.float32)
    return LayerWatch(
        number,
        direction,
        dict.fromkeys(GATES, left),
        dict.fromkeys(GATES, right),
        {gate: means * np.float32((place + 1) / 3) for place, gate in enumerate(GATES)},
        times,
    )


def record(step, *, read=True):
    """Nothing but blanks to begin with, and ``好b`` from step 20 on."""
    layers = tuple(layer(number, way, step) for number in (0, 1) for way in Direction)
    blank = np.full(FRAMES, max(1 - step / 60, 0.0), np.float32)
    spans = (Span("好", 1, 3, -0.1), Span("b", 6, 7, -2.0)) if step >= 20 else ()
    reading = ReadingWatch(
        "好b" if spans else "", spans, blank, 1 - blank, 0.7 if spans else 1.0, 0.5 if spans else 1.25
    )
    return WatchRecord(step, layers, reading if read else None)


def history(*, steps=STEPS, read=True, image=True, truth="好ab"):
    grid = FrameGrid(FRAMES, 4.0, 2.0, 8.0, 40)
    pixels = np.tile(np.arange(40, dtype=np.uint8) * 6, (12, 1)) if image else None
    line = WatchedLine(grid, pixels, truth, "line.png", evenly=True)
    return GateHistory(line, tuple(record(step, read=read) for step in steps))
