"""The figures: each takes a recording, or traces, and returns a matplotlib Figure."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, runtime_checkable

from gateviz.data.alignment import Alignment
from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.errors import SelectionError
from gateviz.panels.build import gates_stack, overview_stack, reading_stack, saturation_row, units_stack
from gateviz.panels.choice import Order
from gateviz.panels.colors import ALARM
from gateviz.panels.panel import ScatterRow
from gateviz.panels.reading import chosen_alignment
from gateviz.plot.canvas import GateFigure, new_figure, settings
from gateviz.plot.compose import compose
from gateviz.plot.fitting import wrapped
from gateviz.plot.fonts import running_text
from gateviz.plot.painters.scatter import paint_scatter
from gateviz.plot.settle import settle
from gateviz.plot.style import Style, style_named
from gateviz.recording import Recording


@runtime_checkable
class BatchTrace(Protocol):
    """A trace of a batch of lines, as ``trace_gates`` and instrumented layers make it."""

    @property
    def batch_size(self) -> int:
        """B."""

    def line(self, index: int) -> GateTrace:
        """The trace of one line."""


Drawable = Recording | GateTrace | BatchTrace | Iterable[GateTrace | BatchTrace]
"""A recording; or a trace or some, such as ``traces`` of ``trace_gates`` and of an instrumented model, of one line."""


def as_recording(drawable: object) -> Recording:
    """The recording; of traces one without image and posteriors, in which a column is a frame.

    Raises:
        SelectionError: it is neither, nothing was recorded, or it is of several lines or of several runs.
        ShapeError: the traces have different frames, so they do not stand under one another.
    """
    if isinstance(drawable, Recording):
        return drawable
    each_of: object = [drawable] if isinstance(drawable, GateTrace | BatchTrace) else drawable
    if not isinstance(each_of, Sequence) or not all(isinstance(each, GateTrace | BatchTrace) for each in each_of):
        raise SelectionError(
            f"a figure is drawn of a recording or of traces, and a {type(drawable).__name__} was given; hand in what "
            "gateviz.record returned, or the traces of trace_gates or of an instrumented model"
        )
    if not each_of:
        raise SelectionError("these traces are empty, so there is nothing to draw; run the model, then draw")
    traces = tuple(map(_of_one_line, each_of))
    often = [name for name, count in Counter(trace.name for trace in traces).items() if count > 1]
    if often:
        raise SelectionError(
            f"{', '.join(often)} was recorded more than once, and a figure shows one run of every layer; draw those of "
            "one run, such as [trace for trace in traces if trace.call == 0]"
        )
    return Recording.of_traces(traces)


def _of_one_line(trace: GateTrace | BatchTrace) -> GateTrace:
    if isinstance(trace, GateTrace):
        return trace
    if trace.batch_size != 1:
        raise SelectionError(
            f"the traces are of a batch of {trace.batch_size} lines, and a figure shows one; draw traces.line(0)"
        )
    return trace.line(0)


def compose_row(row: ScatterRow, style: Style) -> GateFigure:
    """A figure of square panels, the legend of their layers below them."""
    with settings():
        lines = wrapped(row.title, style.font_size, 72 * style.width - 12)
        lines += [line for note in row.notes for line in wrapped(note, style.font_size, 72 * style.width - 12)]
        legend_rows = -(-len(row.panels[0].groups) // _columns(row, style))
        side = min((style.width - 0.35) / len(row.panels), 0.35 * style.page_height)
        height = side + (5.8 + 1.5 * len(lines) + 1.6 * legend_rows) * style.font_size / 72
        figure = new_figure(style, height, row.metadata)
        axes = [figure.add_subplot(1, len(row.panels), index + 1) for index in range(len(row.panels))]
        for index, (one, panel) in enumerate(zip(axes, row.panels, strict=True)):
            paint_scatter(one, panel, style, with_y_label=index == 0)
        if lines:
            drawn, families = running_text("\n".join(lines))
            figure.suptitle(
                drawn, fontsize=style.font_size, color=ALARM if row.notes else None, family=families, parse_math=False
            )
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower center", ncols=_columns(row, style), frameon=False,
            fontsize=style.small_size, handletextpad=0.2, columnspacing=1.2, borderpad=0.1,
        )  # fmt: skip
        settle(figure)
    return figure


def _columns(row: ScatterRow, style: Style) -> int:
    """How many legend entries fit beside each other."""
    return max(1, min(len(row.panels[0].groups), int(72 * style.width / (11 * style.small_size))))


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
