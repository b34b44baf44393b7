"""``gateviz export``: a recognizer as one file that needs no torch."""

from dataclasses import asdict
from pathlib import Path

import click

from gateviz.cli.looks import look_at_lines, look_at_models
from gateviz.cli.options import ModelChoice, debug_option, described_options, json_option
from gateviz.cli.paths import PathsFirst, Reads, Writes
from gateviz.cli.terminal import print_json, say
from gateviz.files.printable import printable


@click.command("export", cls=PathsFirst, short_help="Write a recognizer as one ONNX file that needs no torch.")
@click.argument("file", metavar="[CHECKPOINT]", required=False, type=Reads(look_at_models))
@click.option("-o", "--out", metavar="FILE", required=True, type=Writes(), help="The ONNX file.")
@click.option("--gates", is_flag=True, help="Every gate, cell and hidden state of every layer as an output too.")
@click.option(
    "--quantize",
    type=click.Choice(["dynamic", "static"]),
    help="Store LSTMs and matrices in int8 (dynamic), the convolutions too (static).",
)
@click.option(
    "--calibrate", metavar="LINES", multiple=True, type=Reads(look_at_lines),
    help="Line images, a folder or a manifest: the ranges of static are those of these lines. Several times.",
)  # fmt: skip
@described_options
@json_option
@debug_option
def command(
    model: ModelChoice, out: Path, gates: bool, quantize: str | None, calibrate: tuple[Path, ...], as_json: bool
) -> None:
    """Write a recognizer as one ONNX file, which gateviz and any ONNX runtime read without torch.

    The file takes any number of lines of any width and holds the alphabet, the preprocessing and where the
    frames look, so that 'gateviz plot --model FILE' needs nothing else. With --gates its further outputs are
    named lstm.0.forward.forget_gate and so on: layer, direction, quantity. The graph is run beside torch
    first, and the largest difference is printed; one of more than 1e-4 is not written. Without CHECKPOINT,
    the model that reads where none is named. A file that is there already is replaced.

    With --quantize the file is smaller and faster, and its gates are those of the int8 layers themselves, held
    against the hidden states that these computed; what rounding moved is printed.

    \b
    Examples:
      gateviz export mine.safetensors -o mine.onnx
      gateviz export -o english.onnx --gates
      gateviz export crnn.pth --alphabet en.txt -o small.onnx --quantize static --calibrate lines/
    """  # noqa: D301  (click reads the backspace)
    from gateviz.exporting import export
    from gateviz.files.atomic import check_output
    from gateviz.files.folders import expand

    check_output(out)
    lines = [source.path for source in expand(calibrate)]
    found = export(model.loaded(), out, gates=gates, quantize=quantize, calibrate=lines)  # type: ignore[arg-type]
    if as_json:
        print_json(
            {
                "file": str(found.path),
                "bytes": found.size,
                "posteriors": found.posteriors,
                "gates": found.gates,
                "inputs": [list(shape) for shape in found.inputs],
                "int8": None if found.int8 is None else asdict(found.int8),
            }
        )
        return
    say(printable(found.path))
    say(found.words)
