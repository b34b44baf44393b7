"""What the commands of all studies share: which corpus, the one loop over it, and where what was found goes."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

import click

from gateviz.cli.lines import tell
from gateviz.cli.looks import look_at_corpus
from gateviz.cli.options import Command, ModelChoice, debug_option, json_option, max_pixels_option, model_options
from gateviz.cli.outputs import FIGURE_FORMATS
from gateviz.cli.paths import Reads, Writes
from gateviz.cli.plot import STYLES
from gateviz.cli.remarks import note_remarks
from gateviz.cli.terminal import print_json, say
from gateviz.errors import OutputError
from gateviz.files.printable import one_line

if TYPE_CHECKING:
    from gateviz.capture.recognizer import Recognizer
    from gateviz.files.folders import LineSource
    from gateviz.plot.canvas import GateFigure
    from gateviz.studies.account import Skipped
    from gateviz.studies.corpus import Outcome, Tally, Wanted
    from gateviz.studies.page import Page

    T = TypeVar("T", bound=Tally)

_PAGES = (".html", ".htm")
# Of lines that could not be read, and of files that give no line: those told one by one.
TOLD = 5

limit_option = click.option("--limit", metavar="N", type=click.IntRange(1), help="Read the first N lines only.")
seed_option = click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed, the same digits."
)


@dataclass(frozen=True)
class CorpusChoice:
    """A corpus and the model that reads it, as the options name them.

    Attributes:
        paths: folders, manifests, LMDBs and images.
        model: what reads them.
        limit: read so many lines only; None for all.
        max_pixels: limit of an image's size.
    """

    paths: tuple[Path, ...]
    model: ModelChoice
    limit: int | None
    max_pixels: int

    def lines(self) -> "tuple[LineSource, ...]":
        """The lines, with their true texts where somebody said them; files that give no line are told.

        Raises:
            ImageError: a folder or manifest holds none, or an LMDB cannot be read.
        """
        return found_lines(self.paths, self.limit)


@runtime_checkable
class Figures(Protocol):
    """The figures of a study, as its ``figure.py`` has them."""

    def one(self, name: str) -> "GateFigure":
        """One alone, by its name in the page."""

    def whole(self) -> "GateFigure":
        """All of them in one picture."""


@dataclass(frozen=True)
class PageChoice:
    """Where what a study says goes, as the options name it.

    Attributes:
        outs: files that are written.
        style: of figures.
        dpi: of figures; None for the style's.
        as_csv: print a row a number.
        as_json: print JSON.
    """

    outs: tuple[Path, ...]
    style: str
    dpi: int | None
    as_csv: bool
    as_json: bool

    def check(self, what: str) -> None:
        """Refuse what could not be written, before the work.

        Args:
            what: is to be written, such as ``measures``.

        Raises:
            OutputError: names what is wrong.
            click.UsageError: two things are to be printed.
        """
        from gateviz.files.atomic import check_output

        if self.as_csv and self.as_json:
            raise click.UsageError("--csv and --json both go to the standard output; give one of them")
        for out in self.outs:
            if out.suffix.lower() not in (*_PAGES, *(f".{name}" for name in FIGURE_FORMATS)):
                raise OutputError(
                    f"{what} cannot be written as {out.name}; end its name in .html for a report, or in "
                    f"{', '.join(f'.{name}' for name in FIGURE_FORMATS)} for figures"
                )
            check_output(out)

    def deliver(self, page: "Page", figures: "Callable[[str], Figures]") -> None:
        """Print what is said, and write it.

        Args:
            page: all that is said.
            figures: of a style; asked for only where something is drawn.

        Raises:
            OutputError: it cannot be written.
        """
        from gateviz.studies.page import as_csv, as_html, as_text

        if self.as_json:
            print_json(page.document)
        else:
            say(as_csv(page) if self.as_csv else as_text(page), nl=not self.as_csv)
        for out in self.outs:
            if out.suffix.lower() in _PAGES:
                from gateviz.files.atomic import write_whole

                write_whole(out, as_html(page, figures("a4").one).encode("utf-8", "backslashreplace"))
            else:
                from gateviz.plot.export import save_figure

                save_figure(figures(self.style).whole(), out, dpi=self.dpi)


def corpus_options(command: Command) -> Command:
    """The argument and the options of every study of one corpus; they reach the command as ``corpus``."""

    @wraps(command)
    def with_corpus(
        *arguments: Any, corpus: tuple[Path, ...], model: ModelChoice, limit: int | None, max_pixels: int, **rest: Any
    ) -> Any:
        return command(*arguments, corpus=CorpusChoice(corpus, model, limit, max_pixels), **rest)

    argument = click.argument("corpus", metavar="CORPUS...", nargs=-1, required=True, type=Reads(look_at_corpus))
    wrapped: Any = argument(model_options(limit_option(max_pixels_option(with_corpus))))
    return wrapped  # type: ignore[no-any-return]


def page_options(command: Command) -> Command:
    """The options that say where a study's page goes; they reach the command as ``outputs``."""

    @wraps(command)
    def with_page(
        *arguments: Any,
        outs: tuple[Path, ...],
        style: str,
        dpi: int | None,
        as_csv: bool,
        as_json: bool,
        **rest: Any,
    ) -> Any:
        return command(*arguments, outputs=PageChoice(outs, style, dpi, as_csv, as_json), **rest)

    wrapped: Any = with_page
    for option in (
        debug_option,
        json_option,
        click.option("--csv", "as_csv", is_flag=True, help="Print the numbers as rows, separated by commas."),
        click.option("--dpi", type=click.IntRange(30, 1200), help="Pixels an inch of figures.  [default: the style's]"),
        click.option("--style", type=click.Choice(STYLES), default="a4", show_default=True, help="Of figures."),
        click.option(
            "-o", "--out", "outs", metavar="FILE", multiple=True, type=Writes(),
            help="A report (.html) or a page of figures (.png, .pdf, .svg); again for more.",
        ),
    ):  # fmt: skip
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]


def found_lines(paths: Sequence[Path], limit: int | None = None) -> "tuple[LineSource, ...]":
    """The lines of a corpus, with their true texts where somebody said them; files that give no line are told.

    Raises:
        ImageError: a folder or manifest holds none, or an LMDB cannot be read.
    """
    from gateviz.files.true_lines import true_lines

    found = true_lines(paths)
    tell_strays(found.strays)
    return found.lines[:limit]


def tell_strays(strays: Sequence[str]) -> None:
    """Say which files give no line, the first of them one by one."""
    for words in strays[:TOLD]:
        tell(f"gateviz: {one_line(words)}", err=True)
    if (more := len(strays) - TOLD) > 0:
        tell(f"gateviz: and {more:,} more that give no line", err=True)


def studied(
    recognizer: "Recognizer", lines: "Sequence[LineSource]", begin: "Callable[[], T]", wanted: "Wanted | None" = None
) -> "Outcome[T]":
    """What a study makes of a corpus, with a bar; lines that could not be read are told, remarks are kept.

    Args:
        recognizer: what reads.
        lines: of the corpus.
        begin: an empty tally of the study.
        wanted: what of each line is recorded; None for everything.

    Raises:
        GatevizError: no line can be read, or a study refuses what it is given.
    """
    from tqdm import tqdm

    from gateviz.studies.corpus import study

    # disable=None: no bar where nobody watches.
    with tqdm(total=len(lines), unit="line", file=sys.stderr, disable=None) as bar:
        outcome = study(recognizer, lines, begin, wanted=wanted, progress=bar.update)
    for name, remarks in outcome.account.remarks.items():
        note_remarks(name, remarks)
    tell_skipped(outcome.account.skipped, len(lines))
    return outcome


def tell_skipped(skipped: "Sequence[Skipped]", total: int) -> None:
    """Say which lines could not be read, and of how many."""
    for one in skipped[:TOLD]:
        tell(f"gateviz: error: {one_line(one.words)}", err=True)
    if skipped:
        tell(f"gateviz: {len(skipped):,} of {total:,} lines could not be read", err=True)
