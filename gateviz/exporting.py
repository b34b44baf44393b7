"""The door of the public face to files that need no torch: a recognizer as one ONNX graph, proved before it is written."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32

from gateviz.adapters.core.deferred import DeferredRecognizer
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import CheckpointError
from gateviz.files.atomic import check_output, write_whole
from gateviz.graphs.document import METADATA_KEY, GraphDocument, document_text
from gateviz.graphs.recurrent_kinds import QUANTITIES, gate_output
from gateviz.runtime.posteriors import log_posteriors

if TYPE_CHECKING:
    import onnx

    from gateviz.capture.recognizer import Recognizer
else:
    # A look at whether it has a network would build that of one that is deferred.
    from gateviz.lines.recognizer import LineRecognizer as Recognizer

TOLERANCE = 1e-4
"""Largest difference from torch with which a graph is written: absolute up to 1, relative beyond."""
WIDTHS = (101, 320)
LINES = (1, 3)


@dataclass(frozen=True)
class Exported:
    """A file that was written, and how far its graph lies from torch.

    Attributes:
        path: the file.
        size: its bytes.
        posteriors: largest difference of a log posterior; absolute where values are up to 1, relative beyond.
        gates: largest difference of any series of any layer, likewise; None where they are no outputs.
        inputs: what both were fed: lines, channels, rows, columns.
    """

    path: Path
    size: int
    posteriors: float
    gates: float | None
    inputs: tuple[tuple[int, ...], ...]

    @property
    def words(self) -> str:
        """The proof for people."""
        fed = ", ".join(" x ".join(map(str, shape)) for shape in self.inputs)
        gates = "" if self.gates is None else f", gates and states within {self.gates:.2g}"
        return f"the same as torch: log posteriors within {self.posteriors:.2g}{gates} (on inputs of {fed})"


def export(recognizer: Recognizer, path: str | Path, *, gates: bool = False) -> Exported:
    """Writes a recognizer as one ONNX file that gateviz, and any ONNX runtime, reads without torch.

    The file takes any number of lines of any width, and holds the alphabet, the preprocessing and where the frames look.
    Before it is written, its graph is run beside the torch network on noise of several sizes.

    Args:
        recognizer: what ``load`` returned.
        path: the file, usually ``.onnx``.
        gates: every gate, candidate, cell and hidden state of every layer as a further output, named
            ``lstm.0.forward.forget_gate``, of shape (frames, lines, units), frames in reading order.

    Raises:
        CheckpointError: the recognizer has no such graph, or its graph does not give what torch gives; nothing is written.
        OutputError: the file cannot be written.
    """
    check_output(path)
    model, document = _graph_of(recognizer)
    if gates:
        from gateviz.graphs.gates import with_gates

        model = with_gates(model)
        document = replace(document, gates=True)
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, document_text(document)
    content = model.SerializeToString()
    posteriors, largest, inputs = _proof(recognizer, content, document)
    for what, found in (("log posteriors", posteriors), ("gates", largest or 0.0)):
        # Not a number is no agreement.
        if not found <= TOLERANCE:
            raise CheckpointError(
                f"the graph of {document.checkpoint or 'this recognizer'} gives other {what} than torch does, by {found:.3g} where "
                f"{TOLERANCE:g} is allowed, so nothing was written; read it with torch"
            )
    write_whole(path, content)
    return Exported(Path(path), len(content), posteriors, largest if gates else None, inputs)


def _graph_of(recognizer: Recognizer) -> tuple["onnx.ModelProto", GraphDocument]:
    """The graph, without gates, and what its file says beside it.

    Raises:
        CheckpointError: gateviz has no graph of this recognizer.
    """
    if not isinstance(recognizer, DeferredRecognizer):
        card = recognizer.card
        raise CheckpointError(
            f"{card.checkpoint or 'this recognizer'} is of the lineage {card.lineage}, of which gateviz has no ONNX graph; "
            f"models that gateviz train wrote with a vgg backbone have one"
        )
    if recognizer.torch_opened:
        raise CheckpointError(
            "the torch network of this recognizer is in use and may be another by now than the file's; load the file again, and "
            "export that"
        )
    graph, card = recognizer.graph, recognizer.card
    document = GraphDocument(
        alphabet=recognizer.alphabet,
        preprocess=recognizer.preprocess,
        geometry=recognizer.geometry,  # type: ignore[arg-type]  # of whatever has a graph it is arithmetic
        layout=graph.layout,
        output=graph.output,
        layers=graph.layers,
        lineage=card.lineage,
        checkpoint=card.checkpoint,
        checkpoint_sha256=card.checkpoint_sha256,
        details=dict(card.details),
    )
    model = graph.maker.model()
    del model.metadata_props[:]
    return model, document


def _proof(
    recognizer: Recognizer, content: bytes, document: GraphDocument
) -> tuple[float, float | None, tuple[tuple[int, ...], ...]]:
    """The largest differences from torch of posteriors and of series, and what both were fed."""
    from gateviz.capture.reference import torch_reference
    from gateviz.runtime.session import GraphSession

    session = GraphSession(content)
    posteriors, series, inputs = 0.0, 0.0, []
    for pixels in _noise(session.line_shape, document.geometry.minimum_width):
        expected, gates = torch_reference(recognizer, pixels, gates=document.gates)
        found = session.run(pixels)
        numbers = log_posteriors(
            found[session.posteriors], document.alphabet, layout=document.layout, output=document.output
        )
        posteriors = max(posteriors, difference(numbers, expected))
        for rows, place in _series(document, found) if document.gates else ():
            series = max(series, difference(rows, gates[place]) if place in gates else math.inf)
        inputs.append(tuple(pixels.shape))
    return posteriors, series if document.gates else None, tuple(inputs)


def _series(
    document: GraphDocument, found: Mapping[str, np.ndarray]
) -> Iterator[tuple[np.ndarray, tuple[int, Direction, Quantity]]]:
    """Every series that the graph put out, with rows in reading order and its place in recordings."""
    for layer in document.layers:
        for way in layer.directions:
            seen = Direction.BACKWARD if layer.flipped and way is Direction.FORWARD else way
            for quantity in QUANTITIES[layer.kind]:
                name = gate_output(layer.kind, layer.node, way, quantity)
                rows = found[name][::-1] if layer.flipped else found[name]
                yield rows, (layer.layer, seen, quantity)


def _noise(shape: tuple[int, int], narrowest: int) -> Sequence[Float32[np.ndarray, "B channels height width"]]:
    rng = np.random.default_rng(0)
    return [
        rng.uniform(-1, 1, (lines, *shape, max(width, narrowest))).astype(np.float32)
        for width in WIDTHS
        for lines in LINES
    ]


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, absolute where values are up to 1 and relative beyond; infinite where shapes differ.

    Example:
        >>> difference(np.array([0.5, 200.0]), np.array([0.5, 100.0]))
        1.0
    """
    if found.shape != expected.shape:
        return float("inf")
    apart = np.abs(found.astype(np.float64) - expected) / np.maximum(1.0, np.abs(expected.astype(np.float64)))
    return float(apart.max(initial=0.0))
