"""The figures: each takes a recording, or traces, and returns a matplotlib Figure."""

from collections.abc import Collection, Sequence

from gateviz.data.alignment import Alignment
from gateviz.data.gates import Direction, Quantity
from gateviz.panels.build import gates_stack, overview_stack, reading_stack, units_stack
from gateviz.panels.order import Order
from gateviz.panels.reading import chosen_alignment
from gateviz.panels.saturation import saturation_row
from gateviz.plot.canvas import GateFigure
from gateviz.plot.compose import compose
from gateviz.plot.compose_row import compose_row
from gateviz.plot.drawable import Drawable, as_recording
from gateviz.plot.style import Style, style_named

# One of these functions is called ``alignment`` and takes an alignment of that name.
_Path = Alignment


def gates(
    recording: Drawable,
    *,
    layers: Collection[int] | None = None,
    directions: Collection[Direction | str] | None = None,
    quantities: Collection[Quantity | str] | None = None,
    units: Sequence[int] | None = None,
    order: Order | str = Order.INDEX,
    alignment: _Path | None = None,
    text: str | None = None,
    frames: Sequence[int] = (),
    mark_saturation: bool = False,
    style: str | Style = "a4",
    title: str = "",
) -> GateFigure:
    """The figure of what the gates did: image, text, posteriors, a strip of means and heatmaps of the units.

    Without ``layers`` the strips of all layers are drawn and the heatmaps of the last layer alone,
    which fits one page.

    Args:
        recording: what was measured; or the traces of one line of any network (``trace_gates``, ``instrument``), whose
            columns are frames.
        layers: which layers, counted from 0.
        directions: ``forward`` or ``backward``; None takes both.
        quantities: by name (``forget_gate``) or letter (``f``); None takes all recorded.
        units: indices in the layer, in the order of their rows; None takes all.
        order: ``index``, ``peak`` (frame of the greatest magnitude), ``similarity`` or ``timescale``.
        alignment: symbols to draw instead of those of the greedy path.
        text: draw the most probable path that spells this text (forced alignment).
        frames: frames to mark, their receptive fields shaded on the image.
        mark_saturation: gates below 0.1 and above 0.9 keep their color, the rest fades.
        style: a preset by column width (``a4``, ``icml``, ``icml-wide``, ``acl``, ``acl-wide``,
            ``ieee``, ``ieee-wide``, ``slide``), or a ``Style``.
        title: above the picture.

    Raises:
        SelectionError: something was asked for that was not recorded, or is no style or order.
        AlignmentError: the text or alignment does not fit this recording.
    """
    recording = as_recording(recording)
    stack = gates_stack(
        recording,
        layers=layers,
        directions=directions,
        quantities=quantities,
        units=units,
        order=order,
        alignment=chosen_alignment(recording, alignment, text),
        frames=frames,
        mark_saturation=mark_saturation,
        title=title,
    )
    return compose(stack, style_named(style))


def overview(
    recording: Drawable,
    *,
    alignment: _Path | None = None,
    text: str | None = None,
    frames: Sequence[int] = (),
    style: str | Style = "a4",
    title: str = "",
) -> GateFigure:
    """The figure of all layers at a glance: image, text, posteriors and the mean of every gate. Options as ``gates``."""
    recording = as_recording(recording)
    path = chosen_alignment(recording, alignment, text)
    return compose(overview_stack(recording, alignment=path, frames=frames, title=title), style_named(style))


def alignment(
    recording: Drawable,
    *,
    alignment: _Path | None = None,
    text: str | None = None,
    frames: Sequence[int] = (),
    style: str | Style = "a4",
    title: str = "",
) -> GateFigure:
    """The figure of which frames spell which symbol: image, text and posteriors. Options as ``gates``.

    Raises:
        AlignmentError: the recording has no posteriors, or the text does not fit.
    """
    recording = as_recording(recording)
    path = chosen_alignment(recording, alignment, text)
    return compose(reading_stack(recording, alignment=path, frames=frames, title=title), style_named(style))


def posterior(
    recording: Drawable,
    *,
    alignment: _Path | None = None,
    text: str | None = None,
    frames: Sequence[int] = (),
    style: str | Style = "a4",
    title: str = "",
) -> GateFigure:
    """The figure of the posteriors: of the blank, and of every symbol of the text. Options as ``gates``.

    Raises:
        AlignmentError: the recording has no posteriors, or the text does not fit.
    """
    recording = as_recording(recording)
    path = chosen_alignment(recording, alignment, text)
    stack = reading_stack(recording, alignment=path, frames=frames, with_classes=True, title=title)
    return compose(stack, style_named(style))


def units(
    recording: Drawable,
    *,
    units: Sequence[int],
    layers: Collection[int] | None = None,
    directions: Collection[Direction | str] | None = None,
    alignment: _Path | None = None,
    text: str | None = None,
    frames: Sequence[int] = (),
    style: str | Style = "a4",
    title: str = "",
) -> GateFigure:
    """The figure of single units: their gates, candidate and states under the image.

    Args:
        recording: what was measured; or the traces of one line of any network (``trace_gates``, ``instrument``), whose
            columns are frames.
        units: indices in the layer.
        layers: which layers; None takes the last.
        directions: ``forward`` or ``backward``; None takes both.
        alignment: as ``gates``.
        text: as ``gates``.
        frames: as ``gates``.
        style: as ``gates``.
        title: as ``gates``.

    Raises:
        SelectionError: a layer, direction or unit is not there.
        AlignmentError: the text or alignment does not fit this recording.
    """
    recording = as_recording(recording)
    stack = units_stack(
        recording,
        units=units,
        layers=layers,
        directions=directions,
        alignment=chosen_alignment(recording, alignment, text),
        frames=frames,
        title=title,
    )
    return compose(stack, style_named(style))


def saturation(
    recording: Drawable,
    *,
    layers: Collection[int] | None = None,
    directions: Collection[Direction | str] | None = None,
    quantities: Collection[Quantity | str] | None = None,
    style: str | Style = "a4",
    title: str = "",
) -> GateFigure:
    """The figure of how often each unit's gates are shut (below 0.1) or wide open (above 0.9).

    One point a unit, as in figure 3 of Karpathy, Johnson and Fei-Fei 2015 (arXiv 1506.02078).

    Raises:
        SelectionError: something was asked for that was not recorded, or no gate was.
    """
    row = saturation_row(
        as_recording(recording), layers=layers, directions=directions, quantities=quantities, title=title
    )
    return compose_row(row, style_named(style))
