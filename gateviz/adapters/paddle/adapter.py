"""PaddleOCR's CRNN recognizers: their PyTorch ports' checkpoints, and Paddle's own files.

frotms/PaddleOCR2Pytorch and WenmuZhou/PytorchOCR kept PaddleOCR's names, so that the three share their
keys; the ports' checkpoints and Paddle's own (``paddle.files`` brings their tensors to the ports'
names and axes) differ in how lines are prepared and, in one of them, in the slope of a hard sigmoid.
Nothing in a file tells those apart; ``variant`` says which.
"""

from dataclasses import replace
from typing import Any

from gateviz.adapters.core.alphabets import find_alphabet, is_beside
from gateviz.adapters.core.files import Checkpoint, ModelFile
from gateviz.adapters.core.lineage import LineageAdapter, Reading, Shapes, check_channels, chosen_variant, size_of
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.paddle.files import FORMAT
from gateviz.adapters.paddle.network import PaddleCrnn
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.receptive_layers import axis_geometry
from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError
from gateviz.geometry.canvas import Normalize, PadToWidth
from gateviz.geometry.line_sizes import PADDLE_WIDTH, PaddleResize
from gateviz.geometry.preprocess import Color, Preprocess

ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyz"
VARIANTS = ("paddle", "paddleocr2pytorch", "pytorchocr", "english")
"""PaddleOCR's own predictor, those of its two ports, and its training script's for 32 x 100 English words."""

TORCH_SLOPE = 1 / 6
_ENGLISH = 100
_PORT_NARROWEST, _PORT_WIDEST = 16, 1280


class PaddleAdapter(LineageAdapter):
    """Knows PaddleOCR's CRNNs, from a port's checkpoint or from Paddle's own files."""

    name = "paddle"

    def rebuild(self, shapes: Shapes) -> PaddleCrnn:
        """The network at a checkpoint's sizes."""
        return PaddleCrnn(shapes)

    def evidence(self, module: PaddleCrnn) -> tuple[str, ...]:
        """Its backbone and its recurrent layers."""
        encoder = f"a bidirectional LSTM of 2 layers and {module.units} units"
        if module.legacy:
            encoder = f"two one-way LSTMs of 2 layers and {module.units} units, the second on the reversed line"
        return f"keys backbone of {module.kind}, neck.encoder, head: PaddleOCR's CRNN", encoder

    def reading(self, module: Any, checkpoint: Checkpoint, options: LoadOptions) -> Reading:
        """Fed as the variant's predictor does; blank first.

        Raises:
            CheckpointError: there is no such variant, or the image has not three channels.
        """
        variant = chosen_variant(self.name, options.variant, VARIANTS)
        check_channels(module.image_channels, (3,), "PaddleOCR's recognizers take 3 (color)")
        if variant == "pytorchocr":
            module.slope(TORCH_SLOPE)
        same = f"{variant} (of {', '.join(VARIANTS)}, whose keys are the same)"
        return Reading(
            _recipe(variant, options.keep_ratio),
            axis_geometry(module.backbone),
            class_count=module.classes,
            layout="BTC",
            alphabet=ALPHANUMERIC,
            details={
                "architecture": module.kind,
                "variant": same,
                "weights": checkpoint.metadata.get(FORMAT, "a PyTorch port's"),
            },
            traced_modules=("neck.encoder.rnn1", "neck.encoder.rnn2") if module.legacy else ("neck.encoder.lstm",),
            reversed_modules=frozenset({"neck.encoder.rnn2"}) if module.legacy else frozenset(),
        )

    def build(self, file: ModelFile, options: LoadOptions) -> CtcRecognizer:
        """The recognizer in a file that fits; a dictionary file that is one symbol short ends in the space.

        Raises:
            CheckpointError: the file does not fit, or there is no such variant.
            AlphabetError: the alphabet does not go with the number of classes.
        """
        shapes = file.checkpoint.shapes
        last = "head.fc2.weight" if "head.fc2.weight" in shapes else "head.fc.weight"
        spaced = _with_space(file, options, size_of(shapes, last, 0, 0))
        return super().build(file, options if spaced is None else replace(options, alphabet=spaced))


def _with_space(file: ModelFile, options: LoadOptions, class_count: int) -> Alphabet | None:
    """The dictionary and the space behind it, as PaddleOCR's ``use_space_char`` has it; None where that does not fit."""
    given = options.alphabet
    if isinstance(given, Alphabet) or (given is None and not is_beside(file.path)):
        return None
    try:
        source = find_alphabet(given, class_count - 1, blank=0, checkpoint=file.path)
    except AlphabetError:
        # As many symbols as classes, or another number altogether: what is wrong is said where it is read again.
        return None
    listed = source.alphabet
    if " " in listed.symbols or not source.words.startswith("the alphabet file"):
        return None
    return Alphabet((*listed.symbols, " "), (*listed.codes, (class_count - 1,)), 0, class_count)


def _recipe(variant: str, keep_ratio: bool) -> Preprocess:
    """A variant's preparation; a long line that keeps its ratio is never squeezed."""
    at_least, at_most, usual = 1, None, PADDLE_WIDTH
    if variant == "paddleocr2pytorch":
        at_least, at_most = _PORT_NARROWEST, None if keep_ratio else _PORT_WIDEST
    elif variant == "english":
        usual, at_most = _ENGLISH, None if keep_ratio else _ENGLISH
    # Columns of padding are zeros behind the normalization: a middle gray.
    return Preprocess(
        (
            Color("bgr"),
            PaddleResize(usual=usual, at_least=at_least, at_most=at_most),
            Normalize(),
            PadToWidth(usual, 0.0),
        )
    )


ADAPTER = PaddleAdapter()
