"""docTR's CRNN recognizers: crnn_vgg16_bn, crnn_mobilenet_v3_small and crnn_mobilenet_v3_large.

The state_dict tells which of the three it is and does not carry the vocabulary. docTR's own
published weights spell French; of vocabularies of other sizes only those are known here that no
other of docTR's vocabularies shares its size with.
"""

import string
from typing import Any

from gateviz.adapters.core.files import Checkpoint
from gateviz.adapters.core.lineage import LineageAdapter, Reading, Shapes, check_channels, chosen_variant
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.doctr.network import DoctrCrnn
from gateviz.capture.receptive_layers import axis_geometry
from gateviz.geometry.canvas import Normalize, PadToWidth
from gateviz.geometry.line_sizes import FitInside, PadAround, PadToHeight
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
