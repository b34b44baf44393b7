"""The state of a training run in one file, written whole or not at all, and loaded without executing anything."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from gateviz.errors import CheckpointError, OutputError
from gateviz.files.atomic import written_whole

FORMAT_VERSION = 1


@dataclass(frozen=True)
class TrainingState:
    """Everything that decides what the next step does.

    Attributes:
        tensors: state dicts by name: model, average, optimizer, schedule.
        numbers: counters and the best CER by name.
        random: the state of torch's generator.
    """

    tensors: dict[str, Any]
    numbers: dict[str, float | int]
    random: torch.Tensor


def write_state(path: Path, state: TrainingState) -> None:
    """Write a state; a disk that fills up leaves the state that was there.

    Raises:
        OutputError: it cannot be written.
    """
    document = {"format_version": FORMAT_VERSION, **state.tensors, "numbers": state.numbers, "random": state.random}
    with written_whole(path) as temporary:
        try:
            torch.save(document, temporary)
        except RuntimeError as error:
            # torch reports a full disk as a failure of its own archive writer.
            raise OutputError(f"{path} could not be written: {error}; the state before it stays") from error


def read_state(path: Path) -> TrainingState:
    """The state in a file of ``write_state``.

    Raises:
        CheckpointError: the file is missing, damaged, or of another kind or version.
    """
    try:
        document = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"there is no training state {path}; start without --resume") from error
    except Exception as error:
        # A damaged archive fails in as many ways as its reader has parts.
        raise CheckpointError(f"the training state {path} cannot be read: {error}") from error
    if not isinstance(document, dict) or document.get("format_version") != FORMAT_VERSION:
        raise CheckpointError(f"{path} is no training state of this gateviz (format {FORMAT_VERSION})")
    tensors = {name: document[name] for name in ("model", "average", "optimizer", "schedule")}
    return TrainingState(tensors, dict(document["numbers"]), document["random"])
