"""What a watched training has to show: its course, its saturation step by step, and its line at one step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from gateviz.data.alignment import Alignment, Span
from gateviz.data.gates import Direction, Quantity
from gateviz.data.watch import GateHistory, LayerWatch, ReadingWatch, WatchedLine, WatchRecord
from gateviz.errors import SelectionError
from gateviz.measure.gate_alarms import stuck
from gateviz.panels.panel import (
    HeatmapPanel,
    ImagePanel,
    Line,
    LinePanel,
    Panel,
    PanelStack,
    PointGroup,
    ScatterPanel,
    SpanPanel,
)
from gateviz.panels.reading import BLANK, SYMBOL, boundaries, symbol_spans
from gateviz.panels.traces import GATE_SCALE

QUANTILES = (0.1, 0.5, 0.9)
BAND = "median and 10–90 % of units"
READINGS = 10
"""Readings that are written out at most."""
_ARROWS = {Direction.FORWARD: "→", Direction.BACKWARD: "←"}


@dataclass(frozen=True)
class GateCourse:
    """One gate of one layer over the steps.

    Attributes:
        gate: which.
        shut: 0.1, 0.5 and 0.9 quantile over the units of the share of frames below 0.1; shape (3, S).
        open: of the share of frames above 0.9.
        stuck_shut: share of the units that are shut at more than 99 % of the frames; shape (S,).
        stuck_open: share of those that are open at so many.
    """

    gate: Quantity
    shut: Float64[np.ndarray, "3 S"]
    open: Float64[np.ndarray, "3 S"]
    stuck_shut: Float64[np.ndarray, " S"]
    stuck_open: Float64[np.ndarray, " S"]


@dataclass(frozen=True)
class LayerCourse:
    """One layer and direction over the steps.

    Attributes:
        label: such as ``layer 1 forward``.
        gates: in the order of the cell.
        timescale: 0.1, 0.5 and 0.9 quantile over the units, frames; shape (3, S).
    """

    label: str
    gates: tuple[GateCourse, ...]
    timescale: Float64[np.ndarray, "3 S"]


@dataclass(frozen=True)
class WatchCourse:
    """The course of a watched training.

    Attributes:
        steps: of the records.
        layers: in network order.
        longest: frames; longer timescales are drawn there.
        blank: share of the frames whose best class is the blank; shape (S,), None where nothing was read.
        blank_mean: mean posterior of the blank.
        cer: edits per symbol; None where the truth is unknown.
        readings: step and text of some records, the last among them.
        truth: of the line; None where nobody knows.
        title: above the picture.
    """

    steps: Int64[np.ndarray, " S"]
    layers: tuple[LayerCourse, ...]
    longest: float
    blank: Float64[np.ndarray, " S"] | None
    blank_mean: Float64[np.ndarray, " S"] | None
    cer: Float64[np.ndarray, " S"] | None
    readings: tuple[tuple[int, str], ...]
    truth: str | None
    title: str = ""


def watch_course(history: GateHistory, *, title: str = "") -> WatchCourse:
    """The course of a watched training.

    Raises:
        SelectionError: nothing was recorded yet.
    """
    records = _some(history)
    readings = [record.reading for record in records if record.reading is not None]
    with_text = [record for record in spread_out(records, READINGS) if record.reading is not None]
    truth = history.line.truth
    longest = 10.0 * history.line.grid.frame_count

    def over_steps(value: Callable[[ReadingWatch], float]) -> Float64[np.ndarray, " S"] | None:
        return np.array([value(reading) for reading in readings]) if len(readings) == len(records) else None

    return WatchCourse(
        steps=np.array([record.step for record in records], dtype=np.int64),
        layers=tuple(_layer_course([record.layers[at] for record in records], longest) for at in _common(records)),
        longest=longest,
        blank=over_steps(lambda reading: reading.blank_share),
        blank_mean=over_steps(lambda reading: float(reading.blank.mean(dtype=np.float64))),
        cer=None if truth is None else over_steps(lambda reading: np.nan if reading.cer is None else reading.cer),
        readings=tuple((record.step, record.reading.text) for record in with_text if record.reading is not None),
        truth=truth,
        title=title,
    )


def saturation_by_step(history: GateHistory, *, count: int = 5) -> tuple[tuple[ScatterPanel, ...], ...]:
    """Karpathy's left and right saturation of every unit at some steps: a row a gate, a panel a step.

    Raises:
        SelectionError: nothing was recorded yet, or no gates.
    """
    records = spread_out(_some(history), count)
    layers = _common(records)
    if not layers:
        raise SelectionError("the watched network has no recurrent layer, so there are no gates to draw")
    gates = dict.fromkeys(gate for at in layers for gate in records[0].layers[at].gates)
    return tuple(tuple(_scatter(record, gate) for record in records) for gate in gates)


def line_stack(history: GateHistory, record: WatchRecord) -> PanelStack:
    """The line at one step: image, text, posteriors, and the mean of every gate along it, a row a layer."""
    line, reading = history.line, record.reading
    panels: list[Panel] = [] if line.image is None else [ImagePanel("line image", line.image)]
    rules: tuple[float, ...] = ()
    if reading is not None:
        found = Alignment(np.zeros(line.grid.frame_count, np.int64), reading.spans, reading.text, 0.0)
        rules = boundaries(found, line.grid)
        panels += [SpanPanel("text", symbol_spans(found, line.grid), line.image), _posteriors(reading, line)]
    for gate in dict.fromkeys(gate for layer in record.layers for gate in layer.gates):
        panels.append(_means(record.layers, gate, line))
    width = float(line.grid.source_width)
    where = ", frames spread evenly" if line.evenly else ""
    axis = "frame" if line.image is None else f"column of the line image{where} (px)"
    return PanelStack(
        tuple(panels), 0.0, width, rules, title=_title(record, line), axis_label=axis, remarks=_remarks(reading)
    )


def spread_out(records: Sequence[WatchRecord], count: int) -> list[WatchRecord]:
    """At most so many of the records, evenly spread, the first and the last among them."""
    at = np.unique(np.linspace(0, len(records) - 1, min(count, len(records))).round().astype(np.int64))
    return [records[index] for index in at]


def _some(history: GateHistory) -> tuple[WatchRecord, ...]:
    if not history.records:
        raise SelectionError("the training was not looked at yet, so there is nothing to draw; wait for its first step")
    return history.records


def _common(records: Sequence[WatchRecord]) -> range:
    """Places of the layers that every record has."""
    return range(min(len(record.layers) for record in records))


def _layer_course(layers: Sequence[LayerWatch], longest: float) -> LayerCourse:
    gates = []
    for gate in layers[0].gates:
        counts = [stuck(layer, gate) for layer in layers]
        gates.append(
            GateCourse(
                gate,
                np.stack([np.quantile(layer.left[gate].astype(np.float64), QUANTILES) for layer in layers], 1),
                np.stack([np.quantile(layer.right[gate].astype(np.float64), QUANTILES) for layer in layers], 1),
                np.array([count.shut / count.units for count in counts]),
                np.array([count.open / count.units for count in counts]),
            )
        )
    # Some are infinite, and between two of those there is no middle.
    times = [np.minimum(layer.timescale.astype(np.float64), longest) for layer in layers]
    return LayerCourse(layers[0].words, tuple(gates), np.stack([np.quantile(each, QUANTILES) for each in times], 1))


def _scatter(record: WatchRecord, gate: Quantity) -> ScatterPanel:
    numbers = sorted({layer.layer for layer in record.layers})
    groups = tuple(
        PointGroup(layer.words, layer.left[gate], layer.right[gate], numbers.index(layer.layer), layer.direction.value)
        for layer in record.layers
        if gate in layer.left
    )
    return ScatterPanel(f"step {record.step:,}", gate.letter, gate.value, groups, "frames below 0.1", "above 0.9")


def _posteriors(reading: ReadingWatch, line: WatchedLine) -> LinePanel:
    lines = (Line("blank", reading.blank, BLANK), Line("best symbol", reading.symbol, SYMBOL))
    return LinePanel("posterior", line.grid.centers, lines, 0.0, 1.0, group="posterior")


def _means(layers: Sequence[LayerWatch], gate: Quantity, line: WatchedLine) -> HeatmapPanel:
    those = [layer for layer in layers if gate in layer.means]
    start, stop = line.grid.columns(0, line.grid.frame_count)
    return HeatmapPanel(
        title=f"{gate.words}: mean of the units",
        values=np.stack([layer.means[gate] for layer in those]),
        start=start,
        stop=stop,
        row_labels=tuple(f"{layer.layer} {_ARROWS[layer.direction]}" for layer in those),
        scale=GATE_SCALE,
        color_key=gate.words,
        letter=gate.letter,
        group="mean of the units, by layer and direction",
        row_title="",
        rows_in_order=False,
    )


def _title(record: WatchRecord, line: WatchedLine) -> str:
    words = [f"step {record.step:,}"]
    if record.reading is not None:
        if record.reading.cer is not None:
            words.append(f"CER {100 * record.reading.cer:.1f} %")
        words.append(f"blank at {100 * record.reading.blank_share:.1f} % of the frames")
    return ", ".join(words)


def _remarks(reading: ReadingWatch | None) -> tuple[str, ...]:
    # A renderer adds a remark where a symbol is doubtful; with one for the other case the panels stay in their places.
    if reading is None or any(_is_doubtful(span) for span in reading.spans):
        return ()
    return ("Bars: the frames of each symbol" if reading.spans else "Nothing was read",)


def _is_doubtful(span: Span) -> bool:
    return float(np.exp(span.log_prob)) < 0.5
