"""``gateviz claims``: what is said of gates, held against a corpus."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateviz.cli.corpus import CorpusChoice, Figures, PageChoice, corpus_options, page_options, recorded, seed_option
from gateviz.cli.describe import study_origin
from gateviz.cli.looks import look_at_claims
from gateviz.cli.options import direction_option, layer_option, none_if_empty
from gateviz.cli.paths import PathsFirst, Reads, Writes

if TYPE_CHECKING:
    from gateviz.studies.account import Corpus
    from gateviz.studies.claims.request import Claim
    from gateviz.studies.claims.results import ClaimReport

SHIFTS = 1999


@click.command("claims", cls=PathsFirst)
@corpus_options
@page_options
@click.option("--figure", metavar="FILE", type=Writes(), help="Also draw all effects, as -o with .png, .pdf or .svg.")
@click.option(
    "--claims", "file", metavar="FILE", type=Reads(look_at_claims),
    help="Claims of your own in TOML, instead of those that come with gateviz.",
)  # fmt: skip
@layer_option
@direction_option
@click.option(
    "--shifts", metavar="N", type=click.IntRange(99), default=SHIFTS, show_default=True, help="Circular shifts a test."
)
@seed_option
@click.pass_context
def command(
    ctx: click.Context, /, *, corpus: CorpusChoice, outputs: PageChoice, figure: Path | None, file: Path | None,
    layers: tuple[int, ...], directions: tuple[str, ...], shifts: int, seed: int,
) -> None:  # fmt: skip
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
    if figure is not None:
        from gateviz.plot.export import checked_format

        checked_format(figure)
        outputs = replace(outputs, outs=(*outputs.outs, figure))
    outputs.check("claims")
    from gateviz.studies.claims.report import claims_page
    from gateviz.studies.claims.request import checked_claims, quantities_of
    from gateviz.studies.claims.stated import STATED, read_claims
    from gateviz.studies.corpus import Wanted

    claims = STATED if file is None else read_claims(file)
    lines = corpus.lines()
    recognizer = corpus.model.loaded()
    checked_claims(claims, recognizer.alphabet)
    wanted = Wanted(none_if_empty(layers), quantities_of(claims), max_pixels=corpus.max_pixels)
    report = _tested(recorded(recognizer, lines, wanted), claims, none_if_empty(directions), shifts=shifts, seed=seed)

    def figures(style: str) -> Figures:
        from gateviz.studies.claims.figure import ClaimFigures

        return ClaimFigures(report, style=style)

    outputs.deliver(claims_page(report, study_origin(recognizer, corpus.paths, corpus.limit)), figures)
    ctx.exit(1 if report.account.skipped else 0)


def _tested(
    corpus: "Corpus", claims: "tuple[Claim, ...]", directions: tuple[str, ...] | None, *, shifts: int, seed: int
) -> "ClaimReport":
    """The claims tested with a bar, and gradients with another.

    Raises:
        SelectionError: a claim cannot be tested on these recordings.
    """
    from tqdm import tqdm

    from gateviz.studies.claims.request import Statistic
    from gateviz.studies.claims.run import LINES, claims_over

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
            directions=directions,
            shifts=shifts,
            seed=seed,
            progress=bar.update,
            on_context=context_bar.update,
        )
