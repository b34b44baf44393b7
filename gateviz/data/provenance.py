"""Where a recording comes from, so that a figure can be traced back."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Provenance:
    """What was read, by which model, with which software.

    Attributes:
        adapter: lineage of the recognizer, such as ``tesseract``.
        checkpoint: file name of the checkpoint, without its folder.
        checkpoint_sha256: hexadecimal digest of the checkpoint file.
        image: file name of the line image, without its folder.
        seen: what the network did to that image before its frames looked at it, such as ``straightened by
            TPS``: the recording's image and columns are those of the result. Empty where they are the image's own.
        device: where the network ran, such as ``cpu``.
        created: ISO 8601 time in UTC.
        engine: which engine recorded each recurrent module, such as ``{"rnn.0.rnn": "workspace"}``.
        witness: the largest difference between the recorded run and the plain layer's, or None if
            it was not asked for.
        edits: a sentence for every edit of this run; empty for the model as it is.
        remarks: what a reader of this recording must know of its line, a sentence each (``data.remarks``): how
            its file had to be decoded, what it looks like, what speaks against the reading.
        versions: version of every package that had a part in the numbers.
    """

    adapter: str = ""
    checkpoint: str = ""
    checkpoint_sha256: str = ""
    image: str = ""
    seen: str = ""
    device: str = ""
    created: str = ""
    engine: Mapping[str, str] = field(default_factory=dict)
    witness: float | None = None
    edits: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
