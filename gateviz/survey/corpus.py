"""The lines of a corpus, recorded; those that could not be read are told, not dropped."""

from dataclasses import dataclass, field

from gateviz.data.alignment import Alignment
from gateviz.errors import AlignmentError, AlphabetError
from gateviz.files.folders import LineSource
from gateviz.recording import Recording, align


@dataclass(frozen=True)
class CorpusLine:
    """One recorded line.

    Attributes:
        source: its file, and what is written there where somebody said.
        recording: what the network did on it.
    """

    source: LineSource
    recording: Recording


@dataclass(frozen=True)
class Skipped:
    """A line that could not be read.

    Attributes:
        source: its file.
        why: the error, in words.
    """

    source: LineSource
    why: str


@dataclass(frozen=True)
class Corpus:
    """All lines of a corpus, recorded.

    Attributes:
        lines: those that could be read, in the order given.
        skipped: the others.
    """

    lines: tuple[CorpusLine, ...]
    skipped: tuple[Skipped, ...] = field(default=())

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """The recordings alone."""
        return tuple(line.recording for line in self.lines)


def told_alignment(recording: Recording, text: str | None) -> tuple[Alignment, bool]:
    """The alignment to the true text where there is one that fits, and whether it is that."""
    if text:
        try:
            return align(recording, text), True
        except (AlphabetError, AlignmentError):
            pass
    return recording.alignment, False
