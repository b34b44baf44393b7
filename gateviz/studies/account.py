"""The lines of a corpus: one that was read, one that was not, and what is said of all of them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gateviz.data.alignment import Alignment
from gateviz.data.provenance import Provenance
from gateviz.errors import AlignmentError, AlphabetError, CheckpointError
from gateviz.files.folders import LineSource, display_name
from gateviz.files.images import DEFAULT_MAX_PIXELS
from gateviz.files.true_lines import open_source
from gateviz.recording import Recording, align

if TYPE_CHECKING:
    from gateviz.capture.recognizer import Recognizer
    from gateviz.lines.recognizer import PreparedLine


@dataclass(frozen=True)
class CorpusLine:
    """One recorded line.

    Attributes:
        source: its file, and what is written there where somebody said.
        recording: what the network did on it.
        number: its place in the corpus, from 0; lines that cannot be read count.
        recognizer: what read it; None where only the recording is at hand.
        max_pixels: a larger image is not read.
    """

    source: LineSource
    recording: Recording
    number: int = 0
    recognizer: "Recognizer | None" = field(default=None, repr=False)
    max_pixels: int = DEFAULT_MAX_PIXELS

    @property
    def alignment(self) -> Alignment:
        """The alignment to the true text where there is one that fits, else to what was read."""
        return self._aligned[0]

    @property
    def aligned_to_truth(self) -> bool:
        """Whether it is that to the true text."""
        return self._aligned[1]

    @cached_property
    def _aligned(self) -> tuple[Alignment, bool]:
        return told_alignment(self.recording, self.source.text)

    def prepared(self) -> "PreparedLine":
        """The line as its recognizer is given it, read anew.

        Raises:
            CheckpointError: there is only its recording.
            ImageError: it cannot be read any more.
        """
        if self.recognizer is None:
            raise CheckpointError(
                f"only the recording of {self.source.path} is at hand; give the recognizer that read it"
            )
        return self.recognizer.prepare(open_source(self.source, max_pixels=self.max_pixels).pixels)


@dataclass(frozen=True)
class Skipped:
    """A line that could not be read.

    Attributes:
        source: its file.
        why: the error, in words.
    """

    source: LineSource
    why: str

    @property
    def words(self) -> str:
        """The error with the file's name, once."""
        return self.why if display_name(self.source.path) in self.why else f"{self.source.path}: {self.why}"


@dataclass(frozen=True)
class Corpus:
    """All lines of a corpus with their recordings, for a study that holds them against each other.

    Attributes:
        lines: those that could be read, in the order given.
        skipped: the others.
    """

    lines: tuple[CorpusLine, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """The recordings alone."""
        return tuple(line.recording for line in self.lines)

    @property
    def account(self) -> "Account":
        """What became of the lines."""
        account = Account(list(self.skipped))
        for line in self.lines:
            account.add(line)
        return account


@dataclass(frozen=True)
class Truths:
    """How many lines of a corpus have a true text, and who says it.

    Attributes:
        lines: that were read.
        told: those with a true text.
        by: who says it, such as ``manifest`` or ``.gt.txt``, in the order met.
        aligned: those whose true text could be aligned, and that are measured on it.
    """

    lines: int = 0
    told: int = 0
    by: tuple[str, ...] = ()
    aligned: int = 0

    @classmethod
    def of(cls, sources: Iterable[tuple[LineSource, bool]]) -> "Truths":
        """Of lines, each with whether it was aligned to its true text."""
        found = cls()
        for source, aligned in sources:
            by = (source.told_by,) if source.text and source.told_by else ()
            found += cls(1, int(bool(source.text)), by, int(aligned and bool(source.text)))
        return found

    def __add__(self, other: "Truths") -> "Truths":
        by = tuple(dict.fromkeys((*self.by, *other.by)))
        return Truths(self.lines + other.lines, self.told + other.told, by, self.aligned + other.aligned)

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


@dataclass
class Account:
    """What became of the lines of a corpus, whatever is asked of them.

    Attributes:
        skipped: those that could not be read.
        truths: of those that were, how many have a true text.
        by_reading: those that are measured on what was read, as nobody said what is written there or it cannot be aligned.
        remarks: what is to be said of each line that was read, by its file.
        origin: of the recordings: that of the first.
    """

    skipped: list[Skipped] = field(default_factory=list)
    truths: Truths = field(default_factory=Truths)
    by_reading: list[LineSource] = field(default_factory=list)
    remarks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    origin: Provenance = field(default_factory=Provenance)

    @property
    def lines(self) -> int:
        """How many were read."""
        return self.truths.lines

    def add(self, line: CorpusLine) -> None:
        """One more that was read."""
        if not self.lines:
            self.origin = line.recording.provenance
        self.truths += Truths.of([(line.source, line.aligned_to_truth)])
        if not line.aligned_to_truth:
            self.by_reading.append(line.source)
        self.remarks[str(line.source.path)] = line.recording.remarks

    def merge(self, later: "Account") -> None:
        """All lines of another account, which come later in the corpus."""
        if not self.lines:
            self.origin = later.origin
        self.skipped += later.skipped
        self.truths += later.truths
        self.by_reading += later.by_reading
        self.remarks |= later.remarks

    def facts(self, about: str, **more: str) -> dict[str, str]:
        """Where the numbers come from, for the metadata of a file; what is not known is left out.

        Args:
            about: what the file shows.
            more: of the study itself, such as its seed.
        """
        origin = self.origin
        versions = json.dumps(dict(origin.versions)) if origin.versions else ""
        known = {
            "about": about, "adapter": origin.adapter, "checkpoint": origin.checkpoint,
            "checkpoint_sha256": origin.checkpoint_sha256, "versions": versions,
        }  # fmt: skip
        return {name: value for name, value in {**known, **more}.items() if value}

    @property
    def document(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "truths": self.truths.document,
            "lines": self.lines,
            "skipped": [{"path": str(one.source.path), "why": one.why} for one in self.skipped],
        }


def told_alignment(recording: Recording, text: str | None) -> tuple[Alignment, bool]:
    """The alignment to the true text where there is one that fits, and whether it is that."""
    if text:
        try:
            return align(recording, text), True
        except (AlphabetError, AlignmentError):
            pass
    return recording.alignment, False
