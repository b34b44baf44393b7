"""MMOCR's CRNN (crnn_mini-vgg): meijieru's network with MMOCR's key names, resizing and alphabet.

MMOCR 0.x and 1.x wrote the same keys and shapes, but 0.x put the blank first and 1.x last. Nothing
among the weights tells the two apart, so it is an option, ``variant``, whose default is 1.x.
"""

import torch
from jaxtyping import Float
from torch import nn

from gateviz.adapters.core.files import Checkpoint
from gateviz.adapters.core.lineage import LineageAdapter, Reading, Shapes, check_channels, chosen_variant
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.crnn_pytorch import CrnnPytorch, CrnnPytorchShape
from gateviz.capture.receptive_layers import axis_geometry
from gateviz.geometry.canvas import Normalize
from gateviz.geometry.line_sizes import RescaleToHeight
from gateviz.geometry.preprocess import Gray, Preprocess

VARIANTS = ("1.x", "0.x")
_LOWER = "0123456789abcdefghijklmnopqrstuvwxyz"
_CASED = _LOWER + "ABCDEFGHIJKLMNOPQRSTUVWXYZ!\"#$%&'()*+,-./:;<=>?@[\\]_`~"
DICTIONARIES = (_LOWER, _LOWER + " ", _CASED, _CASED + " ")
"""MMOCR's lower_english_digits, lower_english_digits_space, english_digits_symbols and english_digits_symbols_space."""


class MmocrCrnn(nn.Module):
    """meijieru's network as a backbone and a decoder: (B, channels, 32, W) to logits (T, B, C) with T = W/4 + 1."""

    def __init__(self, shape: CrnnPytorchShape) -> None:
        super().__init__()
        self.shape = shape
        network = CrnnPytorch(shape)
        self.backbone = nn.ModuleDict({"cnn": network.cnn})
        self.decoder = nn.ModuleDict({"decoder": network.rnn})

    def forward(self, images: Float[torch.Tensor, "B channels 32 W"]) -> Float[torch.Tensor, "T B C"]:
        """Logits of every class at every frame."""
        features = self.backbone["cnn"](images).squeeze(2).permute(2, 0, 1)
        logits: torch.Tensor = self.decoder["decoder"](features)
        return logits


class MmocrAdapter(LineageAdapter):
    """Knows the checkpoints of MMOCR's CRNN, of its versions 0.x and 1.x."""

    name = "mmocr"

    def rebuild(self, shapes: Shapes) -> MmocrCrnn:
        """The network at a checkpoint's sizes."""
        inner = {
            name.replace("backbone.cnn.", "cnn.", 1).replace("decoder.decoder.", "rnn.", 1): size
            for name, size in shapes.items()
            if name.startswith(("backbone.cnn.", "decoder.decoder."))
        }
        return MmocrCrnn(CrnnPytorchShape.from_shapes(inner))

    def evidence(self, module: MmocrCrnn) -> tuple[str, ...]:
        """Its convolutions and its recurrent layers."""
        hidden = module.shape.hidden
        return (
            "keys backbone.cnn.conv0 to conv6: MMOCR's mini-VGG",
            f"decoder.decoder of {len(hidden)} bidirectional LSTMs of {', '.join(str(units) for units in hidden)} units",
        )

    def reading(self, module: MmocrCrnn, checkpoint: Checkpoint, options: LoadOptions) -> Reading:
        """Fed as MMOCR's test pipeline does; the blank where the version has it.

        Raises:
            CheckpointError: there is no such variant, or the image has not one channel.
        """
        variant = chosen_variant(self.name, options.variant, VARIANTS)
        classes = module.shape.outputs[-1]
        check_channels(module.shape.image_channels, (1,), "MMOCR's CRNN is configured for gray ones")
        known = DICTIONARIES if variant == "1.x" else DICTIONARIES[:1]
        place = "last" if variant == "1.x" else "first"
        return Reading(
            Preprocess((Gray("opencv"), RescaleToHeight(), Normalize((127.0,), (127.0,), 1.0))),
            axis_geometry(module.backbone["cnn"]),
            class_count=classes,
            layout="TBC",
            blank=classes - 1 if variant == "1.x" else 0,
            alphabet=next((symbols for symbols in known if len(symbols) + 1 == classes), ""),
            details={
                "variant": f"MMOCR {variant}, blank {place} (of {', '.join(VARIANTS)}, whose keys are the same: "
                f"1.x has the blank last, 0.x first)"
            },
        )


ADAPTER = MmocrAdapter()
