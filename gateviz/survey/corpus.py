"""The lines of a corpus, recorded; those that could not be read are told, not dropped."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

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


@dataclass(frozen=True)
class Truths:
    """How many lines of a corpus have a true text, and who says it.

    Attributes:
        lines: that were read.
        told: those with a true text.
        by: who says it, such as ``manifest`` or ``.gt.txt``, in the order met.
        aligned: those whose true text could be aligned, and that are measured on it.
    """

    lines: int
    told: int
    by: tuple[str, ...]
    aligned: int

    @classmethod
    def of(cls, sources: Iterable[tuple[LineSource, bool]]) -> "Truths":
        """Of lines, each with whether it was aligned to its true text."""
        listed = list(sources)
        told = [(source, aligned) for source, aligned in listed if source.text]
        by = tuple(dict.fromkeys(source.told_by for source, _ in told if source.told_by))
        return cls(len(listed), len(told), by, sum(aligned for _, aligned in told))

    @property
    def counted(self) -> str:
        """Such as ``24 lines, 20 with a true text (by .gt.txt)``.

        Example:
            >>> Truths(24, 20, (".gt.txt",), 20).counted
            '24 lines, 20 with a true text (by .gt.txt)'
        """
        many = "none" if not self.told else "all" if self.told == self.lines > 1 else f"{self.told:,}"
        by = f" (by {' and '.join(self.by)})" if self.by else ""
        return f"{self.lines:,} line{'' if self.lines == 1 else 's'}, {many} with a true text{by}"

    @property
    def words(self) -> str:
        """The same with how many are measured on what was read.

        Example:
            >>> Truths(24, 20, ("manifest",), 19).words
            '24 lines, 20 with a true text (by manifest), of which 1 cannot be aligned; 5 measured on what was read'
        """
        words = self.counted
        if unfit := self.told - self.aligned:
            words += f", of which {unfit:,} cannot be aligned"
        rest = self.lines - self.aligned
        return f"{words}; {rest:,} measured on what was read" if rest else words

    @property
    def document(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "lines": self.lines, "with_true_text": self.told, "by": list(self.by),
            "measured_on_reading": self.lines - self.aligned, "words": self.words,
        }  # fmt: skip


def told_alignment(recording: Recording, text: str | None) -> tuple[Alignment, bool]:
    """The alignment to the true text where there is one that fits, and whether it is that."""
    if text:
        try:
            return align(recording, text), True
        except (AlphabetError, AlignmentError):
            pass
    return recording.alignment, False
