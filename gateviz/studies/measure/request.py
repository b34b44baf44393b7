"""What is measured over a corpus, refused by name where a recognizer does not have it."""

from dataclasses import dataclass

from gateviz.data.alphabet import Alphabet
from gateviz.data.gates import GateTrace, Quantity
from gateviz.errors import SelectionError
from gateviz.measure.events import Event, event_named
from gateviz.panels.choice import KEEPING

EVENTS = tuple(
    map(
        event_named,
        (
            "punctuation", "digit", "space", "letter", "han", "doubled", "blank", "any@onset", "any@center", "any@end",
            "word@onset", "line@onset", "blank@onset",
        ),
    )
)  # fmt: skip
"""For which units are asked how well they tell them; frames as claims take them (``measure.line_events``)."""

EVENT = EVENTS[0]

# The candidate is what could be written, whether or not it is: gates and states say what was.
_LEFT_OUT = (Quantity.CANDIDATE,)


@dataclass(frozen=True)
class MeasureRequest:
    """What is measured beside saturation, timescales and agreement.

    Attributes:
        event: the one around which courses are drawn, and for which forward is held against backward.
        gate: the series of the courses by name; None takes the forget gate, or a GRU's update gate.
        unit: of the courses; None takes the layer's mean.
        events: for which units are asked how well they tell them; ``event`` is added where it is missing.
        quantities: series that are measured; None takes all recorded but the candidate.
        seed: of everything random.
        margin: frames left out at both ends of a text; None takes those of
            ``line_events.MARGIN`` symbols, as claims do.

    Raises:
        SelectionError: there is no such series.
    """

    event: Event = EVENT
    gate: str | None = None
    unit: int | None = None
    events: tuple[Event, ...] = EVENTS
    quantities: tuple[str, ...] | None = None
    seed: int = 0
    margin: int | None = None

    def __post_init__(self) -> None:
        if (self.margin or 0) < 0:
            raise SelectionError(f"a margin of {self.margin} frames was asked for; no margin is below 0")
        for name in (*([] if self.gate is None else [self.gate]), *(self.quantities or ())):
            if name not in set(Quantity):
                raise SelectionError(f"there is no series {name!r} to measure; choose one of {', '.join(Quantity)}")

    @property
    def all_events(self) -> tuple[Event, ...]:
        """The events, each once."""
        return tuple(dict.fromkeys((*self.events, self.event)))

    def check_symbols(self, alphabet: Alphabet) -> None:
        """Refuse symbols that the recognizer does not read.

        Raises:
            SelectionError: names them.
        """
        known = set(alphabet.symbols)
        for event in self.all_events:
            if unknown := sorted(event.symbols - known):
                named = ", ".join(map(repr, unknown))
                raise SelectionError(
                    f"the event {event.words!r} is about {named}, not among the {len(known)} symbols of this recognizer; "
                    f"leave {'it' if len(unknown) == 1 else 'them'} out, or give a model that reads more"
                )

    def measured(self, trace: GateTrace) -> tuple[Quantity, ...]:
        """The series of a trace that are measured.

        Raises:
            SelectionError: one that was asked for was not recorded.
        """
        if self.quantities is None:
            return tuple(quantity for quantity in trace.values if quantity not in _LEFT_OUT)
        for name in self.quantities:
            trace[name]
        return tuple(Quantity(name) for name in self.quantities)

    def course_quantity(self, trace: GateTrace) -> Quantity:
        """The series of the courses.

        Raises:
            SelectionError: it was not recorded, or it has no such unit.
        """
        quantity = Quantity(self.gate) if self.gate is not None else keeping_gate(trace) or next(iter(trace.values))
        width = trace[quantity].shape[1]
        if self.unit is not None and not 0 <= self.unit < width:
            raise SelectionError(
                f"layer {trace.layer} {trace.direction} has no unit {self.unit} in its {quantity.words}; "
                f"units are 0 to {width - 1}"
            )
        return quantity


def keeping_gate(trace: GateTrace) -> Quantity | None:
    """The gate that keeps memory: an LSTM's forget gate, a GRU's update gate; None where neither was recorded."""
    return next((gate for gate in KEEPING if gate in trace.values), None)
