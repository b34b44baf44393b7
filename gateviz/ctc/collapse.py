"""From a path to the labels and symbols it spells."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from gateviz.ctc.confidence import path_log_probs, span_log_prob
from gateviz.data.alignment import Alignment, Span
from gateviz.data.emission import Emission


class Run(NamedTuple):
    """Neighboring frames [start, stop) with one and the same label, never the blank."""

    label: int
    start: int
    stop: int


def runs(path: Int64[np.ndarray, " T"], blank: int) -> list[Run]:
    """The runs of equal labels on a path, in order, the blank's left out.

    Two runs of one label with blanks between them are two runs: that is how CTC writes a doubled
    letter (Graves et al. 2006, section 3.1).

    Example:
        >>> runs(np.array([0, 2, 2, 0, 2]), blank=0)
        [Run(label=2, start=1, stop=3), Run(label=2, start=4, stop=5)]
    """
    if not len(path):
        return []
    starts = np.concatenate(([0], np.flatnonzero(np.diff(path)) + 1))
    stops = np.append(starts[1:], len(path))
    return [
        Run(label, start, stop)
        for label, start, stop in zip(path[starts].tolist(), starts.tolist(), stops.tolist(), strict=True)
        if label != blank
    ]


def collapse(path: Int64[np.ndarray, " T"], blank: int) -> list[int]:
    """The labels a path spells: repeats merged, then blanks removed.

    Example:
        >>> collapse(np.array([0, 2, 2, 0, 2]), blank=0)
        [2, 2]
    """
    return [run.label for run in runs(path, blank)]


def frames_needed(labels: Sequence[int]) -> int:
    """The fewest frames that spell labels: one each, and a blank between equal neighbors.

    Example:
        >>> frames_needed([3, 5, 5])
        4
    """
    return len(labels) + sum(before == label for before, label in pairwise(labels))


def align_path(
    emission: Emission,
    path: Int64[np.ndarray, " T"],
    spelled: Sequence[tuple[str, int, int]] | None = None,
) -> Alignment:
    """The alignment a path stands for: its spans, text and log probability.

    A symbol that several labels spell spans from the first frame of its first label to the last
    frame of its last one, the blanks between them included.

    Args:
        emission: the posteriors the path runs through.
        path: the label of every frame.
        spelled: ``(symbol, start, stop)``, half-open in the path's runs, where it is already known
            which labels belong to which symbol; by default the alphabet decodes them.
    """
    found = runs(path, emission.alphabet.blank)
    if spelled is None:
        spelled = emission.alphabet.decode([run.label for run in found])
    frame_log_probs = path_log_probs(emission, path)
    spans = []
    for symbol, first, last in spelled:
        start, stop = found[first].start, found[last - 1].stop
        spans.append(Span(symbol, start, stop, span_log_prob(frame_log_probs, start, stop)))
    return Alignment(
        path=path,
        spans=tuple(spans),
        text="".join(span.symbol for span in spans),
        log_prob=float(frame_log_probs.sum()),
    )
