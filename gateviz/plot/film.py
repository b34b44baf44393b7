"""The reading as a film: a playhead runs along the line, frame by frame."""

import subprocess
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from matplotlib.animation import AbstractMovieWriter, FFMpegWriter, PillowWriter
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import FigureImage
from matplotlib.patches import Rectangle

from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import MissingExtraError, OutputError, SelectionError
from gateviz.files.atomic import written_whole
from gateviz.panels.build import gates_stack
from gateviz.panels.choice import Order
from gateviz.panels.colors import INK, PAPER, SHADE
from gateviz.panels.panel import HeatmapPanel, LinePanel
from gateviz.panels.traces import group_name
from gateviz.plot.canvas import GateFigure, settings
from gateviz.plot.compose import compose
from gateviz.plot.style import Style, style_named
from gateviz.recording import Recording

FORMATS = ("gif", "mp4")
# What is not read yet shines through so much.
_VEIL = 0.72
# A film of more pictures is too long to watch and too large to send: it takes several frames a picture.
MOST_PICTURES = 300
_HOLD_SECONDS = 1.5


def animate(
    recording: Recording,
    path: str | Path,
    *,
    layers: Collection[int] | None = None,
    directions: Collection[Direction | str] | None = None,
    quantities: Collection[Quantity | str] | None = None,
    units: Sequence[int] | None = None,
    order: Order | str = Order.INDEX,
    style: str | Style = "a4",
    title: str = "",
    frames_per_second: float | int = 12,
    step: int | None = None,
    dpi: float | int = 100,
    progress: Callable[[int, int], object] | None = None,
) -> None:
    """Write the reading of a line as GIF or MP4: the figure of ``gates``, and a playhead that runs along it.

    Forward layers play from left to right and backward layers from right to left, as they read; what
    they have not read yet is veiled. All layers play at once, although a layer begins only when the
    one below has read the whole line.

    Args:
        recording: what was measured.
        path: ``.gif``, or ``.mp4`` where the program ffmpeg is installed; written whole or not at all.
        layers: as for ``gates``.
        directions: as for ``gates``.
        quantities: as for ``gates``.
        units: as for ``gates``.
        order: as for ``gates``.
        style: as for ``gates``.
        title: as for ``gates``.
        frames_per_second: pictures a second.
        step: frames from one picture to the next; None takes 1 as long as 300 pictures are enough.
        dpi: pixels an inch.
        progress: called with the number of pictures done and that of all, after every picture.

    Raises:
        OutputError: the name is of another format, or the file cannot be written.
        MissingExtraError: an MP4 was asked for and ffmpeg is not installed.
        SelectionError: something was asked for that was not recorded, or no pace that can be played.
    """
    frames = recording.grid.frame_count
    if not 0 < frames_per_second <= 100 or (step is not None and step < 1):
        raise SelectionError(
            f"an animation of {frames_per_second} pictures a second, every {step} frames, was asked for; "
            "give up to 100 pictures and a step of at least 1"
        )
    stack = gates_stack(
        recording, layers=layers, directions=directions, quantities=quantities, units=units, order=order, title=title
    )
    shoot(
        path,
        lambda: _Stage(compose(stack, style_named(style)), recording, dpi),
        _stops(frames, step or -(-frames // MOST_PICTURES)),
        # Half-way there is every color: of what is read, of what is not, and of the playheads.
        palette_at=frames // 2,
        frames_per_second=frames_per_second,
        progress=progress,
    )


@runtime_checkable
class Stage(Protocol):
    """What is filmed."""

    @property
    def screen(self) -> Figure:
        """The figure that a movie writer takes."""

    def show(self, number: int) -> None:
        """Bring the picture of this number onto the screen."""


def shoot(
    path: str | Path,
    make_stage: Callable[[], Stage],
    stops: Sequence[int],
    *,
    palette_at: int,
    frames_per_second: float | int,
    progress: Callable[[int, int], object] | None = None,
) -> None:
    """Write the pictures of a stage as GIF or MP4, whole or not at all; the last one stays for a moment.

    Args:
        path: ``.gif``, or ``.mp4`` where the program ffmpeg is installed.
        make_stage: builds what is filmed, inside gateviz's settings.
        stops: numbers of the pictures, in order.
        palette_at: number of a picture in which there is every color; a GIF has one palette.
        frames_per_second: pictures a second.
        progress: called with the number of pictures done and that of all, after every picture.

    Raises:
        OutputError: the name is of another format, or the file cannot be written.
        MissingExtraError: an MP4 was asked for and ffmpeg is not installed.
    """
    writer = _writer(Path(path), frames_per_second)
    with written_whole(path) as temporary, settings(), _film(writer, temporary, path):
        stage = make_stage()
        writer.setup(stage.screen, str(temporary), stage.screen.dpi)
        if isinstance(writer, _GifWriter):
            stage.show(palette_at)
            writer.take_palette()
        for done, number in enumerate(stops, start=1):
            stage.show(number)
            writer.grab_frame()
            if progress is not None:
                progress(done, len(stops))
        # The film begins again at once.
        for _ in range(round(_HOLD_SECONDS * frames_per_second)):
            writer.grab_frame()
        writer.finish()


class _GifWriter(PillowWriter):
    """Keeps its pictures in one palette: a third of the memory, and a film in which only what moves changes."""

    _frames: list[Any]
    _palette: Any = None

    def take_palette(self) -> None:
        """Take the colors of the picture that is shown now."""
        super().grab_frame()
        self._palette = self._frames.pop().quantize(255)

    def grab_frame(self, **options: Any) -> None:
        """Add the picture that is shown now."""
        super().grab_frame(**options)
        self._frames.append(self._frames.pop().quantize(palette=self._palette, dither=0))


def _writer(path: Path, frames_per_second: float | int) -> AbstractMovieWriter:
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise OutputError(f"an animation cannot be written by the name {path.name!r}; end it in .gif or .mp4")
    if kind == "gif":
        return _GifWriter(fps=frames_per_second)  # type: ignore[arg-type]  # any number will do
    if not FFMpegWriter.isAvailable():
        raise MissingExtraError(
            "an MP4 needs the program ffmpeg, which is not installed; apt install ffmpeg, or write a .gif"
        )
    # Players want an even number of rows and columns, and no more than 4:2:0 colors.
    even = ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white", "-pix_fmt", "yuv420p"]
    return FFMpegWriter(fps=frames_per_second, codec="libx264", extra_args=even)  # type: ignore[arg-type]


@contextmanager
def _film(writer: AbstractMovieWriter, temporary: Path, path: str | Path) -> Iterator[None]:
    """What ffmpeg has against it is an ``OutputError``."""
    ask = "is the disk full, or may the file not grow so long?"
    try:
        yield
    except BrokenPipeError as error:
        raise OutputError(f"{path} could not be written: ffmpeg ended before the film did; {ask}") from error
    except subprocess.CalledProcessError as error:
        raise OutputError(
            f"{path} could not be written: ffmpeg ended before the film did, with status {error.returncode}; {ask}"
        ) from error


def _stops(frames: int, step: int) -> list[int]:
    """The frames at which a picture is taken, the last one always among them."""
    return sorted({*range(0, frames, step), frames - 1})


@dataclass(frozen=True)
class _Playhead:
    """A playhead in one panel, and the veil over what lies ahead of it."""

    line: Rectangle
    veil: Rectangle | None
    backward: bool
    grid: FrameGrid


class _Stage:
    """Draws the figure once, and for every picture only what moves.

    Args:
        figure: what is played.
        recording: what is played; it knows where the frames of every layer are.
        dpi: pixels an inch.
    """

    def __init__(self, figure: GateFigure, recording: Recording, dpi: float | int) -> None:
        own = {group_name(trace): recording.grid_of(trace) for trace in recording.traces}
        self._frame_count = recording.grid.frame_count
        self._heads: list[tuple[Axes, _Playhead]] = []
        figure.dpi = dpi
        ways = [backward for _, panels in figure.placed for backward in [_is_backward(panels)] if backward is not None]
        for axes, panels in figure.placed:
            way = _is_backward(panels)
            # The image, the text and the posteriors have no direction: they show every way that is played.
            for backward in sorted(set(ways)) if way is None else [way]:
                here = next((own[group] for group in _groups(panels) if group in own), recording.grid)
                self._heads.append((axes, self._head(axes, backward, here, veiled=way is not None)))
        self._canvas = FigureCanvasAgg(figure)
        engine = figure.get_layout_engine()
        assert engine is not None
        engine.execute(figure)
        figure.set_layout_engine("none")
        self._canvas.draw()  # type: ignore[no-untyped-call]
        self._ground = self._canvas.copy_from_bbox(figure.bbox)  # type: ignore[no-untyped-call]
        self.screen, self._picture = screen_of(self._pixels(), dpi)

    def show(self, frame: int) -> None:
        """Put the playheads of forward layers at a frame, those of backward layers as far from the other end."""
        self._canvas.restore_region(self._ground)  # type: ignore[no-untyped-call]
        last = self._frame_count - 1
        for axes, head in self._heads:
            at = last - frame if head.backward else frame
            left, right = head.grid.columns(at, at + 1)
            start, stop = head.grid.columns(0, self._frame_count)
            head.line.set(x=left, width=right - left)
            moved = [head.line]
            if head.veil is not None:
                ahead = (start, left) if head.backward else (right, stop)
                head.veil.set(x=ahead[0], width=ahead[1] - ahead[0])
                moved.insert(0, head.veil)
            for artist in moved:
                artist.set_visible(True)
                axes.draw_artist(artist)
                artist.set_visible(False)
        self._picture.set_data(self._pixels())

    def _head(self, axes: Axes, backward: bool, grid: FrameGrid, *, veiled: bool) -> _Playhead:
        across = axes.get_xaxis_transform()
        line = Rectangle((0, 0), 1, 1, facecolor=SHADE, alpha=0.55, edgecolor=INK, linewidth=0.6, transform=across)
        veil = Rectangle((0, 0), 1, 1, facecolor=PAPER, alpha=_VEIL, linewidth=0, transform=across) if veiled else None
        for artist in (line, veil):
            if artist is not None:
                artist.set(visible=False, clip_on=True)
                axes.add_patch(artist)
                artist.set_clip_path(axes.patch)
        return _Playhead(line, veil, backward, grid)

    def _pixels(self) -> UInt8[np.ndarray, "height width 4"]:
        return np.array(self._canvas.buffer_rgba())  # type: ignore[no-untyped-call]


def screen_of(pixels: UInt8[np.ndarray, "height width 4"], dpi: float | int) -> tuple[Figure, FigureImage]:
    """A figure that is nothing but a picture, which a movie writer can take without drawing all again."""
    # Sizes in inches are cut to whole pixels: a hair more keeps the last row and column.
    screen = Figure(figsize=((pixels.shape[1] + 0.01) / dpi, (pixels.shape[0] + 0.01) / dpi), dpi=dpi)
    FigureCanvasAgg(screen)
    return screen, screen.figimage(pixels, resize=False)


def _is_backward(panels: Sequence[object]) -> bool | None:
    """Which way the layer of these panels reads; None for panels of no layer."""
    ways = {group.rpartition(" ")[2] for group in _groups(panels)} & set(Direction)
    return None if not ways else Direction.BACKWARD in ways


def _groups(panels: Sequence[object]) -> list[str]:
    return [panel.group for panel in panels if isinstance(panel, HeatmapPanel | LinePanel)]
