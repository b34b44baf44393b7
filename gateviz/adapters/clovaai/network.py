"""The networks of clovaai/deep-text-recognition-benchmark with a CTC head, which EasyOCR builds on too.

A network has up to four stages: a rectification by a thin plate spline, by which a slanting or bent line is
straightened before it is read (arXiv 1603.03915), one of three extractors, bidirectional LSTMs with a linear layer
after each, and a linear layer on top.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import nn
from torch.nn import functional

from gateviz.adapters.clovaai.extractors import ResNet, normed, rcnn, vgg
from gateviz.adapters.core.lineage import Shapes, size_of
from gateviz.networks.blocks import BidirectionalLstm

USUAL_SIZE = 32, 100
"""Rows and columns of a rectified image where the file does not say."""


class Localization(nn.Module):
    """Where the points of the text's upper and lower border lie in an image, in [-1, 1] from border to border."""

    def __init__(self, inputs: int, fiducials: int, channels: Sequence[int]) -> None:
        super().__init__()
        *convolved, units = channels
        layers: list[nn.Module] = []
        for outputs in convolved:
            layers += [*normed(inputs, outputs, 3, 1), nn.MaxPool2d(2)]
            inputs = outputs
        self.conv = nn.Sequential(*layers[:-1], nn.AdaptiveAvgPool2d(1))
        self.localization_fc1 = nn.Sequential(nn.Linear(inputs, units), nn.ReLU(inplace=True))
        self.localization_fc2 = nn.Linear(units, 2 * fiducials)

    def forward(self, images: Float[torch.Tensor, "B channels H W"]) -> Float[torch.Tensor, "B F 2"]:
        """(x, y) of every point."""
        found: torch.Tensor = self.localization_fc2(self.localization_fc1(self.conv(images).flatten(1)))
        return found.reshape(len(images), -1, 2)


class Spline(nn.Module):
    """The thin plate spline's two matrices, made for one number of points and one size of the rectified image.

    Args:
        fiducials: points.
        pixels: of the rectified image; 0 where the checkpoint does not carry the matrices.
    """

    inv_delta_C: torch.Tensor  # noqa: N815 (the checkpoint's name)
    P_hat: torch.Tensor

    def __init__(self, fiducials: int, pixels: int) -> None:
        super().__init__()
        if pixels:
            self.register_buffer("inv_delta_C", torch.zeros(fiducials + 3, fiducials + 3))
            self.register_buffer("P_hat", torch.zeros(pixels, fiducials + 3))
        else:
            inverse, basis = spline_matrices(fiducials, *USUAL_SIZE)
            self.register_buffer("inv_delta_C", torch.from_numpy(inverse), persistent=False)
            self.register_buffer("P_hat", torch.from_numpy(basis), persistent=False)

    def forward(self, points: Float[torch.Tensor, "B F 2"]) -> Float[torch.Tensor, "B H W 2"]:
        """Where every pixel of the rectified image is taken from."""
        targets = functional.pad(points, (0, 0, 0, 3))
        return (self.P_hat @ (self.inv_delta_C @ targets)).reshape(-1, *rectified_size(self.P_hat), 2)


def spline_matrices(
    fiducials: int, height: int, width: int
) -> tuple[Float32[np.ndarray, "terms terms"], Float32[np.ndarray, "pixels terms"]]:
    """The inverse that turns points into a spline, and the spline's terms at every pixel's center.

    The points of a straight line stand in two rows of equal distances, along the upper and along the
    lower border of [-1, 1] x [-1, 1]. Terms are 1, x, y and r^2 log r for every point (Bookstein 1989).
    """
    along = np.linspace(-1.0, 1.0, fiducials // 2)
    points = np.concatenate([np.stack([along, np.full_like(along, y)], axis=1) for y in (-1.0, 1.0)])
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, 1.0)
    system = np.zeros((len(points) + 3, len(points) + 3))
    system[: len(points)] = np.concatenate([np.ones((len(points), 1)), points, apart**2 * np.log(apart)], axis=1)
    system[-3:-1, 3:], system[-1, 3:] = points.T, 1.0
    columns, rows = ((2 * np.arange(size) + 1.0) / size - 1.0 for size in (width, height))
    pixels = np.stack(np.meshgrid(columns, rows), axis=2).reshape(-1, 2)
    far = np.linalg.norm(pixels[:, None] - points[None], axis=2)
    basis = np.concatenate([np.ones((len(pixels), 1)), pixels, far**2 * np.log(far + 1e-6)], axis=1)
    return np.linalg.inv(system).astype(np.float32), basis.astype(np.float32)


def rectified_size(basis: Float[torch.Tensor, "pixels terms"]) -> tuple[int, int]:
    """Rows and columns of the rectified image, by its pixels' heights: the third column of the spline's terms."""
    heights = basis[:, 2]
    width = int((heights == heights[0]).sum())
    return len(heights) // width, width


class Rectification(nn.Module):
    """A text line straightened by a thin plate spline through points that a network finds (RARE, arXiv 1603.03915)."""

    def __init__(self, inputs: int, fiducials: int, pixels: int, channels: Sequence[int]) -> None:
        super().__init__()
        self.LocalizationNetwork = Localization(inputs, fiducials, channels)
        self.GridGenerator = Spline(fiducials, pixels)

    def forward(self, images: Float[torch.Tensor, "B channels H W"]) -> Float[torch.Tensor, "B channels h w"]:
        """The straightened images, sampled as the authors' code does.

        With torch 1.10 to 1.13 that code sampled half a pixel apart (it compares versions as text).
        """
        grid = self.GridGenerator(self.LocalizationNetwork(images))
        return functional.grid_sample(images, grid, padding_mode="border", align_corners=True)


EXTRACTORS: dict[str, Callable[[int, Sequence[int]], nn.Module]] = {"VGG": vgg, "RCNN": rcnn, "ResNet": ResNet}

_FEATURES = "FeatureExtraction.ConvNet"
SPLINE = "Transformation.GridGenerator."
_LOCALIZATION = "Transformation.LocalizationNetwork"
# The convolution that has the channels of a stage, and the author's own number.
_STAGES = {
    "VGG": {"0": 64, "3": 128, "6": 256, "8": 256, "11": 512, "14": 512, "18": 512},
    "RCNN": {"0": 64, "3.wf_u": 64, "5.wf_u": 128, "7.wf_u": 256, "9": 512},
    "ResNet": {
        "conv0_1": 32,
        "conv0_2": 64,
        "layer1.0.conv1": 128,
        "layer2.0.conv1": 256,
        "layer3.0.conv1": 512,
        "layer4.0.conv1": 512,
    },
}
_LOCALIZATION_STAGES = {"conv.0": 64, "conv.4": 128, "conv.8": 256, "conv.12": 512, "localization_fc1.0": 256}
_MOST_LAYERS = 16
_MOST_POINTS = 256


@dataclass(frozen=True)
class ClovaaiShape:
    """The sizes that this lineage leaves open.

    Attributes:
        backbone: which extractor.
        image_channels: of the line image.
        channels: output channels of the extractor's stages, the last those of the features.
        hidden: units of each bidirectional LSTM.
        outputs: of the linear layer after each.
        classes: outputs of the last linear layer.
        fiducials: points that the rectification moves; 0 without one.
        pixels: of the rectified image; 0 where the file does not carry the spline's matrices.
        localization: output channels of the convolutions, and units, that find the points.
    """

    backbone: str = "VGG"
    image_channels: int = 1
    channels: tuple[int, ...] = tuple(_STAGES["VGG"].values())
    hidden: tuple[int, ...] = (256, 256)
    outputs: tuple[int, ...] = (256, 256)
    classes: int = 37
    fiducials: int = 0
    pixels: int = 0
    localization: tuple[int, ...] = tuple(_LOCALIZATION_STAGES.values())

    @classmethod
    def from_shapes(cls, shapes: Shapes) -> "ClovaaiShape":
        """The sizes by a checkpoint's shapes; where a key is absent, those of the authors' own models."""
        backbone = backbone_of(shapes)
        stages = _STAGES[backbone]
        first = next(iter(stages))
        pattern = re.compile(r"SequenceModeling\.(\d+)\.rnn\.weight_hh_l0$")
        numbers = {int(found[1]) for key in shapes if (found := pattern.match(key))}
        layers = min(max(numbers, default=1) + 1, _MOST_LAYERS)
        fiducials, pixels = _spline_sizes(shapes)
        return cls(
            backbone=backbone,
            image_channels=size_of(shapes, f"{_FEATURES}.{first}.weight", 1, cls.image_channels),
            channels=tuple(size_of(shapes, f"{_FEATURES}.{stage}.weight", 0, usual) for stage, usual in stages.items()),
            hidden=tuple(size_of(shapes, f"SequenceModeling.{n}.rnn.weight_hh_l0", 1, 256) for n in range(layers)),
            outputs=tuple(size_of(shapes, f"SequenceModeling.{n}.linear.weight", 0, 256) for n in range(layers)),
            classes=size_of(shapes, "Prediction.weight", 0, cls.classes),
            fiducials=fiducials,
            pixels=pixels,
            localization=tuple(
                size_of(shapes, f"{_LOCALIZATION}.{stage}.weight", 0, usual)
                for stage, usual in _LOCALIZATION_STAGES.items()
            ),
        )


def _spline_sizes(shapes: Shapes) -> tuple[int, int]:
    """Points that the rectification moves, and pixels it makes; (0, 0) without one.

    The matrices of the spline may be absent altogether: the authors' other way is to work them out anew.
    """
    if not any(key.startswith("Transformation.") for key in shapes):
        return 0, 0
    if any(key.startswith(SPLINE) for key in shapes):
        return max(size_of(shapes, f"{SPLINE}P_hat", 1, 23) - 3, 1), size_of(shapes, f"{SPLINE}P_hat", 0, 3200)
    return min(max(size_of(shapes, f"{_LOCALIZATION}.localization_fc2.bias", 0, 40) // 4 * 2, 4), _MOST_POINTS), 0


def backbone_of(shapes: Shapes) -> str:
    """Which of ``EXTRACTORS`` the keys are of; VGG where nothing tells.

    Example:
        >>> backbone_of({"FeatureExtraction.ConvNet.layer1.0.conv1.weight": (128, 64, 3, 3)})
        'ResNet'
    """
    if any(key.startswith(f"{_FEATURES}.layer") for key in shapes):
        return "ResNet"
    return "RCNN" if any(key.startswith(_FEATURES) and ".wgf_u." in key for key in shapes) else "VGG"


class Clovaai(nn.Module):
    """The network of this lineage: (B, channels, H, W) to logits (B, T, C).

    A rectification is no part of ``forward``, since it moves the columns: ``rectified`` comes before it.
    """

    def __init__(self, shape: ClovaaiShape) -> None:
        super().__init__()
        self.shape = shape
        self.Transformation: Rectification | None = None
        if shape.fiducials:
            self.Transformation = Rectification(shape.image_channels, shape.fiducials, shape.pixels, shape.localization)
        extractor = EXTRACTORS[shape.backbone](shape.image_channels, shape.channels)
        self.FeatureExtraction = nn.Sequential(OrderedDict(ConvNet=extractor))
        self.SequenceModeling = nn.Sequential()
        inputs = shape.channels[-1]
        for hidden, outputs in zip(shape.hidden, shape.outputs, strict=True):
            self.SequenceModeling.append(BidirectionalLstm(inputs, hidden, outputs, "linear", batch_first=True))
            inputs = outputs
        self.Prediction = nn.Linear(inputs, shape.classes)

    def rectified(self, images: Float[torch.Tensor, "B channels H W"]) -> Float[torch.Tensor, "B channels h w"]:
        """The images straightened; as they are in a network without a rectification."""
        return images if self.Transformation is None else self.Transformation(images)

    def forward(self, images: Float[torch.Tensor, "B channels H W"]) -> Float[torch.Tensor, "B T C"]:
        """Logits of every class at every frame of (rectified) images."""
        features = self.FeatureExtraction(images).mean(2).transpose(1, 2)
        logits: torch.Tensor = self.Prediction(self.SequenceModeling(features))
        return logits
