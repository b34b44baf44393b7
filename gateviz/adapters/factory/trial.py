"""What the numbers of an unknown network are, found out by running it on images of noise."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from gateviz.adapters.core.lineage import Layout, Output, output_kind
from gateviz.adapters.factory.code import one_line
from gateviz.capture.tracing import trace_gates
from gateviz.errors import CheckpointError, SelectionError

_WIDTHS = (253, 160)


@dataclass(frozen=True)
class Conventions:
    """What a module's numbers are.

    Attributes:
        layout: axes of its output.
        output: logits, log posteriors or posteriors.
        class_count: size of the last axis.
        recurrent: names of the recurrent modules that read along the line, in the order they run.
        all_along_line: there are no others.
    """

    layout: Layout
    output: Output
    class_count: int
    recurrent: tuple[str, ...]
    all_along_line: bool


class Trial:
    """Runs a module on images of noise, to see what it returns."""

    def __init__(self, module: nn.Module, channels: int, height: int, width: int | None, words: str) -> None:
        self._module = module
        self._channels = channels
        self._height = height
        self._widths = _WIDTHS if width is None else (width, width)
        self._words = words

    def conventions(self) -> Conventions:
        """What the module's numbers are, by the shapes that change with the batch and with the width.

        Raises:
            CheckpointError: they are no posteriors of classes at frames, or nothing recurrent makes them.
        """
        with self._opened() as traces:
            numbers = self._run(2, self._widths[0])
        other = self._run(3, self._widths[1])
        sizes, others = tuple(numbers.shape), tuple(other.shape)
        batch = [axis for axis in range(numbers.ndim) if (sizes[axis], others[axis : axis + 1]) == (2, (3,))]
        if numbers.ndim != 3 or batch not in ([0], [1]) or sizes[2] != others[2]:
            raise CheckpointError(
                f"{self._words} returns {list(sizes)} for 2 images of {self._widths[0]} columns and {list(others)} for 3 of "
                f"{self._widths[1]}; let its forward return (T, B, classes) or (B, T, classes)"
            )
        frames = sizes[1 - batch[0]]
        along = dict.fromkeys(trace.module for trace in traces if self._lines_and_frames(trace) == (2, frames))
        every = dict.fromkeys(trace.module for trace in traces)
        if not along:
            raise CheckpointError(
                f"no recurrent layer of {self._words} runs along the {frames} frames of its output (there are "
                f"{', '.join(every)}); gateviz shows layers that have a step for every frame"
            )
        return Conventions(
            "TBC" if batch == [1] else "BTC", output_kind(numbers), sizes[2], tuple(along), len(along) == len(every)
        )

    @staticmethod
    def _lines_and_frames(trace: Any) -> tuple[int, int]:
        series = next(iter(trace.stored.values()))
        return int(series.shape[0]), int(series.shape[1])

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            with trace_gates(self._module) as traces:
                yield traces
        except SelectionError as error:
            raise CheckpointError(f"{self._words} cannot be opened: {error}") from error

    @torch.no_grad()
    def _run(self, batch: int, width: int) -> torch.Tensor:
        parameter = next(self._module.parameters(), torch.zeros(0))
        dice = torch.Generator().manual_seed(batch)
        image = torch.rand((batch, self._channels, self._height, width), generator=dice).to(parameter.device)
        try:
            numbers = self._module(image)
        except SelectionError:
            raise
        # The user's own code, which may fail in any way.
        except Exception as error:
            raise CheckpointError(
                f"{self._words} cannot read images of {self._channels} x {self._height} x {width} "
                f"({type(error).__name__}: {one_line(error)}); check --height and --channels, "
                f"or give the only width that it takes as --width"
            ) from error
        if not isinstance(numbers, torch.Tensor):
            raise CheckpointError(
                f"{self._words} returns a {type(numbers).__name__} and not one tensor; "
                f"let its forward return the numbers of the classes at every frame"
            )
        return numbers
