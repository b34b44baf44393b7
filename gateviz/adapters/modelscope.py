"""ModelScope's CRNN (damo/cv_crnn_ocr-recognition): five blocks of convolutions, two LSTMs, a layer of classes.

ModelScope 1.6 and later feed it color and make it gray inside the network; before, the image was made
gray on its way in. The weights are the same, so it is an option, ``variant``. Models that ModelScope
fine-tuned have ``recognizer.`` in front of every key. The alphabet is ``vocab.txt`` beside the checkpoint.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import nn

from gateviz.adapters.core.alphabets import is_beside, lies_beside
from gateviz.adapters.core.files import Checkpoint, ModelFile
from gateviz.adapters.core.lineage import LineageAdapter, Reading, Shapes, chosen_variant, size_of
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.crnn_pytorch import HEIGHT
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.receptive_layers import axis_geometry
from gateviz.errors import AlphabetError
from gateviz.geometry.canvas import Normalize, PadToWidth
from gateviz.geometry.preprocess import Color, Gray, Preprocess, ResizeToHeight
from gateviz.networks.blocks import BidirectionalLstm

WIDTH = 640
VOCABULARY = "vocab.txt"
VARIANTS = ("rgb", "gray")
_SHARES = (0.2989, 0.5870, 0.1140)
_BLOCKS = (("conv0.0", 64), ("conv1.0", 128), ("conv2.0", 256), ("conv2.3", 256), ("conv3.0", 512), ("conv3.3", 512))
_LAST = ("conv4.0", 512)


@dataclass(frozen=True)
class ModelscopeShape:
    """The sizes that this lineage leaves open.

    Attributes:
        channels: output channels of the seven convolutions.
        hidden: units of the two bidirectional LSTMs.
        outputs: of the linear layer after each.
        classes: outputs of the last layer.
    """

    channels: tuple[int, ...] = (64, 128, 256, 256, 512, 512, 512)
    hidden: tuple[int, int] = (256, 256)
    outputs: tuple[int, int] = (256, 512)
    classes: int = 7644

    @classmethod
    def from_shapes(cls, shapes: Shapes) -> "ModelscopeShape":
        """The sizes by a checkpoint's shapes; where a key is absent, those of the published model."""
        return cls(
            tuple(size_of(shapes, f"{name}.weight", 0, size) for name, size in (*_BLOCKS, _LAST)),
            (size_of(shapes, "rnn.0.rnn.weight_hh_l0", 1, 256), size_of(shapes, "rnn.1.rnn.weight_hh_l0", 1, 256)),
            (size_of(shapes, "rnn.0.embedding.weight", 0, 256), size_of(shapes, "rnn.1.embedding.weight", 0, 512)),
            size_of(shapes, "cls.weight", 0, cls.classes),
        )


class ModelscopeCrnn(nn.Module):
    """The network of this lineage: (B, 3 or 1, 32, W) to logits (T, B, C) with T = W/4."""

    def __init__(self, shape: ModelscopeShape) -> None:
        super().__init__()
        self.shape = shape
        first, second, third, fourth, fifth, sixth, last = shape.channels
        self.conv0 = _block(1, first)
        self.p0 = nn.MaxPool2d(2)
        self.conv1 = _block(first, second)
        self.p1 = nn.MaxPool2d(2)
        self.conv2 = _block(second, third, fourth)
        self.p2 = nn.MaxPool2d((2, 1))
        self.conv3 = _block(fourth, fifth, sixth)
        self.p3 = nn.MaxPool2d((2, 1))
        self.conv4 = nn.Sequential(nn.Conv2d(sixth, last, (2, 1), (2, 1)), nn.BatchNorm2d(last), nn.ReLU(inplace=True))
        self.rnn = nn.Sequential(
            BidirectionalLstm(last, shape.hidden[0], shape.outputs[0]),
            BidirectionalLstm(shape.outputs[0], shape.hidden[1], shape.outputs[1]),
        )
        self.cls = nn.Linear(shape.outputs[1], shape.classes, bias=False)

    def forward(self, images: Float[torch.Tensor, "B channels 32 W"]) -> Float[torch.Tensor, "T B C"]:
        """Logits of every class at every frame."""
        red, green, blue = _SHARES
        features = images
        if images.shape[1] == 3:
            features = images[:, 0:1] * red + images[:, 1:2] * green + images[:, 2:3] * blue
        for layer in self.layers:
            features = layer(features)
        logits: torch.Tensor = self.cls(self.rnn(features.squeeze(2).permute(2, 0, 1)))
        return logits

    @property
    def layers(self) -> tuple[nn.Module, ...]:
        """The convolutions and poolings in the order they run."""
        return (self.conv0, self.p0, self.conv1, self.p1, self.conv2, self.p2, self.conv3, self.p3, self.conv4)


class FineTuned(nn.Module):
    """The network as the part ``recognizer`` of a model, as ModelScope's trainer saves it."""

    def __init__(self, recognizer: ModelscopeCrnn) -> None:
        super().__init__()
        self.recognizer = recognizer

    def forward(self, images: Float[torch.Tensor, "B channels 32 W"]) -> Float[torch.Tensor, "T B C"]:
        """Logits of every class at every frame."""
        logits: torch.Tensor = self.recognizer(images)
        return logits


def _block(inputs: int, *outputs: int) -> nn.Sequential:
    block = nn.Sequential()
    for channels in outputs:
        block.extend((nn.Conv2d(inputs, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)))
        inputs = channels
    return block


def _network(module: ModelscopeCrnn | FineTuned) -> ModelscopeCrnn:
    return module.recognizer if isinstance(module, FineTuned) else module


class ModelscopeAdapter(LineageAdapter):
    """Knows the checkpoints of ModelScope's CRNN, published or fine-tuned."""

    name = "modelscope"

    def rebuild(self, shapes: Shapes) -> ModelscopeCrnn | FineTuned:
        """The network at a checkpoint's sizes."""
        prefix = "recognizer."
        inner = {name.removeprefix(prefix): size for name, size in shapes.items()}
        network = ModelscopeCrnn(ModelscopeShape.from_shapes(inner))
        return FineTuned(network) if any(name.startswith(prefix) for name in shapes) else network

    def evidence(self, module: ModelscopeCrnn | FineTuned) -> tuple[str, ...]:
        """Its convolutions, its recurrent layers and its last layer."""
        shape = _network(module).shape
        wrapped = ("prefix 'recognizer.' of ModelScope's trainer",) if isinstance(module, FineTuned) else ()
        return (
            "keys conv0.0 to conv4.0 with a batch norm each",
            f"2 bidirectional LSTMs of {shape.hidden[0]} and {shape.hidden[1]} units, then cls without a bias",
            *wrapped,
        )

    def build(self, file: ModelFile, options: LoadOptions) -> CtcRecognizer:
        """The recognizer in a file that fits, with the vocabulary that lies beside it.

        Raises:
            CheckpointError: the file does not fit, or there is no such variant.
            AlphabetError: the alphabet does not go with the number of classes.
        """
        vocabulary = file.path.with_name(VOCABULARY)
        own = options.alphabet is not None or is_beside(file.path)
        if not own and vocabulary.is_file():
            if not lies_beside(vocabulary, file.path):
                raise AlphabetError(
                    f"{vocabulary} is a link to a file outside the checkpoint's folder; put the vocabulary itself there, or "
                    f"name the file yourself with --alphabet"
                )
            options = replace(options, alphabet=vocabulary)
        return super().build(file, options)

    def reading(self, module: ModelscopeCrnn | FineTuned, checkpoint: Checkpoint, options: LoadOptions) -> Reading:
        """Fed as ModelScope does: at the line's own aspect, squeezed where it is too long, black behind it; blank first.

        Raises:
            CheckpointError: there is no such variant.
        """
        variant = chosen_variant(self.name, options.variant, VARIANTS)
        paint = Color("rgb") if variant == "rgb" else Gray("pillow")
        longest = None if options.keep_ratio else WIDTH
        resize = ResizeToHeight(HEIGHT, "opencv linear", rounding="down", at_most=longest)
        when = "ModelScope 1.6 and later, gray inside the network" if variant == "rgb" else "ModelScope before 1.6"
        network = _network(module)
        return Reading(
            Preprocess((paint, resize, PadToWidth(WIDTH, 0.0), Normalize((0.0,), (1.0,)))),
            axis_geometry(nn.Sequential(*network.layers)),
            class_count=network.shape.classes,
            layout="TBC",
            details={"variant": f"{variant}: as {when} (of {', '.join(VARIANTS)}, whose weights are the same)"},
        )


ADAPTER = ModelscopeAdapter()
