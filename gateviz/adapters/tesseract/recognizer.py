"""A Tesseract model as a recognizer."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8

from gateviz.adapters.tesseract.network import BuiltNetwork
from gateviz.adapters.tesseract.preprocess import TesseractPreprocess
from gateviz.capture.recognizer import PreparedLine, RecognizerCard
from gateviz.data.alphabet import Alphabet
from gateviz.data.frames import FrameGrid

UNSURE_BELOW = 0.7
"""Mean probability of the characters read, below which Tesseract tries the negative of the image."""


def preprocess_of(network: BuiltNetwork, *, int8: bool) -> TesseractPreprocess:
    """How images are prepared for a network."""
    return TesseractPreprocess(
        network.height, color=network.channels == 3, int8=int8, narrowest=network.geometry.minimum_width
    )


@dataclass(frozen=True)
class TesseractRecognizer:
    """A ``Recognizer`` made of a ``.traineddata``.

    Attributes:
        network: the torch network and what is known of its LSTMs.
        preprocess: how images are prepared.
        alphabet: what its classes spell.
        card: what is known of the file.
    """

    network: BuiltNetwork
    preprocess: TesseractPreprocess
    alphabet: Alphabet
    card: RecognizerCard

    @property
    def module(self) -> torch.nn.Module:
        """The network, in evaluation mode."""
        return self.network.module

    @property
    def traced_modules(self) -> tuple[str, ...]:
        """Names of the LSTMs that read along the line; not those that sum up the columns of the image."""
        return self.network.traced

    @property
    def reversed_modules(self) -> frozenset[str]:
        """Names of those that read from right to left."""
        return self.network.backward

    def prepare(self, image: UInt8[np.ndarray, "height width *channels"]) -> PreparedLine:
        """The network's input for a line image, as Tesseract makes it of a whole image (``--psm 13``).

        Tesseract reads every line that it is unsure of a second time, inverted, and takes the surer
        reading. Here that is done for images that are more dark than light; others stay as they are.

        Raises:
            ImageError: the image is too small or too long for the network.
        """
        line = self.preprocess(image)
        if float(np.mean(image)) >= 127.5:
            return line
        sureness = self._sureness(line)
        if sureness >= UNSURE_BELOW:
            return line
        inverted = self.preprocess(image, inverted=True)
        return inverted if self._sureness(inverted) > sureness else line

    def log_probs(self, pixels: Float[torch.Tensor, "B channels height width"]) -> Float[torch.Tensor, "B T C"]:
        """Log posteriors of a batch of prepared lines of one size."""
        result: torch.Tensor = self.network.module(pixels)
        return result

    def frame_grid(self, width: int) -> FrameGrid:
        """Where the frames look, in columns of a network input of ``width`` columns.

        Raises:
            GeometryError: an input of this width gives no frame.
        """
        return self.network.geometry.frame_grid(width)

    def layer_grids(self, width: int) -> dict[str, FrameGrid]:
        """Where the frames that each LSTM is given look, by its dotted name.

        Raises:
            GeometryError: an input of this width gives no frame.
        """
        return {name: geometry.frame_grid(width) for name, geometry in self.network.layer_geometries.items()}

    def _sureness(self, line: PreparedLine) -> float:
        """Mean probability of the best class, over the frames where that is no blank; 0 without such frames."""
        with torch.no_grad():
            best = self.log_probs(line.pixels[None])[0].exp().max(-1)
        read = best.values[best.indices != self.alphabet.blank]
        # Tesseract counts in whole 127ths.
        return float((read * 127).floor().mean() / 127) if len(read) else 0.0
