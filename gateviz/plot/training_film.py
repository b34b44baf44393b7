"""A line that is read better and better, as a film: one picture for every look at it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from matplotlib.backends.backend_agg import FigureCanvasAgg

from gateviz.data.watch import GateHistory, WatchRecord
from gateviz.errors import SelectionError
from gateviz.panels.colors import ALARM, ramp
from gateviz.panels.panel import Palette
from gateviz.panels.training_gates import line_stack, spread_out
from gateviz.plot.canvas import GateFigure
from gateviz.plot.compose import compose
from gateviz.plot.film import MOST_PICTURES, screen_of, shoot
from gateviz.plot.style import Style, style_named

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
