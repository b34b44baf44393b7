"""The recognizer of the ordinary lineages: a torch module, a recipe, an alphabet and a geometry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, UInt8

from gateviz.data.alphabet import Alphabet
from gateviz.data.frames import FrameGrid
from gateviz.errors import AlphabetError
from gateviz.geometry.preprocess import Preprocess
from gateviz.lines.recognizer import Geometry, PreparedLine, RecognizerCard, prepared_line

SMALLEST_PROB = torch.finfo(torch.float32).tiny


@dataclass(frozen=True)
class CtcRecognizer:
    """A ``Recognizer`` put together from its parts.

    Attributes:
        module: maps (B, C, H, W) to (T, B, classes) or (B, T, classes).
        alphabet: what the classes stand for.
        card: what is known of the checkpoint.
        preprocess: the recipe the model was trained with.
        geometry: where the frames of the posteriors look, of a network input.
        layout: axes of the module's output.
        output: what the module's numbers are.
        traced_modules: names of the recurrent modules that read along the line; None takes all.
        reversed_modules: names of those that read the line backward on a flipped input, and whose
            output is flipped back: one-way layers of the backward direction.
        layer_geometries: where the frames look that a recurrent module is given, by its dotted name, of all that read
            along the line, in the order they run; empty where all look where the posteriors look.
    """

    module: torch.nn.Module
    alphabet: Alphabet
    card: RecognizerCard
    preprocess: Preprocess
    geometry: Geometry
    layout: Literal["TBC", "BTC"]
    output: Literal["logits", "log_probs", "probs"]
    traced_modules: tuple[str, ...] | None = None
    reversed_modules: frozenset[str] = frozenset()
    layer_geometries: Mapping[str, Geometry] = field(default_factory=dict)

    def prepare(self, image: UInt8[np.ndarray, "height width *channels"]) -> PreparedLine:
        """The network's input for a line image, by the recipe.

        Raises:
            ImageError: the image cannot be brought to the network's input.
        """
        return prepared_line(self.preprocess, image)

    def log_probs(self, pixels: Float[torch.Tensor, "B channels height width"]) -> Float[torch.Tensor, "B T C"]:
        """Log posteriors of a batch of prepared lines of one size, in float32.

        Raises:
            AlphabetError: the network has another number of classes than the alphabet.
        """
        numbers: torch.Tensor = self.module(pixels)
        if self.layout == "TBC":
            numbers = numbers.transpose(0, 1)
        if numbers.shape[-1] != self.alphabet.class_count:
            raise AlphabetError(
                f"the network has {numbers.shape[-1]} classes and the alphabet {self.alphabet.class_count} "
                f"({len(self.alphabet.symbols)} symbols and the blank); give the alphabet the model was trained with"
            )
        numbers = numbers.float()
        if self.output == "logits":
            return numbers.log_softmax(-1)
        return numbers.clamp_min(SMALLEST_PROB).log() if self.output == "probs" else numbers

    def frame_grid(self, width: int) -> FrameGrid:
        """Where the frames look, in columns of a network input of ``width`` columns.

        Raises:
            GeometryError: an input of this width gives no frame.
        """
        return self.geometry.frame_grid(width)

    def layer_grids(self, width: int) -> dict[str, FrameGrid]:
        """Where the frames that each recurrent module is given look, by its dotted name.

        Raises:
            GeometryError: an input of this width gives no frame.
        """
        return {name: geometry.frame_grid(width) for name, geometry in self.layer_geometries.items()}
