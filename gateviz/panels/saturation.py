"""How saturated the gates of every unit are, as points."""

from collections.abc import Collection, Sequence

from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.errors import SelectionError
from gateviz.measure.saturation import saturation
from gateviz.panels.heatmaps import group_name
from gateviz.panels.origin import metadata_of, notes_of
from gateviz.panels.panel import PointGroup, ScatterPanel, ScatterRow
from gateviz.panels.select import chosen_quantities, chosen_traces
from gateviz.recording import Recording


def saturation_row(
    recording: Recording,
    *,
    layers: Collection[int] | None = None,
    directions: Collection[Direction | str] | None = None,
    quantities: Collection[Quantity | str] | None = None,
    title: str = "",
) -> ScatterRow:
    """One panel a gate: each unit at its share of left- and right-saturated frames.

    Both are shares of the frames, between 0 and 1. As in figure 3 of Karpathy, Johnson and Fei-Fei 2015 (arXiv 1506.02078): below the diagonal
    units are mostly shut, a unit in the lower left corner is never saturated.

    Raises:
        SelectionError: something was asked for that was not recorded, or no gate was.
    """
    traces = chosen_traces(recording, layers=layers, directions=directions)
    gates = [quantity for quantity in chosen_quantities(traces, quantities) if quantity.is_gate]
    if not gates:
        there = ", ".join(chosen_quantities(traces))
        raise SelectionError(f"saturation is drawn for gates, and no gate was chosen; recorded are {there}")
    panels = tuple(_panel(gate, traces) for gate in gates)
    alignment = recording.alignment if recording.emission is not None else None
    return ScatterRow(panels, title, notes_of(recording, ()), metadata_of(recording, alignment))


def _panel(gate: Quantity, traces: Sequence[GateTrace]) -> ScatterPanel:
    layers = sorted({trace.layer for trace in traces})
    groups = []
    for trace in traces:
        if gate not in trace.values:
            continue
        shares = saturation(trace[gate])
        rank = layers.index(trace.layer)
        groups.append(PointGroup(group_name(trace), shares.left, shares.right, rank, trace.direction.value))
    return ScatterPanel(
        title=gate.words,
        letter=gate.letter,
        role=gate.value,
        groups=tuple(groups),
        x_label="frames below 0.1",
        y_label="frames above 0.9",
    )
