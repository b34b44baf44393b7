"""Many tests at once: p values corrected for their number."""

import numpy as np
from jaxtyping import Float64


def benjamini_hochberg(p: Float64[np.ndarray, " N"]) -> Float64[np.ndarray, " N"]:
    """p values adjusted so that those below q hold a share of false ones of at most q on average.

    The step-up rule of Benjamini and Hochberg 1995 ("Controlling the false discovery rate"), for
    independent or positively dependent tests. NaN (a test that could not be made) stays NaN and is
    not counted.

    Example:
        >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, np.nan])).round(3).tolist()
        [0.03, 0.04, 0.04, nan]
    """
    from scipy.stats import false_discovery_control

    adjusted = np.full(p.shape, np.nan)
    made = ~np.isnan(p)
    if made.any():
        adjusted[made] = false_discovery_control(p[made])
    return adjusted
