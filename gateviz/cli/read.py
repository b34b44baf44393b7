"""``gateviz read``: what is written there."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.edits import GRAMMAR
from gateviz.cli.lines import LineReader, for_each, named_lines, tell
from gateviz.cli.options import Reading, images_argument, json_option, reading_options
from gateviz.cli.paths import PathsFirst
from gateviz.cli.terminal import print_json
from gateviz.errors import AlignmentError, GatevizError
from gateviz.files.printable import printable

if TYPE_CHECKING:
    from gateviz.files.folders import LineSource
    from gateviz.recording import Recording


@click.command("read", cls=PathsFirst, epilog=GRAMMAR)
@images_argument
@reading_options
@click.option("--beam", metavar="N", type=click.IntRange(1, 1000), help="The N best texts by prefix beam search.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    images: tuple[Path, ...],
    reading: Reading,
    beam: int | None,
    as_json: bool,
) -> None:
    """Print what is written on each line.

    One line each: the path, the confidence and the text, with tabs between. IMAGE is an image, a
    saved recording, a folder of them, or a manifest (.tsv: path, tab, text). The confidence is the
    geometric mean of the posteriors on the best path over the frames of its symbols. With --beam N
    there are N lines each, best first, and the number is the probability of the text.

    \b
    Examples:
      gateviz read line.png
      gateviz read scans/ --model crnn.pth --json > texts.json
      gateviz read line.png --beam 5
    """  # noqa: D301  (click reads the backspace)
    lines = named_lines(images, recordings=True)
    reader = LineReader(reading, layers=())
    told: list[dict[str, Any]] = []

    def read(position: int, source: "LineSource") -> None:
        found = {"image": str(source.path)} | text_of(reader(source), beam)
        told.append(found)
        if not as_json:
            for number, text in readings_of(found):
                tell(f"{printable(source.path)}\t{number:.4f}\t{printable(text)}")

    def failed(position: int, error: GatevizError) -> None:
        told.append({"image": str(lines.sources[position].path), "error": str(error)})

    failures = for_each(lines, read, failed)
    if as_json:
        print_json(told)
    ctx.exit(1 if failures else 0)


def readings_of(found: dict[str, Any]) -> list[tuple[float, str]]:
    """The numbers and texts that are printed of one line."""
    if "hypotheses" in found:
        return [(hypothesis["probability"], hypothesis["text"]) for hypothesis in found["hypotheses"]]
    return [(found["confidence"], found["text"])]


def text_of(recording: "Recording", beam: int | None) -> dict[str, Any]:
    """The text of a recording, its confidence, and the texts of a beam search where it was asked for.

    Raises:
        AlignmentError: the recording has no posteriors.
    """
    import math

    from gateviz.ctc.beam import prefix_beam_search
    from gateviz.ctc.confidence import text_confidence

    alignment, emission = recording.alignment, recording.emission
    if emission is None:
        raise AlignmentError("this recording has no posteriors, so there is nothing to read")
    found: dict[str, Any] = {
        "text": alignment.reading,
        "confidence": text_confidence(emission, alignment),
        "confidence_rule": "span_mean",
        "edits": list(recording.provenance.edits),
        "remarks": list(recording.remarks),
    }
    if beam is not None:
        hypotheses = prefix_beam_search(emission, beam_width=max(beam, 16), hypotheses=beam)
        found["hypotheses"] = [
            {"text": one.text, "probability": math.exp(one.log_prob), "log_prob": one.log_prob} for one in hypotheses
        ]
    return found
