"""Which frames spell which symbol."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from gateviz.data.reading_order import reading_text


@dataclass(frozen=True)
class Span:
    """The frames [start, stop) that spell one symbol of the text.

    Attributes:
        symbol: what is spelled.
        start: first frame.
        stop: one past the last frame.
        log_prob: log of the symbol's confidence by the rule of ``ctc.confidence``: the geometric
            mean over the span's frames of the posterior of the label on the path.
    """

    symbol: str
    start: int
    stop: int
    log_prob: float


@dataclass(frozen=True)
class Alignment:
    """One path through the frames and the text it collapses to.

    Attributes:
        path: the label of every frame, blanks included; shape (T,).
        spans: one a symbol of the text, in order, never overlapping.
        text: what the path collapses to, in the order of its frames.
        log_prob: log probability of this one path.
    """

    path: Int64[np.ndarray, " T"]
    spans: tuple[Span, ...]
    text: str
    log_prob: float

    @property
    def reading(self) -> str:
        """The text in the order people read it: where letters run from right to left, that is not the frames' order."""
        return reading_text([span.symbol for span in self.spans])
