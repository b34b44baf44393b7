"""``gateviz watch``: what the gates did while a network learned."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.looks import look_at_watched
from gateviz.cli.options import debug_option, json_option
from gateviz.cli.paths import PathsFirst, Reads, Writes
from gateviz.cli.plot import STYLES
from gateviz.cli.terminal import print_json, say
from gateviz.files.printable import printable, table

if TYPE_CHECKING:
    from gateviz.data.watch import GateHistory, WatchRecord

FILMS = (".gif", ".mp4")
SHOW = ("course", "saturation")
_HEAD = [
    "step",
    "blank",
    "CER",
    "stuck shut",
    "stuck open",
    "only add up",
    "99.9 % |c|",
    "saturated",
    "f = 0 changes",
    "reading",
]


@click.command("watch", cls=PathsFirst)
@click.argument("folder", metavar="RUN", type=Reads(look_at_watched))
@click.option(
    "-o", "--out", metavar="FILE", type=Writes(),
    help="Draw it: .png, .pdf or .svg; as .gif or .mp4 a film of the line, a picture a record.",
)  # fmt: skip
@click.option(
    "--show", type=click.Choice(SHOW), default="course", show_default=True,
    help="In a figure: everything over the steps, or the saturation of every unit at some steps.",
)  # fmt: skip
@click.option("--style", type=click.Choice(STYLES), default="a4", show_default=True, help="Width and size of letters.")
@click.option("--dpi", type=click.IntRange(30, 1200), help="Pixels an inch.  [default: the style's; of a film 100]")
@click.option("--fps", type=click.FloatRange(0.1, 100), default=4.0, show_default=True, help="Pictures a second.")
@json_option
@debug_option
def command(folder: Path, out: Path | None, as_json: bool, show: str, style: str, dpi: int | None, fps: float) -> None:
    """Say and draw what the gates did while a network learned.

    RUN is the folder of 'gateviz train', or the one that a GateWatch in a training loop of your own writes; it may
    still be running. Printed is a row a record: how many frames are blank, the error rate and the
    reading of the watched line, how many units have a gate stuck open or shut at more than 99 %
    of the frames, the share of units whose cells only add up (mean forget gate above 0.95, mean |g|
    above 0.9), what 99.9 % of |c| are below, the share of cells whose |tanh c| is above 0.999, and
    the layers without whose memory (forget gates held at 0) another text is read.

    \b
    Examples:
      gateviz watch runs/mine
      gateviz watch runs/mine -o gates.pdf
      gateviz watch runs/mine -o saturation.png --show saturation
      gateviz watch runs/mine -o learning.gif
    """  # noqa: D301  (click reads the backspace)
    from gateviz.files.watch_files import read_watch

    if out is not None:
        _check(out)
    history = read_watch(folder)
    if as_json:
        print_json(_document(history))
    else:
        say(_words(history))
    if out is not None:
        if out.suffix.lower() in FILMS:
            _film(history, out, style, fps, dpi or 100)
        else:
            from gateviz.plot.export import save_figure
            from gateviz.plot.training_gates import training_gates, training_saturation

            draw = training_gates if show == "course" else training_saturation
            save_figure(draw(history, style=style), out, dpi=dpi)


def _check(out: Path) -> None:
    """Refuse what could not be written, before the work."""
    from gateviz.files.atomic import check_output
    from gateviz.plot.export import checked_format

    if out.suffix.lower() not in FILMS:
        checked_format(out)
    check_output(out)


def _film(history: "GateHistory", out: Path, style: str, fps: float, dpi: int) -> None:
    from tqdm import tqdm

    from gateviz.plot.training_film import training_film

    with tqdm(unit="picture", file=sys.stderr, disable=None) as bar:

        def progress(done: int, count: int) -> None:
            bar.total = count
            bar.update(done - bar.n)

        training_film(history, out, style=style, frames_per_second=fps, dpi=dpi, progress=progress)


def _words(history: "GateHistory") -> str:
    line = history.line
    written = "" if line.truth is None else f", written is {line.truth!r}"
    head = f"{len(history.records):,} records of {printable(line.name) or 'a line'}, {line.grid.frame_count} frames{written}"
    rows = [_row(record) for record in history.records]
    return "\n".join([head, table(_HEAD, rows)])


def _row(record: "WatchRecord") -> list[str]:
    shut, opened, units = _stuck(record)
    reading = record.reading
    blank, cer, text = "", "", ""
    if reading is not None:
        blank, text = f"{100 * reading.blank_share:.1f} %", reading.text
        cer = "" if reading.cer is None else f"{100 * reading.cer:.1f} %"
    cells = ["", "", "", ""]
    if (health := record.health) is not None:
        changing = ", ".join(f"layer {layer}" for layer, share in enumerate(health.forgetful) if share)
        cells = [
            f"{100 * health.accumulators:.1f} %",
            f"{health.cell_quantile:.1f}",
            f"{100 * health.saturated_cells:.1f} %",
            changing or ("nothing" if health.forgetful else ""),
        ]
    return [f"{record.step:,}", blank, cer, f"{shut} of {units}", f"{opened} of {units}", *cells, text]


def _stuck(record: "WatchRecord") -> tuple[int, int, int]:
    """Gates shut, gates open and gates in all, over all layers and units."""
    from gateviz.measure.gate_alarms import stuck

    counts = [stuck(layer, gate) for layer in record.layers for gate in layer.gates]
    return sum(c.shut for c in counts), sum(c.open for c in counts), sum(c.units for c in counts)


def _document(history: "GateHistory") -> dict[str, Any]:
    from gateviz.measure.gate_alarms import stuck

    line = history.line
    return {
        "line": {"name": line.name, "truth": line.truth, "frames": line.grid.frame_count},
        "records": [
            {
                "step": record.step,
                "reading": None
                if (reading := record.reading) is None
                else {
                    "text": reading.text,
                    "cer": reading.cer,
                    "blank_share": reading.blank_share,
                    "blank_posterior": float(reading.blank.mean()),
                },
                "health": None if record.health is None else asdict(record.health),
                "layers": [
                    {
                        "layer": layer.layer,
                        "direction": str(layer.direction),
                        "timescale": [float(value) for value in layer.timescale],
                        "gates": {
                            str(gate): {
                                "left": [float(value) for value in layer.left[gate]],
                                "right": [float(value) for value in layer.right[gate]],
                                "stuck_shut": stuck(layer, gate).shut,
                                "stuck_open": stuck(layer, gate).open,
                            }
                            for gate in layer.gates
                        },
                    }
                    for layer in record.layers
                ],
            }
            for record in history.records
        ],
    }
