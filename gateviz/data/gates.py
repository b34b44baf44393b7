"""What one recurrent layer did in one direction on one line."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float32

from gateviz.data.frames import FrameGrid
from gateviz.errors import SelectionError, ShapeError


class Direction(StrEnum):
    """Which way a layer reads the line."""

    FORWARD = "forward"
    BACKWARD = "backward"


Place = tuple[int, Direction]
"""A layer and a direction."""


def place_words(place: Place) -> str:
    """``layer 1 backward``."""
    return f"layer {place[0]} {place[1]}"


class Quantity(StrEnum):
    """One series that a recurrent cell computes at every frame."""

    INPUT_GATE = "input_gate"
    FORGET_GATE = "forget_gate"
    CANDIDATE = "candidate"
    OUTPUT_GATE = "output_gate"
    CELL_STATE = "cell_state"
    HIDDEN_STATE = "hidden_state"
    RESET_GATE = "reset_gate"
    UPDATE_GATE = "update_gate"

    @property
    def is_gate(self) -> bool:
        """True for a value between 0 and 1 that opens or closes something."""
        return self.value.endswith("_gate")

    @property
    def letter(self) -> str:
        """The letter of the equations; a GRU's update gate is z and its candidate n elsewhere."""
        return _LETTERS[self]

    @property
    def words(self) -> str:
        """Words for a figure, such as ``forget gate``."""
        return self.value.replace("_", " ")


_LETTERS = {
    Quantity.INPUT_GATE: "i",
    Quantity.FORGET_GATE: "f",
    Quantity.CANDIDATE: "g",
    Quantity.OUTPUT_GATE: "o",
    Quantity.CELL_STATE: "c",
    Quantity.HIDDEN_STATE: "h",
    Quantity.RESET_GATE: "r",
    Quantity.UPDATE_GATE: "z",
}


def quantity_of(name: Quantity | str) -> Quantity:
    """The quantity of this name.

    Raises:
        SelectionError: there is none.
    """
    if name not in tuple(Quantity):
        raise SelectionError(f"{name!r} was asked for and is no quantity; there are {', '.join(Quantity)}")
    return Quantity(name)


LSTM_QUANTITIES = (
    Quantity.INPUT_GATE,
    Quantity.FORGET_GATE,
    Quantity.CANDIDATE,
    Quantity.OUTPUT_GATE,
    Quantity.CELL_STATE,
    Quantity.HIDDEN_STATE,
)
GRU_QUANTITIES = (
    Quantity.RESET_GATE,
    Quantity.UPDATE_GATE,
    Quantity.CANDIDATE,
    Quantity.HIDDEN_STATE,
)


@dataclass(frozen=True)
class GateTrace:
    """Every recorded series of one layer in one direction on one line.

    Row t of every series is frame t in reading order (left to right in the image), for the
    backward direction too. All series have T rows and H columns, except ``hidden_state``, which
    has P columns where the layer projects its state.

    Attributes:
        layer: position of the layer among the recognizer's recurrent layers, from 0.
        direction: the way this half of the layer reads.
        values: the recorded series; a quantity that was not asked for is absent.
        module: dotted name of the torch module in the recognizer, such as ``rnn.0.rnn``.
        grid: where the frames that this layer was given looked; None where that is not known, or the same as
            the recording's (``Recording.grid_of`` knows both).
    """

    layer: int
    direction: Direction
    values: Mapping[Quantity, Float32[np.ndarray, "T _"]]
    module: str = ""
    grid: FrameGrid | None = None

    def __post_init__(self) -> None:
        if not self.values:
            raise ShapeError(
                f"a trace of layer {self.layer} {self.direction} without any series was asked for; record at least one quantity"
            )
        lengths = {str(quantity): len(series) for quantity, series in self.values.items()}
        if len(set(lengths.values())) > 1:
            raise ShapeError(
                f"the series of layer {self.layer} {self.direction} have different frame counts: {lengths}"
            )

    def __getitem__(self, quantity: Quantity | str) -> Float32[np.ndarray, "T _"]:
        """The series of one quantity, shape (T, H).

        Raises:
            SelectionError: the quantity was not recorded, or is none.
        """
        try:
            return self.values[Quantity(quantity)]
        except (KeyError, ValueError) as error:
            recorded = ", ".join(self.values)
            raise SelectionError(
                f"layer {self.layer} {self.direction} has no {quantity}; recorded are {recorded}"
            ) from error

    @property
    def name(self) -> str:
        """``layer.direction``, the key of this trace in files: ``0.forward``."""
        return f"{self.layer}.{self.direction}"

    @property
    def frame_count(self) -> int:
        """T, the number of frames."""
        return len(next(iter(self.values.values())))

    @property
    def unit_count(self) -> int:
        """H, the number of units (cells, not projections)."""
        return max(int(series.shape[1]) for series in self.values.values())

    @property
    def input_gate(self) -> Float32[np.ndarray, "T H"]:
        """i, 1 lets the candidate in."""
        return self[Quantity.INPUT_GATE]

    @property
    def forget_gate(self) -> Float32[np.ndarray, "T H"]:
        """f, 1 keeps the cell state and 0 drops it."""
        return self[Quantity.FORGET_GATE]

    @property
    def candidate(self) -> Float32[np.ndarray, "T H"]:
        """g, what would be written (PyTorch calls it the cell gate; n in a GRU)."""
        return self[Quantity.CANDIDATE]

    @property
    def output_gate(self) -> Float32[np.ndarray, "T H"]:
        """o, 1 shows the cell state to the outside."""
        return self[Quantity.OUTPUT_GATE]

    @property
    def cell_state(self) -> Float32[np.ndarray, "T H"]:
        """c after the frame."""
        return self[Quantity.CELL_STATE]

    @property
    def hidden_state(self) -> Float32[np.ndarray, "T P"]:
        """h after the frame: what the next layer sees."""
        return self[Quantity.HIDDEN_STATE]

    @property
    def reset_gate(self) -> Float32[np.ndarray, "T H"]:
        """r of a GRU."""
        return self[Quantity.RESET_GATE]

    @property
    def update_gate(self) -> Float32[np.ndarray, "T H"]:
        """z of a GRU, 1 keeps the hidden state (PyTorch's convention)."""
        return self[Quantity.UPDATE_GATE]
