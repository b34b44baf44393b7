"""The folder of a watched training: the line in one file, and one file a step, each written whole or not at all."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gateviz.data.alignment import Span
from gateviz.data.frames import FrameGrid
from gateviz.data.gate_health import GateHealth
from gateviz.data.gates import Direction, Quantity
from gateviz.data.watch import GateHistory, LayerWatch, ReadingWatch, WatchedLine, WatchRecord
from gateviz.errors import OutputError, RecordingFileError
from gateviz.files.tensors import TensorFile, opened_tensors, write_tensors

FOLDER = "gates"
"""What the folder is called inside a run's."""

LINE = "line.safetensors"
FORMAT_VERSION = 1
_LINE_KIND, _STEP_KIND = "watched line", "watched step"


def read_watch(path: str | Path) -> GateHistory:
    """What was kept of a watched training, also while it runs.

    Args:
        path: the folder, or that of the run with ``gates`` in it.

    Raises:
        RecordingFileError: there is none, or one of its files is damaged.
    """
    folder = watched_folder(path)
    return GateHistory(read_line(folder), tuple(read_step(folder, step) for step in steps_in(folder)))


def watched_folder(path: str | Path) -> Path:
    """The folder with the records of a watched training: ``path``, or ``gates`` in it.

    Raises:
        RecordingFileError: there is none.
    """
    folder = Path(path)
    if not (folder / LINE).is_file():
        folder /= FOLDER
    if not (folder / LINE).is_file():
        raise RecordingFileError(
            f"{path} holds no watched training: neither it nor {FOLDER} in it has a {LINE}; "
            f"name the folder of a run that was watched"
        )
    return folder


def steps_in(folder: Path) -> list[int]:
    """The steps there are files of, in order."""
    return sorted(
        int(path.stem) for path in folder.glob("*.safetensors") if path.stem.isdecimal() and path.stem.isascii()
    )


def forget_from(folder: Path, step: int) -> None:
    """Remove the files of ``step`` and of all later ones: a training that goes on from before makes them again.

    Raises:
        OutputError: one cannot be removed.
    """
    for later in steps_in(folder):
        if later >= step:
            try:
                for path in (step_path(folder, later), layers_path(folder, later)):
                    path.unlink(missing_ok=True)
            except OSError as error:
                raise OutputError(f"the old step {later} in {folder} cannot be removed: {error.strerror}") from error


def step_path(folder: Path, step: int) -> Path:
    """The file of a step."""
    return folder / f"{step:08d}.safetensors"


def layers_path(folder: Path, step: int) -> Path:
    """The recording with the whole traces of a step, where some were asked for."""
    return folder / f"{step:08d}.layers.safetensors"


def write_line(folder: Path, line: WatchedLine) -> None:
    """Write what is read again and again.

    Raises:
        OutputError: it cannot be written.
    """
    document = {
        "kind": _LINE_KIND, "format_version": FORMAT_VERSION, "grid": asdict(line.grid),
        "truth": line.truth, "name": line.name, "evenly": line.evenly,
    }  # fmt: skip
    write_tensors(folder / LINE, {} if line.image is None else {"image": line.image}, document)


def write_step(folder: Path, record: WatchRecord) -> None:
    """Write one step.

    Raises:
        OutputError: it cannot be written; a file of that step that is there stays.
    """
    tensors: dict[str, np.ndarray] = {}
    for layer in record.layers:
        tensors[f"{layer.name}.timescale"] = layer.timescale
        for gate in layer.gates:
            parts = {"left": layer.left[gate], "right": layer.right[gate], "mean": layer.means[gate]}
            tensors |= {f"{layer.name}.{gate}.{part}": values for part, values in parts.items()}
    reading = None
    if (found := record.reading) is not None:
        tensors |= {"blank": found.blank, "symbol": found.symbol}
        reading = {
            "text": found.text, "spans": [[s.symbol, s.start, s.stop, s.log_prob] for s in found.spans],
            "blank_share": found.blank_share, "cer": found.cer,
        }  # fmt: skip
    document = {
        "kind": _STEP_KIND, "format_version": FORMAT_VERSION, "step": record.step, "reading": reading,
        "layers": [{"layer": e.layer, "direction": str(e.direction), "gates": list(e.gates)} for e in record.layers],
        "health": None if record.health is None else asdict(record.health),
    }  # fmt: skip
    write_tensors(step_path(folder, record.step), tensors, document)


def read_line(folder: Path) -> WatchedLine:
    """What ``write_line`` wrote.

    Raises:
        RecordingFileError: the file is missing, damaged or of another kind.
    """
    with opened_tensors(folder / LINE) as file:
        document = _document(file, _LINE_KIND)
        try:
            grid = FrameGrid(**document["grid"])
            image = file.read("image") if "image" in file.names else None
            return WatchedLine(grid, image, document["truth"], document["name"], document["evenly"])
        except RecordingFileError:
            raise
        except Exception as error:  # a document that holds anything
            raise RecordingFileError(f"{file.path} is damaged: {error!r}; watch the training again") from error


def read_step(folder: Path, step: int) -> WatchRecord:
    """What ``write_step`` wrote.

    Raises:
        RecordingFileError: the file is missing, damaged or of another kind.
    """
    with opened_tensors(step_path(folder, step)) as file:
        document = _document(file, _STEP_KIND)
        try:
            layers = tuple(_layer(file, entry) for entry in document["layers"])
            health = document.get("health")
            return WatchRecord(
                int(document["step"]),
                layers,
                _reading(file, document["reading"]),
                None if health is None else GateHealth(**health | {"forgetful": tuple(health["forgetful"])}),
            )
        except RecordingFileError:
            raise
        except Exception as error:  # as in read_line
            raise RecordingFileError(f"{file.path} is damaged: {error!r}; remove it") from error


def _layer(file: TensorFile, entry: dict[str, Any]) -> LayerWatch:
    direction = Direction(entry["direction"])
    name = f"{int(entry['layer'])}.{direction}"
    gates = [Quantity(gate) for gate in entry["gates"]]

    def part(which: str) -> dict[Quantity, np.ndarray]:
        return {gate: file.read(f"{name}.{gate}.{which}") for gate in gates}

    return LayerWatch(
        entry["layer"],
        direction,
        left=part("left"),
        right=part("right"),
        means=part("mean"),
        timescale=file.read(f"{name}.timescale"),
    )


def _reading(file: TensorFile, entry: dict[str, Any] | None) -> ReadingWatch | None:
    if entry is None:
        return None
    spans = tuple(Span(symbol, start, stop, log_prob) for symbol, start, stop, log_prob in entry["spans"])
    return ReadingWatch(
        entry["text"],
        spans,
        blank=file.read("blank"),
        symbol=file.read("symbol"),
        blank_share=entry["blank_share"],
        cer=entry["cer"],
    )


def _document(file: TensorFile, kind: str) -> Any:
    if file.document.get("kind") != kind or file.document.get("format_version") != FORMAT_VERSION:
        raise RecordingFileError(
            f"{file.path} is no {kind} of this gateviz (format {FORMAT_VERSION}) but "
            f"{file.document.get('kind')!r} of format {file.document.get('format_version')}"
        )
    return file.document
