"""The steps along the line that a torch module takes, read off its layers.

Plain layers and ``nn.Sequential`` are known. Any other module says itself how its layers are put
together: its method ``axis_paths()`` returns branches whose outputs are added, multiplied or
stacked, each a sequence of modules (or steps of ``geometry.axis_steps``) in the order they run; an
empty branch is a shortcut, and a single branch is a plain chain.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from torch import nn

from gateviz.errors import GeometryError
from gateviz.geometry.axis_steps import Adaptive, Join, Step, WholeLine, Window
from gateviz.geometry.receptive import AxisGeometry

Path = Sequence[nn.Module | Step]

# Each output position depends on the same position of the input only (batch norm: in evaluation mode).
_POINTWISE = (
    nn.Identity,
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.SyncBatchNorm,
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.AlphaDropout,
    nn.LocalResponseNorm,
    nn.ReLU,
    nn.ReLU6,
    nn.LeakyReLU,
    nn.PReLU,
    nn.ELU,
    nn.SELU,
    nn.CELU,
    nn.GELU,
    nn.SiLU,
    nn.Mish,
    nn.Sigmoid,
    nn.LogSigmoid,
    nn.Tanh,
    nn.Softplus,
    nn.Softsign,
    nn.Hardtanh,
    nn.Hardsigmoid,
    nn.Hardswish,
)
_PADDING = (nn.ZeroPad1d, nn.ZeroPad2d, nn.ConstantPad1d, nn.ConstantPad2d, nn.ReplicationPad1d, nn.ReplicationPad2d)


@runtime_checkable
class DeclaresPaths(Protocol):
    """A module that says how its layers are put together."""

    def axis_paths(self) -> Sequence[Path]:
        """The branches that are joined, each in the order its layers run."""


def axis_geometry(module: nn.Module) -> AxisGeometry:
    """The geometry of a stack along its last axis, the width of the line.

    Raises:
        GeometryError: a layer is none of those known here and does not declare its paths.

    Example:
        >>> stack = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d((2, 2), (2, 1), (0, 1)))
        >>> geometry = axis_geometry(stack)
        >>> geometry.frame_rule, geometry.first_center, geometry.receptive_field
        ('W + 1', 0.0, 4.0)
    """
    return AxisGeometry(_steps(module, type(module).__name__))


def _steps(module: nn.Module, name: str) -> tuple[Step, ...]:
    if isinstance(module, DeclaresPaths):
        branches = tuple(_path_steps(path, name) for path in module.axis_paths())
        return branches[0] if len(branches) == 1 else (Join(branches),)
    if isinstance(module, nn.Sequential):
        # A subclass that runs its layers in its own way has to say so.
        if type(module).forward is nn.Sequential.forward:
            # Not named_children(), which leaves out a layer that stands there a second time.
            layers = [(child, layer) for child, layer in module._modules.items() if layer is not None]
            return tuple(step for child, layer in layers for step in _steps(layer, f"{name}.{child}"))
    elif isinstance(module, _POINTWISE):
        return ()
    else:
        for kinds, read in _READERS:
            if isinstance(module, kinds):
                return read(module, name)
    raise GeometryError(
        f"the layer {name} is a {type(module).__name__}, whose geometry along the line is not known; "
        f"give the module that holds it a method axis_paths()"
    )


def _path_steps(path: Path, name: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    for item in path:
        if isinstance(item, nn.Module):
            steps += _steps(item, f"{name}.{type(item).__name__}")
        else:
            steps.append(item)
    return tuple(steps)


def _convolution(layer: nn.Module, name: str) -> tuple[Step, ...]:
    assert isinstance(layer, nn.Conv1d | nn.Conv2d)
    if layer.padding_mode == "circular":
        raise GeometryError(
            f"the layer {name} pads by wrapping the line around, so its frames have no one place; "
            f"gateviz draws networks whose frames look at one stretch of the line"
        )
    kernel, stride, dilation = layer.kernel_size[-1], layer.stride[-1], layer.dilation[-1]
    if layer.padding == "same":
        total = dilation * (kernel - 1)
        left, right = total // 2, total - total // 2
    else:
        left = right = 0 if isinstance(layer.padding, str) else layer.padding[-1]
    return (Window(kernel, stride, left, right, dilation),)


def _pooling(layer: nn.Module, name: str) -> tuple[Step, ...]:
    assert isinstance(layer, nn.MaxPool1d | nn.MaxPool2d | nn.AvgPool1d | nn.AvgPool2d)
    padding = _along_line(layer.padding)
    dilation = _along_line(layer.dilation) if isinstance(layer, nn.MaxPool1d | nn.MaxPool2d) else 1
    # torch replaces a missing stride by the kernel when the layer is made.
    stride = _along_line(layer.stride)
    return (
        Window(
            _along_line(layer.kernel_size),
            stride,
            padding_left=padding,
            padding_right=padding,
            dilation=dilation,
            ceil_mode=layer.ceil_mode,
        ),
    )


def _padded(layer: nn.Module, name: str) -> tuple[Step, ...]:
    assert isinstance(layer, _PADDING)
    return (Window(padding_left=layer.padding[0], padding_right=layer.padding[1]),)


def _adaptive(layer: nn.Module, name: str) -> tuple[Step, ...]:
    assert isinstance(layer, nn.AdaptiveAvgPool1d | nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool1d | nn.AdaptiveMaxPool2d)
    size = layer.output_size
    along_line = size[-1] if isinstance(size, tuple) else size
    return () if along_line is None else (Adaptive(along_line),)


def _normalized_over_line(layer: nn.Module, name: str) -> tuple[Step, ...]:
    by_running_numbers = isinstance(layer, nn.InstanceNorm1d | nn.InstanceNorm2d) and layer.track_running_stats
    return () if by_running_numbers else (WholeLine(),)


def _along_line(value: int | tuple[int, ...]) -> int:
    return value[-1] if isinstance(value, tuple) else value


_READERS: tuple[tuple[tuple[type[nn.Module], ...], Callable[[nn.Module, str], tuple[Step, ...]]], ...] = (
    ((nn.Conv1d, nn.Conv2d), _convolution),
    ((nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d), _pooling),
    (_PADDING, _padded),
    ((nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d), _adaptive),
    ((nn.GroupNorm, nn.InstanceNorm1d, nn.InstanceNorm2d), _normalized_over_line),
)
