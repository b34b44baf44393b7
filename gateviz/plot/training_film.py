"""A line that is read better and better, as a film: one picture for every look at it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from matplotlib.backends.backend_agg import FigureCanvasAgg

from gateviz.data.alignment import Alignment, Span
from gateviz.data.gates import Direction, Quantity
from gateviz.data.watch import GateHistory, LayerWatch, ReadingWatch, WatchedLine, WatchRecord
from gateviz.errors import SelectionError
from gateviz.panels.colors import ALARM, ramp
from gateviz.panels.panel import HeatmapPanel, ImagePanel, Line, LinePanel, Palette, Panel, PanelStack, SpanPanel
from gateviz.panels.reading import BLANK, SYMBOL, boundaries, symbol_spans
from gateviz.panels.traces import GATE_SCALE
from gateviz.plot.canvas import GateFigure
from gateviz.plot.compose import compose
from gateviz.plot.film import MOST_PICTURES, screen_of, shoot
from gateviz.plot.style import Style, style_named
from gateviz.plot.training_course import spread_out

_ARROWS = {Direction.FORWARD: "→", Direction.BACKWARD: "←"}
_ALL_COLORS = -1
Picture = UInt8[np.ndarray, "height width 4"]


def training_film(
    history: GateHistory,
    path: str | Path,
    *,
    style: str | Style = "a4",
    frames_per_second: float | int = 4,
    dpi: float | int = 100,
    progress: Callable[[int, int], object] | None = None,
) -> None:
    """Write the watched line as GIF or MP4: its text, its posteriors and the means of its gates, a picture a record.

    Args:
        history: what ``read_watch`` gives.
        path: ``.gif``, or ``.mp4`` where the program ffmpeg is installed; written whole or not at all.
        style: a preset, as for ``gates``.
        frames_per_second: pictures a second.
        dpi: pixels an inch.
        progress: called with the number of pictures done and that of all, after every picture.

    Raises:
        OutputError: the name is of another format, or the file cannot be written.
        MissingExtraError: an MP4 was asked for and ffmpeg is not installed.
        SelectionError: nothing was recorded yet, or there is no such style or pace.
    """
    if not history.records:
        raise SelectionError("the training was not looked at yet, so there is nothing to film; wait for its first step")
    if not 0 < frames_per_second <= 100:
        raise SelectionError(f"a film of {frames_per_second} pictures a second was asked for; give up to 100")
    records = spread_out(history.records, MOST_PICTURES)
    chosen = style_named(style)
    shoot(
        path,
        lambda: _Stage(history, records, chosen, dpi),
        range(len(records)),
        palette_at=_ALL_COLORS,
        frames_per_second=frames_per_second,
        progress=progress,
    )


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


class _Stage:
    """Draws a whole picture for every record; all stand on the same lower edge, so that the gates stay in place."""

    def __init__(self, history: GateHistory, records: list[WatchRecord], style: Style, dpi: float | int) -> None:
        self._history, self._records, self._style, self._dpi = history, records, style, dpi
        highest = max(float(self._figure(number).get_figheight()) for number in range(len(records)))
        width = round(style.width * dpi)
        self._ground = np.full((round(highest * dpi) + 1, width, 4), 255, np.uint8)
        self.screen, self._picture = screen_of(self._ground, dpi)

    def show(self, number: int) -> None:
        """Draw the record of this number."""
        self._picture.set_data(self._all_colors() if number == _ALL_COLORS else self._drawn(number))

    def _all_colors(self) -> Picture:
        """Rows of the first and the last picture in turn, and whatever color may come between them."""
        picture = self._drawn(0)
        picture[::2] = self._drawn(len(self._records) - 1)[::2]
        colors = ramp(Palette.GATE)
        band = len(picture) // 6
        picture[:band, :, :3] = colors[np.arange(picture.shape[1]) * len(colors) // picture.shape[1]]
        picture[band : 2 * band, :, :3] = list(bytes.fromhex(ALARM.removeprefix("#")))
        return picture

    def _drawn(self, number: int) -> Picture:
        canvas = FigureCanvasAgg(self._figure(number))
        canvas.figure.dpi = self._dpi
        canvas.draw()  # type: ignore[no-untyped-call]
        drawn: Picture = np.array(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        picture = self._ground.copy()
        height, width = min(len(drawn), len(picture)), min(drawn.shape[1], picture.shape[1])
        picture[len(picture) - height :, :width] = drawn[len(drawn) - height :, :width]
        return picture

    def _figure(self, number: int) -> GateFigure:
        return compose(line_stack(self._history, self._records[number]), self._style)


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
