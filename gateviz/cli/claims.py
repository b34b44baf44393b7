"""``gateviz claims``: what is said of gates, held against a corpus."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.claims_report import claims_document, claims_words
from gateviz.cli.corpus import found_lines, tell_skipped
from gateviz.cli.describe import study_origin
from gateviz.cli.looks import look_at_claims, look_at_corpus
from gateviz.cli.options import (
    debug_option,
    direction_option,
    json_option,
    layer_option,
    max_pixels_option,
    model_options,
    none_if_empty,
)
from gateviz.cli.paths import PathsFirst, Reads, Writes
from gateviz.cli.plot import STYLES
from gateviz.cli.remarks import note_corpus
from gateviz.cli.terminal import print_json, say
from gateviz.errors import OutputError

if TYPE_CHECKING:
    from gateviz.capture.recognizer import Recognizer
    from gateviz.survey.claim import Claim
    from gateviz.survey.claim_report import ClaimReport

SHIFTS = 1999


@click.command("claims", cls=PathsFirst)
@click.argument("corpus", metavar="CORPUS...", nargs=-1, required=True, type=Reads(look_at_corpus))
@model_options
@click.option(
    "--claims", "file", metavar="FILE", type=Reads(look_at_claims),
    help="Claims of your own in TOML, instead of those that come with gateviz.",
)  # fmt: skip
@layer_option
@direction_option
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Read the first N lines only.")
@click.option(
    "--shifts", metavar="N", type=click.IntRange(99), default=SHIFTS, show_default=True, help="Circular shifts a test."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed, the same digits.")
@max_pixels_option
@click.option("-o", "--out", metavar="FILE", type=Writes(), help="Also write a report, one .html file.")
@click.option("--figure", metavar="FILE", type=Writes(), help="Also draw all effects, as .png, .pdf or .svg.")
@click.option("--style", type=click.Choice(STYLES), default="a4", show_default=True, help="Of --figure.")
@click.option("--dpi", type=click.IntRange(30, 1200), help="Pixels an inch of --figure.  [default: the style's]")
@json_option
@debug_option
@click.pass_context
def command(ctx: click.Context, /, corpus: tuple[Path, ...], out: Path | None, as_json: bool, **told: Any) -> None:
    """Hold what is said of a recognizer's gates against a corpus of lines.

    CORPUS are folders of line images, manifests (.tsv: path, tab, text), LMDBs or images; true texts are
    found as 'gateviz eval' finds them (a.gt.txt beside a.png, a manifest, an LMDB). With a text a line
    is aligned to it, else to what was read. Printed are, per claim, layer and direction, the effect
    (Cohen's d) with its interval, the corrected p, how many frames, lines and units, the verdict, and
    the lines that show it best and that speak against it; the report draws them. A forget gate at 1
    keeps and at 0 drops, so "clears memory" is tested as a low one. States warm up at both ends of a
    text: 3 symbols there are left out and counted, or as many frames as a claim's margin says.

    \b
    A claim of your own:
      [[claim]]
      name = "commas-open-the-input-gate"
      gate = "input_gate"
      what = "symbol:,，"
      sign = "higher"
    Further keys: at, statistic, says, borders, as_met, offset, margin, least_effect, share, symbols.

    \b
    Examples:
      gateviz claims lines/manifest.tsv -o claims.html
      gateviz claims scans/ --model eng.traineddata --claims mine.toml --layer 1 --json
    """  # noqa: D301  (click reads the backspace)
    _check_outputs(out, told["figure"])
    claims = _claims(told["file"])
    lines = found_lines(corpus, told["limit"])
    recognizer = told["model"].loaded()
    report = _report(recognizer, claims, lines, told)
    if as_json:
        print_json(study_origin(recognizer, corpus, told["limit"]) | claims_document(report))
    else:
        say(claims_words(report))
    if told["figure"] is not None:
        from gateviz.plot.claims import effects
        from gateviz.plot.export import save_figure

        save_figure(effects(report, style=told["style"]), told["figure"], dpi=told["dpi"])
    if out is not None:
        from gateviz.plot.claims_report import write_report

        say("gateviz: drawing the report", err=True)
        write_report(report, out)
    ctx.exit(1 if report.corpus.skipped else 0)


def _check_outputs(out: Path | None, figure: Path | None) -> None:
    """Refuse what could not be written, before the work."""
    from gateviz.files.atomic import check_output

    if out is not None:
        if out.suffix.lower() not in (".html", ".htm"):
            raise OutputError(
                f"the report cannot be written as {out.name}; it is one HTML file, so end its name in .html"
            )
        check_output(out)
    if figure is not None:
        from gateviz.plot.export import checked_format

        checked_format(figure)
        check_output(figure)


def _claims(file: Path | None) -> "tuple[Claim, ...]":
    from gateviz.survey.claim_file import read_claims
    from gateviz.survey.stated_claims import STATED

    return STATED if file is None else read_claims(file)


def _report(
    recognizer: "Recognizer", claims: "tuple[Claim, ...]", lines: tuple[Any, ...], told: dict[str, Any]
) -> "ClaimReport":
    """Record with a bar, then test with another.

    Raises:
        SelectionError: a claim cannot be tested with this recognizer.
        ImageError: no line can be read.
    """
    from tqdm import tqdm

    from gateviz.studies.corpus import Wanted, record_corpus
    from gateviz.survey.claim import Statistic, checked_claims, quantities_of
    from gateviz.survey.claims import claims_over
    from gateviz.survey.context_claim import LINES

    checked_claims(claims, recognizer.alphabet)
    with tqdm(total=len(lines), unit="line", file=sys.stderr, disable=None) as bar:
        corpus = record_corpus(
            recognizer,
            lines,
            wanted=Wanted(none_if_empty(told["layers"]), quantities_of(claims), (), told["max_pixels"]),
            progress=bar.update,
        )
    note_corpus(corpus.lines)
    tell_skipped(corpus.skipped, len(lines))
    directions = none_if_empty(told["directions"])
    traces = [t for t in corpus.recordings[0].traces if directions is None or t.direction in directions]
    gradients = min(len(corpus.lines), LINES) if any(claim.statistic == Statistic.CONTEXT for claim in claims) else 0
    with (
        tqdm(total=len(claims) * len(traces), unit="test", file=sys.stderr, disable=None) as bar,
        tqdm(
            total=gradients, unit="line", desc="gradients", file=sys.stderr, disable=None if gradients else True
        ) as context_bar,
    ):
        return claims_over(
            corpus,
            claims,
            recognizer=recognizer,
            directions=directions,
            shifts=told["shifts"],
            seed=told["seed"],
            progress=bar.update,
            on_context=context_bar.update,
        )
