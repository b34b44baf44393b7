"""The network as Tesseract stores it: a tree of records, each a layer or a way to combine layers.

Every record begins alike: a type (an int8, or 0 and then the type's name), whether it was being
trained, whether errors flow back to its input, flags, numbers of inputs, outputs and weights, and a
name. What follows depends on the type.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from gateviz.adapters.tesseract.cursor import Cursor
from gateviz.adapters.tesseract.matrix import WeightMatrix, read_matrix
from gateviz.files import budget

DEEPEST = 32
"""Records inside records beyond which a file is taken for damaged; real networks have three to five."""
MOST_CHILDREN = 10_000

_LEARNING_RATES = 64


class Kind(StrEnum):
    """Type of a record, by the name in the file."""

    INPUT = "Input"
    CONVOLVE = "Convolve"
    MAXPOOL = "Maxpool"
    PARALLEL = "Parallel"
    REPLICATED = "Replicated"
    PAR_BIDI_LSTM = "ParBidiLSTM"
    DEP_PAR_UD_LSTM = "DepParUDLSTM"
    PAR_2D_LSTM = "Par2dLSTM"
    SERIES = "Series"
    RECONFIG = "Reconfig"
    RTL_REVERSED = "RTLReversed"
    TTB_REVERSED = "TTBReversed"
    XY_TRANSPOSE = "XYTranspose"
    LSTM = "LSTM"
    SUMM_LSTM = "SummLSTM"
    LOGISTIC = "Logistic"
    LIN_LOGISTIC = "LinLogistic"
    LIN_TANH = "LinTanh"
    TANH = "Tanh"
    RELU = "Relu"
    LINEAR = "Linear"
    SOFTMAX = "Softmax"
    SOFTMAX_NO_CTC = "SoftmaxNoCTC"
    LSTM_SOFTMAX = "LSTMSoftmax"
    LSTM_BINARY_SOFTMAX = "LSTMBinarySoftmax"
    TENSORFLOW = "TensorFlow"


_NUMBERED: tuple[Kind | None, ...] = (None, *Kind)
_NAMED: dict[str, Kind] = {kind.value: kind for kind in Kind}
PARALLELS = frozenset({Kind.PARALLEL, Kind.REPLICATED, Kind.PAR_BIDI_LSTM, Kind.DEP_PAR_UD_LSTM, Kind.PAR_2D_LSTM})
TURNS = frozenset({Kind.RTL_REVERSED, Kind.TTB_REVERSED, Kind.XY_TRANSPOSE})
DENSE = frozenset(
    {
        Kind.LOGISTIC,
        Kind.LIN_LOGISTIC,
        Kind.LIN_TANH,
        Kind.TANH,
        Kind.RELU,
        Kind.LINEAR,
        Kind.SOFTMAX,
        Kind.SOFTMAX_NO_CTC,
    }
)
_FEEDBACK = frozenset({Kind.LSTM_SOFTMAX, Kind.LSTM_BINARY_SOFTMAX})


@dataclass(frozen=True)
class Record:
    """One record of the tree.

    Attributes:
        kind: its type.
        name: its name in the file, such as ``Lfx96``.
        inputs: features in.
        outputs: features out.
        numbers: Input: batch, height, width, depth and loss (0 for a free size). Convolve: half
            widths along x and y. Maxpool and Reconfig: scales along x and y. Otherwise empty.
        matrices: LSTM: candidate, input gate, forget gate, output gate. Fully connected: one.
        children: of Series, the parallel and the turning kinds.
    """

    kind: Kind
    name: str
    inputs: int
    outputs: int
    numbers: tuple[int, ...] = ()
    matrices: tuple[WeightMatrix, ...] = ()
    children: tuple["Record", ...] = ()


def read_record(cursor: Cursor, depth: int = 0) -> Record:
    """The next record with everything inside it.

    Raises:
        CheckpointError: the bytes hold no such record, or a kind that gateviz does not run:
            two-dimensional LSTMs, LSTMs that feed their softmax back, TensorFlow graphs.
    """
    if depth > DEEPEST:
        raise cursor.error(f"records lie more than {DEEPEST} deep")
    cursor.count(budget.NODES, 1, "its tree of layers")
    kind = _read_kind(cursor)
    training = cursor.integer("i1", "the training state") == 1
    cursor.take(1, "the backpropagation state")
    flags = cursor.integer("i4", "the flags")
    inputs, outputs, weights = (int(number) for number in cursor.array("i4", 3, "the layer sizes"))
    name = cursor.string("a layer's name")
    if min(inputs, outputs, weights) < 0:
        raise cursor.error(f"layer {name!r} has {inputs} inputs, {outputs} outputs and {weights} weights")
    if kind is Kind.INPUT:
        shape = tuple(int(number) for number in cursor.array("i4", 5, "the input's shape"))
        return Record(kind, name, inputs, outputs, numbers=shape)
    if kind in (Kind.CONVOLVE, Kind.MAXPOOL, Kind.RECONFIG):
        return _read_window(cursor, kind, name, inputs)
    if kind in DENSE:
        return _read_dense(cursor, Record(kind, name, inputs, outputs), training=training)
    if kind in (Kind.LSTM, Kind.SUMM_LSTM):
        return _read_lstm(cursor, Record(kind, name, inputs, outputs), training=training)
    if kind in PARALLELS or kind in TURNS or kind is Kind.SERIES:
        return _read_plumbing(cursor, kind, name, flags, depth)
    reason = "feed their softmax back into themselves" if kind in _FEEDBACK else "hold a TensorFlow graph"
    raise cursor.error(f"layer {name!r} is of type {kind}; layers that {reason} are not supported")


def _read_kind(cursor: Cursor) -> Kind:
    number = cursor.integer("i1", "a layer's type")
    if number == 0:
        name = cursor.string("a layer's type")
        if name not in _NAMED:
            raise cursor.error(f"there is no layer type {name[:40]!r}")
        return _NAMED[name]
    kind = _NUMBERED[number] if 0 < number < len(_NUMBERED) else None
    if kind is None:
        raise cursor.error(f"there is no layer type {number}")
    return kind


def _read_window(cursor: Cursor, kind: Kind, name: str, inputs: int) -> Record:
    x, y = (int(number) for number in cursor.array("i4", 2, f"the window of {name!r}"))
    smallest = 0 if kind is Kind.CONVOLVE else 1
    if x < smallest or y < smallest or inputs < 1:
        raise cursor.error(f"{kind} {name!r} has {inputs} inputs and a window of {x} and {y}")
    stacked = {Kind.CONVOLVE: (2 * x + 1) * (2 * y + 1), Kind.MAXPOOL: 1, Kind.RECONFIG: x * y}[kind]
    return Record(kind, name, inputs, inputs * stacked, numbers=(x, y))


def _read_dense(cursor: Cursor, bare: Record, *, training: bool) -> Record:
    matrix = read_matrix(cursor, training=training, what=f"the weights of {bare.name!r}")
    if (matrix.inputs, matrix.outputs) != (bare.inputs, bare.outputs):
        raise cursor.error(
            f"layer {bare.name!r} has {bare.inputs} inputs and {bare.outputs} outputs, its weights {matrix.inputs} "
            f"and {matrix.outputs}"
        )
    return replace(bare, matrices=(matrix,))


def _read_lstm(cursor: Cursor, bare: Record, *, training: bool) -> Record:
    name, inputs, outputs = bare.name, bare.inputs, bare.outputs
    seen = cursor.integer("i4", f"the inputs of {name!r}")
    gates = []
    for gate in ("candidate", "input gate", "forget gate", "output gate"):
        matrix = read_matrix(cursor, training=training, what=f"the {gate} of {name!r}")
        if gate == "candidate" and seen == inputs + 2 * matrix.outputs and matrix.inputs == seen:
            raise cursor.error(
                f"layer {name!r} is a two-dimensional LSTM, whose state comes from above as well as from the side; "
                "such layers are not supported"
            )
        if (matrix.inputs, matrix.outputs) != (seen, outputs) or seen != inputs + outputs:
            raise cursor.error(
                f"layer {name!r} has {inputs} inputs and {outputs} units, "
                f"its {gate} {matrix.inputs} inputs and {matrix.outputs} units"
            )
        gates.append(matrix)
    if len({matrix.scales is None for matrix in gates}) > 1:
        raise cursor.error(f"layer {name!r} mixes int8 and floating-point gates")
    return replace(bare, matrices=tuple(gates))


def _read_plumbing(cursor: Cursor, kind: Kind, name: str, flags: int, depth: int) -> Record:
    count = cursor.integer("u4", f"the number of parts of {name!r}")
    if not 1 <= count <= MOST_CHILDREN or (kind in TURNS and count != 1):
        raise cursor.error(f"{kind} {name!r} has {count} parts")
    children = tuple(read_record(cursor, depth + 1) for _ in range(count))
    if flags & _LEARNING_RATES:
        cursor.array("f4", cursor.integer("u4", f"the number of learning rates of {name!r}"), "the learning rates")
    if kind in PARALLELS:
        if len({child.inputs for child in children}) > 1:
            raise cursor.error(f"the parts of {name!r} have {[child.inputs for child in children]} inputs")
        return Record(kind, name, children[0].inputs, sum(child.outputs for child in children), children=children)
    for before, after in pairwise(children):
        if before.outputs != after.inputs:
            raise cursor.error(f"{before.name!r} has {before.outputs} outputs and {after.name!r} {after.inputs} inputs")
    return Record(kind, name, children[0].inputs, children[-1].outputs, children=children)
