"""``gateviz measure``: what the gates of every layer do, over a corpus."""

from functools import partial

import click

from gateviz.cli.corpus import CorpusChoice, Figures, PageChoice, corpus_options, page_options, seed_option, studied
from gateviz.cli.describe import study_origin
from gateviz.cli.options import layer_option, none_if_empty, quantity_option
from gateviz.cli.paths import PathsFirst


@click.command("measure", cls=PathsFirst)
@corpus_options
@page_options
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
@seed_option
@click.pass_context
def command(
    ctx: click.Context, /, *, corpus: CorpusChoice, outputs: PageChoice, event: str, gate: str | None, unit: int | None,
    layers: tuple[int, ...], quantities: tuple[str, ...], margin: int | None, seed: int,
) -> None:  # fmt: skip
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
    outputs.check("measures")
    from gateviz.measure.events import event_named
    from gateviz.studies.corpus import Wanted
    from gateviz.studies.measure.request import MeasureRequest
    from gateviz.studies.measure.run import MeasureTally, measured

    chosen = none_if_empty(quantities)
    request = MeasureRequest(event_named(event), gate, unit, quantities=chosen, seed=seed, margin=margin)
    lines = corpus.lines()
    recognizer = corpus.model.loaded()
    request.check_symbols(recognizer.alphabet)
    wanted = Wanted(layers=none_if_empty(layers), max_pixels=corpus.max_pixels)
    report = measured(studied(recognizer, lines, partial(MeasureTally, request), wanted))
    from gateviz.studies.measure.report import measure_page

    def figures(style: str) -> Figures:
        from gateviz.studies.measure.figure import MeasureFigures

        return MeasureFigures(report, style=style)

    outputs.deliver(measure_page(report, study_origin(recognizer, corpus.paths, corpus.limit)), figures)
    ctx.exit(1 if report.account.skipped else 0)
