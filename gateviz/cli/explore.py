"""``gateviz explore``: the gates under one's fingers, in one file."""

from pathlib import Path

import click

from gateviz.cli.edits import GRAMMAR
from gateviz.cli.lines import LineReader, Lines, tell
from gateviz.cli.looks import look_at_lines
from gateviz.cli.options import Reading, json_option, reading_options
from gateviz.cli.outputs import planned_outputs
from gateviz.cli.paths import PathsFirst, Reads, Writes
from gateviz.cli.terminal import print_json
from gateviz.files.printable import printable


@click.command("explore", cls=PathsFirst, epilog=GRAMMAR, short_help="Write an interactive page of what the gates did.")
@click.argument("image", type=Reads(look_at_lines))
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=Writes(),
    help="The page, or a folder for it.  [default: IMAGE.gates.html here]",
)
@click.option(
    "--versus",
    metavar="OTHER",
    type=Reads(look_at_lines),
    help="Show this image or saved recording beside IMAGE, and the difference.",
)
@click.option("--exact", is_flag=True, help="Keep float32 values; without it they are within 1/255 of their scale.")
@click.option("--title", default="", help="Of the page.  [default: the text]")
@reading_options
@json_option
def command(
    image: Path,
    out: Path | None,
    versus: Path | None,
    exact: bool,
    title: str,
    reading: Reading,
    as_json: bool,
) -> None:
    """Write what the gates did as one interactive page that a browser opens without any network.

    IMAGE is an image, or a saved recording (.safetensors), which needs no model. With --edit the page
    shows the line read as it is and read with the edits, side by side. Two models are compared by a
    recording of each. A file that is there already is replaced. The path of the page is printed.

    \b
    Examples:
      gateviz explore line.png --model crnn.pth -o gates.html
      gateviz explore line.png --edit "clamp forget_gate 0 layer=1 columns=120:160"
      gateviz explore one_model.safetensors --versus other_model.safetensors -o both.html
    """  # noqa: D301  (click reads the backspace)
    from gateviz.files.folders import LineSource

    if versus is not None and reading.edits:
        raise click.UsageError("--versus and --edit both ask for the second of two recordings; give one of them")
    lines = Lines((LineSource(image),), several=False)
    [page] = planned_outputs(lines, out, ending=".gates.html", folder="")

    from gateviz.panels.explorer import explorer_document
    from gateviz.widget.html import write_html

    reader = LineReader(reading)
    [source] = lines.sources
    recordings = [reader.plain(source)]
    if versus is not None:
        recordings.append(reader.plain(LineSource(versus)))
    if reading.edits:
        recordings.append(reader(source))
    write_html(page, explorer_document(recordings, title=title, exact=exact))
    if as_json:
        print_json(
            {
                "page": str(page),
                "bytes": page.stat().st_size,
                "exact": exact,
                "lines": [
                    {
                        "image": each.provenance.image,
                        "text": each.text,
                        "edits": list(each.provenance.edits),
                        "remarks": list(each.remarks),
                    }
                    for each in recordings
                ],
            }
        )
    else:
        tell(printable(page))
