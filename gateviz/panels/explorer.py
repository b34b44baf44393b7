"""Everything an explorer shows of one line, or of two to compare, as one document for ``panels.wire``."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Int32

from gateviz.data.frames import FrameGrid
from gateviz.data.gates import GateTrace, Quantity
from gateviz.errors import SelectionError
from gateviz.measure.saturation import saturation
from gateviz.measure.timescale import timescale
from gateviz.panels.choice import KEEPING, Order, chosen_quantities, unit_order
from gateviz.panels.colors import ALARM, ENDS, INK, QUIET, ROLES, SHADE, ramp
from gateviz.panels.comparison import comparison_of, names_of
from gateviz.panels.panel import Palette, Scale
from gateviz.panels.reading import boundaries, column_axis, notes_of, posterior_panel, remarks_of, span_panel
from gateviz.panels.traces import group_name, scales_for, spread
from gateviz.panels.wire import Quantized
from gateviz.recording import Recording

VERSION = 1
MOST = 2
# A value of 8 bits is at most this share of its scale away from the value that was recorded.
TOLERANCE = 1 / 255

Document = dict[str, Any]
Orders = dict[tuple[str, int], dict[str, Int32[np.ndarray, " _"]]]
"""By the trace's name and the number of rows."""


def explorer_document(
    recordings: Sequence[Recording],
    *,
    title: str = "",
    exact: bool = False,
    live: bool = False,
    orders: Orders | None = None,
) -> Document:
    """What the explorer's front end shows, as a document that ``wire.encode`` can send.

    Geometry, colors, scales, orders and measures are decided here; the front end looks them up.
    Without ``exact`` a value travels in the fewest bits that keep it within 1/255 of its scale: 8,
    or 16 and more where a runaway state leaves the scale far behind.

    Args:
        recordings: one, or two to compare: scales, and the order of the units as far as both have the
            same, are common to both.
        title: above the page; empty takes the text, or the name of the image.
        exact: send all values as float32.
        live: somebody listens who can read the line again with edits.
        orders: those found for the first recording before, for finding them takes longest; those found
            now are added.

    Raises:
        SelectionError: not one or two recordings, or one of them has no traces.
    """
    if not 1 <= len(recordings) <= MOST:
        raise SelectionError(f"an explorer shows one recording, or two to compare, and {len(recordings)} were given")
    for recording in recordings:
        if not recording.traces:
            raise SelectionError(
                f"the recording of {recording.provenance.image or 'a line'} has no gates to explore; "
                "record it with at least one layer"
            )
    traces = [trace for recording in recordings for trace in recording.traces]
    quantities = chosen_quantities(traces)
    scales = scales_for(traces, quantities)
    names = names_of(recordings)
    orders = {} if orders is None else orders
    # A gate that was held at a negative value has no timescale, and says so by NaN.
    with np.errstate(invalid="ignore"):
        parts = [
            _recording(recording, name, scales, orders, exact=exact)
            for recording, name in zip(recordings, names, strict=True)
        ]
    return {
        "version": VERSION,
        "title": title or recordings[0].text or names[0],
        "exact": exact,
        "live": live,
        **_colors(),
        "quantities": {
            str(quantity): {"name": quantity.words, "letter": quantity.letter, "signed": not quantity.is_gate}
            for quantity in quantities
        },
        "recordings": parts,
        "comparison": comparison_of(recordings),
    }


def _colors() -> Document:
    return {
        "palettes": {
            str(palette): {"colors": ramp(palette), "under": ENDS[palette][0], "over": ENDS[palette][1]}
            for palette in Palette
        },
        "roles": {str(role): color for role, color in ROLES.items()},
        "ink": {"text": INK, "quiet": QUIET, "alarm": ALARM, "shade": SHADE},
    }


def _recording(
    recording: Recording, name: str, scales: Mapping[Quantity, Scale], orders: Orders, *, exact: bool
) -> Document:
    start, stop, label = column_axis(recording)
    grid = recording.grid
    return {
        "name": name,
        "text": None if recording.emission is None else recording.text,
        "notes": [*notes_of(recording, recording.traces), *remarks_of(recording)],
        "axis": {"start": start, "stop": stop, "label": label},
        "image": recording.image,
        "frames": _frames(grid),
        **_reading(recording),
        "traces": [
            # Left out where the layer looked where the posteriors' frames did.
            _trace(trace, scales, orders, exact=exact) | ({} if own == grid else {"frames": _frames(own)})
            for trace, own in ((trace, recording.grid_of(trace)) for trace in recording.traces)
        ],
    }


def _frames(grid: FrameGrid) -> Document:
    """Where frames are, and what each sees."""
    return {
        "count": grid.frame_count,
        "edges": grid.edges,
        "centers": grid.centers,
        "fields": np.array([grid.receptive_span(frame) for frame in range(grid.frame_count)]),
    }


def _reading(recording: Recording) -> Document:
    """The symbols and the posteriors; empty for a network that is no recognizer."""
    if recording.emission is None:
        return {"spans": [], "rules": np.zeros(0), "posterior": None}
    alignment = recording.alignment
    panel = span_panel(recording, alignment)
    spans = [
        {
            "symbol": shown.symbol,
            "start": shown.start,
            "stop": shown.stop,
            "cut_start": shown.cut_start,
            "cut_stop": shown.cut_stop,
            "confidence": shown.confidence,
            "frames": [span.start, span.stop],
        }
        for shown, span in zip(panel.spans, alignment.spans, strict=True)
    ]
    alphabet = recording.emission.alphabet
    blank, best = posterior_panel(recording, recording.emission).lines
    log_probs = recording.emission.log_probs.copy()
    log_probs[:, alphabet.blank] = -np.inf
    symbols = ["" if alphabet.class_count == 1 else alphabet.symbol(int(row.argmax())) for row in log_probs]
    posterior = {"blank": _single(blank.values), "best": _single(best.values), "symbols": symbols}
    return {"spans": spans, "rules": np.array(boundaries(alignment, recording.grid)), "posterior": posterior}


def _trace(trace: GateTrace, scales: Mapping[Quantity, Scale], orders: Orders, *, exact: bool) -> Document:
    """One layer and direction."""
    keeping = next((trace[gate] for gate in KEEPING if gate in trace.values), None)
    return {
        "name": trace.name,
        "layer": trace.layer,
        "direction": str(trace.direction),
        "title": group_name(trace),
        "units": trace.unit_count,
        "quantities": {
            str(quantity): _quantity(trace, quantity, scale, orders, exact=exact)
            for quantity, scale in scales.items()
            if quantity in trace.values
        },
        "orders": _orders(trace, trace.unit_count, orders),
        "timescale": None if keeping is None else _single(timescale(keeping)),
        "saturation": {
            str(gate): {"left": _single(shares.left), "right": _single(shares.right)}
            for gate, shares in ((gate, saturation(trace[gate])) for gate in trace.values if gate.is_gate)
        },
    }


def _quantity(trace: GateTrace, quantity: Quantity, scale: Scale, orders: Orders, *, exact: bool) -> Document:
    series = trace[quantity]
    mean, low, high = spread(series)
    shown: Document = {
        "values": np.ascontiguousarray(series.T) if exact else compact(series.T, scale),
        "scale": {"palette": str(scale.palette), "low": scale.low, "high": scale.high, "rule": scale.rule},
        "mean": _single(mean),
        "low": _single(low),
        "high": _single(high),
    }
    if series.shape[1] != trace.unit_count:
        shown["orders"] = _orders(trace, series.shape[1], orders)
    return shown


def compact(values: Float32[np.ndarray, "rows T"], scale: Scale) -> Quantized | Float32[np.ndarray, "rows T"]:
    """The values in as few bits as keep every one of them within 1/255 of the scale's width.

    Eight bits do as long as the values span less than twice the scale; infinite values stay as they are.
    """
    if not np.isinf(values).any():
        for bits in (8, 16):
            quantized = Quantized.of(values, bits=bits)
            if quantized.coarseness <= TOLERANCE * (scale.high - scale.low):
                return quantized
    return np.ascontiguousarray(values)


def _orders(trace: GateTrace, width: int, orders: Orders) -> dict[str, Int32[np.ndarray, " _"]]:
    """Every order of the rows of a quantity of that width; one that was found before is taken again.

    So two recordings have one order, a row is the same unit in both, and its bytes travel once.
    """
    key = (trace.name, width)
    if key not in orders:
        quantity = next(each for each in trace.values if trace[each].shape[1] == width)
        possible = [
            order
            for order in Order
            if order is not Order.TIMESCALE
            or any(gate in trace.values and trace[gate].shape[1] == width for gate in KEEPING)
        ]
        orders[key] = {str(order): unit_order(trace, quantity, order).astype(np.int32) for order in possible}
    return orders[key]


def _single(values: Float[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape"]:
    return values.astype(np.float32)
