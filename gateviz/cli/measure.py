"""``gateviz measure``: what the gates of every layer do, over a corpus."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.describe import study_origin
from gateviz.cli.lines import corpus_lines
from gateviz.cli.looks import look_at_corpus
from gateviz.cli.measure_report import csv_words, measure_words
from gateviz.cli.options import (
    debug_option,
    json_option,
    layer_option,
    max_pixels_option,
    model_options,
    none_if_empty,
    quantity_option,
)
from gateviz.cli.outputs import FIGURE_FORMATS
from gateviz.cli.paths import PathsFirst, Reads, Writes
from gateviz.cli.plot import STYLES
from gateviz.cli.remarks import noting
from gateviz.cli.table import print_json
from gateviz.cli.terminal import say
from gateviz.errors import OutputError
from gateviz.files.printable import one_line

if TYPE_CHECKING:
    from gateviz.capture.recognizer import Recognizer
    from gateviz.survey.measure_report import MeasureReport
    from gateviz.survey.measure_request import MeasureRequest

_PAGES = (".html", ".htm")
# Lines that could not be read that are told one by one.
TOLD = 5


@click.command("measure", cls=PathsFirst)
@click.argument("corpus", metavar="CORPUS...", nargs=-1, required=True, type=Reads(look_at_corpus))
@model_options
@click.option(
    "-o", "--out", "outs", metavar="FILE", multiple=True, type=Writes(),
    help="A report (.html) or a page of figures (.png, .pdf, .svg); again for more.",
)  # fmt: skip
@click.option(
    "--event", "event", metavar="EVENT", default="punctuation", show_default=True,
    help="Draw courses around it, and hold forward against backward in telling it; see below.",
)  # fmt: skip
@click.option("--gate", metavar="SERIES", help="Of the courses.  [default: forget_gate, or a GRU's update_gate]")
@click.option("--unit", metavar="N", type=click.IntRange(0), help="Of the courses.  [default: the layer's mean]")
@layer_option
@quantity_option
@click.option(
    "--margin", metavar="N", type=click.IntRange(0),
    help="Frames left out at both ends of each text, where states warm up.  [default: those of 3 symbols]",
)  # fmt: skip
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Read the first N lines only.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed, the same digits.")
@max_pixels_option
@click.option("--style", type=click.Choice(STYLES), default="a4", show_default=True, help="Of figures.")
@click.option("--dpi", type=click.IntRange(30, 1200), help="Pixels an inch of figures.  [default: the style's]")
@click.option("--csv", "as_csv", is_flag=True, help="Print a row a unit, separated by commas.")
@json_option
@debug_option
@click.pass_context
def command(ctx: click.Context, /, corpus: tuple[Path, ...], outs: tuple[Path, ...], **told: Any) -> None:
    """Measure what the gates of every layer do over a corpus of lines.

    CORPUS are folders of line images, manifests (.tsv: path, tab, text), LMDBs or images; true texts are
    found as 'gateviz eval' finds them (a.gt.txt beside a.png, a manifest, an LMDB). With a text a line
    is aligned to it, else to what was read. Measured are saturation, timescales (in frames, columns
    and symbols), how well single units tell events, how much units do the same, forward against
    backward, and the course of a gate around an event. Lines are forgotten as soon as they are counted,
    so that a corpus of any size fits.

    EVENT is punctuation, digit, space, letter, han, blank, doubled, any (symbol), word, sentence, line,
    or symbol: and the symbols, then @onset, @center or @end where not the whole of it is meant, such as
    word@onset or symbol:,，@end. States warm up at both ends of a text, so events within a margin of 3
    symbols there are left out and counted (the line's own ends are not).

    \b
    Examples:
      gateviz measure lines/manifest.tsv -o measures.html
      gateviz measure scans/ --model eng.traineddata --event space@onset --gate output_gate --unit 17 -o page.pdf
      gateviz measure scans/ --csv > units.csv
    """  # noqa: D301  (click reads the backspace)
    if told["as_csv"] and told["as_json"]:
        raise click.UsageError("--csv and --json both go to the standard output; give one of them")
    _check_outputs(outs)
    request = _request(told)
    lines = corpus_lines(corpus, told["limit"])
    recognizer = told["model"].loaded()
    report = _report(recognizer, request, lines, told)
    if told["as_json"]:
        from gateviz.survey.measure_tables import measures_document

        print_json(study_origin(recognizer, corpus, told["limit"]) | measures_document(report))
    else:
        say(csv_words(report) if told["as_csv"] else measure_words(report), nl=not told["as_csv"])
    _write(report, outs, told)
    ctx.exit(1 if report.skipped else 0)


def _check_outputs(outs: tuple[Path, ...]) -> None:
    """Refuse what could not be written, before the work."""
    from gateviz.files.atomic import check_output

    for out in outs:
        if out.suffix.lower() not in (*_PAGES, *(f".{name}" for name in FIGURE_FORMATS)):
            raise OutputError(
                f"measures cannot be written as {out.name}; end its name in .html for a report, or in "
                f"{', '.join(f'.{name}' for name in FIGURE_FORMATS)} for figures"
            )
        check_output(out)


def _request(told: dict[str, Any]) -> "MeasureRequest":
    from gateviz.measure.events import event_named
    from gateviz.survey.measure_request import MeasureRequest

    return MeasureRequest(
        event_named(told["event"]),
        told["gate"],
        told["unit"],
        quantities=none_if_empty(told["quantities"]),
        seed=told["seed"],
        margin=told["margin"],
    )


def _report(
    recognizer: "Recognizer", request: "MeasureRequest", lines: tuple[Any, ...], told: dict[str, Any]
) -> "MeasureReport":
    """Record and measure line after line, with a bar.

    Raises:
        SelectionError: a gate, unit or symbol is not there.
        ImageError: no line can be read.
    """
    from tqdm import tqdm

    from gateviz.survey.measures import measure_lines
    from gateviz.survey.record_corpus import recorded_lines

    request.check_symbols(recognizer.alphabet)
    with tqdm(total=len(lines), unit="line", file=sys.stderr, disable=None) as bar:
        report = measure_lines(
            noting(
                recorded_lines(
                    recognizer,
                    lines,
                    layers=none_if_empty(told["layers"]),
                    max_pixels=told["max_pixels"],
                    progress=bar.update,
                )
            ),
            request,
        )
    for skipped in report.skipped[:TOLD]:
        say(f"gateviz: error: {one_line(f'{skipped.source.path}: {skipped.why}')}", err=True)
    if report.skipped:
        say(f"gateviz: {len(report.skipped):,} of {len(lines):,} lines could not be read", err=True)
    return report


def _write(report: "MeasureReport", outs: tuple[Path, ...], told: dict[str, Any]) -> None:
    for out in outs:
        if out.suffix.lower() in _PAGES:
            from gateviz.plot.measures_report import write_measures

            write_measures(report, out)
        else:
            from gateviz.plot.export import save_figure
            from gateviz.plot.measure_pages import measure_page
            from gateviz.plot.measures import measures

            save_figure(measures(measure_page(report), style=told["style"]), out, dpi=told["dpi"])
