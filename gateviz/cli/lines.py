"""From what a person named to recordings, one line after the other."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateviz.cli.looks import RECORDING_SUFFIX
from gateviz.cli.options import Engine, Reading
from gateviz.cli.remarks import note_remarks
from gateviz.cli.terminal import say
from gateviz.errors import CheckpointError, GatevizError, MissingExtraError, OutputError
from gateviz.files.printable import one_line

if TYPE_CHECKING:
    from gateviz.capture.edits import Edit
    from gateviz.capture.recognizer import Recognizer
    from gateviz.files.folders import LineSource
    from gateviz.recording import Recording

# These would come again with every line.
_STOPPING = (OutputError, CheckpointError, MissingExtraError)


@dataclass(frozen=True)
class Lines:
    """The lines that the arguments name.

    Attributes:
        sources: one a line.
        several: results go into a folder: more than one line, or a folder or manifest was named.
    """

    sources: "tuple[LineSource, ...]"
    several: bool


def named_lines(arguments: Sequence[Path], *, recordings: bool) -> Lines:
    """The lines in files, folders and manifests.

    Args:
        arguments: as they were given.
        recordings: saved recordings are lines too.

    Raises:
        ImageError: a folder or manifest holds none.
    """
    from gateviz.files.folders import IMAGE_SUFFIXES, expand

    suffixes = IMAGE_SUFFIXES | {RECORDING_SUFFIX} if recordings else IMAGE_SUFFIXES
    sources = expand(arguments, suffixes=suffixes)
    return Lines(sources, several=len(sources) > 1 or [source.path for source in sources] != list(arguments))


@dataclass(frozen=True)
class LineReader:
    """Gives the recording of a line: reads its image, or opens it where it is one already.

    Attributes:
        reading: how images are read; the model is loaded when the first one is.
        layers: traces to record; None for all, empty for none.
        quantities: series to record; None for all.
    """

    reading: Reading
    layers: tuple[int, ...] | None = None
    quantities: tuple[str, ...] | None = None

    @cached_property
    def _recognizer(self) -> "Recognizer":
        return self.reading.model.loaded()

    @cached_property
    def _edits(self) -> "tuple[Edit, ...]":
        return tuple(request.built() for request in self.reading.edits)

    def __call__(self, source: "LineSource") -> "Recording":
        """The recording of one line.

        Raises:
            GatevizError: it cannot be read or opened.
        """
        return self._read(source, self._edits, self.reading.engine)

    def plain(self, source: "LineSource") -> "Recording":
        """The recording of one line, by the same model without the edits.

        Raises:
            GatevizError: it cannot be read or opened.
        """
        # What is held against an edited run is to come from the engine that does the edits.
        alike = self.reading.engine if not self.reading.edits or self.reading.engine != "auto" else "torch"
        return self._read(source, (), alike)

    def _read(self, source: "LineSource", edits: "tuple[Edit, ...]", engine: Engine) -> "Recording":
        recording = self._recorded(source, edits, engine)
        note_remarks(source.path, recording.remarks)
        return recording

    def _recorded(self, source: "LineSource", edits: "tuple[Edit, ...]", engine: Engine) -> "Recording":
        if source.path.suffix.lower() == RECORDING_SUFFIX:
            if self.reading.edits:
                raise click.UsageError(f"{source.path} is a saved recording; --edit needs the image, to read it again")
            from gateviz.recording import open_recording

            return open_recording(source.path)
        from gateviz.api import record

        return record(
            self._recognizer,
            source.path,
            edits=edits,
            layers=self.layers,
            quantities=self.quantities,
            invert=self.reading.invert,
            deskew=self.reading.deskew,
            clahe=self.reading.clahe,
            crop=self.reading.crop,
            witness=self.layers != (),
            engine=engine,
            max_pixels=self.reading.max_pixels,
        )


def tell(words: str, *, err: bool = False) -> None:
    """Print a line, above the bar where there is one."""
    if "tqdm" not in sys.modules:
        say(words, err=err)
        return
    from tqdm import tqdm

    with tqdm.external_write_mode():
        say(words, err=err)


def for_each(
    lines: Lines, work: "Callable[[int, LineSource], None]", failed: "Callable[[int, GatevizError], None]"
) -> int:
    """The number of lines that failed; the work is done on all the others.

    With several lines a bar shows the progress, a failure is reported and the rest goes on. A
    single line's error, and one that would come again with every line, is raised.

    Args:
        lines: what to go through.
        work: is handed the position and the line.
        failed: is handed the position and the error.
    """
    if not lines.several:
        work(0, lines.sources[0])
        return 0
    from tqdm import tqdm

    failures = 0
    # disable=None: no bar where nobody watches.
    with tqdm(total=len(lines.sources), unit="line", file=sys.stderr, disable=None) as bar:
        for position, source in enumerate(lines.sources):
            try:
                work(position, source)
            except _STOPPING:
                raise
            except GatevizError as error:
                failures += 1
                tell(f"gateviz: error: {one_line(error)}", err=True)
                failed(position, error)
            bar.update()
    if failures:
        say(f"gateviz: {failures} of {len(lines.sources)} lines failed", err=True)
    return failures
