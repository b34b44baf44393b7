"""Lines to train on and lines to validate on, told apart by their names; two sets of lines mixed."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from gateviz.errors import TrainingError
from gateviz.training.line_files import LineFiles
from gateviz.typesetting.lines import LineSet, TrainingLine


class LineSubset:
    """Some lines of a set, as a set.

    Args:
        lines: the whole set.
        indices: which of them, in order.
    """

    def __init__(self, lines: LineFiles, indices: Sequence[int]) -> None:
        self.lines = lines
        self.indices = np.array(indices, dtype=np.int64)

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self.indices)

    def __getitem__(self, index: int) -> TrainingLine:
        """Line ``index``, from 0.

        Raises:
            IndexError: there is no such line.
        """
        return self.lines[int(self.indices[index])]

    def spread(self, most: int) -> "LineSubset":
        """At most so many of them, evenly from all."""
        chosen = np.linspace(0, len(self) - 1, min(most, len(self))).round().astype(np.int64)
        return LineSubset(self.lines, self.indices[chosen].tolist())


def split_lines(lines: LineFiles, share: float, *, among: Sequence[int] | None = None) -> tuple[LineSubset, LineSubset]:
    """The lines to train on, and those to validate on.

    A hash of its name within its folder decides for each line, so that lines may be added or
    removed and none of the others changes sides, wherever the folder lies. Lines of one name (the
    pictures of one line, an image named twice) stay together. Where no hash falls into a side, the
    name closest to it goes there: a handful of lines is the only case in which one may change later.

    Args:
        lines: all of them.
        share: about how much of them to validate on, between 0 and 1.
        among: which of the lines to split; all of them by default.

    Raises:
        TrainingError: the share is not between 0 and 1, or fewer than two names are there.
    """
    if not 0 < share < 1:
        raise TrainingError(f"a share of {share} was asked for to validate on; it lies between 0 and 1, such as 0.05")
    chosen = range(len(lines)) if among is None else among
    places = np.array([_place(lines.key(index)) for index in chosen])
    if len(np.unique(places)) < 2:
        raise TrainingError(
            f"{len(chosen)} lines with fewer than two names cannot be split into lines to train on and lines to "
            f"validate on; add lines, or name those to validate on"
        )
    border = min(max(share, float(np.nextafter(places.min(), 1))), float(places.max()))
    held = places < border
    numbers = np.array(chosen, dtype=np.int64)
    return LineSubset(lines, numbers[~held].tolist()), LineSubset(lines, numbers[held].tolist())


def _place(key: str) -> float:
    """Where in [0, 1) a name falls."""
    digest = blake2b(key.encode("utf-8", "surrogateescape"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


class LineMix:
    """As many synthetic lines as asked for among lines of one's own; as endless as the synthetic ones.

    Args:
        own: lines that come up at random, each as often as the next.
        synthetic: lines that come up once each.
        share: of synthetic lines, 0 to 1.
        seed: of the mix.
    """

    def __init__(self, own: LineSet, synthetic: LineSet, share: float, seed: int) -> None:
        self.own = own
        self.synthetic = synthetic
        self.share = share
        self.seed = seed

    def __len__(self) -> int:
        """As many as there are synthetic lines."""
        return len(self.synthetic)

    def __getitem__(self, index: int) -> TrainingLine:
        """Line ``index``, from 0.

        Raises:
            IndexError: there is no such line.
        """
        rng = np.random.default_rng([self.seed, index])
        if rng.random() < self.share:
            return self.synthetic[index]
        if not 0 <= index < len(self):
            raise IndexError(f"line {index} of {len(self)}")
        return self.own[int(rng.integers(len(self.own)))]
