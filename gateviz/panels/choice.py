"""Which layers, directions, quantities and units are drawn, and in which order the units."""

from collections.abc import Collection, Sequence
from enum import StrEnum

import numpy as np
from jaxtyping import Float, Float32, Int64

from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.errors import SelectionError
from gateviz.measure.timescale import timescale
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


# What a unit remembers tells units apart best; the rest stands in where it was not recorded.
_TELLING = (Quantity.CELL_STATE, Quantity.HIDDEN_STATE, Quantity.FORGET_GATE, Quantity.UPDATE_GATE)
# The gates whose 1 keeps the memory.
KEEPING = (Quantity.FORGET_GATE, Quantity.UPDATE_GATE)


class Order(StrEnum):
    """How rows are sorted.

    ``index``: as the layer numbers its units, or as the caller listed them. ``peak``: by the frame
    at which the magnitude of the unit's state is greatest. ``similarity``: units that do the same
    are neighbors. ``timescale``: from the shortest memory to the longest.
    """

    INDEX = "index"
    PEAK = "peak"
    SIMILARITY = "similarity"
    TIMESCALE = "timescale"


def order_named(order: Order | str) -> Order:
    """The order of that name.

    Raises:
        SelectionError: lists the orders there are.
    """
    try:
        return Order(order)
    except ValueError as error:
        raise SelectionError(f"there is no unit order {str(order)!r}; choose one of {', '.join(Order)}") from error


def unit_order(trace: GateTrace, quantity: Quantity, order: Order) -> Int64[np.ndarray, " H"]:
    """The units of a trace in the order of their rows.

    All quantities of a trace are sorted by the same series, the cell state where it was recorded,
    so that a row is one unit in every panel. Only a projected hidden state, which has units of its
    own, is sorted by itself.

    Raises:
        SelectionError: the timescale was asked for and no forget or update gate was recorded.
    """
    width = trace[quantity].shape[1]
    if order is Order.INDEX:
        return np.arange(width)
    if order is Order.TIMESCALE:
        return _by_timescale(trace, width)
    alike = [candidate for candidate in (*_TELLING, *trace.values) if candidate in trace.values]
    series = next(trace[candidate] for candidate in alike if trace[candidate].shape[1] == width)
    telling = np.nan_to_num(series)
    if order is Order.PEAK:
        return np.argsort(np.abs(telling).argmax(axis=0), kind="stable")
    return _by_similarity(telling)


def _by_timescale(trace: GateTrace, width: int) -> Int64[np.ndarray, " H"]:
    keeping = [trace[gate] for gate in KEEPING if gate in trace.values]
    if not keeping:
        raise SelectionError(
            f"layer {trace.layer} {trace.direction} cannot be ordered by timescale without its forget or update gate; "
            f"recorded are {', '.join(trace.values)}"
        )
    if keeping[0].shape[1] != width:
        return np.arange(width)
    return np.argsort(timescale(keeping[0]), kind="stable").astype(np.int64)


def _by_similarity(series: Float32[np.ndarray, "T H"]) -> Int64[np.ndarray, " H"]:
    """Leaves of an average-linkage tree of correlation distances, in optimal leaf order.

    Bar-Joseph, Gifford and Jaakkola 2001, "Fast optimal leaf ordering for hierarchical clustering".
    """
    # scipy's import takes longer than drawing the figure, and only this order needs it.
    from scipy.cluster.hierarchy import leaves_list, linkage

    if series.shape[1] < 3:
        return np.arange(series.shape[1])
    curves = _unit_length(series.T.astype(np.float64))
    leaves = leaves_list(linkage(_distances(curves), method="average", optimal_ordering=True))
    return np.asarray(leaves, dtype=np.int64)


def _distances(curves: Float[np.ndarray, "H T"]) -> Float[np.ndarray, " pairs"]:
    """The distance of every two curves, in the order of scipy's ``pdist``, which takes a hundred times as long.

    Of squares of at most 4 a product of matrices knows 15 digits: 12 are kept, so that equal curves are equal.
    """
    products = curves @ curves.T
    squares = np.diagonal(products)
    apart = np.round(squares[:, np.newaxis] + squares - 2 * products, 12)
    found: Float[np.ndarray, " pairs"] = np.sqrt(np.maximum(apart, 0.0))[np.triu_indices(len(curves), 1)]
    return found


def _unit_length(curves: Float[np.ndarray, "H T"]) -> Float[np.ndarray, "H T"]:
    """The curves without their mean and scaled to length 1, so that their distance is a function of correlation."""
    centered = curves - curves.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centered, axis=1, keepdims=True)
    # A constant curve has no direction: it stays in the middle, equally far from all others.
    scaled: Float[np.ndarray, "H T"] = centered / np.where(lengths > 0, lengths, 1.0)
    return scaled
