"""``gateviz sample``: the line images that come with gateviz."""

from pathlib import Path

import click

from gateviz.cli.options import debug_option
from gateviz.cli.paths import PathsFirst, Writes
from gateviz.cli.terminal import say
from gateviz.files.printable import printable, table
from gateviz.files.samples import SAMPLES


@click.command("sample", cls=PathsFirst)
@click.argument("name", required=False, type=click.Choice(list(SAMPLES)))
@click.option("-o", "--out", metavar="FILE", type=Writes(), help="The copy.  [default: NAME.png here]")
@debug_option
def command(name: str | None, out: Path | None) -> None:
    """Copy a line image that comes with gateviz, to try a command on.

    Without NAME the lines are listed. A file that is there already is replaced. The path is printed.

    \b
    Examples:
      gateviz sample
      gateviz sample chinese -o line.png
    """  # noqa: D301  (click reads the backspace)
    from gateviz.files.atomic import write_whole
    from gateviz.files.inputs import read_input
    from gateviz.files.samples import sample

    if name is None:
        if out is not None:
            raise click.UsageError(f"-o is of one line; name it: {', '.join(SAMPLES)}")
        say(table(["name", "what is on it"], [[name, words] for name, words in SAMPLES.items()]))
        return
    place = out or Path(f"{name}.png")
    write_whole(place, read_input(sample(name)))
    say(printable(place))
