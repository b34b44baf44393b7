"""An LSTM or GRU node of a graph as an ``nn.LSTM`` or ``nn.GRU`` with its weights.

The node's equations, the order of its gates and its axes are those of the operators LSTM and GRU of
the ONNX standard (docs/Operators.md of github.com/onnx/onnx): gates i o f c for an LSTM and z r h for a
GRU, one matrix a direction, the biases of input and recurrence one after the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from gateviz.adapters.onnx.node import Node
from gateviz.errors import CheckpointError

KINDS = ("LSTM", "GRU")
DIRECTIONS = ("forward", "reverse", "bidirectional")
_LAYER_OF: dict[str, type[nn.LSTM | nn.GRU]] = {"LSTM": nn.LSTM, "GRU": nn.GRU}
# Position of torch's gates (i f g o; r z n) in the node's order (i o f c; z r h).
_GATES = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2)}
_ACTIVATIONS = {"LSTM": ("sigmoid", "tanh", "tanh"), "GRU": ("sigmoid", "tanh")}
_INPUTS = ("X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P")
_NAMES = {"X": "line", "W": "input weights", "R": "recurrent weights"}


@dataclass(frozen=True)
class RecurrentPorts:
    """Which values a recurrent node takes, by what the standard calls them; empty where one is left out."""

    X: str
    W: str
    R: str
    B: str = ""
    sequence_lens: str = ""
    initial_h: str = ""
    initial_c: str = ""
    P: str = ""

    @classmethod
    def of(cls, node: Node) -> "RecurrentPorts":
        """The values of a node.

        Raises:
            CheckpointError: one that it cannot do without is left out.
        """
        given = dict(zip(_INPUTS, node.inputs, strict=False))
        for name, words in _NAMES.items():
            if not given.get(name):
                raise CheckpointError(f"{node.words} has no {words} ({name}); the file is damaged")
        return cls(**given)

    @property
    def fed(self) -> tuple[str, ...]:
        """Values that it is given when it runs; all others are weights."""
        return tuple(name for name in (self.X, self.sequence_lens, self.initial_h, self.initial_c) if name)

    @property
    def weights(self) -> tuple[str, ...]:
        """Values that it holds as weights."""
        return tuple(name for name in (self.W, self.R, self.B) if name)


def refusal_of(node: Node) -> str:
    """Why the gates of a recurrent node cannot be shown as torch's; empty where they can."""
    kind = node.op
    direction = node.attributes.get("direction", "forward")
    if direction not in DIRECTIONS:
        return f"{node.words} reads in the direction {direction!r}, and there are {', '.join(DIRECTIONS)}"
    if len(node.inputs) > 7 and node.inputs[7]:
        return f"{node.words} has peephole weights (P), which torch's LSTM has not; export a model without them"
    if "clip" in node.attributes:
        return f"{node.words} clips its gates at {node.attributes['clip']:g}, which torch's {kind} does not"
    if node.attributes.get("input_forget", 0):
        return f"{node.words} couples its input and forget gates (input_forget), which torch's LSTM does not"
    if kind == "GRU" and not node.attributes.get("linear_before_reset", 0):
        return (
            f"{node.words} resets before its linear layer (linear_before_reset = 0), which torch's GRU does not; "
            f"its candidates would be others"
        )
    usual = _ACTIVATIONS[kind] * (2 if direction == "bidirectional" else 1)
    given = tuple(str(each).lower() for each in node.attributes.get("activations", usual))
    if given != usual:
        return f"{node.words} has the activations {', '.join(given)}, and torch's {kind} has {', '.join(usual)}"
    return ""


class RecurrentNode(nn.Module):
    """One recurrent node: torch's layer with its weights, and the node's own axes.

    Attributes:
        node: of the graph.
        ports: the values that it takes.
        layer: where its gates can be traced.
        reads_backward: a one-way layer that reads from the line's end.
    """

    def __init__(self, node: Node, weights: Mapping[str, np.ndarray]) -> None:
        """Builds the layer.

        Raises:
            CheckpointError: the weights' shapes do not go together, or the node is none that torch computes.
        """
        super().__init__()
        if refusal := refusal_of(node):
            raise CheckpointError(refusal)
        self.node = node
        self.ports = RecurrentPorts.of(node)
        direction = node.attributes.get("direction", "forward")
        self.directions = 2 if direction == "bidirectional" else 1
        self.reads_backward = direction == "reverse"
        self.batch_first = bool(node.attributes.get("layout", 0))
        w, r, b = self._checked(weights)
        self.layer = _LAYER_OF[node.op](
            w.shape[2], r.shape[2], bias=b is not None, bidirectional=self.directions == 2, device="meta"
        )
        self.layer.load_state_dict(self._state(w, r, b), strict=True, assign=True)
        self.requires_grad_(False)

    def _checked(self, weights: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Input weights [D, G H, I], recurrent weights [D, G H, H] and biases [D, 2 G H]."""
        ports, gates = self.ports, len(_GATES[self.node.op])
        w, r = weights[ports.W], weights[ports.R]
        b = weights[ports.B] if ports.B else None
        hidden = int(self.node.attributes.get("hidden_size", r.shape[-1] if r.ndim else 0))
        wide = gates * hidden
        inputs = w.shape[-1] if w.ndim == 3 else 0
        asked: dict[str, tuple[int, ...]] = {"W": (self.directions, wide, inputs)}
        asked["R"] = (self.directions, wide, hidden)
        found = {"W": w, "R": r}
        if b is not None:
            asked["B"], found["B"] = (self.directions, 2 * wide), b
        for name, shape in asked.items():
            if found[name].shape != shape or 0 in shape:
                raise CheckpointError(
                    f"{self.node.words} has {hidden} units in {self.directions} directions, so {name} should be "
                    f"{list(shape)} and is {list(found[name].shape)}; the file is damaged"
                )
            if found[name].dtype.kind != "f":
                raise CheckpointError(
                    f"{self.node.words} has weights of the type {found[name].dtype} ({name}); "
                    f"gates need the float weights they were made from"
                )
        return w, r, b

    def _state(self, w: np.ndarray, r: np.ndarray, b: np.ndarray | None) -> dict[str, torch.Tensor]:
        order = _GATES[self.node.op]
        state = {}
        for index, suffix in enumerate(("", "_reverse")[: self.directions]):
            state[f"weight_ih_l0{suffix}"] = _reordered(w[index], order)
            state[f"weight_hh_l0{suffix}"] = _reordered(r[index], order)
            if b is not None:
                of_input, of_recurrence = np.split(b[index], 2)
                state[f"bias_ih_l0{suffix}"] = _reordered(of_input, order)
                state[f"bias_hh_l0{suffix}"] = _reordered(of_recurrence, order)
        return state

    def forward(
        self, sequence: Float[torch.Tensor, "_ _ D"], *states: Float[torch.Tensor, "_ _ H"]
    ) -> tuple[torch.Tensor, ...]:
        """The node's outputs Y, Y_h and, of an LSTM, Y_c, on the node's own axes.

        Args:
            sequence: frames first, or the batch first where the node says so (layout 1).
            states: initial h and, of an LSTM, c; none for zeros.
        """
        if self.batch_first:
            sequence, states = sequence.transpose(0, 1), tuple(state.transpose(0, 1) for state in states)
        if self.reads_backward:
            sequence = sequence.flip(0)
        given = tuple(state.contiguous() for state in states)
        hidden = None if not given else given if self.node.op == "LSTM" else given[0]
        output, final = self.layer(sequence.contiguous(), hidden)
        if self.reads_backward:
            output = output.flip(0)
        frames, lines = output.shape[:2]
        y = output.reshape(frames, lines, self.directions, -1).transpose(1, 2)
        finals = final if isinstance(final, tuple) else (final,)
        if self.batch_first:
            return y.permute(2, 0, 1, 3), *(each.transpose(0, 1) for each in finals)
        return y, *finals


def _reordered(values: np.ndarray, order: tuple[int, ...]) -> torch.Tensor:
    """Chunks of the first axis in torch's order, in float32 and in memory of their own."""
    chunks = np.split(values, len(order))
    return torch.from_numpy(np.concatenate([chunks[each] for each in order]).astype(np.float32))
