"""The JSON document of a recording: what its arrays are.

Writing never needs a check; reading trusts nothing: every field is looked at before it is used.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from gateviz.data.alphabet import Alphabet
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.data.provenance import Provenance
from gateviz.errors import AlphabetError, GeometryError, RecordingFileError
from gateviz.files.budget import CODE_LABELS, LARGEST_PIXELS, SYMBOL_CHARACTERS, TEXT_CHARACTERS, Bound

KIND = "recording"
FORMAT_VERSION = 2
"""What this gateviz reads up to. Format 2 came with layers whose frames look elsewhere than the posteriors' frames;
a recording without such layers is written in format 1, which an older gateviz reads rightly."""

IMAGE = "image"
LOG_PROBS = "emission.log_probs"

_T = TypeVar("_T")


@dataclass(frozen=True)
class TraceEntry:
    """What the document says of one trace.

    Attributes:
        layer: as in ``GateTrace``.
        direction: as in ``GateTrace``.
        module: as in ``GateTrace``.
        quantities: what was recorded, in order.
        grid: where the layer's frames looked.
    """

    layer: int
    direction: Direction
    module: str
    quantities: tuple[Quantity, ...]
    grid: FrameGrid

    @property
    def name(self) -> str:
        """``layer.direction``, as in ``GateTrace``."""
        return f"{self.layer}.{self.direction}"


@dataclass(frozen=True)
class RecordingDocument:
    """Everything of a recording but its arrays.

    Attributes:
        grid: where each frame of the posteriors looked.
        traces: which arrays there are.
        has_image: whether there is a line image.
        alphabet: of the emission; None without an emission.
        provenance: where it comes from.
    """

    grid: FrameGrid
    traces: tuple[TraceEntry, ...]
    has_image: bool
    alphabet: Alphabet | None
    provenance: Provenance


def tensor_name(trace: str, quantity: Quantity) -> str:
    """The name of one series in a file.

    Example:
        >>> tensor_name("0.forward", Quantity.FORGET_GATE)
        'trace.0.forward.forget_gate'
    """
    return f"trace.{trace}.{quantity}"


def entry_of(trace: GateTrace, grid: FrameGrid) -> TraceEntry:
    """What a document says of a trace whose frames looked where the grid says."""
    return TraceEntry(trace.layer, trace.direction, trace.module, tuple(trace.values), grid)


def to_json(document: RecordingDocument) -> dict[str, Any]:
    """The document as an object of JSON."""
    grid, alphabet, provenance = document.grid, document.alphabet, document.provenance
    return {
        "kind": KIND,
        "format_version": 1 if all(entry.grid == grid for entry in document.traces) else 2,
        "grid": _grid_out(grid),
        "traces": [
            {
                "layer": entry.layer,
                "direction": str(entry.direction),
                "module": entry.module,
                "quantities": [str(quantity) for quantity in entry.quantities],
                **({} if entry.grid == grid else {"grid": _grid_out(entry.grid)}),
            }
            for entry in document.traces
        ],
        "image": document.has_image,
        "alphabet": None
        if alphabet is None
        else {
            "symbols": list(alphabet.symbols),
            "codes": [list(code) for code in alphabet.codes],
            "blank": alphabet.blank,
            "class_count": alphabet.class_count,
        },
        "provenance": {
            "adapter": provenance.adapter,
            "checkpoint": provenance.checkpoint,
            "checkpoint_sha256": provenance.checkpoint_sha256,
            "image": provenance.image,
            "seen": provenance.seen,
            "device": provenance.device,
            "created": provenance.created,
            "engine": dict(provenance.engine),
            "witness": None if provenance.witness is None else _number_out(provenance.witness),
            "edits": list(provenance.edits),
            "remarks": list(provenance.remarks),
            "versions": dict(provenance.versions),
        },
    }


def from_json(document: Mapping[str, Any]) -> RecordingDocument:
    """The document that an object of JSON holds.

    Raises:
        RecordingFileError: another kind of file, a later version, or a field that is missing or of
            the wrong type. The name of the file is left to the caller.
    """
    if document.get("kind") != KIND:
        raise RecordingFileError(f"is no recording but a {document.get('kind')!r} of gateviz")
    version = _field(document, "format_version", int)
    if version > FORMAT_VERSION:
        raise RecordingFileError(
            f"was written by a later gateviz (format {version}; this one reads up to {FORMAT_VERSION}); update gateviz"
        )
    if version < 1:
        raise RecordingFileError(f"has the format {version}, which never was")
    try:
        grid = _grid(_field(document, "grid", dict))
        return RecordingDocument(
            grid=grid,
            traces=_traces(_field(document, "traces", list), grid),
            has_image=_field(document, "image", bool),
            alphabet=None if document.get("alphabet") is None else _alphabet(_field(document, "alphabet", dict)),
            provenance=_provenance(_field(document, "provenance", dict)),
        )
    except (GeometryError, AlphabetError) as error:
        raise RecordingFileError(f"does not fit together: {error}") from error


def _grid(record: Mapping[str, Any]) -> FrameGrid:
    _bounded(LARGEST_PIXELS, _field(record, "source_width", int), "its image")
    for name in ("stride", "first_center"):
        # Not a number, and what is not positive, is the grid's own to refuse.
        if math.isfinite(position := _number(record, name)):
            _bounded(LARGEST_PIXELS, abs(position), f"its {name}")
    return FrameGrid(
        frame_count=_field(record, "frame_count", int),
        stride=_number(record, "stride"),
        first_center=_number(record, "first_center"),
        receptive_field=_number(record, "receptive_field"),
        source_width=_field(record, "source_width", int),
    )


def _grid_out(grid: FrameGrid) -> dict[str, Any]:
    return {
        "frame_count": grid.frame_count,
        "stride": _number_out(grid.stride),
        "first_center": _number_out(grid.first_center),
        "receptive_field": _number_out(grid.receptive_field),
        "source_width": grid.source_width,
    }


def _traces(records: Sequence[Any], grid: FrameGrid) -> tuple[TraceEntry, ...]:
    entries = tuple(_trace(_is(record, "traces", dict), grid) for record in records)
    names = [entry.name for entry in entries]
    if len(set(names)) < len(names):
        raise RecordingFileError(f"is damaged: of the traces {', '.join(names)} one stands twice")
    return entries


def _trace(record: Mapping[str, Any], grid: FrameGrid) -> TraceEntry:
    direction = _field(record, "direction", str)
    quantities = _strings(record, "quantities")
    if direction not in list(Direction) or not quantities or not set(quantities) <= set(Quantity):
        raise RecordingFileError(f"is damaged: it names a trace {direction!r} of {', '.join(quantities) or 'nothing'}")
    return TraceEntry(
        layer=_field(record, "layer", int),
        direction=Direction(direction),
        module=_field(record, "module", str),
        quantities=tuple(map(Quantity, quantities)),
        # One grid for all, unless a layer has its own.
        grid=_grid(_field(record, "grid", dict)) if "grid" in record else grid,
    )


def _alphabet(record: Mapping[str, Any]) -> Alphabet:
    codes, symbols = _field(record, "codes", list), _strings(record, "symbols")
    for symbol in symbols:
        _bounded(SYMBOL_CHARACTERS, len(symbol), f"the symbol {symbol[:20]!r} of its alphabet")
    for code in codes:
        _bounded(CODE_LABELS, len(_is(code, "codes", list)), "a code of its alphabet")
    return Alphabet(
        symbols=symbols,
        codes=tuple(tuple(_is(label, "codes", int) for label in _is(code, "codes", list)) for code in codes),
        blank=_field(record, "blank", int),
        class_count=_field(record, "class_count", int),
    )


def _provenance(record: Mapping[str, Any]) -> Provenance:
    return Provenance(
        adapter=_field(record, "adapter", str),
        checkpoint=_field(record, "checkpoint", str),
        checkpoint_sha256=_field(record, "checkpoint_sha256", str),
        image=_field(record, "image", str),
        # Recordings of before there was such a thing do not have it.
        seen=_is(record.get("seen", ""), "seen", str),
        device=_field(record, "device", str),
        created=_field(record, "created", str),
        engine=_words(record, "engine"),
        witness=None if record.get("witness") is None else _number(record, "witness"),
        edits=_strings(record, "edits"),
        remarks=_remarks(record) if "remarks" in record else (),
        versions=_words(record, "versions"),
    )


def _bounded(bound: Bound, found: int | float, subject: str) -> None:
    if bound.passed_by(found):
        raise RecordingFileError(f"is damaged, since {bound.words(found, subject, 'record the line again')}")


def _remarks(record: Mapping[str, Any]) -> tuple[str, ...]:
    remarks = _strings(record, "remarks")
    _bounded(TEXT_CHARACTERS, sum(map(len, remarks)), "what is said of its line")
    return remarks


def _field(record: Mapping[str, Any], name: str, kind: type[_T]) -> _T:
    if name not in record:
        raise RecordingFileError(f"is damaged: its document has no {name!r}")
    return _is(record[name], name, kind)


def _is(value: object, name: str, kind: type[_T]) -> _T:
    # In Python True is an int; in JSON it is none.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise RecordingFileError(
            f"is damaged: {name!r} in its document is {type(value).__name__} where {kind.__name__} belongs"
        )
    return value


def _strings(record: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(_is(value, name, str) for value in _field(record, name, list))


def _words(record: Mapping[str, Any], name: str) -> dict[str, str]:
    return {key: _is(value, name, str) for key, value in _field(record, name, dict).items()}


def _number(record: Mapping[str, Any], name: str) -> float:
    value = record.get(name)
    if value in ("nan", "inf", "-inf"):
        return float(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**1000:
        return float(value)
    return _field(record, name, float)


def _number_out(value: float) -> float | str:
    # JSON has no word for infinity.
    value = float(value)
    return value if math.isfinite(value) else str(value)
