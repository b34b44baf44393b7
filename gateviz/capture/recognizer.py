"""What the recorder asks of a recognizer, whoever made it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, UInt8

from gateviz.data.alphabet import Alphabet
from gateviz.data.frames import ColumnMap, FrameGrid
from gateviz.geometry.preprocess import Preprocess


def device_of(module: torch.nn.Module, otherwise: torch.device) -> torch.device:
    """Where the weights of a module are; of one without any, where its input is."""
    return next((parameter.device for parameter in module.parameters()), otherwise)


@dataclass(frozen=True)
class PreparedLine:
    """A line image as the network wants it.

    Attributes:
        pixels: the network's input for this line, shape (channels, height, width).
        to_source: from columns of ``pixels`` to columns of the image the user gave.
        source_width: columns of the image the user gave.
        content_width: leading columns of ``pixels`` that hold the line; the rest is padding.
        seen: the image to whose columns ``to_source`` and ``source_width`` belong, where it is not the
            user's: a network that bends an image before it reads it has no one map back. None for the user's.
        seen_words: what was done to make it, for people; it stands in the provenance and at the column axis.
        remarks: what preparing it has to say of this line (``data.remarks``).
    """

    pixels: Float[torch.Tensor, "channels height width"]
    to_source: ColumnMap
    source_width: int
    content_width: int
    seen: UInt8[np.ndarray, "rows columns *channels"] | None = None
    seen_words: str = ""
    remarks: tuple[str, ...] = ()


def prepared_line(recipe: Preprocess, image: UInt8[np.ndarray, "height width *channels"]) -> PreparedLine:
    """A line image as a recipe makes it, channels first, in float32.

    Raises:
        ImageError: the image cannot be brought to the network's input.
    """
    canvas = recipe.apply(image)
    pixels = torch.from_numpy(canvas.channels_first)
    return PreparedLine(pixels, canvas.to_source, int(image.shape[1]), canvas.content_width, remarks=canvas.remarks)


@dataclass(frozen=True)
class RecognizerCard:
    """What is known of a recognizer, for people and for provenance.

    Attributes:
        lineage: the adapter's name, such as ``crnn_pytorch``.
        evidence: why the checkpoint was taken for this lineage, a short phrase each.
        checkpoint: file name of the checkpoint.
        checkpoint_sha256: its digest.
        preprocessing: in words: color, height, resize rule, normalization.
        details: anything else worth printing, such as the VGSL string.
    """

    lineage: str
    evidence: tuple[str, ...] = ()
    checkpoint: str = ""
    checkpoint_sha256: str = ""
    preprocessing: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class Recognizer(Protocol):
    """A CNN + LSTM + CTC network with everything needed to read a line image.

    Its recurrent layers must be ``nn.LSTM``, ``nn.GRU``, their cells, or layers of
    ``capture.ruled``: those are what ``trace_gates`` can open.
    """

    @property
    def module(self) -> torch.nn.Module:
        """The network, in evaluation mode."""

    @property
    def alphabet(self) -> Alphabet:
        """What its classes stand for."""

    @property
    def card(self) -> RecognizerCard:
        """What is known of it."""

    def prepare(self, image: UInt8[np.ndarray, "height width *channels"]) -> PreparedLine:
        """The network's input for a line image, by the preprocessing the model was trained with.

        Raises:
            ImageError: the image cannot be brought to the network's input.
        """

    def log_probs(self, pixels: Float[torch.Tensor, "B channels height width"]) -> Float[torch.Tensor, "B T C"]:
        """Log posteriors of a batch of prepared lines of one size: the output of ``module``, batch first."""

    def frame_grid(self, width: int) -> FrameGrid:
        """Where the frames look, in columns of a network input of ``width`` columns.

        Raises:
            GeometryError: an input of this width gives no frame.
        """
