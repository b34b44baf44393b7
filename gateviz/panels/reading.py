"""Panels of what was read: the line image, the symbols under it, the posteriors; and what the recording says of itself."""

import json
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from gateviz.ctc.forced import align
from gateviz.data.alignment import Alignment
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import GateTrace
from gateviz.data.layer_columns import columns_apart
from gateviz.errors import AlignmentError, SelectionError
from gateviz.panels.panel import HeatmapPanel, ImagePanel, Line, LinePanel, SpanPanel, SymbolSpan
from gateviz.panels.traces import POSTERIOR_SCALE
from gateviz.recording import Recording

BLANK = "blank"
SYMBOL = "symbol"
PATH = "path"


def chosen_alignment(recording: Recording, alignment: Alignment | None, text: str | None) -> Alignment | None:
    """The alignment that the caller gave, or the forced alignment of the text that the caller gave.

    Raises:
        AlignmentError: both were given, the text does not fit, or there are no posteriors to align it to.
        AlphabetError: the text has symbols that the recognizer does not know.
    """
    if text is None:
        return alignment
    if alignment is not None:
        raise AlignmentError(f"both an alignment and the text {text!r} were given; give one of them")
    if recording.emission is None:
        raise AlignmentError(f"the text {text!r} cannot be aligned: this recording has no posteriors")
    return align(recording.emission, text)


def boundaries(alignment: Alignment, grid: FrameGrid) -> tuple[float, ...]:
    """The columns between symbols, and those before the first and after the last.

    CTC says where a symbol was emitted, not where it ends: a boundary lies half-way between the last
    frame of one symbol and the first of the next.
    """
    spans = [grid.columns(span.start, span.stop) for span in alignment.spans]
    if not spans:
        return ()
    inner = [(left[1] + right[0]) / 2 for left, right in pairwise(spans)]
    return (spans[0][0], *inner, spans[-1][1])


def _cuts(borders: tuple[float, ...], width: float) -> list[tuple[float, float]]:
    """The columns that hold each symbol's own pixels.

    The boundaries before the first symbol and after the last are those of their frames, of which
    there may be one or two only; the symbol itself is about as wide as its neighbor.
    """
    cuts = list(pairwise(borders))
    if len(cuts) == 1:
        return [(0.0, width)]
    if cuts:
        inner_first, inner_last = cuts[0][1], cuts[-1][0]
        cuts[0] = (max(0.0, min(cuts[0][0], inner_first - (cuts[1][1] - cuts[1][0]))), inner_first)
        cuts[-1] = (inner_last, min(width, max(cuts[-1][1], inner_last + (cuts[-2][1] - cuts[-2][0]))))
    return cuts


def span_panel(recording: Recording, alignment: Alignment) -> SpanPanel:
    """The symbols of an alignment over the columns of their frames.

    Raises:
        AlignmentError: the alignment is of another number of frames.
    """
    grid = recording.grid
    if len(alignment.path) != grid.frame_count:
        raise AlignmentError(
            f"an alignment of {len(alignment.path)} frames was given for a recording of {grid.frame_count}; "
            "align this recording's own emission"
        )
    return SpanPanel("text", symbol_spans(alignment, grid), recording.image)


def symbol_spans(alignment: Alignment, grid: FrameGrid) -> tuple[SymbolSpan, ...]:
    """The symbols of an alignment in columns."""
    cuts = _cuts(boundaries(alignment, grid), float(grid.source_width))
    return tuple(
        SymbolSpan(span.symbol, *grid.columns(span.start, span.stop), float(np.exp(span.log_prob)), *cut)
        for span, cut in zip(alignment.spans, cuts, strict=True)
    )


def posterior_panel(recording: Recording, emission: Emission, path: Alignment | None = None) -> LinePanel:
    """The posterior of the blank and of the best non-blank class; of a given path too."""
    log_probs = emission.log_probs
    blank = emission.alphabet.blank
    others = np.delete(log_probs, blank, axis=1)
    lines = [
        Line("blank", np.exp(log_probs[:, blank]), BLANK),
        Line("best symbol", np.exp(others.max(axis=1, initial=-np.inf)), SYMBOL),
    ]
    if path is not None:
        lines.append(Line("given text", np.exp(log_probs[np.arange(len(log_probs)), path.path]), PATH))
    return LinePanel("posterior", recording.grid.centers, tuple(lines), 0.0, 1.0, group="posterior")


def class_panel(recording: Recording, emission: Emission, alignment: Alignment) -> HeatmapPanel:
    """The posteriors of the blank and of every symbol of the text, in the order in which they appear."""
    alphabet = emission.alphabet
    labels = [alphabet.blank, *(int(label) for label in alignment.path if label != alphabet.blank)]
    rows = list(dict.fromkeys(labels))
    start, stop = recording.grid.columns(0, recording.grid.frame_count)
    return HeatmapPanel(
        title="posteriors of the symbols read",
        values=np.exp(emission.log_probs[:, rows]).T,
        start=start,
        stop=stop,
        row_labels=tuple(alphabet.symbol(label) for label in rows),
        scale=POSTERIOR_SCALE,
        color_key="posterior",
        group="posterior of each symbol",
        rows_in_order=False,
    )


def image_panel(recording: Recording, frames: Sequence[int] = (), grids: Sequence[FrameGrid] = ()) -> ImagePanel | None:
    """The line image, with the receptive field of the given frames shaded; None without an image.

    Args:
        recording: whose image it is.
        frames: whose receptive field is shaded.
        grids: of the layers that are drawn: what any of them saw is shaded. None given takes the posteriors' frames.
    """
    if recording.image is None:
        return None
    shaded = []
    for frame in frames:
        spans = [grid.receptive_span(frame) for grid in grids or (recording.grid,)]
        spans = [(start, stop) for start, stop in spans if start < stop] or spans[:1]
        shaded.append((min(start for start, _ in spans), max(stop for _, stop in spans)))
    return ImagePanel("line image", recording.image, tuple(shaded))


def frame_columns(grid: FrameGrid, frames: Sequence[int]) -> tuple[tuple[float, float], ...]:
    """The columns that single frames stand for.

    Raises:
        SelectionError: a frame is not there; says how many there are.
    """
    odd = [str(frame) for frame in frames if not 0 <= frame < grid.frame_count]
    if odd:
        raise SelectionError(f"there is no frame {', '.join(odd)}; frames are 0 to {grid.frame_count - 1}")
    return tuple(grid.columns(frame, frame + 1) for frame in frames)


def column_axis(recording: Recording) -> tuple[float, float, str]:
    """The two ends of the column axis and its label.

    The axis is that of the source image, so frames over padding lie outside and are not drawn. A
    network that reads no image has one column a frame.
    """
    grid = recording.grid
    bare = recording.image is None and grid.stride == 1.0 and grid.frame_count == grid.source_width
    seen = f" {recording.provenance.seen}" if recording.provenance.seen else ""
    return 0.0, float(grid.source_width), "frame" if bare else f"column of the line image{seen} (px)"


def notes_of(recording: Recording, traces: Sequence[GateTrace]) -> tuple[str, ...]:
    """Sentences that a reader of the picture must see: the edits of the run, and layers that looked elsewhere.

    Args:
        recording: what is drawn.
        traces: those of its traces that are drawn.
    """
    edits = recording.provenance.edits
    apart = columns_apart({trace.layer: recording.grid_of(trace) for trace in traces}, recording.grid)
    sentences = (f"Edited run: {'; '.join(edits)}" if edits else "", apart)
    return tuple(sentence for sentence in sentences if sentence)


def remarks_of(recording: Recording) -> tuple[str, ...]:
    """What is to be said of the line, for a small note: what was found, without the advice behind it."""
    return tuple(f"{words[:1].upper()}{words[1:]}" for words in (said.partition(";")[0] for said in recording.remarks))


def metadata_of(recording: Recording, alignment: Alignment | None) -> dict[str, str]:
    """The provenance of a recording as short texts, for the metadata of a file; what is unknown is left out."""
    origin = recording.provenance
    facts = {
        "image": origin.image,
        "text": "" if alignment is None else alignment.reading,
        "adapter": origin.adapter,
        "checkpoint": origin.checkpoint,
        "checkpoint_sha256": origin.checkpoint_sha256,
        "device": origin.device,
        "created": origin.created,
        "engine": json.dumps(dict(origin.engine)) if origin.engine else "",
        "witness": "" if origin.witness is None else repr(origin.witness),
        "edits": "; ".join(origin.edits),
        "remarks": " | ".join(origin.remarks),
        "versions": json.dumps(dict(origin.versions)) if origin.versions else "",
        "frames": str(recording.grid.frame_count),
        "stride": f"{recording.grid.stride:.6g}",
        "receptive_field": f"{recording.grid.receptive_field:.6g}",
    }
    return {key: value for key, value in facts.items() if value}
