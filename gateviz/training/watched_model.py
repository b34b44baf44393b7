"""Whatever is watched while it learns, as something that makes a recording of one line."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import nn

from gateviz.adapters.core.deferred import with_torch
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.edit_plan import EditPlan
from gateviz.capture.edits import Edit
from gateviz.capture.recognizer import Recognizer, device_of
from gateviz.capture.recorder import record_lines
from gateviz.capture.targets import has_recurrent
from gateviz.capture.tracing import trace_gates
from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import GateTrace
from gateviz.errors import SelectionError, ShapeError
from gateviz.files.folders import display_name
from gateviz.files.images import as_line_image, read_line_image
from gateviz.recording import Recording


def bare(module: nn.Module) -> nn.Module:
    """The module inside the wrappers of ``torch.compile``, ``DataParallel`` and ``DistributedDataParallel``.

    Running the wrapper on one process alone would wait for the others for ever.
    """
    inner = getattr(module, "_orig_mod", module)
    if isinstance(inner, nn.DataParallel | nn.parallel.DistributedDataParallel):
        inner = inner.module
    return inner if inner is module else bare(inner)


@contextmanager
def undisturbed(module: nn.Module) -> Iterator[None]:
    """A block in which the module is in evaluation mode, without gradients and autocast.

    After it every submodule is in the mode it was in, and torch's generators are where they were.
    """
    modes = [(each, each.training) for each in module.modules()]
    devices = {parameter.device for parameter in module.parameters()}
    kinds = {device.type for device in devices} or {"cpu"}
    graphics = [device.index or 0 for device in devices if device.type == "cuda"]
    with torch.random.fork_rng(graphics), torch.no_grad(), torch.autocast(next(iter(kinds)), enabled=False):
        module.eval()
        try:
            yield
        finally:
            for each, training in modes:
                each.training = training


LineInput = str | Path | np.ndarray | torch.Tensor
"""A line image, as a file or pixels, or the tensor that a bare module is called with."""


@dataclass(frozen=True)
class KnownModel:
    """A recognizer, which knows how its line is prepared and where its frames look.

    Attributes:
        recognizer: what learns.
        image: of the line.
        name: of the line.
        evenly: whether nobody knows where its frames look, so that they are spread evenly.
    """

    recognizer: Recognizer
    image: UInt8[np.ndarray, "height width *channels"]
    name: str
    evenly: bool = False

    def record(self, module: nn.Module | None, *edits: Edit) -> Recording:
        """The recording, edited if asked for, with the weights of another module of the same build if one is given.

        Raises:
            GatevizError: the line cannot be read now.
        """
        recognizer = self.recognizer
        if module is not None:
            if not isinstance(recognizer, CtcRecognizer):
                raise SelectionError(f"the weights of a {type(recognizer).__name__} cannot be replaced; leave them out")
            recognizer = replace(recognizer, module=bare(module))
        if isinstance(recognizer, CtcRecognizer) and not has_recurrent(recognizer.module):
            recognizer = replace(recognizer, traced_modules=())
        with undisturbed(recognizer.module):
            return record_lines(recognizer, [(self.image, self.name)], edits=edits, witness=False)[0]


@dataclass(frozen=True, eq=False)
class BareModel:
    """Any torch module, called with one batch of one line.

    Attributes:
        module: what learns.
        inputs: the batch.
        alphabet: of its output; None where it is not read.
        evenly: as in ``KnownModel``.
    """

    module: nn.Module
    inputs: torch.Tensor
    alphabet: Alphabet | None
    evenly: bool = True

    def record(self, module: nn.Module | None, *edits: Edit) -> Recording:
        """The recording, edited if asked for, with the weights of another module of the same build if one is given.

        Raises:
            GatevizError: the line cannot be read now.
        """
        network = bare(self.module if module is None else module)
        device = device_of(network, self.inputs.device)
        with undisturbed(network):
            if has_recurrent(network) or self.alphabet is None:
                with trace_gates(network, edits=EditPlan(edits)) as traces:
                    output = network(self.inputs.to(device))
                lines = [trace.line(0) for trace in traces if trace.call == 0]
            else:
                output, lines = network(self.inputs.to(device)), []
        emission = None if self.alphabet is None else Emission(_log_probs(output), self.alphabet)
        frames = _frames(emission, lines)
        image = _image(self.inputs)
        width = frames if image is None else image.shape[1]
        stride = width / frames
        along = tuple(trace for trace in lines if trace.frame_count == frames)
        return Recording(image, FrameGrid(frames, stride, stride / 2, stride, width), along, emission)


WatchedModel = KnownModel | BareModel
"""Makes a recording of its line with the weights of the moment."""


def watched_model(model: Recognizer | nn.Module, line: LineInput, alphabet: Alphabet | None) -> WatchedModel:
    """The model with its line.

    Raises:
        ImageError: the line image cannot be read.
        SelectionError: there is nothing to watch, or the line is none for this model.
    """
    if isinstance(model, nn.Module):
        if not isinstance(line, torch.Tensor):
            raise SelectionError(
                "a bare module is watched on the tensor that it is called with, a batch of one line; "
                "give that, or a recognizer (gateviz.load) and its image"
            )
        return BareModel(model, line.detach().clone(), alphabet)
    if alphabet is not None:
        raise SelectionError(f"a {type(model).__name__} knows its alphabet; leave the alphabet out")
    if isinstance(line, torch.Tensor):
        raise SelectionError("a recognizer prepares its line itself; give the line image, not a tensor")
    if isinstance(line, np.ndarray):
        return KnownModel(with_torch(model), as_line_image(line), "")
    return KnownModel(with_torch(model), read_line_image(line), display_name(line))


def _frames(emission: Emission | None, lines: list[GateTrace]) -> int:
    """Frames of the line; recurrent layers of other lengths do not read along it."""
    if emission is not None:
        return emission.frame_count
    return Counter(trace.frame_count for trace in lines).most_common(1)[0][0]


def _log_probs(output: Any) -> Float[np.ndarray, "T C"]:
    """Log posteriors of the one line; of logits and of log posteriors the same ones.

    Raises:
        ShapeError: the output is no batch of one line.
    """
    numbers = output[0] if isinstance(output, tuple | list) else output
    shape = tuple(getattr(numbers, "shape", ()))
    if len(shape) != 3 or 1 not in shape[:2]:
        raise ShapeError(
            f"the module's output has the shape {shape}, and to be read one line's is (1, T, C) or (T, 1, C); "
            f"leave the alphabet out to watch gates alone"
        )
    line = numbers.select(0 if shape[0] == 1 else 1, 0)
    found: np.ndarray = line.float().log_softmax(-1).cpu().numpy()
    return found


def _image(inputs: torch.Tensor) -> UInt8[np.ndarray, "height width"] | None:
    """What the module sees as gray levels, darkest black and lightest white; None for what is no image."""
    if inputs.ndim != 4:
        return None
    gray = inputs[0].float().mean(0).cpu().numpy()
    low, high = float(gray.min()), float(gray.max())
    levels: UInt8[np.ndarray, "height width"] = np.rint(255 * (gray - low) / max(high - low, 1e-9)).astype(np.uint8)
    return levels
