"""Every line looked at before training: what cannot be learned from is met now, not at step 40,000."""

import os
import unicodedata
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from gateviz.ctc.collapse import frames_needed
from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError, GatevizError, ImageError, TrainingError
from gateviz.geometry.preprocess import Preprocess
from gateviz.lines.recognizer import Geometry
from gateviz.training.line_files import LineFiles
from gateviz.training.line_report import Fault, LineReport, LineTally, short

FramesOf = Callable[[int, int], int]
"""How many frames the network gives for an image of (width, height)."""

# Lines handed to the threads at a time.
WINDOW = 1024
# Lines between two words on how far it has come.
STRIDE = 64


def network_frames(preprocess: Preprocess, geometry: Geometry) -> FramesOf:
    """How many frames a network gives for an image of (width, height).

    Args:
        preprocess: the recipe of its input. What cropping to ink would cut off an image is not known from its size;
            a line that turns out too short for its text is counted as hidden by the batches.
        geometry: where its frames look.
    """

    @lru_cache(maxsize=100_000)
    def frames(width: int, height: int) -> int:
        canvas = preprocess.apply(np.full((height, width), 255, np.uint8))
        return geometry.frame_grid(canvas.width).frame_count

    return frames


def check_lines(
    lines: LineFiles,
    alphabet: Alphabet,
    frames_of: FramesOf,
    *,
    threads: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> LineReport:
    """What is wrong with which lines; every image is decoded.

    A text is held against the frames of its own image; beside wider lines in a batch it has more.

    Args:
        lines: what to look at.
        alphabet: of the network to train.
        frames_of: how many frames it gives for an image of (width, height), such as
            ``network_frames``; where it raises, the network cannot take the image.
        threads: how many look at lines at once; by default one for each core.
        progress: is told how many lines are done, every few lines and at the end.
    """
    look = _Looker(lines, alphabet, frames_of, frozenset("".join(alphabet.symbols)))
    tally = LineTally(alphabet, line_count=len(lines))
    # The image reader sets and resets a filter of warnings, which threads would do to each other;
    # inside this one the filters are the same whoever resets them.
    with warnings.catch_warnings(), ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        for start in range(0, len(lines), WINDOW):
            window = range(start, min(start + WINDOW, len(lines)))
            for index, seen in zip(window, pool.map(look, window), strict=True):
                for fault, words in seen.faults:
                    tally.fault(index, fault, words)
                tally.symbols(seen.symbols, seen.outside)
                tally.composable += seen.composable
                if (index + 1) % STRIDE == 0 or index + 1 == len(lines):
                    progress(index + 1)
    return tally.report(_find_repeated(lines, tally), lines.strays)


def symbols_in(lines: LineFiles) -> tuple[str, ...]:
    """The symbols that the texts of the lines have, in the order of their code points.

    Control characters, such as a tab or the break between two lines of text, are no symbols that
    could be read. A text that cannot be read gives none: looking at the lines will name it.

    Raises:
        TrainingError: there is none at all.
    """
    found: set[str] = set()
    unread: list[str] = []
    for index in range(len(lines)):
        try:
            found.update(lines.text(index))
        except ImageError as error:
            unread.append(str(error))
    symbols = tuple(sorted(symbol for symbol in found if unicodedata.category(symbol) != "Cc"))
    if not symbols:
        why = f"; {len(unread):,} texts cannot be read, such as: {unread[0]}" if unread else ""
        raise TrainingError(
            f"none of the {len(lines):,} lines has a text, so there is no alphabet to learn{why}; "
            f"write the texts, or name an alphabet"
        )
    return symbols


@dataclass(frozen=True)
class _Seen:
    """What one line shows."""

    faults: tuple[tuple[Fault, str], ...] = ()
    symbols: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    composable: bool = False


@dataclass(frozen=True)
class _Looker:
    """Looks at one line.

    Attributes:
        known: code points that stand in a symbol of the alphabet.
    """

    lines: LineFiles
    alphabet: Alphabet
    frames_of: FramesOf
    known: frozenset[str]

    def __call__(self, index: int) -> _Seen:
        faults: list[tuple[Fault, str]] = []
        frames = self._frames(index, faults)
        try:
            text = self.lines.text(index)
        except GatevizError as error:
            return _Seen((*faults, (Fault.TEXT, str(error))))
        name = self.lines.name(index)
        if not text.strip():
            return _Seen((*faults, (Fault.EMPTY, f"{name} has the text {text!r}")))
        try:
            symbols = self.alphabet.split(text)
        except AlphabetError:
            outside = self._outside(text)
            what = ", ".join(map(repr, dict.fromkeys(outside)))
            faults.append((Fault.SYMBOLS, f"{name} has {what} in {short(text)}"))
            return _Seen(tuple(faults), (), tuple(outside), self._fits(unicodedata.normalize("NFC", text)))
        needed = frames_needed([label for symbol in symbols for label in self.alphabet.code(symbol)])
        if frames is not None and needed > frames:
            faults.append((Fault.FRAMES, f"{name} gives {frames} frames and {short(text)} needs {needed}"))
        return _Seen(tuple(faults), tuple(symbols))

    def _frames(self, index: int, faults: list[tuple[Fault, str]]) -> int | None:
        """The frames of a line's image; None, with a fault, where there are none."""
        try:
            height, width = self.lines.image(index).shape
        except GatevizError as error:
            faults.append((Fault.IMAGE, str(error)))
            return None
        try:
            return self.frames_of(width, height)
        except GatevizError as error:
            faults.append((Fault.IMAGE, f"the network cannot take the image {self.lines.name(index)}: {error}"))
            return None

    def _fits(self, text: str) -> bool:
        try:
            self.alphabet.split(text)
        except AlphabetError:
            return False
        return True

    def _outside(self, text: str) -> list[str]:
        """The code points of a text that no symbol has; where there are none, those that are no symbol alone."""
        return [point for point in text if point not in self.known] or [
            point for point in text if not self._fits(point)
        ]


def _find_repeated(lines: LineFiles, tally: LineTally) -> list[int]:
    """Lines with the image and text of an earlier one; those with another text are counted as faults."""
    first: dict[str, int] = {}
    repeated: list[int] = []
    clashes: dict[int, str] = {}
    for index in range(len(lines)):
        file = lines.file(index)
        if file is None:
            continue
        earlier = first.setdefault(os.path.normpath(file), index)
        if earlier == index:
            continue
        if lines.text(index) == lines.text(earlier):
            repeated.append(index)
            continue
        for one, other in ((earlier, index), (index, earlier)):
            clashes.setdefault(
                one, f"{file} is {short(lines.text(one))} here and {short(lines.text(other))} in line {other + 1}"
            )
    for index in sorted(clashes):
        tally.fault(index, Fault.CLASH, clashes[index])
    return repeated
