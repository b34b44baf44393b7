"""The door of the public face to files that need no torch: a recognizer as one ONNX graph, proved before it is written."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float32

from gateviz.adapters.core.deferred import DeferredRecognizer
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import CheckpointError
from gateviz.files.atomic import check_output, write_whole
from gateviz.files.images import as_line_image, open_line_image
from gateviz.graphs.document import METADATA_KEY, GraphDocument, document_text
from gateviz.graphs.recurrent_kinds import QUANTITIES, gate_output
from gateviz.runtime.posteriors import log_posteriors
from gateviz.runtime.rounded import RoundedProof, rounded_proof

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
PROVED_LINES = 16
"""Calibration lines that the int8 graph is held against the float one on."""

LineImage = str | Path | np.ndarray
"""A line image: a file, or pixels of shape (H, W) gray or (H, W, 3) RGB."""


@dataclass(frozen=True)
class Exported:
    """A file that was written, and how far its graph lies from torch.

    Attributes:
        path: the file.
        size: its bytes.
        posteriors: largest difference of a log posterior; absolute where values are up to 1, relative beyond.
        gates: largest difference of any series of any layer, likewise; None where they are no outputs.
        inputs: what both were fed: lines, channels, rows, columns.
        int8: what rounding did to it; None for a file in float, whose posteriors and gates the numbers above are.
    """

    path: Path
    size: int
    posteriors: float
    gates: float | None
    inputs: tuple[tuple[int, ...], ...]
    int8: RoundedProof | None = None

    @property
    def words(self) -> str:
        """The proof for people."""
        fed = ", ".join(" x ".join(map(str, shape)) for shape in self.inputs)
        gates = "" if self.gates is None else f", gates and states within {self.gates:.2g}"
        rounded = "" if self.int8 is None else f"; {self.int8.words}"
        of = "" if self.int8 is None else "in float "
        return (
            f"{of}the same as torch: log posteriors within {self.posteriors:.2g}{gates} (on inputs of {fed}){rounded}"
        )


def export(
    recognizer: Recognizer,
    path: str | Path,
    *,
    gates: bool = False,
    quantize: Literal["dynamic", "static"] | None = None,
    calibrate: Sequence[LineImage] = (),
) -> Exported:
    """Writes a recognizer as one ONNX file that gateviz, and any ONNX runtime, reads without torch.

    The file takes any number of lines of any width, and holds the alphabet, the preprocessing and where the frames look.
    Before it is written, its graph is run beside the torch network on noise of several sizes; one in int8 beside the float
    one, and its gates are held against the hidden states that it computed.

    Args:
        recognizer: what ``load`` returned, of any lineage whose network is convolutions and LSTMs or GRUs.
        path: the file, usually ``.onnx``.
        gates: every gate, candidate, cell and hidden state of every layer as a further output, named
            ``lstm.0.forward.forget_gate``, of shape (frames, lines, units), frames in reading order. Those of a file in int8
            are the int8 layer's own; run it with one line a call or on one thread.
        quantize: ``dynamic`` stores LSTMs and matrices in int8, ``static`` the convolutions too; None stays in float.
        calibrate: line images for ``static``, some dozens of the kind that will be read; with ``dynamic`` they are what
            the proof is made on.

    Raises:
        CheckpointError: the recognizer has no such graph, or its graph does not give what torch gives; nothing is written.
        ImageError: a line image cannot be read.
        MissingExtraError: a package that tracing or rounding needs is not installed.
        OutputError: the file cannot be written.
        WitnessError: int8 gates cannot be told on this processor.
    """
    check_output(path)
    pixels = _prepared(recognizer, calibrate)
    model, document = _graph_of(recognizer)
    shown = gates and quantize is None
    content = _content(model, replace(document, gates=shown))
    posteriors, largest, inputs = _proof(recognizer, content, replace(document, gates=shown))
    for what, found in (("log posteriors", posteriors), ("gates", largest or 0.0)):
        # Not a number is no agreement.
        if not found <= TOLERANCE:
            raise CheckpointError(
                f"the graph of {document.checkpoint or 'this recognizer'} gives other {what} than torch does, by {found:.3g} where "
                f"{TOLERANCE:g} is allowed, so nothing was written; read it with torch"
            )
    rounded = None
    if quantize is not None:
        content, rounded = _in_int8(model, replace(document, gates=gates, quantization=quantize), content, pixels)
    write_whole(path, content)
    return Exported(Path(path), len(content), posteriors, largest, inputs=inputs, int8=rounded)


def _prepared(recognizer: Recognizer, images: Sequence[LineImage]) -> list[Float32[np.ndarray, "_ _ _ _"]]:
    """Line images as the network is given them, each a batch of its own."""
    decoded = (as_line_image(each) if isinstance(each, np.ndarray) else open_line_image(each).pixels for each in images)
    return [np.asarray(recognizer.prepare(image).pixels, np.float32)[None] for image in decoded]


def _content(model: "onnx.ModelProto", document: GraphDocument) -> bytes:
    """The bytes of a file: the graph, with gates where its document says so, and the document."""
    from gateviz.graphs.gates import with_gates

    whole = type(model)()
    whole.CopyFrom(with_gates(model) if document.gates else model)
    entry = whole.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, document_text(document)
    return bytes(whole.SerializeToString())


def _in_int8(
    model: "onnx.ModelProto",
    document: GraphDocument,
    whole: bytes,
    lines: Sequence[Float32[np.ndarray, "_ _ _ _"]],
) -> tuple[bytes, RoundedProof]:
    """The bytes of the file in int8, and what rounding did.

    Its gates are held against its hidden states whether they are outputs of the file or not: recording works them out.
    """
    from gateviz.conversion.int8 import in_int8
    from gateviz.runtime.session import GraphSession

    assert document.quantization != "none"
    rounded = in_int8(model, document.quantization, lines)
    seen = _content(rounded, replace(document, gates=bool(document.layers)))
    proved = lines[:PROVED_LINES] or [
        noise[:1] for noise in _noise(GraphSession(whole).line_shape, document.geometry.minimum_width)
    ]
    return _content(rounded, document), rounded_proof(whole, seen, document, proved)


def _graph_of(recognizer: Recognizer) -> tuple["onnx.ModelProto", GraphDocument]:
    """The graph, without gates, and what its file says beside it.

    Raises:
        CheckpointError: its network is in use, in int8, or does what no graph can.
        MissingExtraError: the package that torch's exporter needs is not installed.
    """
    if not isinstance(recognizer, DeferredRecognizer):
        from gateviz.conversion.described import described
        from gateviz.conversion.torch_graph import graph_of

        traced = graph_of(recognizer)
        return traced, described(recognizer, traced)  # type: ignore[arg-type]  # nothing else was traced
    if recognizer.torch_opened:
        raise CheckpointError(
            "the torch network of this recognizer is in use and may be another by now than the file's; load the file again, and "
            "export that"
        )
    graph, card = recognizer.graph, recognizer.card
    if graph.rounded:
        raise CheckpointError(
            f"{card.checkpoint or 'this recognizer'} is in int8 already, which torch cannot be held against; export the float model "
            f"it was made from"
        )
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


def _noise(shape: tuple[int, int], narrowest: int) -> Sequence[Float32[np.ndarray, "_ _ _ _"]]:
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
