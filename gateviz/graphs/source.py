"""The graph that a recognizer can be read by, made when somebody runs it, with the outputs that are asked for."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from gateviz.data.gates import Quantity
from gateviz.graphs.document import GraphLayer, Layout, Numbers
from gateviz.graphs.recurrent_kinds import gate_output

if TYPE_CHECKING:
    import onnx


@runtime_checkable
class GraphMaker(Protocol):
    """Makes a recognizer's graph; whatever it holds can be pickled."""

    def model(self) -> "onnx.ModelProto":
        """The graph: one input of lines (B, channels, height, W), posteriors as its first output.

        Raises:
            CheckpointError: it cannot be made.
        """


@runtime_checkable
class WritesPosteriors(Protocol):
    """Makes the bytes of a graph whose one output are the posteriors, at less cost than the graph itself."""

    def content(self) -> bytes:
        """The bytes."""


@dataclass(frozen=True, eq=False)
class RecognizerGraph:
    """A recognizer's network as an ONNX graph.

    Attributes:
        maker: makes it.
        layers: its recurrent nodes that read along the line.
        layout: axes of its first output.
        output: what the numbers of that are.
        words: what it is, for people, such as ``made from the checkpoint's weights``.
        rounded: it is in int8, and rounds what it is given by the range of all lines of a call.
        opened: what a runtime keeps of it while the recognizer lives.
    """

    maker: GraphMaker
    layers: tuple[GraphLayer, ...]
    layout: Layout
    output: Numbers
    words: str
    rounded: bool = False
    opened: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """Without what is open in this process."""
        return {**self.__dict__, "opened": {}}

    def content(self, layers: Collection[int], quantities: Collection[Quantity]) -> bytes:
        """The graph as a file's bytes, with these series of these layers as outputs and no others.

        Args:
            layers: numbers as in recordings.
            quantities: what of each.

        Raises:
            CheckpointError: the graph cannot be made, or its gates not be worked out.
        """
        if not layers and isinstance(self.maker, WritesPosteriors):
            return self.maker.content()
        from gateviz.graphs.gates import with_gates

        model = self.maker.model()
        nodes = [layer.node for layer in self.layers if layer.layer in layers]
        if nodes and quantities:
            model = with_gates(model, layers=nodes, quantities=quantities)
        asked = {
            gate_output(layer.kind, layer.node, way, quantity)
            for layer in self.layers
            if layer.layer in layers
            for way in layer.directions
            for quantity in quantities
        }
        first, *others = list(model.graph.output)
        kept = [output for output in others if output.name in asked]
        del model.graph.output[:]
        model.graph.output.extend([first, *kept])
        return bytes(model.SerializeToString())


@runtime_checkable
class ReadByGraph(Protocol):
    """A recognizer that a graph can read for."""

    @property
    def graph(self) -> RecognizerGraph:
        """The graph."""

    @property
    def torch_opened(self) -> bool:
        """Whether somebody has been given the torch network, which from then on may be another than the file's."""
