"""What a figure says about where it comes from."""

import json
from collections.abc import Sequence

from gateviz.data.alignment import Alignment
from gateviz.data.gates import GateTrace
from gateviz.data.layer_columns import columns_apart
from gateviz.recording import Recording


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
