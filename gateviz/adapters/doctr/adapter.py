"""docTR's CRNN recognizers: crnn_vgg16_bn, crnn_mobilenet_v3_small and crnn_mobilenet_v3_large.

The state_dict tells which of the three it is and does not carry the vocabulary. docTR's own
published weights spell French; of vocabularies of other sizes only those are known here that no
other of docTR's vocabularies shares its size with.
"""

import string
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from gateviz.adapters.core.files import Checkpoint
from gateviz.adapters.core.lineage import LineageAdapter, Reading, Shapes, check_channels, chosen_variant
from gateviz.adapters.core.lines import check_width
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.doctr.network import DoctrCrnn
from gateviz.capture.receptive_layers import axis_geometry
from gateviz.data.frames import ColumnMap
from gateviz.geometry.canvas import Canvas, Normalize, Pad, PadToWidth
from gateviz.geometry.preprocess import Color, Preprocess

VARIANTS = ("doctr", "symmetric")
ASPECT = 4
"""Columns a row of the image that docTR's recognizers are fed: 32 x 128."""

_MEAN, _STD = (0.694, 0.695, 0.693), (0.299, 0.296, 0.301)
_LATIN = string.digits + string.ascii_letters + string.punctuation
_CURRENCY = "£€¥¢฿"
VOCABULARIES = {
    "french": f"{_LATIN}°{_CURRENCY}àâéèêëîïôùûüçÀÂÉÈÊËÎÏÔÙÛÜÇ",
    "legacy_french": f"{_LATIN}°àâéèêëîïôùûçÀÂÉÈËÎÏÔÙÛÇ{_CURRENCY}",
    "english": f"{_LATIN}°{_CURRENCY}",
    "polish": f"{_LATIN}°{_CURRENCY}ąćęłńóśźżĄĆĘŁŃÓŚŹŻ",
}
"""Vocabularies by docTR's names: the first two are those of its published weights (the second up to version 0.11)."""


@dataclass(frozen=True)
class FitInside:
    """The largest size of the same aspect inside ``height`` x ``width``, by torch's antialiased bilinear.

    Attributes:
        height: rows not to exceed.
        width: columns not to exceed; None for any number.
    """

    height: int
    width: int | None

    def __call__(self, canvas: Canvas) -> Canvas:
        """The resized line, of at least one row and one column.

        Raises:
            ImageError: the line would have more columns than fit in memory.
        """
        rows, columns = self._size(canvas.height, canvas.width)
        check_width(canvas, columns, self.height)
        pixels = torch.from_numpy(np.ascontiguousarray(canvas.pixels)).permute(2, 0, 1)[None].float()
        resized = functional.interpolate(pixels, (rows, columns), mode="bilinear", antialias=True)
        whole = resized.round()[0].permute(1, 2, 0).to(torch.uint8).contiguous().numpy()
        return canvas.moved(whole, ColumnMap(canvas.width / columns), columns)

    def _size(self, height: int, width: int) -> tuple[int, int]:
        aspect = height / width
        if self.width is None or aspect > self.height / self.width:
            return self.height, max(int(self.height / aspect), 1)
        return max(int(self.width * aspect), 1), self.width

    @property
    def words(self) -> str:
        """What it does, for people."""
        bounds = "" if self.width is None else f", at most {self.width} columns"
        return f"height {self.height} keeping the aspect{bounds} (torch bilinear, antialiased)"


@dataclass(frozen=True)
class PadAround:
    """Black rows and columns up to a size, the line in the middle.

    Attributes:
        height: rows to reach.
        width: columns to reach.
    """

    height: int
    width: int

    def __call__(self, canvas: Canvas) -> Canvas:
        """The line with its border; of an odd one the larger half comes first."""
        rows, columns = self.height - canvas.height, self.width - canvas.width
        left, top = (columns + 1) // 2, (rows + 1) // 2
        return Pad(left, columns - left, top, rows - top, fill=0.0)(canvas)

    @property
    def words(self) -> str:
        """What it does, for people."""
        return f"padded around to {self.width} x {self.height} with 0"


@dataclass(frozen=True)
class PadToHeight:
    """Black rows below up to a height.

    Attributes:
        height: rows to reach.
    """

    height: int

    def __call__(self, canvas: Canvas) -> Canvas:
        """The line with its rows."""
        return Pad(bottom=self.height - canvas.height, fill=0.0)(canvas)

    @property
    def words(self) -> str:
        """What it does, for people."""
        return f"padded to {self.height} rows with 0"


# docTR's predictor reads such lines in overlapping pieces and joins their words; a recording is of one run.
_CUT = "docTR cuts lines wider than 8 times their height into overlapping pieces; here such a line is read whole, "
_WIDE = {False: _CUT + "squeezed to {width} columns (keep_ratio does not squeeze it)", True: _CUT + "at its own aspect"}


class DoctrAdapter(LineageAdapter):
    """Knows the checkpoints of docTR's CRNN recognizers."""

    name = "doctr"

    def rebuild(self, shapes: Shapes) -> DoctrCrnn:
        """The network at a checkpoint's sizes."""
        return DoctrCrnn(shapes)

    def evidence(self, module: DoctrCrnn) -> tuple[str, ...]:
        """Its backbone and its recurrent layers."""
        return (
            f"keys feat_extractor of {module.sizes.backbone}, decoder, linear: docTR's crnn_{module.sizes.backbone}",
            f"a bidirectional LSTM of 2 layers and {module.sizes.units} units",
        )

    def reading(self, module: Any, checkpoint: Checkpoint, options: LoadOptions) -> Reading:
        """Fed as docTR's predictor does; blank last.

        Raises:
            CheckpointError: there is no such variant, or the image has not three channels.
        """
        sizes = module.sizes
        variant = chosen_variant(self.name, options.variant, VARIANTS)
        check_channels(sizes.image_channels, (3,), "docTR's recognizers take 3 (color)")
        by_count = {len(vocabulary): vocabulary for vocabulary in VOCABULARIES.values()}
        return Reading(
            _recipe(variant, sizes.height, options.keep_ratio),
            axis_geometry(module.feat_extractor),
            class_count=sizes.classes,
            layout="BTC",
            blank=sizes.classes - 1,
            alphabet=by_count.get(sizes.classes - 1, ""),
            details={
                "architecture": f"crnn_{sizes.backbone}",
                "variant": f"{variant} (of {', '.join(VARIANTS)})",
                "wide lines": _WIDE[options.keep_ratio].format(width=ASPECT * sizes.height),
            },
        )


def _recipe(variant: str, height: int, keep_ratio: bool) -> Preprocess:
    """docTR's resize and padding; a long line that keeps its ratio keeps all its rows too."""
    width = ASPECT * height
    normalize = Normalize(_MEAN, _STD)
    if keep_ratio:
        return Preprocess((Color("rgb"), FitInside(height, None), PadToWidth(width, 0.0), normalize))
    fit = (Color("rgb"), FitInside(height, width))
    if variant == "symmetric":
        return Preprocess((*fit, PadAround(height, width), normalize))
    return Preprocess((*fit, PadToHeight(height), PadToWidth(width, 0.0), normalize))


ADAPTER = DoctrAdapter()
