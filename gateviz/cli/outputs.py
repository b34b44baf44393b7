"""Where results go."""

from collections import Counter
from pathlib import Path

import click

from gateviz.cli.lines import Lines
from gateviz.cli.paths import check_spared

FIGURE_FORMATS = ("png", "pdf", "svg")
_ONE_RESULT = (*(f".{name}" for name in FIGURE_FORMATS), ".safetensors")


def planned_outputs(lines: Lines, out: Path | None, *, ending: str, folder: str, option: str = "-o") -> list[Path]:
    """One output a line, checked as far as it can be before the work; the folder for several is made.

    A single line goes to ``out`` itself, or into it where it is a folder, or beside nothing at all
    into the working folder. Several go into the folder ``out`` under the names of their images.

    Args:
        lines: what will be read.
        out: as it was given.
        ending: of a name that is made, such as ``.gates.png``.
        folder: for several lines where no ``out`` was given.
        option: how ``out`` is given, for messages.

    Raises:
        OutputError: it cannot be written there.
        click.UsageError: two lines, or a line and its own image, have one name.
    """
    from gateviz.files.atomic import check_output, make_folder

    names = [source.path.stem + ending for source in lines.sources]
    if lines.several:
        if out is not None and out.suffix.lower() in _ONE_RESULT and not out.is_dir():
            raise click.UsageError(f"{option} {out} names one file and there are {len(names)} lines; name a folder")
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            where = " and ".join(str(source.path) for source in lines.sources if source.path.stem + ending == twice[0])
            raise click.UsageError(f"{where} would both be written to {twice[0]}; give them to two runs")
        home = make_folder(out or Path(folder))
        outputs = [home / name for name in names]
    elif out is None:
        outputs = [Path(names[0])]
    else:
        outputs = [out / names[0] if out.is_dir() else out]
    for output in outputs:
        check_spared(output, option)
        check_output(output)
    return outputs
