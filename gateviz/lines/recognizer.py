"""What is known of any recognizer without running it: how it prepares a line, where its frames look, its alphabet and its card."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8

from gateviz.data.alphabet import Alphabet
from gateviz.data.frames import ColumnMap, FrameGrid
from gateviz.geometry.crop_to_ink import CropToInk
from gateviz.geometry.preprocess import Preprocess


@runtime_checkable
class Geometry(Protocol):
    """Where the frames look; ``geometry.receptive.AxisGeometry`` is one."""

    def frame_grid(self, width: int) -> FrameGrid:
        """The frames of a network input of ``width`` columns, in columns of that input.

        Raises:
            GeometryError: an input of this width gives no frame.
        """


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

    pixels: Float[np.ndarray, "channels height width"]
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
    return PreparedLine(
        canvas.channels_first, canvas.to_source, int(image.shape[1]), canvas.content_width, remarks=canvas.remarks
    )


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
class LineRecognizer(Protocol):
    """What reads lines, whatever runs its network."""

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

    def frame_grid(self, width: int) -> FrameGrid:
        """Where the frames look, in columns of a network input of ``width`` columns.

        Raises:
            GeometryError: an input of this width gives no frame.
        """


Reader = TypeVar("Reader", bound=LineRecognizer)


def asked_crop(recognizer: Reader, crop: bool | None) -> tuple[Reader, tuple[CropToInk, ...]]:
    """The recognizer, and the step on the user's image, that do what was asked of loosely cropped lines.

    Args:
        recognizer: whose recipe may crop.
        crop: cut them to their ink, or leave them as they are; None does what the recipe says.
    """
    recipe = getattr(recognizer, "preprocess", None)
    steps = recipe.steps if isinstance(recipe, Preprocess) else ()
    own = any(isinstance(step, CropToInk) for step in steps)
    if crop is None or crop == own:
        return recognizer, ()
    if crop:
        return recognizer, (CropToInk(),)
    uncropped = Preprocess(tuple(step for step in steps if not isinstance(step, CropToInk)))
    # Whoever holds a recipe is a dataclass, as the recipe is.
    return replace(recognizer, preprocess=uncropped), ()  # type: ignore[type-var]
