"""The witness of a graph's run: the hidden states that its recurrent nodes computed are those that its gates come to.

The states come out of ONNX Runtime's own LSTM and GRU kernels; gates and cells are worked out beside them (``graphs.gates``).
So h = o tanh(c) (LSTM) and h = (1 - z) n + z h' (GRU) hold only where both are right.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from gateviz.data.gates import Direction, Quantity
from gateviz.errors import WitnessError

TOLERANCE = 1e-4
NEEDED = {
    "lstm": (Quantity.OUTPUT_GATE, Quantity.CELL_STATE, Quantity.HIDDEN_STATE),
    "gru": (Quantity.UPDATE_GATE, Quantity.CANDIDATE, Quantity.HIDDEN_STATE),
}
"""What the witness looks at, by the kind of a layer."""

Series = Mapping[Quantity, Float[np.ndarray, "T B H"]]


def states_apart(kind: str, direction: Direction, series: Series, place: str) -> float:
    """The largest difference between a layer's states and what its gates come to, over all frames and lines.

    Of a GRU all frames but the first it reads, whose state before it is the graph's own affair.

    Args:
        kind: ``lstm`` or ``gru``.
        direction: the node's own, whichever way it is fed the line.
        series: what ``NEEDED`` names, in the order of the node's own frames.
        place: the layer in words.

    Raises:
        WitnessError: it is larger than 1e-4, or no number.
    """
    h = series[Quantity.HIDDEN_STATE]
    if kind == "lstm":
        expected = series[Quantity.OUTPUT_GATE] * np.tanh(series[Quantity.CELL_STATE])
    else:
        now, before = (
            (slice(1, None), slice(None, -1)) if direction is Direction.FORWARD else (slice(None, -1), slice(1, None))
        )
        z, n = series[Quantity.UPDATE_GATE][now], series[Quantity.CANDIDATE][now]
        expected, h = (1 - z) * n + z * h[before], h[now]
    found = float(np.abs(h - expected).max(initial=0.0))
    # Not a number is no agreement.
    if not found <= TOLERANCE:
        raise WitnessError(
            f"{place}: the states that ONNX Runtime computed differ by {found:.3g} from what the recorded gates come to, and "
            f"{TOLERANCE:g} is allowed; record with engine='torch' (--engine torch)"
        )
    return found
