"""One stated claim about a gate: precise, signed, and refused by name where it cannot be tested."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from gateviz.data.alphabet import Alphabet
from gateviz.data.gates import Quantity
from gateviz.errors import SelectionError
from gateviz.measure.events import At, Event, What
from gateviz.measure.line_events import MARGIN, Borders, EventRule

LEAST_EFFECT = 0.2
"""Cohen 1988, "Statistical power analysis for the behavioral sciences", section 2.2: what he calls a small effect."""

# Where the event's own name is too short for a sentence.
_WHAT_WORDS = {
    What.ANY: "any symbol",
    What.LINE: "the line",
    What.BLANK: "a run of blanks",
    What.DIGIT: "a digit",
    What.SPACE: "a space",
    What.LETTER: "a letter",
    What.HAN: "a Chinese character",
    What.DOUBLED: "the second of two equal symbols",
    What.WORD: "a word",
    What.SENTENCE: "a sentence",
}
# Of these, whole and center are those of their first symbol.
_FIRST_SYMBOL = (What.WORD, What.SENTENCE)
_KEEPING = (Quantity.FORGET_GATE, Quantity.UPDATE_GATE)


class Sign(StrEnum):
    """Which way the claim says it goes at the event, against elsewhere in the same lines."""

    HIGHER = "higher"
    LOWER = "lower"


class Statistic(StrEnum):
    """What of the series is compared.

    ``value``: the value itself. ``step``: the size of the step from the frame that the layer met
    before, |x_t - x_(t-1)|. ``timescale``: no event, but the share of units whose memory,
    -1 / ln(mean f), is longer than one symbol. ``context``: no event, but the share of what the layer's
    hidden state answers to in its own input that lies further away than one symbol (``measure.context``).
    """

    VALUE = "value"
    STEP = "step"
    TIMESCALE = "timescale"
    CONTEXT = "context"

    @property
    def is_share(self) -> bool:
        """Whether the effect is a share, held against the one that the claim asks for, and about no event."""
        return self in (Statistic.TIMESCALE, Statistic.CONTEXT)


@dataclass(frozen=True)
class Claim:
    """A hypothesis that a corpus can speak for or against.

    Attributes:
        name: short, unique in a run.
        gate: a series by its name, such as ``forget_gate``.
        what: the event, as ``measure.events.Event`` has it; a class, or ``symbol:`` and the symbols.
        at: which frames of it.
        sign: ``higher`` or ``lower`` at the event than elsewhere.
        statistic: what of the series is compared.
        says: the claim as people state it; empty takes the precise words.
        borders: which frames are a symbol's.
        as_met: events are those that the layer meets, so a backward layer meets a symbol, word or
            line at its right end first; False takes them in reading order for both directions.
        offset: frames by which the event's frames are moved on, the way the layer goes.
        margin: frames left out at both ends of the text (of the line, for an event of the line), where the state is
            still warming up; None takes the frames of ``MARGIN`` symbols of the line, and none for an event of the line.
        least_effect: a smaller magnitude is no evidence, however small its p.
        share: of units, for ``timescale``: the claim is that more than this remember so long; of what is answered
            to, for ``context``: that more than this lies so far away.
        symbols: how long that is.

    Raises:
        SelectionError: there is no such gate, event, sign or statistic.
    """

    name: str
    gate: str
    what: str = What.ANY
    at: str = At.SPAN
    sign: str = Sign.HIGHER
    statistic: str = Statistic.VALUE
    says: str = ""
    borders: str = Borders.CELL
    as_met: bool = True
    offset: int = 0
    margin: int | None = None
    least_effect: float = LEAST_EFFECT
    share: float = 0.5
    symbols: float = 1.0

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise SelectionError("a claim needs a name; give it a short one, such as commas-clear-memory")
        self._one_of("gate", self.gate, Quantity)
        self._one_of("sign", self.sign, Sign)
        self._one_of("statistic", self.statistic, Statistic)
        self._one_of("borders", self.borders, Borders)
        try:
            Event(self.what, self.at)
        except SelectionError as error:
            raise SelectionError(f"the claim {self.name!r}: {error}") from error
        if (self.margin or 0) < 0 or self.least_effect < 0 or self.symbols <= 0 or not 0 < self.share < 1:
            raise SelectionError(
                f"the claim {self.name!r} has margin {self.margin}, least_effect {self.least_effect}, symbols {self.symbols} "
                f"and share {self.share}; no margin or effect is below 0, symbols are above it, a share lies between 0 and 1"
            )
        if self.statistic == Statistic.TIMESCALE and self.gate not in _KEEPING:
            raise SelectionError(
                f"the claim {self.name!r} asks for the timescale of the {self.gate}; "
                f"memory is kept by {' or '.join(_KEEPING)}"
            )
        if self.statistic == Statistic.CONTEXT and self.gate != Quantity.HIDDEN_STATE:
            raise SelectionError(
                f"the claim {self.name!r} asks for the context of the {self.gate}; it is measured of the {Quantity.HIDDEN_STATE}"
            )

    @property
    def quantity(self) -> Quantity:
        """The series."""
        return Quantity(self.gate)

    @property
    def event(self) -> Event:
        """The event."""
        return Event(self.what, self.at)

    @property
    def rule(self) -> EventRule:
        """How the event is found on a line."""
        return EventRule(self.event, self.borders, self.as_met, self.offset, self.margin)

    @property
    def about_share(self) -> bool:
        """Whether it is about no event, but about a share of units or of what is answered to."""
        return Statistic(self.statistic).is_share

    @property
    def direction(self) -> int:
        """1 where the claim says higher, -1 where it says lower."""
        return 1 if self.sign == Sign.HIGHER else -1

    @property
    def tested(self) -> tuple[object, ...]:
        """What decides the numbers: claims that differ in their sign alone share one test."""
        return (
            self.gate, self.what, self.at, self.statistic, self.borders, self.as_met, self.offset, self.margin, self.symbols, self.share
        )  # fmt: skip

    @property
    def words(self) -> str:
        """The precise hypothesis in words.

        Example:
            >>> Claim("c", "forget_gate", "punctuation", sign="lower").words
            'the forget gate is lower within punctuation than elsewhere in the same lines'
        """
        if self.statistic == Statistic.TIMESCALE:
            length = f"{self.symbols:g} symbol{'' if self.symbols == 1 else 's'}"
            more = "more" if self.sign == Sign.HIGHER else "less"
            return (
                f"{more} than {100 * self.share:g} % of the units remember longer than {length}: "
                f"-1/ln(mean {self.quantity.letter}) > {length}"
            )
        if self.statistic == Statistic.CONTEXT:
            length = f"{self.symbols:g} symbol{'' if self.symbols == 1 else 's'}"
            more = "more" if self.sign == Sign.HIGHER else "less"
            return (
                f"{more} than {100 * self.share:g} % of what the hidden state answers to in its layer's input (squared norm "
                f"of the Jacobian) lies further than {length} away"
            )
        subject = self.quantity.words
        if self.statistic == Statistic.STEP:
            letter = self.quantity.letter
            subject = f"{subject}'s step |{letter}(t) - {letter}(t-1)|"
        when = self.when
        place = "at the " if self.at != At.SPAN and not self.offset else ""
        return f"the {subject} is {self.sign} {place}{when} than elsewhere in the same lines"

    @property
    def when(self) -> str:
        """The event's frames in words, such as ``1 frame after the end of any symbol``."""
        when = self.event.words
        if self.at in (At.SPAN, At.CENTER) and self.what in _FIRST_SYMBOL:
            when = when.removesuffix(self.what) + "the first symbol of " + self.what
        for what, words in _WHAT_WORDS.items():
            if self.what == what:
                when = when.removesuffix(what) + words
        if not self.offset:
            return when
        frames = f"{abs(self.offset)} frame{'s' if abs(self.offset) > 1 else ''}"
        return f"{frames} {'after' if self.offset > 0 else 'before'} the {when}"

    @property
    def margin_words(self) -> str:
        """What is left out at both ends, such as ``3 symbols`` or ``8 frames``."""
        if self.margin is None:
            return "0 frames" if self.what == What.LINE else f"{MARGIN} symbols"
        return f"{self.margin} frame{'' if self.margin == 1 else 's'}"

    def _one_of(self, field: str, value: str, names: type[StrEnum]) -> None:
        if value not in set(names):
            raise SelectionError(
                f"the claim {self.name!r} has the {field} {value!r}, and there is none of that name; "
                f"choose one of {', '.join(names)}"
            )


def checked_claims(claims: Iterable[Claim], alphabet: Alphabet | None = None) -> tuple[Claim, ...]:
    """The claims, where all of them can be tested.

    Args:
        claims: at least one, each with a name of its own.
        alphabet: of the recognizer; None leaves the symbols unchecked.

    Raises:
        SelectionError: there is none, two have one name, or one names a symbol that is not in the alphabet.
    """
    listed = tuple(claims)
    if not listed:
        raise SelectionError("there is no claim to test; give at least one")
    names = [claim.name for claim in listed]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SelectionError(f"two claims are named {twice!r}; give each a name of its own")
    if alphabet is not None:
        for claim in listed:
            _check_symbols(claim, set(alphabet.symbols))
    return listed


def quantities_of(claims: Collection[Claim]) -> tuple[Quantity, ...]:
    """The series that have to be recorded, each once."""
    return tuple(dict.fromkeys(claim.quantity for claim in claims))


def _check_symbols(claim: Claim, known: set[str]) -> None:
    if claim.about_share:
        return
    if unknown := sorted(claim.event.symbols - known):
        named = ", ".join(map(repr, unknown))
        raise SelectionError(
            f"the claim {claim.name!r} is about {named}, not among the {len(known)} symbols of this recognizer; leave "
            f"{'it' if len(unknown) == 1 else 'them'} out, or give a model that reads {'it' if len(unknown) == 1 else 'them'}"
        )
