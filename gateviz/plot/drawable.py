"""What a figure is drawn of: a recording, or the traces of one line of any network."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from gateviz.data.gates import GateTrace
from gateviz.errors import SelectionError
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
