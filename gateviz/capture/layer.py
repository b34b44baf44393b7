"""One recurrent layer as the engines see it: what there is to run, and what a run of it gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float

from gateviz.capture.cell_rule import CellRule
from gateviz.data.gates import GRU_QUANTITIES, LSTM_QUANTITIES, Direction, Quantity


class CellKind(StrEnum):
    """Which cell a layer is made of."""

    LSTM = "lstm"
    GRU = "gru"

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What the cell computes, in the order in which it does."""
        return LSTM_QUANTITIES if self is CellKind.LSTM else GRU_QUANTITIES

    @property
    def state_count(self) -> int:
        """How many states it hands to the next step: hidden and cell, or hidden alone."""
        return 2 if self is CellKind.LSTM else 1


@runtime_checkable
class StepEditor(Protocol):
    """What may change the values of one layer and direction while it runs."""

    def touches(self, quantity: Quantity) -> bool:
        """True if ``apply`` may change this quantity."""

    def apply(self, quantity: Quantity, frame: int, values: Float[torch.Tensor, "B H"]) -> Float[torch.Tensor, "B H"]:
        """The values of one step, edited; ``frame`` is in reading order."""


@runtime_checkable
class EditorSource(Protocol):
    """What knows the editor of each layer and direction; false when there is nothing to edit."""

    def __bool__(self) -> bool: ...

    def editor_for(self, layer: int, direction: Direction) -> StepEditor | None:
        """The editor of a layer and direction; None if it is to run as it is."""


@dataclass(frozen=True, eq=False)
class DirectionWeights:
    """The weights of one direction of one layer, as PyTorch keeps them (chunk order i f g o, or r z n)."""

    input_weight: Float[torch.Tensor, "gates D"]
    hidden_weight: Float[torch.Tensor, "gates P"]
    input_bias: Float[torch.Tensor, " gates"] | None = None
    hidden_bias: Float[torch.Tensor, " gates"] | None = None
    projection: Float[torch.Tensor, "P H"] | None = None

    @property
    def bias(self) -> Float[torch.Tensor, " gates"] | None:
        """Both biases in one; PyTorch keeps two for the sake of cuDNN."""
        if self.input_bias is None or self.hidden_bias is None:
            return None
        return self.input_bias + self.hidden_bias

    @property
    def flat(self) -> list[torch.Tensor]:
        """The tensors there are, in PyTorch's order."""
        every = (self.input_weight, self.hidden_weight, self.input_bias, self.hidden_bias, self.projection)
        return [each for each in every if each is not None]


@dataclass(frozen=True, eq=False)
class LayerJob:
    """One layer to be run, all its directions.

    Attributes:
        kind: LSTM or GRU.
        frames: what the layer reads, in reading order.
        states: for each direction the states before its first step: hidden (B, P) and, of an LSTM, cell (B, H).
        weights: of each direction: forward, then backward.
        wanted: the quantities to record of each direction.
        editors: of each direction; None where nothing is edited.
        present: True where a line has a frame; None when all lines have all.
        rule: what the cell does beyond the textbook's; None for the textbook's.
        training: the module is in training mode, which cuDNN wants to know before it can go backward.
    """

    kind: CellKind
    frames: Float[torch.Tensor, "T B D"]
    states: tuple[tuple[torch.Tensor, ...], ...]
    weights: tuple[DirectionWeights, ...]
    wanted: tuple[frozenset[Quantity], ...]
    editors: tuple[StepEditor | None, ...]
    present: Bool[torch.Tensor, "T B"] | None = None
    rule: CellRule | None = None
    training: bool = False

    @property
    def recorded(self) -> bool:
        """True if any quantity of any direction is wanted."""
        return any(self.wanted)

    @property
    def needs_grad(self) -> bool:
        """True if autograd is to see this run."""
        if not torch.is_grad_enabled():
            return False
        tensors = [self.frames, *(each for state in self.states for each in state)]
        tensors += [each for weights in self.weights for each in weights.flat]
        return any(each.requires_grad for each in tensors)


@dataclass(frozen=True, eq=False)
class DirectionRun:
    """What a run of one direction gives.

    Attributes:
        output: hidden states in reading order.
        final: the states after the last step: hidden (B, P) and, of an LSTM, cell (B, H).
        values: the recorded series, each (T, B, H).
        in_step_order: the rows of ``values`` are in the order in which they were computed, which for
            the backward direction is last frame first.
    """

    output: Float[torch.Tensor, "T B P"]
    final: tuple[torch.Tensor, ...]
    values: Mapping[Quantity, Float[torch.Tensor, "T B _"]]
    in_step_order: bool = False
