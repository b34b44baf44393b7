"""What a run on lines of noise shows of a graph: the axes of its output, and what its numbers are."""

from dataclasses import dataclass
from typing import Literal

import torch

from gateviz.adapters.onnx.columns import PROBE_WIDTH
from gateviz.adapters.onnx.line_input import LineInput
from gateviz.adapters.onnx.network import OnnxNetwork
from gateviz.errors import CheckpointError

Output = Literal["logits", "log_probs", "probs"]

_PROBE_LINES = 2


@dataclass(frozen=True)
class Trial:
    """What a run on noise shows.

    Attributes:
        axes: where frames, lines and classes stand in the graph's output.
        class_count: C.
        output: what the graph's numbers are.
        along_line: which recurrent nodes read along the line.
    """

    axes: tuple[int, int, int]
    class_count: int
    output: Output
    along_line: tuple[bool, ...]


def tried(network: OnnxNetwork, line: LineInput) -> Trial:
    """What a run on lines of noise shows.

    Raises:
        CheckpointError: the graph does not take them, or its output has no axis of frames.
    """
    shape = (_PROBE_LINES, line.channels, line.height, line.width or PROBE_WIDTH)
    images = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    runs: list[tuple[int, int]] = []
    hooks = [
        module.layer.register_forward_hook(lambda layer, given, made: runs.append(tuple(made[0].shape[:2])))
        for module in network.recurrent_nodes
    ]
    try:
        with torch.no_grad():
            found = network.outputs(images)[0]
    finally:
        for hook in hooks:
            hook.remove()
    axes = _axes(tuple(found.shape), {frames for frames, lines in runs if lines == _PROBE_LINES})
    frames = found.shape[axes[0]]
    numbers = found.permute(axes)
    along = tuple(run == (frames, _PROBE_LINES) for run in runs)
    return Trial(axes, found.shape[axes[2]], _output_kind(numbers), along)


def _axes(shape: tuple[int, ...], frames: set[int]) -> tuple[int, int, int]:
    """Where frames, lines and classes stand; the classes last where that may be.

    Raises:
        CheckpointError: no axis has as many positions as a recurrent layer has frames.
    """
    orders = ((0, 1, 2), (1, 0, 2), (2, 0, 1), (0, 2, 1))
    for order in orders:
        if len(shape) == 3 and shape[order[0]] in frames and shape[order[1]] == 1:
            return order
    raise CheckpointError(
        f"its output for one line is {' x '.join(map(str, shape))}, and its recurrent layers read "
        f"{' or '.join(map(str, sorted(frames))) or 'no'} frames of it; gateviz reads frames x 1 x classes or "
        f"1 x frames x classes"
    )


def _output_kind(numbers: torch.Tensor) -> Output:
    """What the numbers of (T, 1, C) are: posteriors sum to 1 at every frame, log posteriors too."""
    if bool((numbers >= 0).all()) and torch.allclose(numbers.sum(-1), torch.ones(()), atol=1e-3):
        return "probs"
    if torch.allclose(numbers.logsumexp(-1), torch.zeros(()), atol=1e-3):
        return "log_probs"
    return "logits"
