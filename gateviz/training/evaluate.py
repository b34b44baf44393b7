"""How well a recognizer reads lines whose truth is known."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32

from gateviz.capture.recognizer import Recognizer, pixels_of
from gateviz.capture.run_checks import require_frames, require_posteriors
from gateviz.ctc.forced import align
from gateviz.ctc.greedy import greedy
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.reading_order import standing_order
from gateviz.errors import AlignmentError, AlphabetError, CheckpointError, GeometryError, ImageError, ShapeError
from gateviz.lines.remarks import Fit, fit_of, line_remarks
from gateviz.measure.evaluation import Evaluation, FailedLine, ReadLine
from gateviz.measure.jackknife import Jackknife
from gateviz.measure.span_error import SpanErrors, span_errors
from gateviz.typesetting.lines import LineSet, TrainingLine

# Lines, and numbers of their pixels, that wait for others of their width.
WINDOW = 1024
WINDOW_PIXELS = 32_000_000


def evaluate(
    recognizer: Recognizer,
    lines: LineSet,
    *,
    limit: int | None = None,
    batch_size: int = 16,
    jackknife: Jackknife | None = None,
    on_progress: Callable[[int], object] = lambda done: None,
) -> Evaluation:
    """The readings of a set of lines beside their truth.

    Every line is read by its greedy path, as ``gateviz read`` does, but without opening the recurrent
    layers. Lines run together only where their network inputs have exactly one size; none is padded
    for the sake of a batch, so a line's reading does not depend on its neighbors.

    Where a line's true columns are known, its **true** text is aligned to the posteriors (``ctc.forced``),
    whatever was read, and the columns of each span's frames are held against the symbol's own. The columns
    of a symbol of several code points are those of all of them.

    A line that cannot be decoded, prepared or that has no text goes into ``failures`` and into no rate.

    Args:
        recognizer: what reads; its network runs where it lies and is not changed.
        lines: what to read.
        limit: read the first so many lines only.
        batch_size: most lines that run at once.
        jackknife: how the rates' intervals are made; None for the default.
        on_progress: called with the number of lines just done.

    Raises:
        CheckpointError: the network is in training mode, or its posteriors are none.
        GeometryError: the network's frames are not those of its geometry.
    """
    if recognizer.module.training:
        raise CheckpointError(
            "the recognizer's network is in training mode and would read otherwise than it will later; call .eval()"
        )
    count = len(lines) if limit is None else min(limit, len(lines))
    reader = _Reader(recognizer)
    found: dict[int, ReadLine] = {}
    failures: list[FailedLine] = []
    for window in _windows(reader, lines, count, failures, on_progress):
        for batch in _batches(window, batch_size):
            found.update(zip((line.index for line in batch), reader.read(batch), strict=True))
            on_progress(len(batch))
    return Evaluation(tuple(found[index] for index in sorted(found)), tuple(failures), jackknife or Jackknife())


@dataclass(frozen=True, eq=False)
class _Line:
    """One line on its way: its truth, the network's input made of it, its frames in columns of the image."""

    index: int
    line: TrainingLine
    pixels: Float[torch.Tensor, "channels height width"]
    grid: FrameGrid
    seen_words: str
    fit: Fit
    remarks: tuple[str, ...]


def _windows(
    reader: "_Reader",
    lines: LineSet,
    count: int,
    failures: list[FailedLine],
    on_progress: Callable[[int], object],
) -> Iterator[list[_Line]]:
    """The prepared lines, so many at a time that enough of them have one width."""
    window: list[_Line] = []
    pixels = 0
    for index in range(count):
        name = f"line {index + 1}"
        try:
            line = lines[index]
            name = line.name or name
            ready = reader.prepared(index, line) if line.text.strip() else None
        except (ImageError, GeometryError) as error:
            failures.append(FailedLine(name, str(error)))
            on_progress(1)
            continue
        if ready is None:
            failures.append(FailedLine(name, "it has no text that a reading could be held against"))
            on_progress(1)
            continue
        window.append(ready)
        pixels += ready.pixels.numel()
        if len(window) == WINDOW or pixels > WINDOW_PIXELS:
            yield window
            window, pixels = [], 0
    if window:
        yield window


def _batches(lines: list[_Line], most: int) -> Iterator[list[_Line]]:
    """Lines of one input size, at most ``most`` together."""
    sizes: dict[tuple[int, ...], list[_Line]] = {}
    for line in lines:
        sizes.setdefault(tuple(line.pixels.shape), []).append(line)
    for group in sizes.values():
        for start in range(0, len(group), most):
            yield group[start : start + most]


class _Reader:
    """Reads batches of lines by one recognizer."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self._known = frozenset("".join(recognizer.alphabet.symbols))
        parameter = next(recognizer.module.parameters(), None)
        self._device = torch.device("cpu") if parameter is None else parameter.device

    def prepared(self, index: int, line: TrainingLine) -> _Line:
        """A line as the network wants it.

        Raises:
            ImageError: it cannot be brought to the network's input.
            GeometryError: it gives no frame.
        """
        prepared = self._recognizer.prepare(line.image)
        grid = self._recognizer.frame_grid(int(prepared.pixels.shape[2]))
        placed = grid.mapped(prepared.to_source, prepared.source_width)
        fit = fit_of(line.image, prepared, grid.frame_count)
        return _Line(
            index,
            line,
            pixels=pixels_of(prepared),
            grid=placed,
            seen_words=prepared.seen_words,
            fit=fit,
            remarks=line.remarks + prepared.remarks,
        )

    def read(self, batch: list[_Line]) -> list[ReadLine]:
        """What is written on lines of one input size."""
        pixels = torch.stack([line.pixels for line in batch]).to(self._device)
        with torch.no_grad():
            log_probs = self._recognizer.log_probs(pixels)
        names = [line.line.name for line in batch]
        require_posteriors(log_probs, names, self._recognizer.module, edited=False)
        require_frames(log_probs, (), batch[0].grid, pixels.shape[3])
        emissions = log_probs.to("cpu", torch.float32).numpy()
        return [self._compare(line, emission) for line, emission in zip(batch, emissions, strict=True)]

    def _compare(self, line: _Line, log_probs: Float32[np.ndarray, "T C"]) -> ReadLine:
        emission = Emission(log_probs, self._recognizer.alphabet)
        truth = line.line
        spans, unaligned = None, ""
        if truth.columns is not None and line.seen_words:
            unaligned = f"its frames are columns of the image {line.seen_words}, not of the one given"
        elif truth.columns is not None:
            try:
                spans = aligned_errors(emission, truth.text, truth.columns, line.grid)
            except (AlphabetError, AlignmentError) as error:
                unaligned = str(error)
        alignment = greedy(emission)
        return ReadLine(
            truth=truth.text,
            reading=alignment.reading,
            name=truth.name,
            script=truth.script,
            font=truth.font,
            outside=tuple(symbol for symbol in truth.text if symbol not in self._known),
            spans=spans,
            unaligned=unaligned,
            remarks=line.remarks + line_remarks(truth.image, line.fit, emission, alignment),
        )


def aligned_errors(
    emission: Emission, text: str, columns: Float[np.ndarray, "points 2"], grid: FrameGrid
) -> SpanErrors:
    """How far the most probable path that spells a text lies from where its symbols stand.

    Args:
        emission: the posteriors of the line.
        text: what is written on it.
        columns: left and right edge of each code point of ``text``, in columns of the image.
        grid: where the frames look in the same image.

    Raises:
        AlphabetError: the text has symbols that are not in the alphabet.
        AlignmentError: it needs more frames than there are, or its probability is zero.
        ShapeError: there are not as many columns as code points.
    """
    if len(columns) != len(text):
        raise ShapeError(
            f"the line has columns of {len(columns)} symbols and a text of {len(text)}; give one pair for each code point"
        )
    spans = align(emission, text).spans
    if not spans:
        return SpanErrors.joined([])
    # Columns come in the order of the text, spans from left to right.
    order = standing_order(emission.alphabet.split(text))
    spans = tuple(spans[place] for place in np.argsort(order))
    starts = np.cumsum([0, *(len(span.symbol) for span in spans)])[:-1]
    true = np.stack([np.minimum.reduceat(columns[:, 0], starts), np.maximum.reduceat(columns[:, 1], starts)], axis=1)
    return span_errors(np.array([grid.columns(span.start, span.stop) for span in spans]), true)
