"""From a recording to the panels of a whole picture."""

from collections.abc import Collection, Sequence

from gateviz.data.alignment import Alignment
from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.errors import AlignmentError, SelectionError
from gateviz.measure.saturation import saturation
from gateviz.panels.choice import Order, chosen_quantities, chosen_traces, last_layer, order_named
from gateviz.panels.panel import Panel, PanelStack, PointGroup, ScatterPanel, ScatterRow
from gateviz.panels.reading import (
    boundaries,
    class_panel,
    column_axis,
    frame_columns,
    image_panel,
    metadata_of,
    notes_of,
    posterior_panel,
    remarks_of,
    span_panel,
)
from gateviz.panels.traces import gate_strip, group_name, heatmaps, scales_for, state_scale, unit_curves
from gateviz.recording import Recording


def gates_stack(
    recording: Recording,
    *,
    layers: Collection[int] | None = None,
    directions: Collection[Direction | str] | None = None,
    quantities: Collection[Quantity | str] | None = None,
    units: Sequence[int] | None = None,
    order: Order | str = Order.INDEX,
    alignment: Alignment | None = None,
    frames: Sequence[int] = (),
    mark_saturation: bool = False,
    title: str = "",
) -> PanelStack:
    """The image, its text and posteriors; then for each layer and direction a strip of means and the heatmaps.

    Without ``layers`` the strips of all layers are drawn and the heatmaps of the last layer alone,
    which is what fits one page.

    Args:
        recording: what was measured.
        layers: which layers; None as said above.
        directions: ``forward`` or ``backward``; None takes both.
        quantities: by name or letter; None takes all recorded.
        units: indices in the layer; None takes all.
        order: how the rows are sorted.
        alignment: the symbols to draw; None takes the greedy path.
        frames: frames whose receptive field is shaded on the image.
        mark_saturation: gates below 0.1 and above 0.9 keep their color, the rest fades.
        title: above the picture.

    Raises:
        SelectionError: something was asked for that was not recorded.
        AlignmentError: an alignment of another recording was given.
    """
    strips_of = chosen_traces(recording, layers=layers, directions=directions)
    shown = layers if layers is not None else last_layer(recording)
    if layers is None and directions is not None:
        shown = (strips_of[-1].layer,)
    heatmaps_of = [trace for trace in strips_of if trace.layer in shown]
    detailed = {trace.name for trace in heatmaps_of}
    chosen = chosen_quantities(strips_of if layers is None else heatmaps_of, quantities)
    row_order = order_named(order)
    scales = scales_for(heatmaps_of, chosen)
    panels: list[Panel] = []
    for trace in strips_of:
        with_heatmaps = trace.name in detailed
        strip = gate_strip(trace, recording.grid_of(trace), chosen, units=units if with_heatmaps else None)
        panels += [] if strip is None else [strip]
        if with_heatmaps:
            panels += heatmaps(
                trace,
                recording.grid_of(trace),
                chosen,
                scales,
                units=units,
                order=row_order,
                mark_saturation=mark_saturation,
            )
    remarks = ("Saturated gates (below 0.1, above 0.9) in full color, the rest grayed",) if mark_saturation else ()
    return _stack(recording, panels, traces=strips_of, alignment=alignment, frames=frames, title=title, remarks=remarks)


def overview_stack(
    recording: Recording, *, alignment: Alignment | None = None, frames: Sequence[int] = (), title: str = ""
) -> PanelStack:
    """The image, its text and posteriors; then a strip of means for every layer and direction."""
    traces = chosen_traces(recording)
    gates = chosen_quantities(traces)
    strips = [gate_strip(trace, recording.grid_of(trace), gates) for trace in traces]
    panels: list[Panel] = [strip for strip in strips if strip is not None]
    return _stack(recording, panels, traces=traces, alignment=alignment, frames=frames, title=title)


def reading_stack(
    recording: Recording,
    *,
    alignment: Alignment | None = None,
    frames: Sequence[int] = (),
    with_classes: bool = False,
    title: str = "",
) -> PanelStack:
    """The image, its text and the posteriors alone; with ``with_classes`` those of every symbol of the text.

    Raises:
        AlignmentError: the recording has no posteriors.
    """
    if recording.emission is None:
        raise AlignmentError("this recording has no posteriors to draw; it shows gates only")
    panels: list[Panel] = []
    if with_classes:
        panels.append(class_panel(recording, recording.emission, alignment or recording.alignment))
    return _stack(recording, panels, alignment=alignment, frames=frames, title=title)


def units_stack(
    recording: Recording,
    *,
    units: Sequence[int],
    layers: Collection[int] | None = None,
    directions: Collection[Direction | str] | None = None,
    alignment: Alignment | None = None,
    frames: Sequence[int] = (),
    title: str = "",
) -> PanelStack:
    """The image and its text; then the curves of single units. Without ``layers`` those of the last layer.

    Raises:
        SelectionError: a layer, direction or unit is not there.
    """
    if layers is None:
        layers = {trace.layer for trace in chosen_traces(recording, directions=directions)[-1:]}
    traces = chosen_traces(recording, layers=layers, directions=directions)
    cells = state_scale([trace.cell_state for trace in traces if Quantity.CELL_STATE in trace.values], "c")
    panels: list[Panel] = []
    for trace in traces:
        for unit in units:
            panels += unit_curves(trace, recording.grid_of(trace), unit, cells)
    return _stack(
        recording, panels, traces=traces, alignment=alignment, frames=frames, title=title, with_posterior=False
    )


def _stack(
    recording: Recording,
    panels: Sequence[Panel],
    *,
    traces: Sequence[GateTrace] = (),
    alignment: Alignment | None,
    frames: Sequence[int],
    title: str,
    remarks: tuple[str, ...] = (),
    with_posterior: bool = True,
) -> PanelStack:
    """The panels under the image, the text and the posteriors, as far as the recording has them."""
    emission = recording.emission
    drawn = recording.alignment if alignment is None and emission is not None else alignment
    grids = {group_name(trace): recording.grid_of(trace) for trace in traces}
    own = {group: frame_columns(grid, frames) for group, grid in grids.items() if grid != recording.grid}
    image = image_panel(recording, frames, tuple(grids.values()))
    above: list[Panel] = [] if image is None else [image]
    if drawn is not None:
        above.append(span_panel(recording, drawn))
    if emission is not None and with_posterior:
        above.append(posterior_panel(recording, emission, alignment))
    start, stop, axis_label = column_axis(recording)
    return PanelStack(
        panels=(*above, *panels),
        start=start,
        stop=stop,
        rules=() if drawn is None else boundaries(drawn, recording.grid),
        highlights=frame_columns(recording.grid, frames),
        group_highlights=own,
        title=title,
        axis_label=axis_label,
        notes=notes_of(recording, traces),
        remarks=remarks_of(recording) + remarks,
        metadata=metadata_of(recording, drawn),
    )


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
