"""The lineage ``tesseract``: ``.traineddata`` files of Tesseract 4 and 5 as recognizers."""

import unicodedata
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8

from gateviz.adapters.core.evidence import Match
from gateviz.adapters.core.files import Container, ModelFile
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.tesseract.model import TesseractModel, read_model
from gateviz.adapters.tesseract.network import BuiltNetwork, build_network
from gateviz.adapters.tesseract.preprocess import TesseractPreprocess
from gateviz.capture.recognizer import pixels_of
from gateviz.data.alphabet import Alphabet
from gateviz.data.frames import FrameGrid
from gateviz.errors import AlphabetError, CheckpointError
from gateviz.files import budget
from gateviz.lines.recognizer import PreparedLine, RecognizerCard

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
            best = self.log_probs(pixels_of(line)[None])[0].exp().max(-1)
        read = best.values[best.indices != self.alphabet.blank]
        # Tesseract counts in whole 127ths.
        return float((read * 127).floor().mean() / 127) if len(read) else 0.0


_FEW_LETTERS = 9
"""Letters written from right to left that an alphabet may have by the way."""


class TesseractAdapter:
    """Knows Tesseract's models and builds recognizers of them."""

    name = "tesseract"

    def sniff(self, file: ModelFile) -> Match:
        """How well the file fits: by its table of parts alone; a damaged one is for ``build`` to report."""
        if file.container is not Container.TRAINEDDATA:
            return Match(0.0, missing=("a table of traineddata parts",))
        return Match(1.0, ("table of traineddata parts",))

    def build(self, file: ModelFile, options: LoadOptions) -> TesseractRecognizer:
        """The recognizer in a traineddata.

        Raises:
            CheckpointError: the file is damaged, or holds no LSTM network that gateviz runs.
            AlphabetError: an alphabet was given, which a traineddata has itself.
        """
        if options.alphabet is not None:
            raise AlphabetError(f"{file.path} is a traineddata and has its own alphabet; leave the other one out")
        if options.variant is not None:
            raise CheckpointError(
                f"the variant {options.variant!r} was asked for and {file.path} is a traineddata, which has none; leave it out"
            )
        budget.MODEL_BYTES.check(file.size, str(file.path), advice="it is no traineddata of Tesseract's")
        data, digest = file.read()
        try:
            model = read_model(bytes(data))
            network = build_network(model.network, int8=model.int8, sample_iteration=model.sample_iteration)
        except CheckpointError as error:
            raise CheckpointError(f"{file.path} cannot be loaded: {error}") from error
        return recognizer_of(model, network, file.path.name, digest)


def recognizer_of(model: TesseractModel, network: BuiltNetwork, name: str, digest: str) -> TesseractRecognizer:
    """The recognizer of a model and its network, with all that is worth printing on its card."""
    weights = "int8 weights and activations" if model.int8 else "floating-point weights"
    longest = model.alphabet.longest_code
    details = {
        "specification": model.specification,
        "weights": weights,
        "frames": network.geometry.frame_rule,
        "codes": "one class a character" if longest == 1 else f"1 to {longest} classes a character",
        "vertical": ", ".join(network.other_lstms) or "none",
        "version": model.version or "none",
        "samples": str(model.sample_iteration),
    }
    if sum(unicodedata.bidirectional(symbol[0]) in ("R", "AL") for symbol in model.alphabet.symbols) > _FEW_LETTERS:
        details["reading order"] = (
            "spans stand from left to right, as frames do; the text is in the order people read Hebrew and Arabic"
        )
    preprocess = preprocess_of(network, int8=model.int8)
    card = RecognizerCard(
        lineage=TesseractAdapter.name,
        evidence=("table of traineddata parts", f"LSTM network {model.specification}", weights),
        checkpoint=name,
        checkpoint_sha256=digest,
        preprocessing=f"{preprocess.words}; dark images inverted where that is read more surely",
        details=details,
    )
    return TesseractRecognizer(network, preprocess, model.alphabet, card)


ADAPTER = TesseractAdapter()
