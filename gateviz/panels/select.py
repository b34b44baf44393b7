"""Which layers, directions, quantities and units are drawn."""

from collections.abc import Collection, Sequence

from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.errors import SelectionError
from gateviz.recording import Recording

# From top to bottom: the equations' order, for an LSTM and a GRU alike.
_DRAWN = (
    Quantity.INPUT_GATE,
    Quantity.FORGET_GATE,
    Quantity.RESET_GATE,
    Quantity.UPDATE_GATE,
    Quantity.CANDIDATE,
    Quantity.OUTPUT_GATE,
    Quantity.CELL_STATE,
    Quantity.HIDDEN_STATE,
)


def chosen_traces(
    recording: Recording,
    *,
    layers: Collection[int] | None = None,
    directions: Collection[Direction | str] | None = None,
) -> tuple[GateTrace, ...]:
    """The traces of the layers and directions asked for, in network order; None takes all.

    Raises:
        SelectionError: names the layer or direction that was not recorded, and what was.
    """
    there = ", ".join(trace.name for trace in recording.traces) or "none"
    if isinstance(directions, str):
        directions = (directions,)
    for layer in layers or ():
        if all(trace.layer != layer for trace in recording.traces):
            raise SelectionError(f"there is no trace of layer {layer}; recorded are {there}")
    chosen = tuple(
        trace
        for trace in recording.traces
        if (layers is None or trace.layer in layers) and (directions is None or trace.direction in directions)
    )
    for direction in directions or ():
        if all(trace.direction != direction for trace in chosen):
            asked = "any layer" if layers is None else f"layer {', '.join(map(str, layers))}"
            raise SelectionError(f"there is no {direction} trace of {asked}; recorded are {there}")
    if not chosen:
        raise SelectionError(f"nothing was chosen to draw; recorded are {there}")
    return chosen


def last_layer(recording: Recording) -> tuple[int, ...]:
    """The layer nearest to the output, as a selection; empty for a recording without traces."""
    return tuple(trace.layer for trace in recording.traces[-1:])


def chosen_quantities(
    traces: Sequence[GateTrace], quantities: Collection[Quantity | str] | None = None
) -> tuple[Quantity, ...]:
    """The quantities asked for, by name (``forget_gate``) or letter (``f``); None takes all recorded.

    Raises:
        SelectionError: names what no trace has, and what they have.
    """
    recorded = tuple(quantity for quantity in _DRAWN if any(quantity in trace.values for trace in traces))
    if quantities is None:
        return recorded
    if isinstance(quantities, str):
        quantities = (quantities,)
    by_name = {name: quantity for quantity in recorded for name in (quantity.value, quantity.letter)}
    unknown = [str(name) for name in quantities if str(name) not in by_name]
    if unknown or not quantities:
        there = ", ".join(f"{quantity.value} ({quantity.letter})" for quantity in recorded)
        raise SelectionError(f"there is no quantity {', '.join(unknown) or 'to draw'}; recorded are {there}")
    return tuple(dict.fromkeys(by_name[str(name)] for name in quantities))


def checked_units(trace: GateTrace, quantity: Quantity, units: Sequence[int]) -> tuple[int, ...]:
    """The units asked for, all of them columns of the series.

    Raises:
        SelectionError: names the units that are not there, and how many there are.
    """
    width = trace[quantity].shape[1]
    odd = [str(unit) for unit in units if not 0 <= unit < width]
    if odd:
        raise SelectionError(
            f"layer {trace.layer} {trace.direction} has no unit {', '.join(odd)} in its {quantity.words}; "
            f"units are 0 to {width - 1}"
        )
    if not units:
        raise SelectionError(
            f"no unit of layer {trace.layer} {trace.direction} was chosen to draw; units are 0 to {width - 1}"
        )
    return tuple(units)
