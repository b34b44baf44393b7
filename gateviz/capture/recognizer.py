"""What the recorder asks of a recognizer, whoever made it."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float

from gateviz.lines.recognizer import LineRecognizer, PreparedLine


def device_of(module: torch.nn.Module, otherwise: torch.device) -> torch.device:
    """Where the weights of a module are; of one without any, where its input is."""
    return next((parameter.device for parameter in module.parameters()), otherwise)


def pixels_of(line: PreparedLine) -> Float[torch.Tensor, "channels height width"]:
    """The network's input for a prepared line, as a tensor in the same memory."""
    return torch.from_numpy(line.pixels)


@runtime_checkable
class Recognizer(LineRecognizer, Protocol):
    """A CNN + LSTM + CTC network with everything needed to read a line image.

    Its recurrent layers must be ``nn.LSTM``, ``nn.GRU``, their cells, or layers of
    ``capture.ruled``: those are what ``trace_gates`` can open.
    """

    @property
    def module(self) -> torch.nn.Module:
        """The network, in evaluation mode."""

    def log_probs(self, pixels: Float[torch.Tensor, "B channels height width"]) -> Float[torch.Tensor, "B T C"]:
        """Log posteriors of a batch of prepared lines of one size: the output of ``module``, batch first."""
