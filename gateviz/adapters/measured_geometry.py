"""Where the frames of an unknown network look, found out by the gradient.

The network runs with positive weights and pixels in float64, so that nothing cancels and no ReLU is
dead; a maximum over a window becomes the mean over it, a recurrent layer along the line becomes the
mean over its features at each frame. What is left of the network is its connections, and the columns
on which the gradient of a frame is not zero are the columns that the frame looks at. The user's
weights are not touched: they are exchanged for one call by ``torch.func.functional_call``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Int
from torch import nn
from torch.func import functional_call
from torch.overrides import TorchFunctionMode

from gateviz.capture.calls import RecurrentCall, fused_call
from gateviz.data.frames import FrameGrid
from gateviz.errors import GeometryError

FUSED = (torch._VF.lstm, torch._VF.gru)
WIDTHS = (253, 160)
"""Network inputs that are measured; where no frame of the first sees both its ends, wider ones."""

WIDEST = 2024
_MEANS = {
    nn.functional.max_pool1d: nn.functional.avg_pool1d,
    nn.functional.max_pool2d: nn.functional.avg_pool2d,
}
# They divide by numbers of the whole image.
_NORMS = (nn.functional.group_norm, nn.functional.instance_norm)
_POOLING = ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
_TOLERANCE = 0.25

Layout = Literal["TBC", "BTC"]


@dataclass(frozen=True)
class Measurement:
    """What some frames of an input of one width see.

    Attributes:
        width: columns of the input.
        frame_count: T.
        frames: the frames that were measured.
        spans: half-open columns that each sees, through windows only; (0, 0) for padding only.
        whole_line: every frame sees the whole line besides, through means over it.
        backward: for every call of a recurrent layer along the line, whether it was fed the line backward.
    """

    width: int
    frame_count: int
    frames: tuple[int, ...]
    spans: Int[np.ndarray, "_ 2"]
    whole_line: bool
    backward: tuple[bool, ...]

    @property
    def inner(self) -> Int[np.ndarray, "_ 3"]:
        """Frame, start and stop of those frames whose columns end before the image does, on both sides."""
        rows = [
            (frame, start, stop)
            for frame, (start, stop) in zip(self.frames, self.spans.tolist(), strict=True)
            if start > 0 and stop < self.width
        ]
        return np.array(rows, dtype=np.int64).reshape(-1, 3)


@dataclass(frozen=True)
class MeasuredGeometry:
    """A ``Geometry`` of numbers that were measured, and of frames that are counted by running the network.

    Attributes:
        stride: columns between neighboring frames.
        first_center: center of frame 0.
        receptive_field: columns that a frame sees.
        whole_line: every frame sees the whole line besides.
        count: T for an input of some width, by running it.
    """

    stride: float
    first_center: float
    receptive_field: float
    whole_line: bool
    count: Callable[[int], int]
    _counts: dict[int, int] = field(default_factory=dict, compare=False)

    def frame_grid(self, width: int) -> FrameGrid:
        """The frames of a network input of ``width`` columns, in columns of that input.

        Raises:
            GeometryError: the network cannot read an input of this width.
        """
        if width not in self._counts:
            self._counts[width] = self.count(width)
        count, size = self._counts[width], self.receptive_field
        if self.whole_line:
            ends = (self.first_center, self.first_center + self.stride * (count - 1))
            size = max(size, *(2 * abs(border - at) for border in (0, width) for at in ends))
        return FrameGrid(count, self.stride, self.first_center, size, width)

    @property
    def frame_rule(self) -> str:
        """T in words."""
        return f"by running the network, a frame every {self.stride:g} columns"


def measured_geometry(first: Measurement, second: Measurement, count: Callable[[int], int]) -> MeasuredGeometry:
    """The geometry that two measurements agree on.

    Raises:
        GeometryError: the frames are not evenly spaced, or not at the same columns in both.
    """
    rows = first.inner
    if len(rows) < 2:
        raise GeometryError(
            f"no frame of an input of {first.width} columns sees less than the whole line, so frames have no one place; "
            f"give the network a method axis_paths() that says how its layers are put together"
        )
    frames, starts, stops = rows.T
    centers = (starts + stops) / 2
    stride = float((centers[-1] - centers[0]) / (frames[-1] - frames[0]))
    origin = float(centers[0] - stride * frames[0])
    size = float((stops - starts).max())
    for measurement in (first, second):
        known, begins, ends = measurement.inner.T
        off = np.abs((begins + ends) / 2 - (origin + stride * known))
        if stride <= 0 or (off > _TOLERANCE).any():
            raise GeometryError(
                f"the frames of this network do not stand at even distances from the left, the same for lines of "
                f"{first.width} and {second.width} columns (off by {off.max():.1f}); give the network a method "
                f"axis_paths() that says how its layers are put together"
            )
    return MeasuredGeometry(stride, origin, size, first.whole_line, count)


def measure(module: nn.Module, channels: int, height: int, width: int, layout: Layout) -> Measurement:
    """What the first, the middle and the last frames of an input see.

    Args:
        module: in evaluation mode; not changed.
        channels: of its input.
        height: of its input.
        width: of its input.
        layout: axes of its output.

    Raises:
        GeometryError: the network cannot run in float64.
    """
    probe = _Probe(module, layout)
    image = torch.rand((1, channels, height, width), generator=_dice(1), dtype=torch.float64) + 0.1
    frames, calls = probe.run(image, without_means=True)
    count = len(frames)
    asked = (0, 1, count // 4, count // 2, 3 * count // 4, count - 1)
    picked = tuple(sorted({frame for frame in asked if 0 <= frame < count}))
    spans = [_span(frames[frame], probe.image) for frame in picked]
    backward = tuple(_runs_backward(call, probe.image) for call in calls)
    whole_line = False
    if probe.left_out:
        frames, _ = probe.run(image, without_means=False)
        middle = _span(frames[count // 2], probe.image)
        if not any(stop for _, stop in spans):
            # The means are the only way through, so they are windows and not to be left out.
            spans = [_span(frames[frame], probe.image) for frame in picked]
        whole_line = middle == (0, width) and middle not in spans
    return Measurement(width, count, picked, np.array(spans, dtype=np.int64), whole_line, backward)


def _dice(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _span(frame: torch.Tensor, image: torch.Tensor) -> tuple[int, int]:
    """Half-open columns on which the gradient of a number is not zero."""
    if not frame.requires_grad:
        return 0, 0
    (gradient,) = torch.autograd.grad(frame, image, retain_graph=True, allow_unused=True)
    where = [] if gradient is None else np.flatnonzero(gradient.abs().sum((0, 1, 2)).numpy() > 0)
    return (int(where[0]), int(where[-1]) + 1) if len(where) else (0, 0)


def _runs_backward(call: torch.Tensor, image: torch.Tensor) -> bool:
    """Whether the steps that a recurrent layer was fed go from right to left; shape (T, D)."""
    first, last = (_span(call[t].sum(), image) for t in (len(call) // 4, len(call) - 1 - len(call) // 4))
    return sum(first) > sum(last)


class _Probe:
    """The connections of a network: positive weights, means for maxima, nothing that carries over from frame to frame."""

    def __init__(self, module: nn.Module, layout: Layout) -> None:
        self._module = module
        self._layout = layout
        self._numbers = _positive(module)
        self.image = torch.zeros(0)
        self.left_out = 0

    def run(self, image: torch.Tensor, *, without_means: bool) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """A number for every frame, and what every recurrent layer along the line was fed, (T, D) each.

        Raises:
            GeometryError: the network cannot run in float64.
        """
        self.image = image.clone().requires_grad_(True)
        mode = _Connections(without_means=without_means)
        try:
            with torch.enable_grad(), mode:
                output = functional_call(self._module, self._numbers, (self.image,))
        # The user's own code, which may fail in any way.
        except Exception as error:
            raise GeometryError(
                f"the network cannot be measured, since it does not run in float64 with other weights "
                f"({type(error).__name__}: {' '.join(str(error).split())[:160]}); give it a method axis_paths()"
            ) from error
        self.left_out = mode.left_out
        numbers = output[:, 0] if self._layout == "TBC" else output[0]
        # A softmax sums to one over all classes, so they are weighted.
        weights = torch.rand(numbers.shape[1], generator=_dice(2), dtype=torch.float64) + 0.1
        return numbers.double() @ weights, mode.calls


def _positive(module: nn.Module) -> dict[str, torch.Tensor]:
    """Parameters and buffers of the same shapes, with a gain of about one for every layer."""
    dice = _dice(0)
    numbers: dict[str, torch.Tensor] = {}
    for name, parameter in module.named_parameters():
        fan_in = max(parameter[0].numel(), 1) if parameter.ndim > 1 else 1
        numbers[name] = (torch.rand(parameter.shape, generator=dice, dtype=torch.float64) + 0.5) / fan_in
    for name, buffer in module.named_buffers():
        if name.endswith("running_mean"):
            numbers[name] = torch.zeros(buffer.shape, dtype=torch.float64)
        elif name.endswith("running_var"):
            numbers[name] = torch.ones(buffer.shape, dtype=torch.float64)
        else:
            numbers[name] = buffer.double().cpu() if buffer.is_floating_point() else buffer.cpu()
    return numbers


class _Connections(TorchFunctionMode):
    """Runs a mean for every maximum and for every recurrent layer along the line.

    Args:
        without_means: cut the gradient at numbers of the whole image (squeeze and excitation).
    """

    def __init__(self, *, without_means: bool) -> None:
        super().__init__()
        self._without_means = without_means
        self.calls: list[torch.Tensor] = []
        self.left_out = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The call, or its stand-in."""
        kwargs = dict(kwargs or {})
        if func in FUSED:
            return _along_line(fused_call(func, tuple(args)), self.calls)
        if func in _MEANS:
            named = dict(zip(_POOLING, args, strict=False)) | kwargs
            if named.pop("dilation", 1) in (1, (1, 1)):
                named.pop("return_indices", None)
                return _MEANS[func](**named)
        if self._without_means and func in _NORMS:
            self.left_out += 1
            return args[0]
        result = func(*args, **kwargs)
        if self._without_means and isinstance(result, torch.Tensor) and _is_of_whole_image(args, result):
            self.left_out += 1
            return result.detach()
        return result


def _along_line(call: RecurrentCall, kept: list[torch.Tensor]) -> Any:
    """A mean over the features of each frame; a layer that does not run along the line runs as it is."""
    inputs = call.inputs
    if call.batch_sizes is not None:
        lines = int(call.batch_sizes[0])
        sequence = inputs
    else:
        lines = inputs.shape[0 if call.batch_first else 1]
        sequence = inputs[0] if call.batch_first else inputs[:, 0]
    if lines != 1:
        return call.plain()
    kept.append(sequence)
    width = call.states[0].shape[-1] * (2 if call.bidirectional else 1)
    return inputs.mean(-1, keepdim=True).expand(*inputs.shape[:-1], width), *call.states


def _is_of_whole_image(args: Sequence[Any], result: torch.Tensor) -> bool:
    """True where a map of many positions came down to one: (B, C, H, W) to (B, C), (B, C, 1) or (B, C, 1, 1)."""
    given = args[0] if args else None
    if not isinstance(given, torch.Tensor) or given.ndim != 4 or given.shape[3] == 1:
        return False
    return result.shape[:2] == given.shape[:2] and result.shape[2:].numel() == 1
