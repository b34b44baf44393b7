"""Which label each frame should carry where the columns of the symbols are known."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int64

IGNORED = -100
INNER_SHARE = 0.6
# Between two equal symbols whose middles are nearer than so many frames there is no frame for a blank.
ROOM_FOR_BLANK = 2


def frame_labels(
    labels: Sequence[int], columns: Float[np.ndarray, "symbols 2"], centers: Float[np.ndarray, " T"], blank: int
) -> Int64[np.ndarray, " T"]:
    """The label of each frame: a symbol's over the middle of its columns, blank between symbols.

    A symbol owns the frames whose centers lie in the middle 60 % of its columns, or the nearest
    free one. Frames over the rest of its columns are ``IGNORED``: nobody says there how wide a
    symbol should be read. Between two equal symbols one frame is blank, as CTC needs it; where they
    are too narrow for that, as in "ll", all their frames are ``IGNORED``, so that CTC may borrow a
    frame from a neighbor.

    Args:
        labels: of the symbols, in reading order.
        columns: left and right edge of each, on the same axis as the centers.
        centers: of the frames.
        blank: the blank's label.
    """
    target = np.full(len(centers), blank, dtype=np.int64)
    left, right = columns[:, 0], columns[:, 1]
    middle, reach = (left + right) / 2, (right - left) * INNER_SHARE / 2
    first, last = np.searchsorted(centers, left), np.searchsorted(centers, right)
    inner_first, inner_last = np.searchsorted(centers, middle - reach), np.searchsorted(centers, middle + reach)
    for start, stop in zip(first, last, strict=True):
        target[start:stop] = IGNORED
    near = ROOM_FOR_BLANK * float(centers[1] - centers[0]) if len(centers) > 1 else 0.0
    crowded = {
        number
        for number in range(1, len(labels))
        if labels[number - 1] == labels[number] and middle[number] - middle[number - 1] < near
    }
    taken = -1
    for number, label in enumerate(labels):
        if number in crowded:
            continue
        start, stop = int(inner_first[number]), int(inner_last[number])
        if start == stop:
            start = int(np.abs(centers - middle[number]).argmin())
            stop = start + 1
        again = number > 0 and labels[number - 1] == label
        free = taken + (2 if again else 1)
        if free > stop:
            # More symbols than frames: whoever comes too late is left to the CTC loss.
            continue
        if again and free - 1 < len(target):
            target[max(start, free) - 1] = blank
        start = max(start, free)
        stop = max(stop, start + 1)
        target[start:stop] = label
        taken = stop - 1
    for number in crowded:
        target[first[number - 1] : last[number]] = IGNORED
    return target
