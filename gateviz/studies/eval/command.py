"""``gateviz eval``: how well a recognizer reads."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.corpus import TOLD, Figures, PageChoice, limit_option, page_options, tell_strays
from gateviz.cli.describe import model_facts, versions
from gateviz.cli.looks import look_at_fonts, look_at_true_lines
from gateviz.cli.options import ModelChoice, given_options, model_options
from gateviz.cli.paths import PathsFirst, Reads
from gateviz.cli.remarks import note_remarks
from gateviz.cli.scripts import SCRIPTS, script_weights
from gateviz.cli.synth import HARDNESS
from gateviz.cli.terminal import say
from gateviz.errors import ImageError
from gateviz.files.printable import one_line

if TYPE_CHECKING:
    from gateviz.capture.recognizer import Recognizer
    from gateviz.data.gate_health import GateHealth
    from gateviz.measure.evaluation import Evaluation
    from gateviz.typesetting.lines import LineSet

GROUPINGS = ("script", "length", "font")
# Neither the lines that 'gateviz train' learns from by default nor those it validates on.
SEED = 2_000_003


@dataclass(frozen=True)
class SyntheticChoice:
    """What was asked of synthetic lines.

    Attributes:
        synthetic: how many; None where lines of files are evaluated, and the rest means nothing.
        seed: of the lines; None for one that no training has by default.
        scripts: with their weights; empty for the renderer's.
        hardness: how worn they are; None for the renderer's.
        longest: code points, at most; None for the renderer's.
        held_out: in the fonts alone that no training line has.
        fonts: a folder of fonts; None for the system's.
    """

    synthetic: int | None
    seed: int | None
    scripts: Mapping[str, float] | None
    hardness: str | None
    longest: int | None
    held_out: bool
    fonts: Path | None

    @property
    def own_seed(self) -> int:
        """The seed that the lines are made with."""
        return SEED if self.seed is None else self.seed

    def lines(self, recognizer: "Recognizer") -> "LineSet":
        """The lines, in symbols of the recognizer."""
        from gateviz.typesetting.fonts import find_fonts
        from gateviz.typesetting.synthetic import SyntheticLines, SyntheticStyle

        assert self.synthetic is not None
        chosen: dict[str, Any] = {"scripts": self.scripts, "hardness": self.hardness, "longest": self.longest}
        chosen = {name: value for name, value in chosen.items() if value}
        # A symbol of several code points cannot be set by itself.
        symbols = tuple(symbol for symbol in recognizer.alphabet.symbols if len(symbol) == 1)
        return SyntheticLines(
            symbols,
            seed=self.own_seed,
            count=self.synthetic,
            style=SyntheticStyle(held_out=self.held_out, **chosen),
            fonts=find_fonts(self.fonts) if self.fonts else None,
        )

    @property
    def document(self) -> dict[str, Any]:
        """As an evaluation says where its lines are from."""
        return {
            "synthetic": self.synthetic,
            "seed": self.own_seed,
            "scripts": self.scripts,
            "hardness": self.hardness,
            "longest": self.longest,
            "held_out": self.held_out,
            "fonts": None if self.fonts is None else str(self.fonts),
        }


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
def command(
    ctx: click.Context,
    /,
    lines: tuple[Path, ...],
    model: ModelChoice,
    outputs: PageChoice,
    limit: int | None,
    groupings: tuple[str, ...] | None,
    worst: int,
    **synthetic: Any,
) -> None:
    """Say how well a recognizer reads lines whose text is known.

    LINES are folders (of image.png with image.gt.txt, or with a manifest.tsv), manifests (.tsv: path,
    tab, text) or LMDBs. Printed are the character error rate (edits over symbols of the truth), the
    shares of words and lines read right, each with a 95 % interval over lines, the most frequent
    mistakes, doubled letters read as one, and the worst lines. Where the true columns of the symbols
    are known, so is how far the spans lie off to which the true text is aligned. Of an LSTM it is
    also said whether its cells remember or only add up, and on how many of the first lines another
    text is read without the memory of a layer (forget gates held at 0).

    \b
    Examples:
      gateviz eval lines/ --model best.safetensors
      gateviz eval --synthetic 2000 --held-out --model best.safetensors --by font -o errors.pdf
      gateviz eval scans.tsv --json > evaluation.json
    """  # noqa: D301  (click reads the backspace)
    choice = SyntheticChoice(**synthetic)
    _check(given_options(ctx), lines, outputs, choice)
    outputs.check("an evaluation")
    recognizer = model.loaded()
    line_set = _own_lines(lines) if choice.synthetic is None else choice.lines(recognizer)
    evaluation = _evaluated(recognizer, line_set, limit)
    tabled = tuple(name for name in ("script", "length") if evaluation.knows(name)) if groupings is None else groupings
    # What was evaluated on what, so that the numbers can be had again.
    source = {"files": list(map(str, lines))} if choice.synthetic is None else choice.document
    origin = {"model": model_facts(recognizer), "source": source | {"limit": limit}, "versions": versions()}
    from gateviz.studies.eval.report import eval_page

    def figures(style: str) -> Figures:
        from gateviz.studies.eval.figure import EvaluationFigures

        return EvaluationFigures(evaluation, origin, groupings=groupings, style=style)

    outputs.deliver(eval_page(evaluation, tabled, worst, origin, gates=_gates(recognizer, line_set, limit)), figures)
    ctx.exit(1 if evaluation.failures else 0)


def _check(given: Mapping[str, str], lines: tuple[Path, ...], outputs: PageChoice, choice: SyntheticChoice) -> None:
    """Either lines or synthetic ones are named, and nothing that means nothing to them.

    Raises:
        click.UsageError: they are not.
    """
    if "style" in given and not outputs.outs:
        raise click.UsageError("--style is of the figure, and none is drawn; give -o FILE, or leave it out")
    if choice.synthetic is not None:
        if lines:
            raise click.UsageError("both LINES and --synthetic were given; evaluate them in two runs")
        if choice.held_out and choice.fonts:
            raise click.UsageError(
                "--held-out chooses among the system's fonts, and --fonts names others; leave one out"
            )
        return
    if not lines:
        raise click.UsageError("there is nothing to read; name LINES, or give --synthetic N")
    if strange := [given[entry.name] for entry in fields(choice) if entry.name in given]:
        raise click.UsageError(f"without --synthetic there is no meaning to {', '.join(strange)}; leave it out")


def _own_lines(lines: tuple[Path, ...]) -> "LineSet":
    from gateviz.training.line_files import LineFiles

    files = LineFiles(*lines)
    tell_strays(files.strays)
    return files


def _gates(recognizer: "Recognizer", lines: "LineSet", limit: int | None) -> "GateHealth | None":
    """How the cells fare on the first of the lines, with a bar on stderr."""
    from tqdm import tqdm

    from gateviz.studies.eval.gates import LINES, health_on

    with tqdm(unit="line", desc="gates", file=sys.stderr, disable=None, leave=False) as bar:
        return health_on(recognizer, lines, limit=LINES if limit is None else min(limit, LINES), on_progress=bar.update)


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
