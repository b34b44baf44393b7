"""``gateviz synth``: lines of text that nobody had to write down."""

import os
import sys
from pathlib import Path

import click

from gateviz.cli.looks import look_at_fonts, look_at_named_symbols
from gateviz.cli.options import debug_option
from gateviz.cli.paths import PathsFirst, Reads, ReadsWords, Writes
from gateviz.cli.scripts import script_weights
from gateviz.cli.terminal import say
from gateviz.files.printable import printable

LEAST_LINES = 500
HARDNESS = ("clean", "mixed", "noisy", "touching", "photo")


@click.command("synth", cls=PathsFirst)
@click.option("-n", "--count", type=click.IntRange(1, 10_000_000), required=True, help="How many lines.")
@click.option("-o", "--out", metavar="DIR", type=Writes(folder=True), required=True, help="An empty or missing folder.")
@click.option(
    "--alphabet",
    metavar="NAME|FILE|SYMBOLS",
    type=ReadsWords(look_at_named_symbols),
    default="bundled",
    show_default=True,
    help="digits, ascii, chinese-punctuation, gb2312-1, bundled, or several joined by +; a .txt file; or the symbols.",
)
@click.option(
    "--script", "scripts", metavar="NAME=WEIGHT,...", callback=script_weights,
    help="latin, chinese, mixed, number, uniform, with their weights; default: latin=3,chinese=4,mixed=2,number=1.",
)  # fmt: skip
@click.option("--hardness", type=click.Choice(HARDNESS), default="mixed", show_default=True, help="How degraded.")
@click.option("--height", type=click.IntRange(8, 512), default=48, show_default=True, help="Rows of the images.")
@click.option("--longest", type=click.IntRange(2, 200), default=24, show_default=True, help="Code points, about.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed gives the same lines."
)
@click.option("--fonts", metavar="FOLDER", type=Reads(look_at_fonts), help="Fonts to use; default: the system's.")
@click.option(
    "--basic-fonts", is_flag=True,
    help="Only named fonts that 'make test-system' installs, or none at all: the same lines on every machine.",
)  # fmt: skip
@click.option("--held-out", is_flag=True, help="Only fonts that the bundled model was never trained on.")
@debug_option
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True, help="Processes.")
def command(
    count: int,
    out: Path,
    alphabet: str,
    scripts: dict[str, float],
    hardness: str,
    height: int,
    longest: int,
    seed: int,
    fonts: Path | None,
    basic_fonts: bool,
    held_out: bool,
    jobs: int,
) -> None:
    """Write synthetic line images with their texts and the columns of their symbols.

    DIR gets images/, manifest.tsv (path, tab, text) and columns.jsonl (script, font, and the left and
    right edge of every symbol). 'gateviz train DIR' and 'gateviz eval DIR' read it.

    \b
    Examples:
      gateviz synth -n 1000 -o lines
      gateviz synth -n 500 -o ids --alphabet 0123456789X --hardness noisy
      gateviz synth -n 500 -o unseen --script chinese --held-out --seed 7
    """  # noqa: D301  (click reads the backspace)
    if basic_fonts and (fonts or held_out):
        raise click.UsageError("--basic-fonts names its fonts, and --fonts and --held-out choose others; leave one out")
    from tqdm import tqdm

    from gateviz.typesetting.alphabets import symbols_of
    from gateviz.typesetting.fonts import basic_fonts as fonts_by_name
    from gateviz.typesetting.fonts import find_fonts
    from gateviz.typesetting.line_writer import write_lines
    from gateviz.typesetting.synthetic import SCRIPTS, SyntheticLines, SyntheticStyle

    style = SyntheticStyle(
        height=height, longest=longest, scripts=scripts or SCRIPTS, hardness=hardness, held_out=held_out
    )
    faces = find_fonts(fonts) if fonts else fonts_by_name() if basic_fonts else None
    lines = SyntheticLines(symbols_of(alphabet), seed=seed, count=count, style=style, fonts=faces)
    with tqdm(total=count, unit="line", file=sys.stderr, dynamic_ncols=True) as bar:

        def on_line() -> None:
            bar.update()

        # A process that makes fewer lines than this spends longer on finding its fonts.
        manifest = write_lines(lines, out, jobs=min(jobs, -(-count // LEAST_LINES)), on_line=on_line)
    say(printable(manifest))
