"""Two recordings beside each other: what tells them apart, and whether one can be taken from the other."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gateviz.recording import Recording


def names_of(recordings: Sequence[Recording]) -> list[str]:
    """A name for each recording: its image, and of two of one image what else tells them apart."""
    images = [recording.provenance.image or "line" for recording in recordings]
    if len(recordings) < 2 or images[0] != images[1]:
        return images
    edits = [recording.provenance.edits for recording in recordings]
    if edits[0] != edits[1]:
        return [f"{image}, edited" if each else image for image, each in zip(images, edits, strict=True)]
    models = [recording.provenance.checkpoint for recording in recordings]
    if models[0] != models[1]:
        return [f"{image}, {model}" if model else image for image, model in zip(images, models, strict=True)]
    return [f"{image}, {place}" for image, place in zip(images, ("first", "second"), strict=True)]


def comparison_of(recordings: Sequence[Recording]) -> dict[str, Any] | None:
    """Whether the second recording can be taken from the first, frame by frame and unit by unit; None for one alone.

    Returns:
        ``difference``: the names of the traces that can be subtracted; ``words``: why the others cannot,
        or what the reader of a difference must know; may be empty.
    """
    if len(recordings) < 2:
        return None
    first, second = recordings
    frames = first.grid.frame_count, second.grid.frame_count
    if frames[0] != frames[1]:
        return {
            "difference": [],
            "words": f"No difference: the first line has {frames[0]} frames and the second {frames[1]}.",
        }
    others = {trace.name: trace for trace in second.traces}
    alike = [
        trace.name
        for trace in first.traces
        if trace.name in others
        and any(
            trace[quantity].shape == others[trace.name][quantity].shape
            for quantity in trace.values
            if quantity in others[trace.name].values
        )
    ]
    if not alike:
        return {"difference": [], "words": "No difference: the two have no layer of the same units in common."}
    return {"difference": alike, "words": "" if _same_place(first, second) else _APART}


_APART = "The difference is taken frame by frame; the frames of the two lines do not look at the same columns."


def _same_place(first: Recording, second: Recording) -> bool:
    """Whether the frames of both look at the same columns of the same image."""
    one, other = first.image, second.image
    same_image = one is other or (one is not None and other is not None and np.array_equal(one, other))
    there = {trace.name: first.grid_of(trace) for trace in first.traces}
    others = {trace.name: second.grid_of(trace) for trace in second.traces}
    return (
        same_image and first.grid == second.grid and all(there[name] == others[name] for name in there.keys() & others)
    )
