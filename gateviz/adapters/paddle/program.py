"""A Paddle inference model: which parameter its program uses where, and the parameters themselves.

An exported model is two files. ``.pdmodel`` (a protocol buffer) or ``.json`` (since Paddle 3) holds the
program, whose operators name the parameters they use; ``.pdiparams`` holds the parameters one behind
the other, without names, in the order of their sorted names. Both are only read, field by field;
nothing of a program is run.
"""

import json
import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gateviz.adapters.core.protobuf import Message
from gateviz.errors import CheckpointError
from gateviz.files import budget

LARGEST_SIZE = 2**31 - 1
_MOST_LEVELS = 8
_TENSOR = 7
_TYPES = {0: "b1", 1: "i2", 2: "i4", 3: "i8", 4: "f2", 5: "f4", 6: "f8", 20: "u1", 21: "i1"}
"""Numpy's letters for Paddle's numbers of types."""


@dataclass
class Uses:
    """Names of parameters by what uses them, each list in the order in which the program runs.

    Attributes:
        convolutions: weights of convolutions.
        norms: scale, offset, mean and variance of each batch norm.
        recurrent: the weights of each recurrent layer: of every layer and direction the two matrices, then
            of every layer and direction the two biases.
        matrices: what is multiplied with.
        biases: what is added, of convolutions and of linear layers.
        stored: every parameter of the file beside the program, sorted as that file is.
    """

    convolutions: list[str] = field(default_factory=list)
    norms: list[tuple[str, ...]] = field(default_factory=list)
    recurrent: list[tuple[str, ...]] = field(default_factory=list)
    matrices: list[str] = field(default_factory=list)
    biases: list[str] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)

    def add(self, kind: str, inputs: Mapping[str, list[str]]) -> None:
        """Notes what an operator uses, by the names of its inputs that are parameters."""
        if kind in ("conv2d", "depthwise_conv2d"):
            self.convolutions += inputs.get("Filter", [])
        elif kind in ("batch_norm", "batch_norm_"):
            self.norms.append(tuple(name for slot in _NORM for name in inputs.get(slot, [])[:1]))
        elif kind in ("rnn", "cudnn_lstm"):
            self.recurrent.append(tuple(inputs.get("WeightList", [])))
        elif kind in ("matmul", "matmul_v2", "mul"):
            self.matrices += inputs.get("Y", [])
        elif kind in ("add", "elementwise_add"):
            self.biases += [*inputs.get("X", []), *inputs.get("Y", [])]


_NORM = ("Scale", "Bias", "Mean", "Variance")
# Operands of the newer programs have places and no names.
_SLOTS = {
    "conv2d": ("Input", "Filter"),
    "depthwise_conv2d": ("Input", "Filter"),
    "batch_norm": ("X", "Mean", "Variance", "Scale", "Bias"),
    "batch_norm_": ("X", "Mean", "Variance", "Scale", "Bias"),
    "rnn": ("Input", "PreState", "WeightList"),
}


def read_program(content: bytes, where: str) -> Uses:
    """What the program in a ``.pdmodel`` or ``.json`` file uses.

    Raises:
        CheckpointError: it is none, or is damaged.
    """
    budget.PROGRAM_BYTES.check(len(content), where, advice="it is no Paddle program")
    try:
        return _from_json(content) if content.lstrip()[:1] == b"{" else _from_fields(content)
    except CheckpointError as error:
        # The reader of fields says what it found, and this says where.
        found = str(error).partition(" is damaged: ")[2] or str(error)
        raise CheckpointError(
            f"{where} is a truncated or damaged Paddle program ({found}); export or download it again"
        ) from error
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError, StopIteration) as error:
        raise CheckpointError(
            f"{where} is no program as Paddle exports them ({type(error).__name__}: {str(error)[:100]}); "
            f"export or download it again"
        ) from error


def _from_fields(content: bytes) -> Uses:
    """The program of a ``.pdmodel`` (framework.proto): its first block's variables and operators."""
    uses = Uses()
    block = Message(memoryview(content), "program").messages(1, "main block")[0]
    for variable in block.messages(3, "variable"):
        types = variable.messages(2, "type of a variable")
        if variable.integer(3) and types and types[0].integer(1) == _TENSOR:
            uses.stored.append(variable.text(1))
    uses.stored.sort(key=str.encode)
    # The parameter that a variable stands for: itself, or reshaped.
    stands_for = {name: name for name in uses.stored}
    for operator in block.messages(4, "operator"):
        kind, inputs, outputs = operator.text(3), _slots(operator, 1), _slots(operator, 2)
        used = {slot: [stands_for[name] for name in names if name in stands_for] for slot, names in inputs.items()}
        if kind in ("reshape", "reshape2") and used.get("X") and outputs.get("Out"):
            stands_for[outputs["Out"][0]] = used["X"][0]
        uses.add(kind, used)
    return uses


def _slots(operator: Message, number: int) -> dict[str, list[str]]:
    """Names of an operator's inputs or outputs by their slots."""
    slots = operator.messages(number, "slot of an operator")
    return {slot.text(1): [bytes(name).decode("utf-8") for name in slot.bytes_of(2)] for slot in slots}


def _from_json(content: bytes) -> Uses:
    """The program of a ``.json``: values are numbered, and parameters are values that an operator ``p`` names."""
    uses = Uses()
    operators = json.loads(content)["program"]["regions"][0]["blocks"][0]["ops"]
    # The parameters that a value stands for: itself, reshaped, or several put together.
    names: dict[int, list[str]] = {}
    used = 0
    for operator in operators:
        kind = str(operator["#"]).rpartition(".")[2]
        if kind in ("p", "parameter"):
            name = next(value for value in operator["A"] if isinstance(value, str))
            names[operator["O"]["%"]] = [name]
            if not name.endswith("__non_persistable"):
                uses.stored.append(name)
            continue
        operands = [names.get(operand.get("%"), []) for operand in operator.get("I", [])]
        # Each may stand for several parameters, and be given to an operator that puts several together.
        used += sum(map(len, operands))
        budget.TENSORS.check(used, "what its operators use", advice="its operators put parameters together without end")
        if kind in ("reshape", "reshape_", "combine"):
            names[operator["O"][0]["%"]] = [name for operand in operands for name in operand]
        slots = _SLOTS.get(kind, ("X", "Y"))
        uses.add(kind, dict(zip(slots, operands, strict=False)))
    uses.stored.sort(key=str.encode)
    return uses


def read_parameters(content: memoryview, names: Iterable[str], where: str) -> dict[str, np.ndarray]:
    """The arrays of a ``.pdiparams`` file over its own bytes, under the names in their order.

    Raises:
        CheckpointError: it is truncated or damaged, or holds another number of arrays.
    """
    arrays: list[np.ndarray] = []
    position, names = 0, list(names)

    def take(count: int) -> memoryview:
        nonlocal position
        if not 0 <= count <= len(content) - position:
            raise CheckpointError(
                f"{where} is a truncated or damaged Paddle parameter file: it claims {count:,} bytes at byte "
                f"{position:,} and has {len(content) - position:,} left; export or download it again"
            )
        position += count
        return content[position - count : position]

    def number(layout: str) -> int:
        return int(struct.unpack(f"<{layout}", take(struct.calcsize(layout)))[0])

    while position < len(content) and len(arrays) <= len(names):
        version, levels = number("I"), number("Q")
        if version or levels > _MOST_LEVELS:
            raise CheckpointError(
                f"{where} is no Paddle parameter file of version 0 (it has version {version} and {levels} levels at byte "
                f"{position - 12:,}); export or download it again"
            )
        for _ in range(levels):
            take(number("Q"))
        number("I")
        description = Message(take(number("i")), f"array {len(arrays)}")
        arrays.append(_array(description, take, where))
    if position < len(content) or len(arrays) != len(names):
        raise CheckpointError(
            f"{where} holds {len(arrays)}{' or more' if position < len(content) else ''} arrays, and the program beside it "
            f"has {len(names)} parameters; both have to come from one export"
        )
    return dict(zip(names, arrays, strict=True))


def _array(description: Message, take: Any, where: str) -> np.ndarray:
    letters = _TYPES.get(description.integer(1))
    shape = tuple(description.integers(2))
    budget.DIMS.check(len(shape), f"an array of {where}", advice="export or download it again")
    if letters is None or any(not 0 <= size <= LARGEST_SIZE for size in shape):
        raise CheckpointError(
            f"{where} holds an array of the type {description.integer(1)} and the shape {shape[:8]}, which no "
            f"recognizer's parameters are; export or download it again"
        )
    kind = np.dtype(f"<{letters}")
    return np.frombuffer(take(math.prod(shape) * kind.itemsize), kind).reshape(shape)
