"""Measures the effective context by gradient, line after line: for the study of context, and for claims about it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from gateviz.capture.context import GradientError, Probes, image_sensitivity, layer_sensitivity
from gateviz.capture.layer_grids import grids_of_layers
from gateviz.capture.recognizer import pixels_of
from gateviz.data.alignment import Alignment
from gateviz.data.gates import Place
from gateviz.errors import SelectionError
from gateviz.lines.grids import line_grids
from gateviz.measure.context import Course, course
from gateviz.measure.gradient_context import By, GradientContext, LineContext
from gateviz.measure.line_events import frames_a_symbol
from gateviz.studies.account import CorpusLine

# A network that refuses so many lines and has taken none refuses them all.
_REFUSALS = 3


@dataclass(frozen=True)
class Sampling:
    """Of how much of each line the context is measured.

    Attributes:
        frames: of a line, drawn among those of its text.
        probes: random directions a frame, by which norms are estimated; None is exact, and slow.
        layers: these only; None for all.
        seed: of frames and directions; the same seed gives the same digits.
        measures: ``image``, ``input`` or both.
    """

    frames: int = 4
    probes: int | None = 2
    layers: Collection[int] | None = None
    seed: int = 0
    measures: tuple[By, ...] = ("image", "input")

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise SelectionError(f"the context of {self.frames} frames a line was asked for; take at least 1")


class GradientTally:
    """The courses of every line, and the lines that gave none.

    Args:
        sampling: of how much of each line.
    """

    def __init__(self, sampling: Sampling) -> None:
        self.sampling = sampling
        self._lines: list[LineContext] = []
        self._refused: list[tuple[str, str]] = []
        self._geometry = (float("nan"), float("nan"))

    def add(self, line: CorpusLine) -> None:
        """One more line.

        Raises:
            SelectionError: there is no such layer.
            CheckpointError: there is only its recording.
        """
        if not self._lines and len(self._refused) >= _REFUSALS:
            return
        try:
            self._lines.append(self._measured(line))
        except GradientError as error:
            self._refused.append((str(line.source.path), str(error)))

    def merge(self, later: "GradientTally") -> None:
        """All lines of another tally of the same sampling."""
        self._lines += later._lines
        self._refused += later._refused
        self._geometry = later._geometry if later._lines or later._refused else self._geometry

    def result(self) -> GradientContext:
        """What the lines come to; at least one was added."""
        return GradientContext(tuple(self._lines), tuple(self._refused), *self._geometry)

    def _measured(self, line: CorpusLine) -> LineContext:
        sampling, alignment, pixels = self.sampling, line.alignment, pixels_of(line.prepared())
        recognizer = line.recognizer
        assert recognizer is not None, "a line that was prepared has one"
        grids = line_grids(recognizer, int(pixels.shape[2]))
        own_grids = grids_of_layers(grids, recognizer.module)
        first = own_grids.get(0, grids.output)
        self._geometry = first.stride, first.receptive_field
        seed = [sampling.seed, line.number]
        frames = sampled_frames(alignment, sampling.frames, seed)
        probes = Probes(sampling.probes, tuple(seed))
        labels = [int(alignment.path[frame]) for frame in frames]
        image: dict[Place | None, Course] = {}
        own: dict[Place | None, Course] = {}
        if "image" in sampling.measures:
            for each in image_sensitivity(recognizer, pixels, frames, labels, layers=sampling.layers, probes=probes):
                grid = grids.output if each.place is None else own_grids.get(each.place[0], grids.output)
                image[each.place] = course(each.squared, grid.centers[each.frames])
        if "input" in sampling.measures:
            for each in layer_sensitivity(recognizer, pixels, frames, layers=sampling.layers, probes=probes):
                own[each.place] = course(each.squared, each.frames.astype(np.float64), origin=0.0)
        return LineContext(str(line.source.path), image, own, pitch(alignment))


def sampled_frames(alignment: Alignment, count: int, seed: Sequence[int]) -> list[int]:
    """Some frames of a line's text, drawn without replacement, ascending; of the whole line where nothing is written.

    Example:
        >>> import numpy as np
        >>> from gateviz.data.alignment import Alignment, Span
        >>> sampled_frames(Alignment(np.zeros(9, int), (Span("a", 3, 5, 0.0),), "a", 0.0), 4, [0])
        [3, 4]
    """
    spans = alignment.spans
    start, stop = (spans[0].start, spans[-1].stop) if spans else (0, len(alignment.path))
    rng = np.random.default_rng(seed)
    return sorted(int(start + frame) for frame in rng.permutation(stop - start)[:count])


def pitch(alignment: Alignment) -> float:
    """Frames from one symbol to the next on a line; NaN with fewer than two symbols."""
    frames, steps = frames_a_symbol([alignment])[0]
    return float(frames / steps) if steps else float("nan")
