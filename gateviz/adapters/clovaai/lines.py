"""How line images are prepared for clovaai's networks: by clovaai itself, and by EasyOCR."""

from gateviz.adapters.core.lineage import GRAY_OR_COLOR, check_channels
from gateviz.geometry.canvas import Normalize, PadToWidth, Step
from gateviz.geometry.easyocr_line import EasyOcrLine
from gateviz.geometry.preprocess import Color, Gray, Preprocess, ResizeToHeight, Stretch

HEIGHT, WIDTH = 32, 100
"""Rows and columns of clovaai's line images."""

VARIANTS = ("clovaai", "pad", "easyocr", "easyocr_contrast")
"""Stretched to 32 x 100; the aspect kept inside 32 x 100 (clovaai's --PAD); EasyOCR's two readings of a line."""


def recipe(
    variant: str, image_channels: int, *, keep_ratio: bool = False, size: tuple[int, int] = (HEIGHT, WIDTH)
) -> Preprocess:
    """How line images are prepared.

    Args:
        variant: one of ``VARIANTS``.
        image_channels: of the network's input.
        keep_ratio: of clovaai's: never squeeze a line into the width, however long it is.
        size: rows and columns of clovaai's line images.

    Raises:
        CheckpointError: there is no way from an image to so many channels.
    """
    check_channels(image_channels, (1, 3), GRAY_OR_COLOR)
    if variant.startswith("easyocr"):
        paint: Step = Gray("opencv") if image_channels == 1 else Color("rgb")
        return Preprocess((paint, EasyOcrLine(contrast=variant == "easyocr_contrast"), Normalize()))
    paint = Gray("pillow") if image_channels == 1 else Color("rgb")
    height, width = size
    if variant == "pad" or keep_ratio:
        at_most = None if keep_ratio else width
        keep = ResizeToHeight(height, "pillow bicubic", at_most=at_most)
        return Preprocess((paint, keep, PadToWidth(width, "edge"), Normalize()))
    return Preprocess((paint, Stretch(height, width, "pillow bicubic"), Normalize()))


def variant_words(variant: str, why: str = "") -> str:
    """The variant for people, with the others that there are."""
    others = f"(of {', '.join(VARIANTS)}, whose keys are the same: their preprocessing differs)"
    return f"{variant} {others}{why}"
