"""kraken's ways to prepare a line image.

Lines cut along a baseline are resized; those cut out as boxes are first straightened (``geometry.straighten``). Both are
padded with paper on the left and right, and turned light on dark.
"""

from gateviz.adapters.kraken.vgsl import Specification
from gateviz.errors import CheckpointError
from gateviz.geometry.canvas import Pad, Step
from gateviz.geometry.preprocess import Color, Gray, Preprocess, Stretch
from gateviz.geometry.straighten import FromBrightest, RowsAsFeatures, Straighten, ToHeight

VARIANTS = ("baselines", "bbox")
PADDING = 16
"""Columns of paper on either side, in training and in reading."""


def recipe_of(specification: Specification, variant: str) -> Preprocess:
    """How line images are prepared for a network.

    Raises:
        CheckpointError: there is no way from an image to so many channels.
    """
    height, width, channels = specification.height, specification.width, specification.channels
    rows_as_features = height == 1 and channels > 3
    if channels not in (1, 3) and not rows_as_features:
        raise CheckpointError(
            f"the network takes images of {channels} channels, and a line image has 1 (gray) or 3 (color)"
        )
    rows = channels if rows_as_features else height
    steps: list[Step] = [Color("rgb") if channels == 3 else Gray("pillow")]
    if width and not rows_as_features:
        return Preprocess((*steps, Stretch(rows, width, "pillow lanczos"), FromBrightest()))
    straightened = variant == "bbox" and channels != 3
    steps += [Straighten(rows) if straightened else ToHeight(rows), Pad(PADDING, PADDING, fill=255.0), FromBrightest()]
    return Preprocess((*steps, RowsAsFeatures()) if rows_as_features else tuple(steps))
