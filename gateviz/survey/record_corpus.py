"""Records the lines of a corpus, one after the other."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice

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
from gateviz.survey.corpus import Corpus, CorpusLine, Skipped

CHUNK = 32
_Record = Callable[[Sequence[tuple[LineSource, DecodedLine]]], list[Recording]]
# These would come again with every line.
_STOPPING = (CheckpointError, WitnessError)


def record_corpus(
    recognizer: Recognizer,
    sources: Sequence[LineSource],
    *,
    layers: Collection[int] | None = None,
    quantities: Collection[Quantity | str] | None = None,
    edits: Sequence[Edit] = (),
    max_pixels: int = DEFAULT_MAX_PIXELS,
    progress: Callable[[int], object] | None = None,
) -> Corpus:
    """Every line of a corpus, recorded; what is not asked for is not kept.

    Args:
        recognizer: what reads.
        sources: the lines, as ``files.folders.expand`` lists them.
        layers: record these layers only.
        quantities: record these series only.
        edits: changes of every run.
        max_pixels: refuse larger image files before they are decoded.
        progress: called with the number of lines just done, skipped ones too.

    Raises:
        ImageError: there is no line, or none can be read.
        CheckpointError: the recognizer cannot read at all.
        WitnessError: the recorded run is not the plain one.
    """
    found: list[CorpusLine] = []
    skipped: list[Skipped] = []
    for outcome in recorded_lines(
        recognizer, sources, layers=layers, quantities=quantities, edits=edits, max_pixels=max_pixels, progress=progress
    ):
        if isinstance(outcome, Skipped):
            skipped.append(outcome)
        else:
            found.append(outcome)
    return Corpus(tuple(found), tuple(skipped))


def recorded_lines(
    recognizer: Recognizer,
    sources: Sequence[LineSource],
    *,
    layers: Collection[int] | None = None,
    quantities: Collection[Quantity | str] | None = None,
    edits: Sequence[Edit] = (),
    max_pixels: int = DEFAULT_MAX_PIXELS,
    progress: Callable[[int], object] | None = None,
) -> Iterator[CorpusLine | Skipped]:
    """The lines of ``record_corpus`` one after the other, for a corpus that memory does not hold; arguments as there.

    Raises:
        ImageError: there is no line, or, at the end, none could be read.
        CheckpointError: the recognizer cannot read at all.
        WitnessError: the recorded run is not the plain one.
    """
    if not sources:
        raise ImageError("the corpus holds no line; name a folder of line images, a manifest, or images")

    def record(lines: Sequence[tuple[LineSource, DecodedLine]]) -> list[Recording]:
        images = [(line.pixels, display_name(source.path)) for source, line in lines]
        said = [line.remarks for _, line in lines]
        return record_lines(recognizer, images, remarks=said, layers=layers, quantities=quantities, edits=edits)

    read, first_why = 0, ""
    for chunk in _chunks(sources):
        for outcome in _recorded(record, chunk, max_pixels):
            if isinstance(outcome, Skipped):
                first_why = first_why or outcome.why
            else:
                read += 1
            yield outcome
        if progress is not None:
            progress(len(chunk))
    if not read:
        raise ImageError(f"none of the {len(sources)} lines of the corpus can be read; the first: {first_why}")


def _chunks(sources: Iterable[LineSource]) -> Iterator[list[LineSource]]:
    rest = iter(sources)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _recorded(record: _Record, chunk: Sequence[LineSource], max_pixels: int) -> Iterator[CorpusLine | Skipped]:
    """The outcome of every line of a chunk, in order: together where all can be read, else one by one."""
    read: list[tuple[LineSource, DecodedLine] | Skipped] = []
    for source in chunk:
        try:
            read.append((source, open_source(source, max_pixels=max_pixels)))
        except GatevizError as error:
            read.append(Skipped(source, str(error)))
    try:
        together = iter(record([item for item in read if not isinstance(item, Skipped)]))
    except _STOPPING:
        raise
    except GatevizError:
        together = None
    for item in read:
        if isinstance(item, Skipped):
            yield item
        elif together is not None:
            yield CorpusLine(item[0], next(together))
        else:
            yield _alone(record, *item)


def _alone(record: _Record, source: LineSource, line: DecodedLine) -> CorpusLine | Skipped:
    try:
        return CorpusLine(source, record([(source, line)])[0])
    except _STOPPING:
        raise
    except GatevizError as error:
        return Skipped(source, str(error))
