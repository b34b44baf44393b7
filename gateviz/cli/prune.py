"""``gateviz prune``: a recognizer with fewer units."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.looks import look_at_models, look_at_true_lines
from gateviz.cli.options import debug_option, given_options, json_option
from gateviz.cli.paths import PathsFirst, Reads, Writes
from gateviz.cli.terminal import print_json, say
from gateviz.files.printable import printable

if TYPE_CHECKING:
    from gateviz.training.fine_tuning import FineTune

CRITERIA = ("taylor", "magnitude", "activity", "random")
DEFAULT_RATE = 5e-4
_OF_FINE_TUNING = ("learn", "rate", "workers")


@click.command("prune", cls=PathsFirst, short_help="Write a recognizer with fewer LSTM units, and measure it.")
@click.argument("checkpoint", metavar="[MODEL]", required=False, type=Reads(look_at_models))
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    required=True,
    help="Of the units of each layer and direction that go, such as 0.3.",
)
@click.option(
    "--lines",
    metavar="LINES",
    multiple=True,
    required=True,
    type=Reads(look_at_true_lines),
    help="Lines with their texts that units are scored on: folders, manifests, LMDBs. Several times.",
)
@click.option(
    "--validation",
    metavar="LINES",
    multiple=True,
    type=Reads(look_at_true_lines),
    help="Lines that all is measured on; default: those of --lines.",
)
@click.option("--by", type=click.Choice(CRITERIA), default="taylor", show_default=True, help="How units are scored.")
@click.option(
    "--score-lines",
    metavar="N",
    type=click.IntRange(1),
    default=400,
    show_default=True,
    help="Lines that scores are taken on, at most, spread over --lines.",
)
@click.option(
    "--fine-tune", metavar="STEPS", type=click.IntRange(1), help="Train the smaller network on for so many steps."
)
@click.option(
    "--learn",
    metavar="LINES",
    multiple=True,
    type=Reads(look_at_true_lines),
    help="Lines that fine-tuning learns from; default: synthetic lines.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    default=DEFAULT_RATE,
    show_default=True,
    help="Highest learning rate of fine-tuning.",
)
@click.option(
    "--workers", type=click.IntRange(0), default=1, show_default=True, help="Processes that make batches ahead."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of random, and of fine-tuning.")
@click.option("-o", "--out", metavar="FILE", required=True, type=Writes(), help="The smaller model (.safetensors).")
@json_option
@debug_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    checkpoint: Path | None,
    share: float,
    lines: tuple[Path, ...],
    validation: tuple[Path, ...],
    by: str,
    score_lines: int,
    seed: int,
    out: Path,
    as_json: bool,
    **fine_tuning: Any,
) -> None:
    """Write a recognizer with fewer LSTM or GRU units, and say what that did.

    MODEL is one of 'gateviz train'; without it, the one that comes with gateviz. The units that matter least go,
    as many of each layer and direction: an ordinary, smaller nn.LSTM remains, which 'gateviz train --from' trains
    on. Units are scored by what the CTC loss would change by without them (taylor), by the size of their weights
    (magnitude), by how much they vary and how strongly they are read (activity), or by lot (random).

    Printed are, before and after, the character error rate with its 95 % interval and that of the rise, the
    parameters, the size of the file, the milliseconds of a line, and how far the gates of the units that
    stayed moved. Name lines in --validation that are not in --lines, or the rates are a little too good.

    \b
    Examples:
      gateviz prune mine.safetensors --share 0.3 --lines lines/ -o smaller.safetensors
      gateviz prune --share 0.5 --lines lines/ --validation others/ --fine-tune 500 -o half.safetensors
    """  # noqa: D301  (click reads the backspace)
    _check(ctx, out, fine_tuning["fine_tune"])
    from gateviz.files.models import default_model
    from gateviz.training.pruning import PruneRequest, prune
    from gateviz.training.unit_scores import Criterion

    request = PruneRequest(
        share,
        tuple(map(str, lines)),
        validation=tuple(map(str, validation)),
        by=Criterion(by),
        score_lines=score_lines,
        fine_tune=_fine_tune(**fine_tuning),
        seed=seed,
    )
    with _bars() as bars:
        report = prune(default_model() if checkpoint is None else checkpoint, out, request, bars=bars)
    if as_json:
        print_json({"file": str(out), **report.document})
        return
    say(printable(out))
    say(report.words)


def _check(ctx: click.Context, out: Path, steps: int | None) -> None:
    """What was asked for goes together.

    Raises:
        click.UsageError: it does not.
    """
    if out.suffix.lower() != ".safetensors":
        raise click.UsageError(f"-o {out} is to be a model of gateviz's own; name a .safetensors file")
    if steps is None and (strange := [word for name, word in given_options(ctx).items() if name in _OF_FINE_TUNING]):
        raise click.UsageError(
            f"without --fine-tune there is no meaning to {', '.join(strange)}; give --fine-tune STEPS, or leave it out"
        )


def _fine_tune(*, fine_tune: int | None, learn: tuple[Path, ...], rate: float, workers: int) -> "FineTune | None":
    from gateviz.training.fine_tuning import FineTune

    if fine_tune is None:
        return None
    return FineTune(fine_tune, tuple(map(str, learn)), rate=rate, workers=workers)


@contextmanager
def _bars() -> "Iterator[Callable[[str, int], Callable[[int], object]]]":
    """A bar for each part of the work on stderr, the one before closed."""
    from tqdm import tqdm

    shown: list[tqdm[Any]] = []

    def begin(words: str, count: int) -> Callable[[int], object]:
        for bar in shown:
            bar.close()
        shown[:] = [tqdm(total=count, desc=words, file=sys.stderr, dynamic_ncols=True, disable=None)]
        return shown[0].update

    try:
        yield begin
    finally:
        for bar in shown:
            bar.close()
