"""Which engine reads a line, torch or ONNX Runtime, and why."""

from dataclasses import dataclass
from typing import Any

from gateviz.errors import SelectionError
from gateviz.graphs.source import ReadByGraph

ENGINES = ("auto", "torch", "onnx")


@dataclass(frozen=True)
class EngineChoice:
    """An engine, and why it was taken.

    Attributes:
        onnx: whether ONNX Runtime reads; else torch does.
        reason: for people.
    """

    onnx: bool
    reason: str

    @property
    def words(self) -> str:
        """The engine and the reason."""
        return f"{'ONNX Runtime' if self.onnx else 'torch'}: {self.reason}"


def chosen_engine(recognizer: Any, engine: str = "auto", *, edited: bool = False) -> EngineChoice:
    """The engine that reads.

    Args:
        recognizer: what reads.
        engine: ``torch`` or ``onnx``, or ``auto`` for ONNX Runtime where nothing needs torch.
        edited: whether the run is changed on the way.

    Raises:
        SelectionError: there is no such engine, or ONNX Runtime was asked for what it cannot do.
    """
    if engine not in ENGINES:
        raise SelectionError(f"the engine {engine!r} was asked for, and there are {', '.join(ENGINES)}")
    graph = recognizer.graph if isinstance(recognizer, ReadByGraph) else None
    if engine == "onnx":
        if edited:
            raise SelectionError(
                "edits were asked of the engine onnx, whose gates can be seen and not changed; leave the engine out, or "
                "take torch"
            )
        if graph is None:
            raise SelectionError(
                f"the engine onnx was asked for, and gateviz has no ONNX graph of {_lineage(recognizer)}; leave the engine out, "
                f"or take torch"
            )
        return EngineChoice(True, "it was asked for")
    if engine == "torch":
        return EngineChoice(False, "it was asked for")
    if edited:
        return EngineChoice(False, "edits change the run from step to step")
    if graph is None or not isinstance(recognizer, ReadByGraph):
        return EngineChoice(False, f"there is no ONNX graph of {_lineage(recognizer)}")
    if recognizer.torch_opened:
        return EngineChoice(False, "its torch network is in use, and may be another by now than the file's")
    return EngineChoice(True, f"its graph is at hand, {graph.words}, and needs no torch")


def _lineage(recognizer: Any) -> str:
    card = recognizer.card
    return f"{card.checkpoint or 'this recognizer'} ({card.lineage})"
