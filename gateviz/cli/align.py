"""``gateviz align``: where each symbol stands."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.edits import GRAMMAR
from gateviz.cli.lines import LineReader
from gateviz.cli.looks import look_at_lines
from gateviz.cli.options import Reading, json_option, reading_options
from gateviz.cli.paths import PathsFirst, Reads
from gateviz.cli.terminal import print_json, say
from gateviz.files.printable import table, visible

if TYPE_CHECKING:
    from gateviz.data.alignment import Alignment
    from gateviz.recording import Recording


@click.command("align", cls=PathsFirst, epilog=GRAMMAR, short_help="Print where each symbol of a text stands.")
@click.argument("image", type=Reads(look_at_lines))
@click.option("--text", metavar="TEXT", help="Align this text, typed as people read it; without it, what is read.")
@reading_options
@json_option
def command(
    image: Path,
    text: str | None,
    reading: Reading,
    as_json: bool,
) -> None:
    """Print where each symbol of a text stands: its frames, its columns and its confidence.

    The path is the most probable one that spells the text. Symbols come from left to right, also where
    the text is read from right to left. Frames and columns are START:STOP, STOP
    excluded; columns are pixels of IMAGE, an image or a saved recording. The confidence is the
    geometric mean of the path's posteriors over the symbol's frames.

    \b
    Examples:
      gateviz align line.png --text "porte de sortie"
      gateviz align line.safetensors --json
    """  # noqa: D301  (click reads the backspace)
    from gateviz.files.folders import LineSource
    from gateviz.recording import align

    recording = LineReader(reading, layers=())(LineSource(image))
    alignment = recording.alignment if text is None else align(recording, text)
    found = placed(recording, alignment)
    if as_json:
        print_json({"image": str(image)} | found)
        return
    rows = [
        [
            visible(symbol["symbol"]),
            "{}:{}".format(*symbol["frames"]),
            "{:.1f}:{:.1f}".format(*symbol["columns"]),
            f"{symbol['confidence']:.4f}",
        ]
        for symbol in found["symbols"]
    ]
    say(table(["symbol", "frames", "columns", "confidence"], rows))


def placed(recording: "Recording", alignment: "Alignment") -> dict[str, Any]:
    """An alignment in the words of JSON."""
    return {
        "text": alignment.reading,
        "log_prob": alignment.log_prob,
        "frame_count": recording.grid.frame_count,
        "source_width": recording.grid.source_width,
        "symbols": [
            {
                "symbol": span.symbol,
                "frames": [span.start, span.stop],
                "columns": list(recording.grid.columns(span.start, span.stop)),
                "confidence": math.exp(span.log_prob),
            }
            for span in alignment.spans
        ],
        "edits": list(recording.provenance.edits),
        "remarks": list(recording.remarks),
    }
