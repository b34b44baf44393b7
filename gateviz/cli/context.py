"""``gateviz context``: how far away lies what a recognizer answers to."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.corpus import found_lines, tell_skipped
from gateviz.cli.looks import look_at_corpus
from gateviz.cli.options import (
    debug_option,
    json_option,
    layer_option,
    max_pixels_option,
    model_options,
    none_if_empty,
)
from gateviz.cli.paths import PathsFirst, Reads, Writes
from gateviz.cli.remarks import note_corpus
from gateviz.cli.terminal import print_json, say
from gateviz.files.printable import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateviz.capture.recognizer import Recognizer
    from gateviz.files.folders import LineSource
    from gateviz.studies.account import Corpus
    from gateviz.survey.context_report import Asked, ContextStudy

MEASURES = ("gradient", "blank", "reset")
SEPARATOR = ","


def _distances(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[float, ...]:
    """``0,1,2.5`` as numbers."""
    try:
        return tuple(float(number) for number in value.split(SEPARATOR))
    except ValueError as error:
        raise click.BadParameter(f"{value!r} holds no numbers; write them as in 0,1,2,4") from error


@click.command("context", cls=PathsFirst, short_help="How far away lies what each layer and the posterior answer to.")
@click.argument("lines", metavar="CORPUS...", nargs=-1, required=True, type=Reads(look_at_corpus))
@model_options
@click.option(
    "--by", "measures", type=click.Choice(MEASURES), multiple=True, help="This measure only (again for more)."
)
@layer_option
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Read the first N lines only.")
@click.option(
    "--frames", metavar="N", type=click.IntRange(1), default=4, show_default=True, help="Of a line, by gradient."
)
@click.option(
    "--probes", metavar="N", type=click.IntRange(0), default=2, show_default=True,
    help="Random directions a frame, by gradient; 0 is exact, and slow.",
)  # fmt: skip
@click.option(
    "--symbols",
    metavar="N",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Of a line, by blank and reset.",
)
@click.option(
    "--at", "distances", metavar="SYMBOLS,...", default="0,0.5,1,2,4,8,16", show_default=True, callback=_distances,
    help="Distances, by blank and reset.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed, the same digits.")
@max_pixels_option
@click.option("-o", "--out", metavar="FILE", type=Writes(), help="Also draw it: .png, .pdf or .svg.")
@json_option
@debug_option
@click.pass_context
def command(ctx: click.Context, /, lines: tuple[Path, ...], out: Path | None, as_json: bool, **told: Any) -> None:
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
    from gateviz.survey.context_report import Asked, context_document

    if out is not None:
        from gateviz.files.atomic import check_output
        from gateviz.plot.export import checked_format

        checked_format(out)
        check_output(out)
    asked = Asked(
        told["measures"] or MEASURES, none_if_empty(told["layers"]), told["frames"], told["probes"] or None,
        told["symbols"], told["distances"], told["seed"],
    )  # fmt: skip
    sources = found_lines(lines, told["limit"])
    recognizer = told["model"].loaded()
    study = _studied(recognizer, _recorded(recognizer, sources, told["max_pixels"]), asked)
    card = recognizer.card
    origin = {"lineage": card.lineage, "checkpoint": card.checkpoint, "checkpoint_sha256": card.checkpoint_sha256}
    document = context_document(study, origin)
    if as_json:
        print_json(document)
    else:
        say(in_words(document))
    if out is not None:
        _draw(study, origin, out)
    ctx.exit(1 if study.corpus.skipped else 0)


def _recorded(recognizer: "Recognizer", sources: "Sequence[LineSource]", max_pixels: int) -> "Corpus":
    """The corpus as the model reads it, with a bar; what cannot be read is told."""
    from tqdm import tqdm

    from gateviz.studies.corpus import Wanted, record_corpus

    with tqdm(total=len(sources), unit="line", desc="reading", file=sys.stderr, disable=None) as bar:
        corpus = record_corpus(
            recognizer,
            sources,
            wanted=Wanted(quantities=("hidden_state",), max_pixels=max_pixels),
            progress=bar.update,
        )
    note_corpus(corpus.lines)
    tell_skipped(corpus.skipped, len(sources))
    return corpus


def _studied(recognizer: "Recognizer", corpus: "Corpus", asked: "Asked") -> "ContextStudy":
    from tqdm import tqdm

    from gateviz.survey.context_report import context_study

    total = len(corpus.lines) * len(asked.measures)
    with tqdm(total=total, unit="line", desc="measuring", file=sys.stderr, disable=None) as bar:
        return context_study(recognizer, corpus, asked, progress=bar.update)


def _draw(study: "ContextStudy", origin: dict[str, str], path: Path) -> None:
    from gateviz.plot.context import context
    from gateviz.plot.export import save_figure
    from gateviz.survey.context_page import context_page

    save_figure(context(context_page(study, origin)), path)


def in_words(document: dict[str, Any]) -> str:
    """The numbers for people."""
    parts = [
        f"{document['truths']['words']}.",
        f"effective context over {document['lines']} lines: within it lies {100 * document['within']:.0f} %",
    ]
    gradient = document.get("gradient")
    if gradient is not None:
        parts += [_refusal(gradient)] if gradient["why_not"] else _gradient_words(gradient)
    for what in ("blank", "reset"):
        if what in document:
            parts.append(_falls_words(document[what], what))
    if document["skipped"]:
        parts.append(f"{len(document['skipped'])} lines could not be read and are left out")
    return "\n\n".join(parts)


def _refusal(gradient: dict[str, Any]) -> str:
    return f"by gradient: not measured; {gradient['why_not']}"


def _gradient_words(gradient: dict[str, Any]) -> list[str]:
    parts = []
    for by, words in (
        ("image", f"by gradient, on the image (the receptive field is {gradient['receptive_field']:g} columns)"),
        ("input", "by gradient, in the layer's own input"),
    ):
        rows = []
        for row in gradient[by]:
            context, beyond = row["context"], row["beyond_a_symbol"]
            rows.append(
                [
                    row["of"],
                    f"{context['value']:g} ({context['low']:g} to {context['high']:g}) {context['unit']}",
                    f"{row['context_in_symbols']:.2f}",
                    f"{100 * beyond['value']:.1f} % ({100 * beyond['low']:.1f} to {100 * beyond['high']:.1f})",
                ]
            )
        parts.append(f"{words}\n{table(['of', 'effective context', 'symbols', 'beyond a symbol'], rows)}")
    if gradient["refused"]:
        parts.append(
            f"{len(gradient['refused'])} lines gave no gradient and are left out: {gradient['refused'][0]['why']}"
        )
    return parts


def _falls_words(taken: dict[str, Any], what: str) -> str:
    header = ["taken", *(f"> {distance:g}" for distance in taken["distances"]), "effective context"]
    rows = []
    for row in taken["taken"]:
        context = row["context"]
        cells = [
            f"{fall['value']:.3f} / {100 * lost['value']:.0f} %"
            for fall, lost in zip(row["fall"], row["lost"], strict=True)
        ]
        words = "no effect" if context is None else (
            f"{context['value']:g} ({context['low']:g} to {context['high']:g}) symbols"
        )  # fmt: skip
        rows.append([row["taken"], *cells, words])
    action = "columns further away blanked" if what == "blank" else "states forgotten further away"
    lines = [
        f"{action}: fall of the log posterior in nats, and of the share of symbols read, by symbols between",
        table(header, rows),
        f"{taken['symbols']} symbols, {taken['read']} of them read as the line is",
    ]
    unreached = [
        f"{distance:g}"
        for k, distance in enumerate(taken["distances"])
        if not any(row["reached"][k] for row in taken["taken"])
    ]
    if unreached:
        lines.append(f"beyond {', '.join(unreached)} symbols nothing lies on any line")
    if taken["textless"]:
        lines.append(f"{len(taken['textless'])} lines have no text and are left out")
    return "\n".join(lines)
