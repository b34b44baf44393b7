"""kraken's layers as torch modules, with its names for their weights.

Planes are (B, C, H, W) throughout; an LSTM's features go where a convolution's filters would.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import nn

from gateviz.geometry.axis_steps import Adaptive, Step

Plane = Float[torch.Tensor, "B _ _ _"]

ACTIVATIONS: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = {
    # kraken leaves the sigmoid to its loss and to who reads the numbers.
    "s": lambda x: x,
    "t": torch.tanh,
    "r": torch.relu,
    "lr": lambda x: nn.functional.leaky_relu(x, 0.01),
    "l": lambda x: x,
    "m": lambda x: x.softmax(1),
}

Path = Sequence[nn.Module | Step]


class Convolution(nn.Module):
    """A convolution with its activation, padded by half its window, rounded down.

    Args:
        inputs: channels in.
        outputs: channels out.
        kernel: rows and columns of the window.
        stride: rows and columns it moves on.
        dilation: rows and columns between what it looks at.
        activation: kraken's letter.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        dilation: tuple[int, int],
        activation: str,
    ) -> None:
        super().__init__()
        down, across = (step * (size - 1) // 2 for step, size in zip(dilation, kernel, strict=True))
        self.co = nn.Conv2d(inputs, outputs, kernel, stride, padding=(down, across), dilation=dilation)
        self._activation = ACTIVATIONS[activation]

    def forward(self, plane: Plane) -> Plane:
        """The activations."""
        return self._activation(self.co(plane))

    def axis_paths(self) -> tuple[Path, ...]:
        """The convolution alone counts."""
        return ((self.co,),)


class Reshape(nn.Module):
    """Splits one axis of the plane in two and puts one part in front of another axis.

    Args:
        axis: which is split.
        parts: sizes of both parts.
        moved: which part is moved, 0 or 1.
        target: the axis it comes to stand in front of, counted in the plane.
    """

    def __init__(self, axis: int, parts: tuple[int, int], moved: int, target: int) -> None:
        super().__init__()
        self.axis = axis
        self.parts = parts
        self.moved = moved
        self.target = target

    def forward(self, plane: Plane) -> Plane:
        """The plane with other rows and channels."""
        split = plane.reshape(*plane.shape[: self.axis], *self.parts, *plane.shape[self.axis + 1 :])
        return split.movedim(self.axis + self.moved, self.target).flatten(self.target, self.target + 1)

    def axis_paths(self) -> tuple[Path, ...]:
        """Columns stay where they are."""
        return ((),)


class Addition(nn.Module):
    """Sums neighboring pieces of an axis, each of ``size`` entries.

    Args:
        axis: of the plane.
        size: entries that are left.
    """

    def __init__(self, axis: int, size: int) -> None:
        super().__init__()
        self.axis = axis
        self.size = size

    def forward(self, plane: Plane) -> Plane:
        """The sum; entries beyond the last whole piece are dropped."""
        pieces = plane.shape[self.axis] // self.size
        whole = plane.narrow(self.axis, 0, pieces * self.size)
        split = whole.reshape(*plane.shape[: self.axis], pieces, self.size, *plane.shape[self.axis + 1 :])
        return split.sum(self.axis)

    def axis_paths(self) -> tuple[Path, ...]:
        """Columns stay where they are."""
        return ((),)


class Recurrent(nn.Module):
    """An LSTM along the rows or along the columns of the plane, the other axis folded into the batch.

    kraken writes forward and reverse (``f`` and ``r``) differently and runs both forward.

    Args:
        inputs: features at a position.
        units: of each direction.
        both_ways: True for a bidirectional one.
        down: True along y, False along x.
        last_step: keep the last position only.
        with_ones: a constant 1 in front of the features instead of biases, as in files of clstm.
    """

    def __init__(
        self, inputs: int, units: int, *, both_ways: bool, down: bool, last_step: bool, with_ones: bool
    ) -> None:
        super().__init__()
        self.down = down
        self.last_step = last_step
        self.with_ones = with_ones
        self.layer = nn.LSTM(inputs + with_ones, units, bias=not with_ones, batch_first=True, bidirectional=both_ways)

    def forward(self, plane: Plane) -> Plane:
        """The hidden states as channels."""
        turned = plane.transpose(2, 3) if self.down else plane
        batch, features, rows, columns = turned.shape
        sequences = turned.permute(0, 2, 3, 1).reshape(batch * rows, columns, features)
        if self.with_ones:
            sequences = torch.cat([sequences.new_ones((*sequences.shape[:2], 1)), sequences], 2)
        states: torch.Tensor = self.layer(sequences)[0]
        if self.last_step:
            states = states[:, -1:]
        states = states.reshape(batch, rows, states.shape[1], -1).permute(0, 3, 1, 2)
        return states.transpose(2, 3) if self.down else states

    def axis_paths(self) -> tuple[Path, ...]:
        """Columns stay where they are, or become one."""
        return ((Adaptive(1),),) if self.last_step and not self.down else ((),)


class Output(nn.Module):
    """A linear layer at every position.

    Args:
        inputs: features at a position.
        classes: labels with the blank.
        with_ones: a constant 1 in front of the features.
    """

    def __init__(self, inputs: int, classes: int, *, with_ones: bool) -> None:
        super().__init__()
        self.with_ones = with_ones
        self.lin = nn.Linear(inputs + with_ones, classes)

    def forward(self, plane: Plane) -> Plane:
        """Logits as channels."""
        features = plane.transpose(1, 3)
        if self.with_ones:
            features = torch.cat([features.new_ones((*features.shape[:3], 1)), features], 3)
        logits: torch.Tensor = self.lin(features)
        return logits.transpose(1, 3)

    def axis_paths(self) -> tuple[Path, ...]:
        """Columns stay where they are."""
        return ((),)


class Beside(nn.Module):
    """Layers that see the same plane, their channels stacked."""

    def __init__(self, layers: Mapping[str, nn.Module]) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, plane: Plane) -> Plane:
        """All channels."""
        return torch.cat([layer(plane) for layer in self.children()], 1)

    def axis_paths(self) -> tuple[Path, ...]:
        """One branch a layer."""
        return tuple((layer,) for layer in self.children())
