"""``gateviz plot``: the picture."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.edits import GRAMMAR
from gateviz.cli.lines import LineReader, Lines, for_each, named_lines, tell
from gateviz.cli.looks import RECORDING_SUFFIX
from gateviz.cli.options import (
    Reading,
    direction_option,
    images_argument,
    layer_option,
    quantity_option,
    reading_options,
    units_option,
)
from gateviz.cli.outputs import FIGURE_FORMATS, planned_outputs
from gateviz.cli.paths import PathsFirst, Writes
from gateviz.files.printable import printable

if TYPE_CHECKING:
    from gateviz.files.folders import LineSource
    from gateviz.plot.canvas import GateFigure
    from gateviz.recording import Recording

ORDERS = ("index", "peak", "similarity", "timescale")
STYLES = ("a4", "icml", "icml-wide", "acl", "acl-wide", "ieee", "ieee-wide", "slide")

# View -> the options that mean something to it, beside style and title. All views but saturation show the text.
VIEWS: Mapping[str, tuple[str, ...]] = {
    "gates": ("text", "frames", "layers", "directions", "quantities", "units", "order", "mark_saturation"),
    "overview": ("text", "frames"),
    "alignment": ("text", "frames"),
    "posterior": ("text", "frames"),
    "units": ("text", "frames", "layers", "directions", "units"),
    "saturation": ("layers", "directions", "quantities"),
}
_FLAGS = {
    "text": "--text",
    "frames": "--frame",
    "layers": "--layer",
    "directions": "--direction",
    "quantities": "--quantity",
    "units": "--units",
    "order": "--order",
    "mark_saturation": "--mark-saturation",
}


@click.command("plot", cls=PathsFirst, epilog=GRAMMAR)
@images_argument
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=Writes(),
    help="The figure, or a folder for several lines.  [default: IMAGE.gates.png here; gates/ for several]",
)
@click.option("--format", "kind", type=click.Choice(FIGURE_FORMATS), help="[default: by the name of FILE, else png]")
@click.option("--text", metavar="TEXT", help="Draw the most probable path that spells this text, not what is read.")
@click.option("--view", type=click.Choice(list(VIEWS)), default="gates", show_default=True, help="Which figure.")
@layer_option
@direction_option
@quantity_option
@units_option
@click.option("--order", type=click.Choice(ORDERS), help="How the rows of units are sorted.  [default: index]")
@click.option(
    "--frame", "frames", metavar="N", type=click.IntRange(0), multiple=True, help="Mark what this frame sees."
)
@click.option("--mark-saturation", is_flag=True, help="Fade the gates that are neither shut nor wide open.")
@click.option("--style", type=click.Choice(STYLES), default="a4", show_default=True, help="Width and size of letters.")
@click.option("--title", default="", help="Above the picture.")
@click.option(
    "--save-recording",
    metavar="FILE",
    type=Writes(),
    help="Keep the recording too (a folder for several lines), to draw it again without the model.",
)
@reading_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    images: tuple[Path, ...],
    out: Path | None,
    kind: str | None,
    view: str,
    style: str,
    title: str,
    save_recording: Path | None,
    reading: Reading,
    **choices: Any,
) -> None:
    """Draw what the gates did while a line was read.

    The line image on top, the symbols and posteriors under it, then the gates of every layer, all on
    one axis of image columns. Without --layer, the means of all layers and the units of the last one.

    IMAGE is an image, a saved recording (.safetensors), which needs no model, a folder of either, or a
    manifest (.tsv: path, tab, text to align). A file that is there already is replaced. The paths of
    the figures are printed.

    \b
    Examples:
      gateviz plot line.png --model crnn.pth -o gates.pdf
      gateviz plot line.png --text "porte" --layer 1 -q forget_gate --order timescale
      gateviz plot scans/ -o figures/ --format svg --save-recording recordings/
      gateviz plot line.safetensors --style icml -o figure.pdf
      gateviz plot line.png --edit "clamp forget_gate 0 layer=1 columns=120:160"
    """  # noqa: D301  (click reads the backspace)
    asked = {name: value for name, value in choices.items() if value not in (None, (), False)}
    lines = named_lines(images, recordings=True)
    _check_choices(view, asked, lines)
    suffix = kind or (out.suffix.removeprefix(".") if out and not lines.several and not out.is_dir() else "png")
    if suffix.lower() not in FIGURE_FORMATS:
        raise click.UsageError(f"{out} does not say which format; end it in .png, .pdf or .svg, or give --format")
    outputs = planned_outputs(lines, out, ending=f".{view}.{suffix}", folder=view)
    keep = planned_outputs(
        lines, save_recording, ending=RECORDING_SUFFIX, folder="recordings", option="--save-recording"
    ) if save_recording else None  # fmt: skip
    reader = LineReader(reading)

    def draw(position: int, source: "LineSource") -> None:
        recording = reader(source)
        if keep is not None:
            recording.save(keep[position])
        text = source.text if source.text is not None and "text" in VIEWS[view] else None
        _save_figure(recording, view, outputs[position], kind, {"text": text, "style": style, "title": title} | asked)
        tell(printable(outputs[position]))

    failures = for_each(lines, draw, lambda position, error: None)
    ctx.exit(1 if failures else 0)


def _check_choices(view: str, asked: Mapping[str, Any], lines: Lines) -> None:
    strange = [flag for name, flag in _FLAGS.items() if name in asked and name not in VIEWS[view]]
    if strange:
        raise click.UsageError(f"{', '.join(strange)} mean nothing to --view {view}; leave it out")
    if view == "units" and "units" not in asked:
        raise click.UsageError("--view units draws single units; name them with --units, such as --units 3,5")
    if "text" in asked and lines.several:
        raise click.UsageError(
            f"--text is the text of one line and there are {len(lines.sources)}; "
            f"name them in a manifest (.tsv: path, tab, text)"
        )


def _save_figure(recording: "Recording", view: str, path: Path, kind: str | None, options: dict[str, Any]) -> None:
    from gateviz.plot.export import save_figure
    from gateviz.plot.figures import alignment, gates, overview, posterior, saturation, units

    drawn: dict[str, Callable[..., GateFigure]] = {
        "gates": gates,
        "overview": overview,
        "alignment": alignment,
        "posterior": posterior,
        "units": units,
        "saturation": saturation,
    }
    chosen = {name: value for name, value in options.items() if value is not None}
    save_figure(drawn[view](recording, **chosen), path, format=kind)
