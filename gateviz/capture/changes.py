"""What an edit puts in the place of a value: a number, a multiple, a mean, another recording's value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Float32

from gateviz.data.gates import Place, place_words
from gateviz.errors import SelectionError


@runtime_checkable
class Change(Protocol):
    """New values for old ones."""

    def __call__(self, place: Place, frame: int, values: Float[torch.Tensor, "B H"]) -> Float[torch.Tensor, "B H"]:
        """What all units of all rows would hold at this frame.

        Raises:
            SelectionError: the change does not know this place, frame or number of units.
        """

    @property
    def words(self) -> str:
        """What it does, such as ``held at 0``."""


@dataclass(frozen=True)
class Hold:
    """One number, whatever the value was."""

    value: float

    def __call__(self, place: Place, frame: int, values: Float[torch.Tensor, "B H"]) -> Float[torch.Tensor, "B H"]:
        """The number, everywhere."""
        if abs(self.value) > torch.finfo(values.dtype).max:
            kind = str(values.dtype).removeprefix("torch.")
            raise SelectionError(f"a value held at {self.value:g} does not fit into {kind}; choose a smaller one")
        return torch.full_like(values, self.value)

    @property
    def words(self) -> str:
        """What it does."""
        return f"held at {self.value:g}"


@dataclass(frozen=True)
class Scale:
    """A multiple of the value."""

    factor: float

    def __call__(self, place: Place, frame: int, values: Float[torch.Tensor, "B H"]) -> Float[torch.Tensor, "B H"]:
        """The value times the factor."""
        return values * self.factor

    @property
    def words(self) -> str:
        """What it does."""
        return f"scaled by {self.factor:g}"


@dataclass(frozen=True, eq=False)
class Mean:
    """Each unit's mean over recordings of the model as it is.

    Attributes:
        means: for each place, one number a unit.
        reference: what the mean is of, in words.
    """

    means: Mapping[Place, Float32[np.ndarray, " H"]]
    reference: str

    def __call__(self, place: Place, frame: int, values: Float[torch.Tensor, "B H"]) -> Float[torch.Tensor, "B H"]:
        """The mean of every unit."""
        return _spread(_of_place(self.means, place, self.reference), place, values, self.reference)

    @property
    def words(self) -> str:
        """What it does."""
        return f"ablated to its mean over {self.reference}"


@dataclass(frozen=True, eq=False)
class Patch:
    """The value of another recording at the same frame.

    Attributes:
        series: for each place, (T, H).
        source: which recording, in words.
    """

    series: Mapping[Place, Float32[np.ndarray, "_ _"]]
    source: str

    def __call__(self, place: Place, frame: int, values: Float[torch.Tensor, "B H"]) -> Float[torch.Tensor, "B H"]:
        """The other recording's values at this frame."""
        series = _of_place(self.series, place, self.source)
        if frame >= len(series):
            raise SelectionError(
                f"{self.source} has {len(series)} frames and cannot be patched into frame {frame}; "
                "both lines need as many frames: bring their images to one width"
            )
        return _spread(series[frame], place, values, self.source)

    @property
    def frame_count(self) -> int:
        """Frames of the other recording."""
        return len(next(iter(self.series.values())))

    @property
    def words(self) -> str:
        """What it does."""
        return f"taken from {self.source}"


def _of_place(
    known: Mapping[Place, Float32[np.ndarray, "..."]], place: Place, source: str
) -> Float32[np.ndarray, "..."]:
    if place not in known:
        names = ", ".join(place_words(each) for each in known)
        raise SelectionError(f"{source} has no such series of {place_words(place)}; it has {names}")
    return known[place]


def _spread(
    row: Float32[np.ndarray, " _"], place: Place, values: Float[torch.Tensor, "B H"], source: str
) -> Float[torch.Tensor, "B H"]:
    if len(row) != values.shape[1]:
        raise SelectionError(
            f"{source} has {len(row)} units in {place_words(place)} and this network {values.shape[1]}; "
            "the recording must come from the same network"
        )
    return torch.from_numpy(np.ascontiguousarray(row)).to(values).expand_as(values)
