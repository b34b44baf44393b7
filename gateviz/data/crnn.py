"""How gateviz's own recognizers are put together and fed, without the networks themselves."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gateviz.data.alphabet import Alphabet
from gateviz.errors import ShapeError

BACKBONES = ("vgg", "vgg_small", "vgg_narrow", "mobilenet_v3")
WIDEST_PADDING = 65_536
"""Columns of the widest line that is read."""
_ROW_STEP = 16
# Far beyond every recognizer: a file that asks for more is no model.
_MOST_UNITS, _MOST_LAYERS, _MOST_ROWS, _LARGEST_SCALE = 200_000, 64, 4096, 16


@dataclass(frozen=True)
class CrnnConfig:
    """How a ``CRNN`` is put together.

    Attributes:
        class_count: C, the symbols and the blank.
        backbone: the convolutional part: ``vgg``, ``vgg_small``, ``vgg_narrow`` or ``mobilenet_v3``.
        recurrent: the recurrent part: ``lstm``, ``gru``, or ``none`` for a plain CNN with a CTC head.
        hidden_size: H, units of each layer and direction.
        depth: recurrent layers, one on the other.
        bidirectional: whether each layer reads both ways.
        dropout: share of values dropped between recurrent layers in training.
        channels: of the image, 1 or 3.
        height: rows of the image, a multiple of 16.
        backbone_scale: times the backbone's channels.
    """

    class_count: int
    backbone: str = "vgg"
    recurrent: str = "lstm"
    hidden_size: int = 256
    depth: int = 2
    bidirectional: bool = True
    dropout: float = 0.0
    channels: int = 1
    height: int = 32
    backbone_scale: float = 1.0

    def __post_init__(self) -> None:
        if self.backbone not in BACKBONES or self.recurrent not in ("lstm", "gru", "none"):
            raise ShapeError(
                f"a CRNN of the backbone {self.backbone!r} and the recurrent part {self.recurrent!r} was asked for; "
                f"there are {', '.join(BACKBONES)} and lstm, gru, none"
            )
        if self.height < _ROW_STEP or self.height % _ROW_STEP:
            raise ShapeError(
                f"a CRNN for images of {self.height} rows was asked for; give a multiple of {_ROW_STEP}, such as 32"
            )
        if min(self.class_count, self.hidden_size, self.depth, self.channels) < 1 or self.backbone_scale <= 0:
            raise ShapeError(
                f"a CRNN needs at least one class, unit, layer and channel and a positive scale, not {self.class_count}, "
                f"{self.hidden_size}, {self.depth}, {self.channels} and {self.backbone_scale}"
            )
        if not (
            max(self.class_count, self.hidden_size) <= _MOST_UNITS
            and self.depth <= _MOST_LAYERS
            and self.height <= _MOST_ROWS
            and self.backbone_scale <= _LARGEST_SCALE
        ):
            raise ShapeError(
                f"a CRNN of {self.class_count} classes, {self.hidden_size} units, {self.depth} layers, {self.height} rows and "
                f"the scale {self.backbone_scale} was asked for; give at most {_MOST_UNITS:,}, {_MOST_UNITS:,}, "
                f"{_MOST_LAYERS}, {_MOST_ROWS:,} and {_LARGEST_SCALE}"
            )
        if not 0 <= self.dropout < 1:
            raise ShapeError(f"a CRNN was asked to drop the share {self.dropout} of its values; give 0 to below 1")


@dataclass(frozen=True)
class CrnnInput:
    """How a line image becomes the network's input: gray or color, to the config's height, then numbers.

    Attributes:
        interpolation: of the resize, by ``geometry.preprocess``'s names.
        mean: taken from pixels between 0 and 1.
        std: what they are then divided by.
        pad_left: columns of paper in front of the line, after the resize.
        pad_right: columns of paper behind it.
        paper: gray level of those columns, 0 to 255.
        at_least: columns that a narrower line is padded to with paper.
        widen: times the width that keeps the aspect: more frames for narrow letters.
        crop: loosely cropped lines are cut to their ink first (``geometry.crop_to_ink``).
    """

    interpolation: str = "pillow bilinear"
    mean: float = 0.5
    std: float = 0.5
    pad_left: int = 0
    pad_right: int = 0
    paper: int = 255
    at_least: int = 32
    widen: float = 1.0
    crop: bool = False

    def __post_init__(self) -> None:
        columns = (self.pad_left, self.pad_right, self.at_least)
        if not all(0 <= count <= WIDEST_PADDING for count in columns) or not 0 <= self.paper <= 255:
            raise ShapeError(
                f"lines padded by {self.pad_left} and {self.pad_right} columns to at least {self.at_least}, with paper of "
                f"{self.paper}, were asked for; give 0 to {WIDEST_PADDING:,} columns and a gray level of 0 to 255"
            )
        if not (math.isfinite(self.mean) and math.isfinite(self.std) and self.std):
            raise ShapeError(
                f"pixels less {self.mean} and over {self.std} were asked for; give finite numbers, and no std of 0"
            )


@dataclass(frozen=True)
class CrnnDocument:
    """What stands beside the weights of a saved ``CRNN``.

    Attributes:
        config: how the network is put together.
        alphabet: what its classes stand for.
        preprocessing: how line images were prepared.
        notes: anything worth keeping, such as what it was trained on.
    """

    config: CrnnConfig
    alphabet: Alphabet
    preprocessing: CrnnInput
    notes: Mapping[str, str]
