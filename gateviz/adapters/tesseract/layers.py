"""Tesseract's layers as torch modules.

Between layers there is a plane of features: a tensor of shape (B, Y, X, F). LSTMs run along X, one
sequence a row. Every layer takes the plane and the noise for what lies outside the image.

That noise is a linear congruential generator with Knuth's constants, 64 bits, seeded afresh for every line, so
that a line is always read alike: seed = sample_iteration x 0x10000001, one draw dropped; each draw
steps seed = seed x 6364136223846793005 + 1442695040888963407 (mod 2^64) and gives its upper 31 bits.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, Float64, UInt64
from torch import nn

from gateviz.adapters.tesseract.activations import log_softmax, tabled_logistic, tabled_tanh, to_int8_steps
from gateviz.adapters.tesseract.records import Kind

_MULTIPLIER = 6364136223846793005
_INCREMENT = 1442695040888963407
_MASK = (1 << 64) - 1
_LARGEST = (1 << 31) - 1
_SEED_FACTOR = 0x10000001


@lru_cache(maxsize=4)
def _states(seed: int, count: int) -> UInt64[np.ndarray, " count"]:
    """The generator's states after 1, 2, ... ``count`` steps, by doubling: state(k + n) = A^n state(k) + C_n."""
    states = np.empty(count, np.uint64)
    states[0] = (seed * _MULTIPLIER + _INCREMENT) & _MASK
    multiplier, increment, known = _MULTIPLIER, _INCREMENT, 1
    while known < count:
        more = min(known, count - known)
        states[known : known + more] = states[:more] * np.uint64(multiplier) + np.uint64(increment)
        increment = (multiplier * increment + increment) & _MASK
        multiplier = (multiplier * multiplier) & _MASK
        known += more
    states.flags.writeable = False
    return states


class NoiseStream:
    """The draws for one line, in order.

    Args:
        sample_iteration: of the model, which seeds the generator.
        int8: True to round to 127ths, as the noise of int8 networks is.
    """

    def __init__(self, sample_iteration: int, *, int8: bool) -> None:
        self._seed = (sample_iteration * _SEED_FACTOR) & _MASK
        self._int8 = int8
        self._drawn = 1

    def draw(self, count: int) -> Float64[np.ndarray, " count"]:
        """The next ``count`` values in [-1, 1]."""
        # The cache is by power of two, so that lines of different widths share it.
        states = _states(self._seed, 1 << max(self._drawn + count - 1, 1).bit_length())
        values = (states[self._drawn : self._drawn + count] >> np.uint64(33)).astype(np.float64)
        self._drawn += count
        if self._int8:
            steps = 127.0 * 2.0 * values / _LARGEST - 127.0
            return np.trunc(steps + np.copysign(0.5, steps)) / 127.0
        return 2.0 * values / _LARGEST - 1.0


Features = Float[torch.Tensor, "B _ _ _"]

_ACTIVATIONS: Mapping[Kind, Callable[[torch.Tensor], torch.Tensor]] = {
    Kind.TANH: tabled_tanh,
    Kind.LOGISTIC: tabled_logistic,
    Kind.LIN_TANH: lambda x: x.clamp(-1, 1),
    Kind.LIN_LOGISTIC: lambda x: x.clamp(0, 1),
    Kind.RELU: torch.relu,
    Kind.LINEAR: lambda x: x,
}


class Layer(nn.Module):
    """A layer that maps a plane and the line's noise to a plane."""

    def forward(self, plane: Features, noise: NoiseStream) -> Features:
        """The plane behind the layer."""
        raise NotImplementedError


class CutOrFill(Layer):
    """An input of a given width: longer lines are cut, shorter ones filled with noise; 0 takes any width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, plane: Features, noise: NoiseStream) -> Features:
        """The plane of that width."""
        missing = self.width - plane.shape[2]
        if self.width == 0 or missing <= 0:
            return plane[:, :, : self.width or None]
        batch, rows, _, features = plane.shape
        fill = torch.from_numpy(noise.draw(rows * missing * features)).to(plane)
        return torch.cat([plane, fill.view(1, rows, missing, features).expand(batch, -1, -1, -1)], 2)


class Window(Layer):
    """Every position with its neighbors stacked as features, column by column; outside there is noise."""

    def __init__(self, half_x: int, half_y: int) -> None:
        super().__init__()
        self.half_x = half_x
        self.half_y = half_y

    def forward(self, plane: Features, noise: NoiseStream) -> Features:
        """The stacked plane."""
        batch, rows, columns, features = plane.shape
        padded = nn.functional.pad(plane, (0, 0, self.half_x, self.half_x, self.half_y, self.half_y))
        down = padded.unfold(1, 2 * self.half_y + 1, 1)
        stacked = down.unfold(2, 2 * self.half_x + 1, 1).permute(0, 1, 2, 5, 4, 3)
        outside = self._outside(rows, columns)
        fill = np.zeros((*outside.shape, features))
        fill[outside] = noise.draw(int(outside.sum()) * features).reshape(-1, features)
        mask = torch.from_numpy(outside).to(plane.device)[..., None]
        return torch.where(mask, torch.from_numpy(fill).to(plane), stacked).reshape(batch, rows, columns, -1)

    def _outside(self, rows: int, columns: int) -> np.ndarray:
        across = np.arange(columns)[:, None] + np.arange(-self.half_x, self.half_x + 1)
        down = np.arange(rows)[:, None] + np.arange(-self.half_y, self.half_y + 1)
        wide = (across < 0) | (across >= columns)
        high = (down < 0) | (down >= rows)
        return wide[None, :, :, None] | high[:, None, None, :]


class MaxPool(Layer):
    """The largest of every rectangle; what does not fill a rectangle is dropped."""

    def __init__(self, scale_x: int, scale_y: int) -> None:
        super().__init__()
        self.scale_x = scale_x
        self.scale_y = scale_y

    def forward(self, plane: Features, noise: NoiseStream) -> Features:
        """The smaller plane."""
        return _rectangles(plane, self.scale_x, self.scale_y).amax((2, 4))


class Stack(Layer):
    """Every rectangle's features side by side, column by column."""

    def __init__(self, scale_x: int, scale_y: int) -> None:
        super().__init__()
        self.scale_x = scale_x
        self.scale_y = scale_y

    def forward(self, plane: Features, noise: NoiseStream) -> Features:
        """The smaller, deeper plane."""
        return _rectangles(plane, self.scale_x, self.scale_y).permute(0, 1, 3, 4, 2, 5).flatten(3)


def _rectangles(plane: Features, scale_x: int, scale_y: int) -> Float[torch.Tensor, "B Y y X x F"]:
    batch, rows, columns, features = plane.shape
    rows, columns = rows // scale_y, columns // scale_x
    whole = plane[:, : rows * scale_y, : columns * scale_x]
    return whole.reshape(batch, rows, scale_y, columns, scale_x, features)


class Turned(Layer):
    """A layer on a plane that is turned before and turned back after it."""

    def __init__(self, kind: Kind, layer: Layer) -> None:
        super().__init__()
        self.kind = kind
        self.layer = layer

    def _turn(self, plane: Features) -> Features:
        if self.kind is Kind.XY_TRANSPOSE:
            return plane.transpose(1, 2)
        return plane.flip(2 if self.kind is Kind.RTL_REVERSED else 1)

    def forward(self, plane: Features, noise: NoiseStream) -> Features:
        """The plane behind the layer, turned back."""
        turned: Features = self.layer(self._turn(plane), noise)
        return self._turn(turned)


class Dense(Layer):
    """A fully connected layer at every position, with its activation; log probabilities for softmax."""

    def __init__(self, kind: Kind, inputs: int, outputs: int, *, int8: bool) -> None:
        super().__init__()
        self.kind = kind
        self.linear = nn.Linear(inputs, outputs)
        self.int8 = int8

    def forward(self, plane: Features, noise: NoiseStream) -> Features:
        """The activations."""
        values: Features = self.linear(plane).float()
        if self.kind in (Kind.SOFTMAX, Kind.SOFTMAX_NO_CTC):
            return log_softmax(values)
        values = _ACTIVATIONS[self.kind](values)
        return to_int8_steps(values) if self.int8 else values


class RowLSTM(Layer):
    """An LSTM along every row.

    Args:
        lstm: the LSTM, batch first. Of an int8 network it sums in double precision and keeps its cell
            state in single precision, as its rule's functions give it.
        last_step: True to keep only the last step, as the layers do that sum up columns of the image.
    """

    def __init__(self, lstm: nn.LSTM, *, last_step: bool) -> None:
        super().__init__()
        self.lstm = lstm
        self.last_step = last_step

    def forward(self, plane: Features, noise: NoiseStream) -> Features:
        """The hidden states."""
        batch, rows, columns, features = plane.shape
        sequences = plane.reshape(batch * rows, columns, features)
        hidden = sequences.new_zeros(1, batch * rows, self.lstm.hidden_size)
        states: torch.Tensor = self.lstm(sequences, (hidden, hidden.float()))[0]
        if self.last_step:
            states = states[:, -1:]
        return states.reshape(batch, rows, states.shape[1], -1)


class Chain(Layer):
    """Layers one after the other."""

    def __init__(self, layers: Mapping[str, Layer]) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(layers)

    def forward(self, plane: Features, noise: NoiseStream) -> Features:
        """The plane behind the last."""
        for layer in self.layers.values():
            plane = layer(plane, noise)
        return plane


class Beside(Layer):
    """Layers that see the same plane, their features side by side."""

    def __init__(self, layers: Mapping[str, Layer]) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(layers)

    def forward(self, plane: Features, noise: NoiseStream) -> Features:
        """All features."""
        return torch.cat([layer(plane, noise) for layer in self.layers.values()], 3)
