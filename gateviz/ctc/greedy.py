"""Best-path decoding."""

import numpy as np

from gateviz.ctc.collapse import align_path
from gateviz.ctc.usable import require_posteriors
from gateviz.data.alignment import Alignment
from gateviz.data.emission import Emission


def greedy(emission: Emission) -> Alignment:
    """The most probable path, collapsed (Graves et al. 2006, section 3.2, "best path decoding").

    The path takes the most probable label of every frame, the lowest label where several are
    equally probable. It is the most probable path; the text it spells need not be the most
    probable text, which `beam.prefix_beam_search` looks for.

    Raises:
        AlignmentError: a frame has no posterior above zero, or holds NaN.

    Example:
        >>> from gateviz.data.alphabet import Alphabet
        >>> posteriors = [[0.1, 0.8, 0.1], [0.7, 0.2, 0.1], [0.1, 0.9, 0.0001], [0.2, 0.1, 0.7]]
        >>> emission = Emission(np.log(posteriors).astype(np.float32), Alphabet.from_symbols("ab", blank=0))
        >>> greedy(emission).text
        'aab'
    """
    require_posteriors(emission)
    return align_path(emission, emission.log_probs.argmax(axis=1).astype(np.int64))
