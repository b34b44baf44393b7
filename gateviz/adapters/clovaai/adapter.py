"""clovaai/deep-text-recognition-benchmark with a CTC head, and the projects that grew out of it with the same keys.

EasyOCR kept keys and shapes and nothing of the preprocessing. What tells its models apart is their
sizes: EasyOCR's LSTMs have as many units as the features have channels (512 or 256), clovaai's half
as many (256 of 512). A network without a rectification, fed gray images, whose extractor is a VGG or
a ResNet and whose LSTMs and linear layers all have the features' size, is EasyOCR's here; every other is
clovaai's. Where that rule errs, ``variant`` names the preprocessing: both adapters know all of them.

A network with a rectification (TPS) bends every image in its own way before it reads it, so that no
frame has columns in the image the user gave: an affine map back does not exist, and none is guessed. The
rectification is therefore a part of ``prepare``. What is recorded is the straightened image that the rest
of the network really read, and every column is one of that image; its name and the card say so.
"""

import string
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, cast

import numpy as np
import torch
from jaxtyping import UInt8

from gateviz.adapters.clovaai.lines import HEIGHT, VARIANTS, WIDTH, recipe, variant_words
from gateviz.adapters.clovaai.network import SPLINE, USUAL_SIZE, Clovaai, ClovaaiShape, rectified_size, spline_matrices
from gateviz.adapters.core.evidence import Match
from gateviz.adapters.core.files import Checkpoint, ModelFile
from gateviz.adapters.core.lineage import LineageAdapter, Reading, Shapes, chosen_variant
from gateviz.adapters.core.options import LoadOptions
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.receptive_layers import axis_geometry
from gateviz.capture.recognizer import pixels_of
from gateviz.data.frames import ColumnMap
from gateviz.errors import CheckpointError
from gateviz.lines.recognizer import PreparedLine, prepared_line

ALPHANUMERIC = string.digits + string.ascii_lowercase
SENSITIVE = string.digits + string.ascii_letters + string.punctuation
"""The symbols of models that were trained with --sensitive."""


@dataclass(frozen=True)
class RectifyingRecognizer(CtcRecognizer):
    """A recognizer whose network straightens an image before it reads it; its frames are of the straightened one."""

    def prepare(self, image: UInt8[np.ndarray, "height width *channels"]) -> PreparedLine:
        """The straightened line by the recipe and the network's own rectification, as numbers and as an image.

        Raises:
            ImageError: the image cannot be brought to the network's input.
        """
        network = cast("Clovaai", self.module)
        pixels = pixels_of(prepared_line(self.preprocess, image))[None].to(next(network.parameters()).device)
        with torch.no_grad():
            straight = network.rectified(pixels)[0].cpu()
        levels = ((straight + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
        width = int(straight.shape[2])
        seen = levels[:, :, 0] if levels.shape[2] == 1 else levels
        return PreparedLine(
            pixels=straight.numpy(),
            to_source=ColumnMap(),
            source_width=width,
            content_width=width,
            seen=seen,
            seen_words="straightened by TPS",
        )


def is_easyocr(shape: ClovaaiShape) -> bool:
    """Whether a network of these sizes is EasyOCR's, by the rule that stands at the top of this file."""
    sizes = {*shape.hidden, *shape.outputs, shape.channels[-1]}
    plain = not shape.fiducials and shape.image_channels == 1
    return plain and shape.backbone in ("VGG", "ResNet") and len(sizes) == 1


class ClovaaiAdapter(LineageAdapter):
    """Knows the checkpoints of clovaai/deep-text-recognition-benchmark that end in CTC."""

    name = "clovaai"
    of_easyocr: ClassVar[bool] = False

    def rebuild(self, shapes: Shapes) -> Clovaai:
        """The network at a checkpoint's sizes."""
        return Clovaai(ClovaaiShape.from_shapes(shapes))

    def sniff(self, file: ModelFile) -> Match:
        """How well the keys and shapes are this lineage's, and whether the sizes are, too.

        Raises:
            CheckpointError: the file holds no tensors that may be read.
        """
        match = super().sniff(file)
        shape = ClovaaiShape.from_shapes(file.checkpoint.shapes)
        if is_easyocr(shape) == self.of_easyocr:
            return match
        asked = "EasyOCR's sizes (as many units as channels)" if self.of_easyocr else "other sizes than EasyOCR's"
        units = ", ".join(str(units) for units in shape.hidden)
        missing = f"{asked}, which has LSTMs of {units} units for features of {shape.channels[-1]} channels"
        return Match(match.score * 0.99, match.evidence, (*match.missing, missing))

    def evidence(self, module: Clovaai) -> tuple[str, ...]:
        """Its stages and its recurrent layers."""
        shape = module.shape
        stages = ("Transformation",) if shape.fiducials else ()
        return (
            f"keys {', '.join((*stages, 'FeatureExtraction', 'SequenceModeling', 'Prediction'))}: "
            f"a {shape.backbone} of {shape.channels[-1]} channels with a CTC head",
            f"{len(shape.hidden)} bidirectional LSTMs of {', '.join(str(units) for units in shape.hidden)} units, "
            f"each with a linear layer",
        )

    def build(self, file: ModelFile, options: LoadOptions) -> CtcRecognizer:
        """The recognizer in a file that fits.

        Raises:
            CheckpointError: the file does not fit, there is no such variant, no way from an image to the
                network's channels, or the spline is of no image.
            AlphabetError: the alphabet does not go with the number of classes.
        """
        recognizer = super().build(file, options)
        if not cast("Clovaai", recognizer.module).shape.fiducials:
            return recognizer
        return RectifyingRecognizer(**{part.name: getattr(recognizer, part.name) for part in fields(recognizer)})

    def reading(self, module: Clovaai, checkpoint: Checkpoint, options: LoadOptions) -> Reading:
        """Fed as the variant's authors did; blank first.

        Raises:
            CheckpointError: there is no such variant, or the image has neither one nor three channels.
        """
        shape = module.shape
        variant = chosen_variant(self.name, options.variant, self.variants)
        size, keep_ratio = (HEIGHT, WIDTH), options.keep_ratio
        if shape.fiducials:
            # A rectified image has one size, so a long line is squeezed into it, as by the authors' --PAD.
            size, keep_ratio = _rectified_size(checkpoint), False
            variant = "pad" if options.keep_ratio else variant
        return Reading(
            recipe(variant, shape.image_channels, keep_ratio=keep_ratio, size=size),
            axis_geometry(module.FeatureExtraction),
            class_count=shape.classes,
            layout="BTC",
            alphabet=self.symbols(module, checkpoint),
            details={"extractor": shape.backbone, "variant": variant_words(variant), **self.remarks(module)},
        )

    @property
    def variants(self) -> tuple[str, ...]:
        """The preprocessings, this lineage's own first."""
        return VARIANTS

    def symbols(self, module: Clovaai, checkpoint: Checkpoint) -> str:
        """The symbols of the authors' model with as many classes; empty where there is none."""
        known = {len(symbols) + 1: symbols for symbols in (ALPHANUMERIC, SENSITIVE)}
        return known.get(module.shape.classes, "")

    def remarks(self, module: Clovaai) -> Mapping[str, str]:
        """What else is worth printing."""
        if not module.shape.fiducials:
            return {}
        return {
            "rectification": f"a thin plate spline through {module.shape.fiducials} points (TPS), made anew for every image",
            "columns": "of the straightened image that the network read: there is no one map to the image given",
        }


def _rectified_size(checkpoint: Checkpoint) -> tuple[int, int]:
    """Rows and columns of the rectified image, by the checkpoint's own spline.

    Raises:
        CheckpointError: the spline's terms are not those of an image's pixels.
    """
    basis = checkpoint.floats().get(f"{SPLINE}P_hat")
    if basis is None:
        return USUAL_SIZE
    height, width = rectified_size(basis)
    pixels = torch.from_numpy(spline_matrices(4, height, width)[1][:, :3])
    if pixels.shape != basis[:, :3].shape or not torch.allclose(basis[:, :3], pixels, atol=1e-2):
        raise CheckpointError(
            f"{checkpoint.name} has a rectification (TPS) for {len(basis)} pixels that are no rows and columns of an "
            f"image ({SPLINE}P_hat); it is damaged, or of another rectification than clovaai's"
        )
    return height, width


ADAPTER = ClovaaiAdapter()
