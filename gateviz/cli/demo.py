"""``gateviz demo``: the main job on a line that comes with gateviz."""

from pathlib import Path

import click

from gateviz.cli.options import debug_option
from gateviz.cli.paths import PathsFirst, Writes
from gateviz.cli.terminal import say
from gateviz.files.printable import printable


@click.command("demo", cls=PathsFirst)
@click.option(
    "-o", "--out", metavar="FILE", type=Writes(), default="gateviz-demo.png", show_default=True, help="The figure."
)
@debug_option
def command(out: Path) -> None:
    """Read a line that comes with gateviz by the bundled model, and draw its gates.

    It takes no file of yours and runs in any folder: the first thing to try. A file that is there
    already is replaced.

    \b
    Examples:
      gateviz demo
      gateviz demo -o demo.pdf
    """  # noqa: D301  (click reads the backspace)
    from gateviz.api import load, record
    from gateviz.files.atomic import check_output
    from gateviz.files.inputs import will_read
    from gateviz.files.models import default_model
    from gateviz.files.samples import sample
    from gateviz.plot.export import checked_format, save_figure
    from gateviz.plot.figures import gates

    will_read([sample(), default_model()])
    checked_format(out)
    check_output(out)
    recording = record(load(), sample())
    save_figure(gates(recording), out)
    say(f"read: {recording.text}")
    say(f"figure: {printable(out.resolve())}")
