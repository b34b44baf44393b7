"""``gateviz ablate``: hold gates unit by unit, and see what it does to the reading."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateviz.cli.corpus import CorpusChoice, corpus_options, recorded
from gateviz.cli.options import debug_option, direction_option, json_option, layer_option
from gateviz.cli.paths import PathsFirst, Writes, check_spared
from gateviz.cli.terminal import print_json, say
from gateviz.files.printable import printable

if TYPE_CHECKING:
    from gateviz.studies.ablate.request import AblateRequest
    from gateviz.studies.ablate.results import Ablation
    from gateviz.studies.account import Corpus
    from gateviz.studies.page import Page

GROUPINGS = ("unit", "layer", "timescale")
LOG, NUMBERS, FIGURE = "ablation.jsonl", "ablation.json", "ablation.png"


@click.command(
    "ablate", cls=PathsFirst, short_help="Hold gates unit by unit over a corpus; rank units by what they cause."
)
@corpus_options
@click.option(
    "--hold", metavar="QUANTITY=VALUE", default="f=0", show_default=True,
    help="A number, 'mean' (each unit's own over the corpus), or for the input gate '1-f': f=1, i=0, o=1, i=1-f, f=mean.",
)  # fmt: skip
@click.option(
    "--by", "grouping", type=click.Choice(GROUPINGS), default="unit", show_default=True, help="What is held together."
)
@click.option(
    "--at", "event", metavar="EVENT", help="Hold it at these frames alone: blank, punctuation, word@onset, symbol:,."
)
@click.option(
    "--selectivity", "beside", metavar="EVENT", default="blank", show_default=True,
    help="Show beside the effect how well each unit's value tells this event.",
)  # fmt: skip
@layer_option
@direction_option
@click.option(
    "-o", "--out", metavar="FOLDER", type=Writes(folder=True), default=Path("ablation"), show_default=True,
    help="Outcomes, numbers and a figure; the same command goes on where it stopped.",
)  # fmt: skip
@json_option
@debug_option
@click.pass_context
def command(
    ctx: click.Context, /, *, corpus: CorpusChoice, hold: str, grouping: str, event: str | None, beside: str,
    layers: tuple[int, ...], directions: tuple[str, ...], out: Path, as_json: bool,
) -> None:  # fmt: skip
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
    from gateviz.studies.ablate.report import ablate_page
    from gateviz.studies.ablate.request import AblateRequest, intervention_named
    from gateviz.studies.corpus import Wanted

    request = AblateRequest(
        intervention_named(hold),
        grouping,
        layers,
        directions,
        event=event_named(event) if event else None,
        beside=event_named(beside),
    )
    make_folder(out)
    for name in (LOG, NUMBERS, FIGURE):
        check_output(out / name)
    recognizer = corpus.model.loaded()
    held = recorded(recognizer, corpus.lines(), Wanted(max_pixels=corpus.max_pixels))
    if not request.places(held.recordings[0]):
        raise click.UsageError("no recorded layer is of the --layer and --direction given; 'gateviz info' lists them")
    found = _ablated(held, request, recognizer.card.checkpoint_sha256, out / LOG)
    page = ablate_page(found, {"lineage": recognizer.card.lineage, "checkpoint": recognizer.card.checkpoint})
    _write(page, found, out)
    if as_json:
        print_json(page.document)
    else:
        from gateviz.studies.page import as_text

        say(as_text(page))
        say(f"figure: {printable(out / FIGURE)}\nnumbers: {printable(out / NUMBERS)}")
    ctx.exit(1 if held.skipped else 0)


def _ablated(corpus: "Corpus", request: "AblateRequest", checkpoint: str, log: Path) -> "Ablation":
    """The study, with a bar; every line's outcome is kept as soon as it is there."""
    from tqdm import tqdm

    from gateviz.studies.ablate.results import LineOutcome
    from gateviz.studies.ablate.run import ablate_lines, ablated, unit_groups
    from gateviz.studies.kept import KeptOutcomes

    groups = unit_groups(request, corpus)
    header = {
        "checkpoint_sha256": checkpoint,
        "held": request.words,
        "by": request.grouping,
        "groups": [group.name for group in groups],
        "lines": [str(line.source.path) for line in corpus.lines],
    }
    kept = KeptOutcomes(log, header)
    outcomes = list(map(LineOutcome.of, kept.outcomes))
    done = [outcome.name for outcome in outcomes]
    with tqdm(total=(len(corpus.lines) - len(done)) * len(groups), unit="run", file=sys.stderr, disable=None) as bar:
        for outcome in ablate_lines(corpus, request, groups, done=done, progress=bar.update):
            kept.add(outcome.document)
            outcomes.append(outcome)
    return ablated(corpus, request, groups, outcomes)


def _write(page: "Page", found: "Ablation", out: Path) -> None:
    from gateviz.files.atomic import write_whole
    from gateviz.files.json_text import finite, json_text
    from gateviz.plot.export import save_figure
    from gateviz.studies.ablate.figure import ablate_figure

    write_whole(out / NUMBERS, (json_text(finite(page.document), indent=1) + "\n").encode())
    save_figure(ablate_figure(found), out / FIGURE)
