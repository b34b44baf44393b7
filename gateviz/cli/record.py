"""``gateviz record``: what the gates did, as one file a line."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateviz.cli.edits import GRAMMAR
from gateviz.cli.lines import LineReader, for_each, named_lines, tell
from gateviz.cli.looks import RECORDING_SUFFIX
from gateviz.cli.options import (
    Reading,
    images_argument,
    layer_option,
    none_if_empty,
    quantity_option,
    reading_options,
)
from gateviz.cli.outputs import planned_outputs
from gateviz.cli.paths import PathsFirst, Writes
from gateviz.files.printable import printable

if TYPE_CHECKING:
    from gateviz.files.folders import LineSource


@click.command("record", cls=PathsFirst, epilog=GRAMMAR)
@images_argument
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=Writes(),
    help="The recording, or a folder for several lines.  [default: IMAGE's name; recordings/ for several]",
)
@layer_option
@quantity_option
@reading_options
@click.pass_context
def command(
    ctx: click.Context,
    images: tuple[Path, ...],
    out: Path | None,
    layers: tuple[int, ...],
    quantities: tuple[str, ...],
    reading: Reading,
) -> None:
    """Record every gate while a line is read, and save it.

    A recording is one .safetensors file with the image, the posteriors and the gates of every layer;
    'gateviz plot' draws it without the model. IMAGE is an image, a folder of them, or a manifest
    (.tsv: path, tab, text). A file that is there already is replaced. The paths are printed.

    \b
    Examples:
      gateviz record line.png --model crnn.pth -o line.safetensors
      gateviz record scans/ -o recordings/ -q forget_gate -q cell_state
    """  # noqa: D301  (click reads the backspace)
    lines = named_lines(images, recordings=False)
    for source in lines.sources:
        if source.path.suffix.lower() == RECORDING_SUFFIX:
            raise click.UsageError(f"{source.path} is a recording already; name an image")
    outputs = planned_outputs(lines, out, ending=RECORDING_SUFFIX, folder="recordings")
    reader = LineReader(reading, layers=none_if_empty(layers), quantities=none_if_empty(quantities))

    def save(position: int, source: "LineSource") -> None:
        reader(source).save(outputs[position])
        tell(printable(outputs[position]))

    failures = for_each(lines, save, lambda position, error: None)
    ctx.exit(1 if failures else 0)
