"""One line read many times at once, each time with less of it: columns blanked, or states forgotten on the way.

What is measured so asks nothing of the network's inside: where gradients round to nothing it still tells.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from gateviz.capture.calls import RecurrentCall
from gateviz.capture.equal_lines import EqualLines
from gateviz.capture.layer_runs import call_frames, run_direction
from gateviz.capture.recognizer import Recognizer, device_of, pixels_of
from gateviz.capture.stack import CaptureRequest
from gateviz.capture.tracing import Tracer
from gateviz.data.gates import Direction, Place
from gateviz.errors import SelectionError
from gateviz.lines.recognizer import PreparedLine


@torch.no_grad()
def blanked_log_probs(
    recognizer: Recognizer, line: PreparedLine, kept: Sequence[tuple[float, float] | None]
) -> Float[torch.Tensor, "N T C"]:
    """Log posteriors of one line, once a row; outside a row's columns there is bare paper.

    Paper has the median of all values of its channel, since ink covers the lesser part of a line. Padding beyond the
    line is left as it is.

    Args:
        recognizer: what reads.
        line: as it prepared it.
        kept: half-open columns of the network's input whose centers stay; None leaves a row as it is.
    """
    pixels = pixels_of(line)
    width = pixels.shape[2]
    content = pixels[:, :, : line.content_width]
    paper = content.flatten(1).median(dim=1).values[:, None, None]
    centers = torch.arange(width) + 0.5
    rows = []
    for span in kept:
        if span is None:
            rows.append(pixels)
            continue
        blank = ((centers < span[0]) | (centers >= span[1])) & (centers < line.content_width)
        rows.append(torch.where(blank, paper, pixels))
    return recognizer.log_probs(torch.stack(rows).to(device_of(recognizer.module, pixels.device)))


@dataclass(frozen=True)
class Reset:
    """Where one row forgets: hidden and, of an LSTM, cell state are those of a line's start as a frame is entered.

    Only the state is changed; what the layer put out before stays, so that layers above read it unchanged.

    Attributes:
        forward: the frame that forward layers enter with nothing; None for never.
        backward: the frame that backward layers enter with nothing, coming from the right.
        places: these layers and directions only; None for all.
    """

    forward: int | None = None
    backward: int | None = None
    places: frozenset[Place] | None = None

    def boundary(self, place: Place) -> int | None:
        """The frame at which this layer and direction begins anew; None if it does not."""
        if self.places is not None and place not in self.places:
            return None
        return self.backward if place[1] is Direction.BACKWARD else self.forward


@torch.no_grad()
def reset_log_probs(
    recognizer: Recognizer, pixels: Float[torch.Tensor, "channels height width"], resets: Sequence[Reset | None]
) -> Float[torch.Tensor, "N T C"]:
    """Log posteriors of one line, once a row, each with its own reset; a row of None is read as it is.

    All rows run on the stepwise cell, so that they can be compared; the convolutions run once.

    Raises:
        SelectionError: the network has no such layer, or it does not read along the line.
    """
    modules = getattr(recognizer, "traced_modules", None)
    turned = frozenset(getattr(recognizer, "reversed_modules", ()))
    named = dict(recognizer.module.named_modules())
    kinds = (torch.nn.LSTM, torch.nn.GRU)
    targets: dict[str, torch.nn.Module] = {
        name: module
        for name, module in named.items()
        if isinstance(module, kinds) and (modules is None or name in modules)
    }
    resetting = _Resetting(targets, turned, [each or Reset() for each in resets])
    with resetting, EqualLines():
        result = recognizer.log_probs(
            pixels.to(device_of(recognizer.module, pixels.device)).expand(len(resets), -1, -1, -1)
        )
    resetting.finish()
    return result


class _Resetting(Tracer):
    """Runs every layer of the traced modules with its rows' resets, and records nothing."""

    listens = False

    def __init__(
        self, targets: dict[str, torch.nn.Module], reversed_modules: frozenset[str], resets: Sequence[Reset]
    ) -> None:
        super().__init__(targets, reversed_modules, CaptureRequest())
        self._resets = resets
        self._met: set[Place] = set()

    def _run(self, call: RecurrentCall) -> tuple[torch.Tensor, ...] | None:
        name = self._owner(call)
        if name is None:
            return None
        first, turned = self._first_of(name, call.layer_count), self._reads_backward(name)
        inputs = call_frames(call)
        for index in range(call.layer_count):
            outputs = []
            for number, direction in enumerate(tuple(Direction)[: call.direction_count]):
                place = (first + index, Direction.BACKWARD if turned else direction)
                self._met.add(place)
                outputs.append(self._direction(call, index, number, inputs, place))
            inputs = torch.cat(outputs, 2)
        output = inputs.transpose(0, 1) if call.batch_first else inputs
        # Final states are what no recognizer looks at; those of the plain call stand in for them.
        return (output, *call.states)

    def _direction(
        self, call: RecurrentCall, index: int, number: int, inputs: torch.Tensor, place: Place
    ) -> torch.Tensor:
        plain = run_direction(call, index, number, inputs)
        count, rows = inputs.shape[:2]
        backward = place[1] is Direction.BACKWARD
        ends = np.array([_or(reset.boundary(place), count - 1 if backward else 0) for reset in self._resets])
        if len(ends) != rows:
            raise SelectionError(
                f"layer {place[0]} {place[1]} runs over {rows} sequences and the line was given {len(ends)} times, so it does "
                "not read along the line; leave it out of traced_modules"
            )
        frames = np.arange(count)[:, None]
        known = frames <= ends if backward else frames >= ends
        if known.all():
            return plain
        if backward and number == 0:
            # The only direction of a layer that is fed the line from right to left.
            known = known[::-1]
        mask = torch.from_numpy(np.ascontiguousarray(known)).to(inputs.device)
        anew = run_direction(call, index, number, inputs, mask)
        return torch.where(mask[..., None], anew, plain)

    def finish(self) -> None:
        """Returns if every place that a reset names ran.

        Raises:
            SelectionError: one did not.
        """
        named = {place for reset in self._resets for place in reset.places or ()}
        if missing := sorted(named - self._met):
            there = ", ".join(f"{layer} {direction}" for layer, direction in sorted(self._met)) or "none"
            raise SelectionError(
                f"the state of layer {missing[0][0]} {missing[0][1]} was to be reset; the layers of this network are {there}"
            )


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value
