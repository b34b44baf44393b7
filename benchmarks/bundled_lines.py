"""What the bundled model is tested on beyond ordinary lines: margins, photographs, hands, doubled letters."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from gateviz.measure.edit_distance import paired
from gateviz.measure.evaluation import ReadLine
from gateviz.typesetting.fonts import HELD_OUT, FontFace, find_fonts
from gateviz.typesetting.lines import LineSet, TrainingLine

HANDS = {"Caveat": "latin", "Kalam": "latin", "Ma Shan Zheng": "chinese", "Zhi Mang Xing": "chinese"}
"""Handwriting families that no line of the training was set in, and what is written in them here."""

MARGINS = (0.0, 0.3, 0.6, 1.2)
NARROW = frozenset("fijlrt1I|")


def printed_faces() -> list[FontFace]:
    """Held-out fonts that are no hand."""
    return [face for face in find_fonts() if face.held_out and not face.family.startswith(tuple(HANDS))]


def hand_faces(family: str) -> list[FontFace]:
    """Those of one held-out hand.

    Raises:
        SystemExit: it is not installed.
    """
    assert family in HELD_OUT, f"{family} may have been trained on"
    found = [face for face in find_fonts() if face.family.startswith(family)]
    if not found:
        raise SystemExit(f"the font {family} is not here; install it with: make fonts")
    return found


@dataclass(frozen=True)
class Margined:
    """Lines with paper around them.

    Attributes:
        lines: as they were.
        share: of the image's rows, that are added on each of the four sides.
    """

    lines: LineSet
    share: float

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, index: int) -> TrainingLine:
        line = self.lines[index]
        paper = int(np.median(line.image))
        more = round(self.share * line.image.shape[0])
        columns = None if line.columns is None else line.columns + np.float32(more)
        return replace(line, image=np.pad(line.image, more, constant_values=paper), columns=columns)


def doubled_lost(lines: tuple[ReadLine, ...]) -> tuple[int, int]:
    """Of how many pairs of equal narrow letters one or both are missing in the reading, and how many there are."""
    lost = count = 0
    for line in lines:
        missing = {truth for truth, reading in paired(line.truth, line.reading) if reading is None}
        for place in _doubled(line.truth):
            count += 1
            lost += bool(missing & {place, place + 1})
    return lost, count


def _doubled(text: str) -> Iterator[int]:
    yield from (place for place in range(len(text) - 1) if text[place] == text[place + 1] and text[place] in NARROW)
