"""``gateviz eval``: how well a recognizer reads."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.corpus import TOLD, Figures, PageChoice, limit_option, page_options, tell_strays
from gateviz.cli.describe import model_facts, versions
from gateviz.cli.given import given_options
from gateviz.cli.looks import look_at_fonts, look_at_true_lines
from gateviz.cli.options import model_options
from gateviz.cli.paths import PathsFirst, Reads
from gateviz.cli.remarks import note_remarks
from gateviz.cli.scripts import SCRIPTS, script_weights
from gateviz.cli.synth import HARDNESS
from gateviz.cli.terminal import say
from gateviz.errors import ImageError
from gateviz.files.printable import one_line

if TYPE_CHECKING:
    from gateviz.capture.recognizer import Recognizer
    from gateviz.measure.evaluation import Evaluation
    from gateviz.typesetting.lines import LineSet

GROUPINGS = ("script", "length", "font")
# Neither the lines that 'gateviz train' learns from by default nor those it validates on.
SEED = 2_000_003
# Options that mean nothing without --synthetic.
SYNTHETIC = ("seed", "scripts", "hardness", "longest", "held_out", "fonts")


def _groupings(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """``font,script`` as names; an empty word groups by nothing."""
    if value is None:
        return None
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    if strange := [name for name in names if name not in GROUPINGS]:
        raise click.BadParameter(f"{strange[0]!r} is no grouping; choose of {', '.join(GROUPINGS)}")
    return names


@click.command("eval", cls=PathsFirst)
@click.argument("lines", metavar="[LINES]...", nargs=-1, type=Reads(look_at_true_lines))
@model_options
@page_options
@click.option(
    "--synthetic",
    metavar="N",
    type=click.IntRange(1),
    help="Instead of LINES, N lines of the renderer of 'gateviz synth', whose true columns are known.",
)
@click.option("--seed", type=click.IntRange(0), help=f"Of synthetic lines.  [default: {SEED}]")
@click.option(
    "--script",
    "scripts",
    metavar="NAME=WEIGHT,...",
    callback=script_weights,
    help=f"Of synthetic lines: {', '.join(SCRIPTS)}, with their weights.",
)
@click.option("--hardness", type=click.Choice(HARDNESS), help="Of synthetic lines.  [default: the renderer's]")
@click.option("--longest", metavar="N", type=click.IntRange(1, 400), help="Code points of a synthetic line, at most.")
@click.option("--held-out", is_flag=True, help="Synthetic lines in the fonts alone that no training line has.")
@click.option("--fonts", metavar="FOLDER", type=Reads(look_at_fonts), help="Of synthetic lines; default: the system's.")
@limit_option
@click.option(
    "--by",
    "groupings",
    metavar="NAME,...",
    callback=_groupings,
    help="Group by script, length, font.  [default: script and length, where known]",
)
@click.option("--worst", metavar="N", type=click.IntRange(0), default=10, show_default=True, help="Show the worst N.")
@click.pass_context
def command(ctx: click.Context, /, lines: tuple[Path, ...], outputs: PageChoice, **told: Any) -> None:
    """Say how well a recognizer reads lines whose text is known.

    LINES are folders (of image.png with image.gt.txt, or with a manifest.tsv), manifests (.tsv: path,
    tab, text) or LMDBs. Printed are the character error rate (edits over symbols of the truth), the
    shares of words and lines read right, each with a 95 % interval over lines, the most frequent
    mistakes, doubled letters read as one, and the worst lines. Where the true columns of the symbols
    are known, so is how far the spans lie off to which the true text is aligned.

    \b
    Examples:
      gateviz eval lines/ --model best.safetensors
      gateviz eval --synthetic 2000 --held-out --model best.safetensors --by font -o errors.pdf
      gateviz eval scans.tsv --json > evaluation.json
    """  # noqa: D301  (click reads the backspace)
    _check(ctx, lines)
    outputs.check("an evaluation")
    recognizer = told["model"].loaded()
    evaluation = _evaluated(recognizer, _line_set(recognizer, lines, told), told["limit"])
    groupings = told["groupings"]
    if groupings is None:
        groupings = tuple(name for name in ("script", "length") if evaluation.knows(name))
    origin = _origin(recognizer, lines, told)
    from gateviz.studies.eval.report import eval_page

    def figures(style: str) -> Figures:
        from gateviz.studies.eval.figure import EvaluationFigures

        return EvaluationFigures(evaluation, origin, groupings=told["groupings"], style=style)

    outputs.deliver(eval_page(evaluation, groupings, told["worst"], origin), figures)
    ctx.exit(1 if evaluation.failures else 0)


def _check(ctx: click.Context, lines: tuple[Path, ...]) -> None:
    """Either lines or synthetic ones are named, and nothing that means nothing to them.

    Raises:
        click.UsageError: they are not.
    """
    told, given = ctx.params, given_options(ctx)
    if "style" in given and not told["outs"]:
        raise click.UsageError("--style is of the figure, and none is drawn; give -o FILE, or leave it out")
    if told["synthetic"] is not None:
        if lines:
            raise click.UsageError("both LINES and --synthetic were given; evaluate them in two runs")
        if told["held_out"] and told["fonts"]:
            raise click.UsageError(
                "--held-out chooses among the system's fonts, and --fonts names others; leave one out"
            )
        return
    if not lines:
        raise click.UsageError("there is nothing to read; name LINES, or give --synthetic N")
    if strange := [given[name] for name in SYNTHETIC if name in given]:
        raise click.UsageError(f"without --synthetic there is no meaning to {', '.join(strange)}; leave it out")


def _line_set(recognizer: "Recognizer", lines: tuple[Path, ...], told: dict[str, Any]) -> "LineSet":
    if told["synthetic"] is None:
        from gateviz.training.line_files import LineFiles

        files = LineFiles(*lines)
        tell_strays(files.strays)
        return files
    from gateviz.typesetting.fonts import find_fonts
    from gateviz.typesetting.synthetic import SyntheticLines, SyntheticStyle

    chosen = {name: told[name] for name in ("scripts", "hardness", "longest") if told[name]}
    # A symbol of several code points cannot be set by itself.
    symbols = tuple(symbol for symbol in recognizer.alphabet.symbols if len(symbol) == 1)
    return SyntheticLines(
        symbols,
        seed=_seed(told),
        count=told["synthetic"],
        style=SyntheticStyle(held_out=told["held_out"], **chosen),
        fonts=find_fonts(told["fonts"]) if told["fonts"] else None,
    )


def _seed(told: dict[str, Any]) -> int:
    return SEED if told["seed"] is None else int(told["seed"])


def _evaluated(recognizer: "Recognizer", lines: "LineSet", limit: int | None) -> "Evaluation":
    """Read the lines with a bar on stderr.

    Raises:
        ImageError: none of them could be read.
    """
    from tqdm import tqdm

    from gateviz.training.evaluate import evaluate

    count = len(lines) if limit is None else min(limit, len(lines))
    started = time.monotonic()
    with tqdm(total=count, unit="line", file=sys.stderr, disable=None) as bar:
        evaluation = evaluate(recognizer, lines, limit=limit, on_progress=bar.update)
    seconds = max(time.monotonic() - started, 1e-6)
    for read_line in evaluation.lines:
        note_remarks(read_line.name, read_line.remarks)
    for line in evaluation.failures[:TOLD]:
        say(f"gateviz: error: {one_line(f'{line.name}: {line.reason}')}", err=True)
    if evaluation.failures:
        say(f"gateviz: {len(evaluation.failures):,} of {count:,} lines could not be read", err=True)
    if not evaluation.lines:
        raise ImageError(f"none of the {count:,} lines could be read, so there is nothing to evaluate; see the reasons")
    read = len(evaluation.lines)
    noun = "line" if read == 1 else "lines"
    say(f"gateviz: {read:,} {noun} read in {seconds:.1f} s ({read / seconds:.0f} a second)", err=True)
    return evaluation


def _origin(recognizer: "Recognizer", lines: tuple[Path, ...], told: dict[str, Any]) -> dict[str, Any]:
    """What was evaluated on what, so that the numbers can be had again."""
    source: dict[str, Any] = {"files": list(map(str, lines))}
    if told["synthetic"] is not None:
        source = {"synthetic": told["synthetic"], "seed": _seed(told)}
        source |= {name: told[name] for name in ("scripts", "hardness", "longest", "held_out")}
        source["fonts"] = None if told["fonts"] is None else str(told["fonts"])
    return {
        "model": model_facts(recognizer),
        "source": source | {"limit": told["limit"]},
        "versions": versions(),
    }
