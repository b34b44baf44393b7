"""``gateviz ablate``: hold gates unit by unit, and see what it does to the reading."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.corpus import found_lines, tell_skipped
from gateviz.cli.looks import look_at_corpus
from gateviz.cli.options import (
    debug_option,
    direction_option,
    json_option,
    layer_option,
    model_options,
)
from gateviz.cli.paths import PathsFirst, Reads, Writes, check_spared
from gateviz.cli.remarks import note_corpus
from gateviz.cli.terminal import print_json, say
from gateviz.files.printable import printable, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateviz.capture.recognizer import Recognizer
    from gateviz.files.folders import LineSource
    from gateviz.panels.ablation import AblationPage
    from gateviz.studies.account import Corpus
    from gateviz.survey.ablation import Ablation, Plan

GROUPINGS = ("unit", "layer", "timescale")
SHOWN = 15
LOG, NUMBERS, FIGURE = "ablation.jsonl", "ablation.json", "ablation.png"


@click.command(
    "ablate", cls=PathsFirst, short_help="Hold gates unit by unit over a corpus; rank units by what they cause."
)
@click.argument("lines", metavar="CORPUS...", nargs=-1, required=True, type=Reads(look_at_corpus))
@model_options
@click.option(
    "--hold",
    metavar="QUANTITY=VALUE",
    default="f=0",
    show_default=True,
    help="A number, 'mean' (each unit's own over the corpus), or for the input gate '1-f': f=1, i=0, o=1, i=1-f, f=mean.",
)
@click.option(
    "--by", "grouping", type=click.Choice(GROUPINGS), default="unit", show_default=True, help="What is held together."
)
@click.option(
    "--at", "event", metavar="EVENT", help="Hold it at these frames alone: blank, punctuation, word@onset, symbol:,."
)
@click.option(
    "--selectivity",
    "beside",
    metavar="EVENT",
    default="blank",
    show_default=True,
    help="Show beside the effect how well each unit's value tells this event.",
)
@layer_option
@direction_option
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Read the first N lines only.")
@click.option(
    "-o",
    "--out",
    metavar="FOLDER",
    type=Writes(folder=True),
    default=Path("ablation"),
    show_default=True,
    help="Outcomes, numbers and a figure; the same command goes on where it stopped.",
)
@json_option
@debug_option
@click.pass_context
def command(ctx: click.Context, /, lines: tuple[Path, ...], out: Path, as_json: bool, **told: Any) -> None:
    """Hold a gate unit by unit over a corpus, and rank units by what that does to the reading.

    CORPUS are folders of line images, manifests (.tsv: path, tab, text), LMDBs or images; true texts are
    found as 'gateviz eval' finds them (a.gt.txt beside a.png, a manifest, an LMDB). For every group of
    units: how far the posterior moves (Kullback-Leibler divergence, nats a frame), how much of the
    text changes, and, where the true text is known, how much the character error rate rises,
    each with a 95 % interval over lines; beside it, how well the units' values tell an event (AUC).

    \b
    Examples:
      gateviz ablate lines/ --hold f=0 --layer 1
      gateviz ablate lines.tsv --model crnn.pth --hold i=1-f --by layer
      gateviz ablate lines/ --hold f=mean --at punctuation --selectivity punctuation
    """  # noqa: D301  (click reads the backspace)
    for name in (LOG, NUMBERS, FIGURE):
        check_spared(out / name, "-o")

    from gateviz.files.atomic import check_output, make_folder
    from gateviz.measure.events import event_named
    from gateviz.survey.ablation import Plan
    from gateviz.survey.ablation_report import ablation_document, page_of, places_of, selectivities
    from gateviz.survey.interventions import intervention_named

    intervention = intervention_named(told["hold"])
    event = event_named(told["event"]) if told["event"] else None
    beside = event_named(told["beside"])
    make_folder(out)
    for name in (LOG, NUMBERS, FIGURE):
        check_output(out / name)
    recognizer = told["model"].loaded()
    corpus = _recorded(recognizer, found_lines(lines, told["limit"]))
    places = places_of(corpus, told["layers"], told["directions"])
    if not places:
        raise click.UsageError("no recorded layer is of the --layer and --direction given; 'gateviz info' lists them")
    ablation = _studied(recognizer, corpus, Plan(intervention, told["grouping"], places, event), out / LOG)
    aucs = selectivities(ablation, corpus, beside)
    origin = {"lineage": recognizer.card.lineage, "checkpoint": recognizer.card.checkpoint}
    document = ablation_document(ablation, corpus, aucs, beside, origin)
    _write(document, out / NUMBERS)
    _draw(page_of(ablation, corpus, aucs, beside, origin), out / FIGURE)
    if as_json:
        print_json(document)
    else:
        say(in_words(document))
        say(f"figure: {printable(out / FIGURE)}\nnumbers: {printable(out / NUMBERS)}")
    ctx.exit(1 if corpus.skipped else 0)


def _recorded(recognizer: "Recognizer", sources: "Sequence[LineSource]") -> "Corpus":
    """The corpus as the model reads it, with a bar; what cannot be read is told."""
    from tqdm import tqdm

    from gateviz.studies.corpus import record_corpus

    with tqdm(total=len(sources), unit="line", desc="reading", file=sys.stderr, disable=None) as bar:
        corpus = record_corpus(recognizer, sources, progress=bar.update)
    note_corpus(corpus.lines)
    tell_skipped(corpus.skipped, len(sources))
    return corpus


def _studied(recognizer: "Recognizer", corpus: "Corpus", plan: "Plan", log: Path) -> "Ablation":
    """The study, with a bar; every line's outcome is kept as soon as it is there."""
    from tqdm import tqdm

    from gateviz.survey.ablation import Ablation, ablate_lines, groups_of
    from gateviz.survey.ablation_log import AblationLog

    groups = groups_of(plan, corpus)
    header = {
        "checkpoint_sha256": recognizer.card.checkpoint_sha256,
        "held": plan.words,
        "by": plan.grouping,
        "groups": [f"{group.place[0]}.{group.place[1]} {group.words}" for group in groups],
        "lines": [str(line.source.path) for line in corpus.lines],
    }
    kept = AblationLog(log, header)
    done = [outcome.name for outcome in kept.outcomes]
    with tqdm(total=(len(corpus.lines) - len(done)) * len(groups), unit="run", file=sys.stderr, disable=None) as bar:
        for outcome in ablate_lines(recognizer, corpus, plan, done=done, progress=bar.update):
            kept.add(outcome)
    return Ablation(plan, groups, tuple(kept.outcomes))


def _write(document: dict[str, Any], path: Path) -> None:
    from gateviz.files.atomic import write_whole
    from gateviz.files.json_text import finite, json_text

    write_whole(path, (json_text(finite(document), indent=1) + "\n").encode())


def _draw(page: "AblationPage", path: Path) -> None:
    from gateviz.plot.ablation import interventions
    from gateviz.plot.export import save_figure

    save_figure(interventions(page), path)


def in_words(document: dict[str, Any]) -> str:
    """The strongest groups, for people."""
    truth = document["plain_error_rate"] is not None
    header = [
        "layer",
        "held",
        "nats a frame",
        "text changed",
        "lines changed",
        *(["CER rises by"] if truth else []),
        "AUC",
    ]
    rows = []
    for group in document["groups"][:SHOWN]:
        moved, text, errors = group["divergence"], group["text_changed"], group["error_rate_rise"]
        rows.append(
            [
                f"{group['layer']} {group['direction']}",
                group["units"],
                f"{moved['value']:.3g} ({moved['low']:.3g} to {moved['high']:.3g})",
                f"{100 * text['value']:.2f} %",
                f"{100 * group['lines_changed']:.0f} %",
                *([f"{100 * errors['value']:.2f} %"] if truth else []),
                "-" if group["selectivity"] is None else f"{group['selectivity']:.2f}",
            ]
        )
    more = len(document["groups"]) - len(rows)
    words = [
        f"{document['truths']['words']}.",
        f"{document['held']}, by {document['by']}, {document['lines_held']} of {document['lines']} lines",
        *([f"character error rate of the model as it is: {100 * document['plain_error_rate']:.2f} %"] if truth else []),
        table(header, rows),
        *([f"and {more} more, with less effect"] if more else []),
        f"AUC: how well the value alone tells frames {document['selectivity_for']}; telling is not causing",
    ]
    if document["skipped"]:
        words.append(f"{len(document['skipped'])} lines could not be read and are left out")
    return "\n".join(words)
