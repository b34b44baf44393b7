"""Effective context by gradient over a corpus: how far away lies what each layer and the posterior answer to."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import add
from typing import Literal

import numpy as np

from gateviz.capture.changes import Place, place_words
from gateviz.capture.context import GradientError, Probes, image_sensitivity, layer_sensitivity
from gateviz.capture.layer_grids import line_grids
from gateviz.capture.recognizer import PreparedLine, Recognizer
from gateviz.data.alignment import Alignment
from gateviz.errors import SelectionError
from gateviz.files.true_lines import open_source
from gateviz.measure.context import Course, Reach, course, reach
from gateviz.measure.jackknife import Jackknife
from gateviz.measure.line_events import frames_a_symbol
from gateviz.studies.account import Corpus

By = Literal["image", "input"]
"""Distances on the image, in columns of the network's input; or on the layer's own input, in frames."""

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


@dataclass(frozen=True, eq=False)
class LineContext:
    """What was measured on one line.

    Attributes:
        name: its file.
        image: by columns of the network's input, of each layer and direction, and of the posterior (None).
        input: by frames of the layer's own input.
        frames_a_symbol: from one symbol to the next; NaN with fewer than two.
    """

    name: str
    image: Mapping[Place | None, Course]
    input: Mapping[Place | None, Course]
    frames_a_symbol: float

    def courses(self, by: By) -> Mapping[Place | None, Course]:
        """The courses on one of the two axes."""
        return self.image if by == "image" else self.input


@dataclass(frozen=True, eq=False)
class GradientContext:
    """The effective context of a network, by gradient.

    Attributes:
        lines: those that were measured.
        refused: names of lines without a gradient, with the reason.
        stride: columns of the network's input a frame.
        receptive_field: of one frame before the first recurrent layer, in those columns.
        sampling: of how much.
    """

    lines: tuple[LineContext, ...]
    refused: tuple[tuple[str, str], ...]
    stride: float
    receptive_field: float
    sampling: Sampling
    jackknife: Jackknife = field(default_factory=Jackknife)

    @property
    def why_not(self) -> str:
        """Why there is no gradient of this network; empty where there is one."""
        return "" if self.lines else self.refused[0][1]

    @cached_property
    def frames_a_symbol(self) -> float:
        """Mean over the lines; NaN where no line has two symbols."""
        known = [line.frames_a_symbol for line in self.lines if np.isfinite(line.frames_a_symbol)]
        return float(np.mean(known)) if known else float("nan")

    def places(self, by: By) -> list[Place | None]:
        """What was measured on an axis, layers in their order, the posterior last."""
        return list(dict.fromkeys(place for line in self.lines for place in line.courses(by)))

    def course(self, by: By, place: Place | None) -> Course:
        """The course over all lines.

        Raises:
            SelectionError: this was not measured.
        """
        return reduce(add, self._of(by, place))

    def reach(self, by: By, place: Place | None) -> Reach:
        """How much lies beyond each distance, in columns or frames.

        Raises:
            SelectionError: this was not measured.
        """
        return reach(self._of(by, place), self.jackknife)

    def _of(self, by: By, place: Place | None) -> list[Course]:
        found = [line.courses(by)[place] for line in self.lines if place in line.courses(by)]
        if not found:
            named = "the posterior" if place is None else place_words(place)
            there = ", ".join("posterior" if one is None else place_words(one) for one in self.places(by)) or "none"
            raise SelectionError(f"the context of {named} by the {by} was not measured; measured are {there}")
        return found


def gradient_context(
    recognizer: Recognizer,
    corpus: Corpus,
    alignments: Sequence[Alignment],
    sampling: Sampling,
    *,
    progress: Callable[[int], object] | None = None,
) -> GradientContext:
    """The effective context of every layer and of the posterior over a recorded corpus.

    Args:
        recognizer: what made the corpus's recordings.
        corpus: recorded without edits.
        alignments: of its lines.
        sampling: of how much of each line.
        progress: called with 1 after each line.

    Raises:
        SelectionError: there is no such layer.
    """
    found: list[LineContext] = []
    refused: list[tuple[str, str]] = []
    grids = None
    for number, (line, alignment) in enumerate(zip(corpus.lines, alignments, strict=True)):
        if found or len(refused) < _REFUSALS:
            prepared = recognizer.prepare(open_source(line.source).pixels)
            grids = line_grids(recognizer, int(prepared.pixels.shape[2]))
            try:
                found.append(
                    _line(recognizer, str(line.source.path), alignment, prepared, [sampling.seed, number], sampling)
                )
            except GradientError as error:
                refused.append((str(line.source.path), str(error)))
        if progress is not None:
            progress(1)
    assert grids is not None, "a corpus holds a line"
    own = grids.of_layers(recognizer.module).get(0, grids.output)
    return GradientContext(tuple(found), tuple(refused), own.stride, own.receptive_field, sampling)


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


def _line(
    recognizer: Recognizer,
    name: str,
    alignment: Alignment,
    prepared: PreparedLine,
    seed: Sequence[int],
    sampling: Sampling,
) -> LineContext:
    pixels = prepared.pixels
    grids = line_grids(recognizer, int(pixels.shape[2]))
    own_grids = grids.of_layers(recognizer.module)
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
    return LineContext(name, image, own, pitch(alignment))
