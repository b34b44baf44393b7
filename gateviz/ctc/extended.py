"""A text as the chain of states that CTC's recursions run over."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float64, Int64

from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.errors import AlignmentError


@dataclass(frozen=True)
class ExtendedText:
    """The L labels of a text with a blank before, between and after them: S = 2 L + 1 states.

    State s stands for the label ``labels[s]``. From frame to frame a path stays in its state, steps
    to the next one, or skips a blank between two different labels (Graves et al. 2006, section 4.1).

    Attributes:
        text: what is spelled, in the order people read it.
        spelled: ``(symbol, start, stop)``, half-open in the L labels, one a symbol of the text from left to right.
        labels: the label of every state; shape (S,).
    """

    text: str
    spelled: tuple[tuple[str, int, int], ...]
    labels: Int64[np.ndarray, " S"]

    @classmethod
    def of(cls, text: str, alphabet: Alphabet) -> "ExtendedText":
        """The states of a text that people read: frames run from left to right, whichever way its letters do.

        Raises:
            AlphabetError: names every symbol of the text that is not in the alphabet.
        """
        labels: list[int] = []
        spelled = []
        for symbol in alphabet.standing(text):
            code = alphabet.code(symbol)
            spelled.append((symbol, len(labels), len(labels) + len(code)))
            labels.extend(code)
        extended = np.full(2 * len(labels) + 1, alphabet.blank, dtype=np.int64)
        extended[1::2] = labels
        return cls(text, tuple(spelled), extended)

    @cached_property
    def skippable(self) -> Bool[np.ndarray, " S"]:
        """Where a path may come from two states before: a label that differs from the label before it.

        True for the first label too, which a path may start in; shape (S,).
        """
        allowed = np.zeros(len(self.labels), dtype=np.bool_)
        allowed[1::2] = True
        allowed[3::2] = self.labels[3::2] != self.labels[1:-2:2]
        return allowed

    @property
    def label_count(self) -> int:
        """L, the labels without the blanks."""
        return len(self.labels) // 2

    @property
    def repeat_count(self) -> int:
        """How often a label follows an equal one: each needs a frame of blank between them."""
        return self.label_count - int(self.skippable.sum())

    def symbol_states(self, symbol: int) -> slice:
        """The states of one symbol of the text: its labels and the blanks between them."""
        _, start, stop = self.spelled[symbol]
        return slice(2 * start + 1, 2 * stop)

    def state_log_probs(self, emission: Emission) -> Float64[np.ndarray, "T S"]:
        """Log posterior of every state's label at every frame.

        Raises:
            AlignmentError: the text needs more frames than there are; says how many.
        """
        needed = self.label_count + self.repeat_count
        if needed > emission.frame_count:
            raise AlignmentError(
                f"the text {self.text!r} needs at least {needed} frames ({self.label_count} labels and "
                f"{self.repeat_count} blanks between equal ones), and there are {emission.frame_count}; "
                f"give a shorter text or a wider line image"
            )
        return emission.log_probs[:, self.labels].astype(np.float64)

    def impossible(self, emission: Emission) -> AlignmentError:
        """The error for a text that has no path of a probability above zero, naming the symbols at fault."""
        never = []
        for symbol, start, stop in self.spelled:
            columns = emission.log_probs[:, self.labels[1::2][start:stop]]
            if not np.isfinite(columns.max(axis=0)).all():
                never.append(repr(symbol))
        fault = (
            f"the posterior of {', '.join(dict.fromkeys(never))} is zero, or no number, at every frame"
            if never
            else "frames with posteriors of zero, or no number, block every path"
        )
        return AlignmentError(
            f"the text {self.text!r} cannot be aligned to these {emission.frame_count} frames: {fault}; "
            f"check the text, and the model's weights if its own reading fails as well"
        )
