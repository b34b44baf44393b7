"""A batch of equal lines, computed once as far as its lines are equal.

A batch made by ``expand`` has a stride of zero along its lines. As long as a network's layers treat every
line alike, their result is that of one line, expanded again; the first layer that is not known to do so
(a recurrent one, a reshape) meets a batch as any other. Shapes are those of the whole batch throughout, so
the network does not notice.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as functional
from torch.overrides import TorchFunctionMode

# Each output line depends on the same input line only, in evaluation mode.
_BY_LINE = frozenset(
    {
        functional.conv2d,
        functional.batch_norm,
        functional.instance_norm,
        functional.group_norm,
        functional.relu,
        functional.relu6,
        functional.leaky_relu,
        functional.elu,
        functional.gelu,
        functional.silu,
        functional.mish,
        functional.hardtanh,
        functional.hardswish,
        functional.hardsigmoid,
        functional.max_pool2d,
        functional.avg_pool2d,
        functional.adaptive_avg_pool2d,
        functional.adaptive_max_pool2d,
        functional.dropout,
        functional.dropout2d,
        functional.pad,
        torch.relu,
        torch.relu_,
        torch.sigmoid,
        torch.tanh,
        torch.max_pool2d,
        torch.add,
        torch.mul,
        torch.Tensor.add,
        torch.Tensor.__add__,
        torch.Tensor.mul,
        torch.Tensor.__mul__,
        torch.Tensor.relu,
        torch.Tensor.sigmoid,
        torch.Tensor.tanh,
    }
)
_IMAGE_AXES = 4


class EqualLines(TorchFunctionMode):
    """Inside, layers that treat every line of a batch alike run on one line of a batch of equal ones."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The function's result, of one line where the lines are equal."""
        given = kwargs or {}
        # A kernel has four axes too, and is no batch.
        count = 1 if func is functional.conv2d else len(args)
        batches = [each for each in args[:count] if _is_batch(each)]
        if func not in _BY_LINE or not batches or not all(_is_equal(each) for each in batches):
            return func(*args, **given)
        # What is computed in place must not write into a line that all lines share.
        alone = [each[:1].clone() if _is_batch(each) else each for each in args[:count]]
        result = func(*alone, *args[count:], **given)
        return result.expand(len(batches[0]), *result.shape[1:]) if isinstance(result, torch.Tensor) else result


def _is_batch(value: object) -> bool:
    return isinstance(value, torch.Tensor) and value.dim() == _IMAGE_AXES and len(value) > 1


def _is_equal(batch: torch.Tensor) -> bool:
    return batch.stride(0) == 0
