"""What an exported file says of itself beside its graph: everything that reading a line needs, as JSON under one key.

Its metadata key is ``gateviz``. Writing never needs a check; reading trusts nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from gateviz.data.alphabet import Alphabet
from gateviz.data.gates import Direction
from gateviz.errors import AlphabetError, CheckpointError, GatevizError
from gateviz.files import budget
from gateviz.files.json_text import json_text
from gateviz.geometry.preprocess import Preprocess
from gateviz.geometry.receptive import AxisGeometry
from gateviz.graphs.step_data import AXIS_STEPS, RECIPE_STEPS, steps_in, steps_out

METADATA_KEY = "gateviz"
KIND = "recognizer"
FORMAT_VERSION = 1
"""What this gateviz writes, and reads up to."""

Layout = Literal["BTC", "TBC"]
Numbers = Literal["logits", "log_probs", "probs"]
Quantization = Literal["none", "dynamic", "static"]
_KINDS = ("lstm", "gru")
_T = TypeVar("_T")


@dataclass(frozen=True)
class GraphLayer:
    """A recurrent node of the graph as the layer it is in recordings.

    Attributes:
        node: its number among the graph's recurrent nodes, in the order they run: that in the names of its outputs.
        layer: the number that its traces have.
        module: dotted name of the module it was.
        kind: ``lstm`` or ``gru``.
        directions: of the node: of what it is given, whichever way that runs along the line.
        units: H.
        flipped: it is given the line from its end, so that its forward direction reads backward, and rows are turned.
        geometry: where its frames look; None where the posteriors look.
    """

    node: int
    layer: int
    module: str
    kind: str
    directions: tuple[Direction, ...]
    units: int
    flipped: bool = False
    geometry: AxisGeometry | None = None


@dataclass(frozen=True)
class GraphDocument:
    """What an exported file says of itself.

    Attributes:
        alphabet: what the classes stand for.
        preprocess: the recipe from a line image to the graph's input.
        geometry: where the frames of the posteriors look, in columns of that input.
        layout: axes of the graph's first output.
        output: what its numbers are.
        layers: the recurrent nodes that read along the line.
        lineage: the adapter's name, such as ``crnn_pytorch``.
        checkpoint: file name of what it was exported from.
        checkpoint_sha256: its digest.
        gates: every gate of these layers is an output.
        quantization: how its weights were rounded.
        details: anything else worth printing.
    """

    alphabet: Alphabet
    preprocess: Preprocess
    geometry: AxisGeometry
    layout: Layout
    output: Numbers
    layers: tuple[GraphLayer, ...]
    lineage: str
    checkpoint: str = ""
    checkpoint_sha256: str = ""
    gates: bool = False
    quantization: Quantization = "none"
    details: Mapping[str, str] = field(default_factory=dict)


def document_text(document: GraphDocument) -> str:
    """The document as JSON.

    Raises:
        CheckpointError: a step of its recipe or of a geometry is none that a file can hold.
    """
    alphabet = document.alphabet
    return json_text(
        {
            "kind": KIND,
            "format_version": FORMAT_VERSION,
            "alphabet": {
                "symbols": list(alphabet.symbols),
                "codes": [list(code) for code in alphabet.codes],
                "blank": alphabet.blank,
                "class_count": alphabet.class_count,
            },
            "preprocess": steps_out(document.preprocess.steps, RECIPE_STEPS),
            "geometry": steps_out(document.geometry.steps, AXIS_STEPS),
            "layout": document.layout,
            "output": document.output,
            "layers": [_layer_out(layer) for layer in document.layers],
            "lineage": document.lineage,
            "checkpoint": document.checkpoint,
            "checkpoint_sha256": document.checkpoint_sha256,
            "gates": document.gates,
            "quantization": document.quantization,
            "details": dict(document.details),
        }
    )


def read_graph_document(text: str) -> GraphDocument:
    """What the JSON of a file says.

    Raises:
        CheckpointError: it is no such document, of a later gateviz, damaged, or passes a bound; the file is left to the
            caller to name.
    """
    budget.DOCUMENT_BYTES.check(len(text), "its document", advice="it is damaged or malicious")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"its document is no JSON ({type(error).__name__}); export it again") from error
    if not isinstance(found, dict) or found.get("kind") != KIND:
        raise CheckpointError("its document is that of no recognizer; export it again")
    version = _field(found, "format_version", int)
    if version > FORMAT_VERSION:
        raise CheckpointError(
            f"it was exported by a later gateviz (format {version}; this one reads up to {FORMAT_VERSION}); update gateviz"
        )
    if version < 1:
        raise CheckpointError(f"it has the format {version}, which never was; export it again")
    try:
        return _document(found)
    except AlphabetError as error:
        raise CheckpointError(f"its alphabet does not fit together: {error}") from error


def _document(found: Mapping[str, Any]) -> GraphDocument:
    layers = tuple(_layer(_is(each, "layers", dict)) for each in _field(found, "layers", list))
    numbers, nodes = [each.layer for each in layers], [each.node for each in layers]
    if sorted(numbers) != list(range(len(numbers))) or len(set(nodes)) < len(nodes):
        raise CheckpointError(f"its layers are numbered {numbers} of the nodes {nodes}; the file is damaged")
    return GraphDocument(
        alphabet=_alphabet(_field(found, "alphabet", dict)),
        preprocess=Preprocess(steps_in(_field(found, "preprocess", list), RECIPE_STEPS)),
        geometry=_geometry(_field(found, "geometry", list)),
        layout=_one_of(found, "layout", ("BTC", "TBC")),
        output=_one_of(found, "output", ("logits", "log_probs", "probs")),
        layers=layers,
        lineage=_field(found, "lineage", str),
        checkpoint=_field(found, "checkpoint", str),
        checkpoint_sha256=_field(found, "checkpoint_sha256", str),
        gates=_field(found, "gates", bool),
        quantization=_one_of(found, "quantization", ("none", "dynamic", "static")),
        details={name: _is(value, "details", str) for name, value in _field(found, "details", dict).items()},
    )


def _geometry(steps: list[Any]) -> AxisGeometry:
    geometry = AxisGeometry(steps_in(steps, AXIS_STEPS))
    try:
        # What no line passes is found now, and not at the first line.
        _ = geometry.minimum_width, geometry.stride
    except (GatevizError, ArithmeticError, ValueError) as error:
        raise CheckpointError(f"its frames look nowhere ({error}); the file is damaged") from error
    return geometry


def _layer_out(layer: GraphLayer) -> dict[str, Any]:
    return {
        "node": layer.node,
        "layer": layer.layer,
        "module": layer.module,
        "kind": layer.kind,
        "directions": [str(each) for each in layer.directions],
        "units": layer.units,
        "flipped": layer.flipped,
        "geometry": None if layer.geometry is None else steps_out(layer.geometry.steps, AXIS_STEPS),
    }


def _layer(found: Mapping[str, Any]) -> GraphLayer:
    directions = [_is(each, "directions", str) for each in _field(found, "directions", list)]
    if directions not in (["forward"], ["backward"], ["forward", "backward"]):
        raise CheckpointError(f"it has a layer that reads {directions}; the file is damaged")
    geometry = found.get("geometry")
    return GraphLayer(
        node=_count(found, "node"),
        layer=_count(found, "layer"),
        module=_field(found, "module", str),
        kind=_one_of(found, "kind", _KINDS),
        directions=tuple(map(Direction, directions)),
        units=_count(found, "units"),
        flipped=_field(found, "flipped", bool),
        geometry=None if geometry is None else _geometry(_is(geometry, "geometry", list)),
    )


def _alphabet(found: Mapping[str, Any]) -> Alphabet:
    symbols = tuple(_is(each, "symbols", str) for each in _field(found, "symbols", list))
    codes = tuple(
        tuple(_is(label, "codes", int) for label in _is(code, "codes", list)) for code in _field(found, "codes", list)
    )
    budget.SYMBOLS.check(len(symbols), "its alphabet")
    for symbol in symbols:
        budget.SYMBOL_CHARACTERS.check(len(symbol), f"the symbol {symbol[:20]!r} of its alphabet")
    for code in codes:
        budget.CODE_LABELS.check(len(code), "a code of its alphabet")
    return Alphabet(symbols, codes, _field(found, "blank", int), _field(found, "class_count", int))


def _one_of(found: Mapping[str, Any], name: str, known: tuple[str, ...]) -> Any:
    value = _field(found, name, str)
    if value not in known:
        raise CheckpointError(f"its {name} is {value[:40]!r}, and there are {', '.join(known)}; update gateviz")
    return value


def _count(found: Mapping[str, Any], name: str) -> int:
    value = _field(found, name, int)
    if not 0 <= value <= budget.WEIGHTS.most:
        raise CheckpointError(f"its {name} is {str(value)[:20]}, which cannot be; the file is damaged")
    return value


def _field(found: Mapping[str, Any], name: str, kind: type[_T]) -> _T:
    if name not in found:
        raise CheckpointError(f"its document has no {name!r}; the file is damaged")
    return _is(found[name], name, kind)


def _is(value: object, name: str, kind: type[_T]) -> _T:
    # In Python True is an int; in JSON it is none.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise CheckpointError(
            f"{name!r} in its document is {type(value).__name__} where {kind.__name__} belongs; the file is damaged"
        )
    return value
