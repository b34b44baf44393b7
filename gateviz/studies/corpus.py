"""The one runner of studies: a chunk of lines goes in, an outcome comes out that adds up, and nothing is lost in silence."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Generic, Protocol, TypeVar, runtime_checkable

from gateviz.capture.edits import Edit
from gateviz.capture.recognizer import Recognizer
from gateviz.capture.recorder import record_lines
from gateviz.data.gates import Quantity
from gateviz.errors import CheckpointError, GatevizError, ImageError, WitnessError
from gateviz.files.folders import LineSource, display_name
from gateviz.files.images import DEFAULT_MAX_PIXELS
from gateviz.files.pixels import DecodedLine
from gateviz.files.true_lines import open_source
from gateviz.recording import Recording
from gateviz.studies.account import Account, Corpus, CorpusLine, Skipped

CHUNK = 32
"""Lines that are recorded together, and that a worker is handed at a time."""

# These would come again with every line.
_STOPPING = (CheckpointError, WitnessError)


S = TypeVar("S")


@runtime_checkable
class Tally(Protocol):
    """What a study keeps of lines: a state to which lines are added, and states of other lines.

    A chunk of lines begins with an empty one, wherever it runs; so it holds no recognizer and no file.
    """

    def add(self, line: CorpusLine) -> None:
        """Take one more line into account."""

    def merge(self: S, later: S) -> None:
        """Take all lines of another state into account, which come later in the corpus."""


T = TypeVar("T", bound=Tally)


@dataclass
class Outcome(Generic[T]):
    """What a study made of some lines; added to what it made of others it is that of all of them.

    Attributes:
        tally: the study's own state.
        account: what became of the lines.
    """

    tally: T
    account: Account = field(default_factory=Account)

    def merge(self, later: "Outcome[T]") -> None:
        """All lines of another outcome, which come later in the corpus."""
        self.tally.merge(later.tally)
        self.account.merge(later.account)


@dataclass(frozen=True)
class Wanted:
    """How every line of a corpus is recorded; what is not asked for is not kept.

    Attributes:
        layers: these only; None for all.
        quantities: these series only; None for all.
        edits: changes of every run.
        max_pixels: larger image files are refused before they are decoded.
    """

    layers: Collection[int] | None = None
    quantities: Collection[Quantity | str] | None = None
    edits: Sequence[Edit] = ()
    max_pixels: int = DEFAULT_MAX_PIXELS


def study(
    recognizer: Recognizer,
    sources: Sequence[LineSource],
    begin: Callable[[], T],
    *,
    wanted: Wanted | None = None,
    progress: Callable[[int], object] | None = None,
) -> Outcome[T]:
    """What a study makes of a corpus of any size; a line is forgotten as soon as it is added.

    Args:
        recognizer: what reads.
        sources: the lines, as ``files.true_lines.true_lines`` finds them.
        begin: an empty state of the study.
        wanted: what of each line is recorded; None for everything.
        progress: called with 1 after each line, skipped ones too.

    Raises:
        ImageError: there is no line, or none can be read.
        CheckpointError: the recognizer cannot read at all.
        WitnessError: the recorded run is not the plain one.
    """
    outcome = Outcome(begin())
    for chunk in _chunks(sources):
        outcome.merge(study_chunk(recognizer, chunk, begin, wanted=wanted, progress=progress))
    return checked(outcome)


def study_chunk(
    recognizer: Recognizer,
    chunk: Sequence[tuple[int, LineSource]],
    begin: Callable[[], T],
    *,
    wanted: Wanted | None = None,
    progress: Callable[[int], object] | None = None,
) -> Outcome[T]:
    """What a study makes of some lines of a corpus, each with its number there; arguments as ``study`` has them."""
    return gather(_recorded(recognizer, chunk, wanted or Wanted()), begin(), progress=progress)


def gather(
    lines: Iterable[CorpusLine | Skipped], tally: T, *, progress: Callable[[int], object] | None = None
) -> Outcome[T]:
    """What a study makes of lines that are recorded already."""
    outcome = Outcome(tally)
    for line in lines:
        if isinstance(line, Skipped):
            outcome.account.skipped.append(line)
        else:
            tally.add(line)
            outcome.account.add(line)
        if progress is not None:
            progress(1)
    return outcome


def checked(outcome: Outcome[T]) -> Outcome[T]:
    """The outcome, where there is something in it.

    Raises:
        ImageError: no line could be read.
    """
    if not outcome.account.lines:
        raise _none_read(outcome.account.skipped)
    return outcome


def record_corpus(
    recognizer: Recognizer,
    sources: Sequence[LineSource],
    *,
    wanted: Wanted | None = None,
    progress: Callable[[int], object] | None = None,
) -> Corpus:
    """Every line of a corpus, recorded and held; arguments and errors as ``study`` has them."""
    found: list[CorpusLine] = []
    skipped: list[Skipped] = []
    for line in chain.from_iterable(_recorded(recognizer, chunk, wanted or Wanted()) for chunk in _chunks(sources)):
        if isinstance(line, Skipped):
            skipped.append(line)
        else:
            found.append(line)
        if progress is not None:
            progress(1)
    if not found:
        raise _none_read(skipped)
    return Corpus(tuple(found), tuple(skipped))


def _none_read(skipped: Sequence[Skipped]) -> ImageError:
    return ImageError(f"none of the {len(skipped)} lines of the corpus can be read; the first: {skipped[0].why}")


def _chunks(sources: Sequence[LineSource]) -> Iterator[list[tuple[int, LineSource]]]:
    if not sources:
        raise ImageError("the corpus holds no line; name a folder of line images, a manifest, or images")
    numbered = list(enumerate(sources))
    for start in range(0, len(numbered), CHUNK):
        yield numbered[start : start + CHUNK]


def _recorded(
    recognizer: Recognizer, chunk: Sequence[tuple[int, LineSource]], wanted: Wanted
) -> Iterator[CorpusLine | Skipped]:
    """The outcome of every line of a chunk, in order: together where all can be read, else one by one."""

    def record(lines: Sequence[tuple[LineSource, DecodedLine]]) -> list[Recording]:
        images = [(line.pixels, display_name(source.path)) for source, line in lines]
        said = [line.remarks for _, line in lines]
        return record_lines(
            recognizer, images, remarks=said, layers=wanted.layers, quantities=wanted.quantities, edits=wanted.edits
        )

    read: list[tuple[int, LineSource, DecodedLine] | Skipped] = []
    for number, source in chunk:
        try:
            read.append((number, source, open_source(source, max_pixels=wanted.max_pixels)))
        except GatevizError as error:
            read.append(Skipped(source, str(error)))
    try:
        together = iter(record([item[1:] for item in read if not isinstance(item, Skipped)]))
    except _STOPPING:
        raise
    except GatevizError:
        together = None
    for item in read:
        if isinstance(item, Skipped):
            yield item
            continue
        number, source, line = item
        try:
            recording = next(together) if together is not None else record([(source, line)])[0]
        except _STOPPING:
            raise
        except GatevizError as error:
            yield Skipped(source, str(error))
        else:
            yield CorpusLine(source, recording, number, recognizer, max_pixels=wanted.max_pixels)
