"""Posteriors that cannot be read at all."""

import numpy as np

from gateviz.data.emission import Emission
from gateviz.errors import AlignmentError


def require_posteriors(emission: Emission) -> None:
    """Nothing, if every frame has a label with a posterior above zero and no posterior is NaN.

    Raises:
        AlignmentError: names the first frame that has none, or holds NaN.
    """
    # The largest of numbers among which one is NaN is NaN.
    unusable = np.flatnonzero(~np.isfinite(emission.log_probs.max(axis=1)))
    if len(unusable):
        raise AlignmentError(
            f"frame {unusable[0]} of {emission.frame_count} has posteriors that are all zero or no numbers "
            f"({len(unusable)} such frames), so no text can be read; check the model's weights"
        )
