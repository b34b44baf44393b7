"""``gateviz info``: what a checkpoint or a recording holds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from gateviz.cli.describe import diagnosis_facts, recognizer_facts, recording_facts
from gateviz.cli.looks import RECORDING_SUFFIX, look_at_described, look_at_models
from gateviz.cli.options import ModelChoice, debug_option, described_options, json_option
from gateviz.cli.paths import PathsFirst, Reads
from gateviz.cli.terminal import print_json, say
from gateviz.errors import AlphabetError, CheckpointError
from gateviz.files.printable import printable, table, visible

SHOWN_SYMBOLS = 60


@click.command("info", cls=PathsFirst, short_help="Print what a checkpoint or a recording holds.")
@click.argument("file", metavar="[CHECKPOINT]", required=False, type=Reads(look_at_described))
@described_options
@json_option
@debug_option
def command(model: ModelChoice, as_json: bool) -> None:
    """Print what a checkpoint holds and how it would be recorded; or what a saved recording holds.

    Of a checkpoint: its lineage and why it was taken for that, the layers with their sizes, the
    engine that would record each and why, the witness of a trial run, where its frames look, its
    preprocessing and its alphabet. Of one that does not load: what it holds, how far it is from
    each lineage, and which keys and shapes keep it from being the nearest; the exit status is 1.
    Without CHECKPOINT, of the model that reads where none is named.

    \b
    Examples:
      gateviz info crnn.pth
      gateviz info eng.traineddata --json
      gateviz info mine.pth --factory mynet.py:build --alphabet chars.txt --blank 0 --height 32
      gateviz info line.safetensors
    """  # noqa: D301  (click reads the backspace)
    file = model.checkpoint
    if file is not None and _is_recording(file):
        from gateviz.recording import open_recording

        _print(recording_facts(open_recording(file)), as_json)
        return
    try:
        if file is not None:
            look_at_models([file])  # torch takes seconds to import, and is not needed to see that there is no file
        recognizer = model.loaded()
    except (CheckpointError, AlphabetError) as error:
        if file is not None and model.options.factory is None:
            # In words the problem comes as the error itself, on the next line.
            _print(({"problem": str(error)} if as_json else {}) | _diagnosis(file), as_json)
        raise
    _print(recognizer_facts(recognizer), as_json)


def _diagnosis(file: Path) -> dict[str, Any]:
    """What is known of a file that does not load; nothing of one that is not there, or of a folder."""
    from gateviz.adapters.diagnosis import diagnose

    try:
        return diagnosis_facts(diagnose(file))
    except CheckpointError:
        return {}


def _print(found: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
    elif found:
        say("\n".join(in_words(found)))


def _is_recording(file: Path) -> bool:
    """A checkpoint of gateviz is a safetensors file too, so the suffix alone does not tell."""
    if file.suffix.lower() != RECORDING_SUFFIX:
        return False
    from gateviz.files.tensors import has_document

    return has_document(file)


def in_words(found: Mapping[str, Any]) -> list[str]:
    """The lines that people read: a line a fact, a table for a list of facts, indented below its name."""
    lines: list[str] = []
    for name, value in found.items():
        words = printable(name.replace("_", " "))
        if name == "symbols":
            shown = "".join(map(visible, value[:SHOWN_SYMBOLS]))
            more = f" and {len(value) - SHOWN_SYMBOLS} more" if len(value) > SHOWN_SYMBOLS else ""
            lines.append(f"{words}: {shown}{more}")
        elif isinstance(value, Mapping):
            lines += [f"{words}:", *(f"  {line}" for line in in_words(value))] if value else []
        elif isinstance(value, Sequence) and not isinstance(value, str):
            lines += [f"{words}:", *(f"  {line}" for line in _listed(value))] if value else []
        elif value not in (None, ""):
            lines.append(f"{words}: {value:g}" if isinstance(value, float) else f"{words}: {printable(value)}")
    return lines


def _listed(values: Sequence[Any]) -> list[str]:
    if not isinstance(values[0], Mapping):
        return [printable(value) for value in values]
    header = [name for name in values[0] if any(value[name] not in (None, "") for value in values)]
    rows = [[str(value[name]) for name in header] for value in values]
    return table([name.replace("_", " ") for name in header], rows).split("\n")
