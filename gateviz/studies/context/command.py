"""``gateviz context``: how far away lies what a recognizer answers to."""

from functools import partial

import click

from gateviz.cli.corpus import CorpusChoice, Figures, PageChoice, corpus_options, page_options, seed_option, studied
from gateviz.cli.options import layer_option, none_if_empty
from gateviz.cli.paths import PathsFirst
from gateviz.studies.context.request import DISTANCES, MEASURES, ContextRequest

SEPARATOR = ","


def _distances(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[float, ...]:
    """``0,1,2.5`` as numbers."""
    try:
        return tuple(float(number) for number in value.split(SEPARATOR))
    except ValueError as error:
        raise click.BadParameter(f"{value!r} holds no numbers; write them as in 0,1,2,4") from error


@click.command("context", cls=PathsFirst, short_help="How far away lies what each layer and the posterior answer to.")
@corpus_options
@page_options
@click.option(
    "--by", "measures", type=click.Choice(MEASURES), multiple=True, help="This measure only (again for more)."
)
@layer_option
@click.option(
    "--frames", metavar="N", type=click.IntRange(1), default=ContextRequest.frames, show_default=True,
    help="Of a line, by gradient.",
)  # fmt: skip
@click.option(
    "--probes", metavar="N", type=click.IntRange(0), default=ContextRequest.probes, show_default=True,
    help="Random directions a frame, by gradient; 0 is exact, and slow.",
)  # fmt: skip
@click.option(
    "--symbols", metavar="N", type=click.IntRange(1), default=ContextRequest.symbols, show_default=True,
    help="Of a line, by blank and reset.",
)  # fmt: skip
@click.option(
    "--at", "distances", metavar="SYMBOLS,...", default=SEPARATOR.join(f"{each:g}" for each in DISTANCES),
    show_default=True, callback=_distances, help="Distances, by blank and reset.",
)  # fmt: skip
@seed_option
@click.pass_context
def command(
    ctx: click.Context, /, *, corpus: CorpusChoice, outputs: PageChoice, measures: tuple[str, ...],
    layers: tuple[int, ...], frames: int, probes: int, symbols: int, distances: tuple[float, ...], seed: int,
) -> None:  # fmt: skip
    """Measure how far away lies what each layer and the posterior answer to.

    CORPUS are folders of line images, manifests (.tsv: path, tab, text), LMDBs or images; true texts are
    found as 'gateviz eval' finds them (a.gt.txt beside a.png, a manifest, an LMDB). By gradient: the norm of each
    hidden state's derivative by the image's columns, and by the frames of the layer's own input, against
    distance. Model-free: how a symbol's posterior falls when columns further away are blanked, and when
    states are forgotten there. The effective context is the smallest distance within which 90 % of it lies.

    \b
    Examples:
      gateviz context lines/manifest.tsv -o context.png
      gateviz context lines/ --model eng.traineddata --by reset --symbols 5
      gateviz context lines/ --by gradient --layer 0 --probes 8 --json
    """  # noqa: D301  (click reads the backspace)
    outputs.check("the context")
    request = ContextRequest(
        measures or MEASURES, none_if_empty(layers), frames=frames, probes=probes or None, symbols=symbols,
        distances=distances, seed=seed,
    )  # fmt: skip
    lines = corpus.lines()
    recognizer = corpus.model.loaded()
    from gateviz.studies.context.report import context_page
    from gateviz.studies.context.run import ContextTally, context_study
    from gateviz.studies.corpus import Wanted

    wanted = Wanted(quantities=("hidden_state",), max_pixels=corpus.max_pixels)
    study = context_study(studied(recognizer, lines, partial(ContextTally, request), wanted), recognizer)
    card = recognizer.card
    origin = {"lineage": card.lineage, "checkpoint": card.checkpoint, "checkpoint_sha256": card.checkpoint_sha256}

    def figures(style: str) -> Figures:
        from gateviz.studies.context.figure import ContextFigures

        return ContextFigures(study, style=style)

    outputs.deliver(context_page(study, origin), figures)
    ctx.exit(1 if study.account.skipped else 0)
