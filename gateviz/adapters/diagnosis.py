"""What a model file holds and how far it is from the lineages that gateviz knows, for a file that does not load."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

from gateviz.adapters.core.evidence import Match
from gateviz.adapters.core.files import reading
from gateviz.adapters.opening import open_model_file
from gateviz.adapters.registry import holds_tensors, sniff_all
from gateviz.errors import CheckpointError

_HIDDEN = re.compile(r"(?P<module>.*?)\.?weight_hh(_l(?P<layer>\d+))?(?P<reverse>_reverse)?$")
_KINDS = {1: "RNN", 3: "GRU", 4: "LSTM"}


@dataclass(frozen=True)
class RecurrentKeys:
    """A recurrent layer as its keys show it.

    Attributes:
        module: what its keys begin with.
        layer: its number in that module.
        kind: LSTM, GRU or RNN, by the rows of its weights; empty where they are none of these.
        directions: 1 or 2.
        inputs: D, or None where the input weights are absent.
        units: H.
    """

    module: str
    layer: int
    kind: str
    directions: int
    inputs: int | None
    units: int


@dataclass(frozen=True)
class Diagnosis:
    """A model file, looked at without building anything.

    Attributes:
        path: where it lies.
        size: its bytes.
        container: how its bytes are put together.
        problem: why its tensors cannot be read; empty where they can.
        unwrapping: how the weights lay in the file.
        shapes: shape of every tensor, by its bare name.
        recurrent: the recurrent layers that the keys show.
        matches: every lineage that may read such a file and how well this one fits, the nearest first.
    """

    path: Path
    size: int
    container: str
    problem: str
    unwrapping: tuple[str, ...]
    shapes: Mapping[str, tuple[int, ...]]
    recurrent: tuple[RecurrentKeys, ...]
    matches: tuple[tuple[str, Match], ...]

    @property
    def parameters(self) -> int:
        """Numbers in all tensors."""
        return sum(prod(shape) for shape in self.shapes.values())


def diagnose(path: str | Path) -> Diagnosis:
    """What can be said of a file that may hold a recognizer.

    Raises:
        CheckpointError: there is no such file, or it cannot be opened.
    """
    file = open_model_file(path)
    problem = file.refusal
    shapes: Mapping[str, tuple[int, ...]] = {}
    unwrapping: tuple[str, ...] = ()
    matches: tuple[tuple[str, Match], ...] = ()
    if not problem:
        try:
            with reading(file.path):
                matches = tuple((adapter.name, match) for adapter, match in sniff_all(file))
            if holds_tensors(file):
                shapes, unwrapping = file.checkpoint.shapes, file.checkpoint.unwrapping
        except CheckpointError as error:
            problem = str(error)
    return Diagnosis(
        path=file.path,
        size=file.size,
        container=str(file.container),
        problem=problem,
        unwrapping=unwrapping,
        shapes=shapes,
        recurrent=recurrent_keys(shapes),
        matches=matches,
    )


def recurrent_keys(shapes: Mapping[str, tuple[int, ...]]) -> tuple[RecurrentKeys, ...]:
    """The recurrent layers among a checkpoint's keys, by PyTorch's names for their weights.

    Example:
        >>> recurrent_keys({"rnn.weight_hh_l0": (20, 5), "rnn.weight_ih_l0": (20, 7)})
        (RecurrentKeys(module='rnn', layer=0, kind='LSTM', directions=1, inputs=7, units=5),)
    """
    found = []
    for name, shape in shapes.items():
        match = _HIDDEN.match(name)
        if match is None or match["reverse"] or len(shape) != 2 or not shape[1]:
            continue
        given = shapes.get(name.replace("weight_hh", "weight_ih"), ())
        gates, rest = divmod(shape[0], shape[1])
        found.append(
            RecurrentKeys(
                module=match["module"],
                layer=int(match["layer"] or 0),
                kind="" if rest else _KINDS.get(gates, ""),
                directions=2 if f"{name}_reverse" in shapes else 1,
                inputs=given[1] if len(given) == 2 else None,
                units=shape[1],
            )
        )
    return tuple(found)
