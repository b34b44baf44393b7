"""What a torch pickle asks for, followed opcode by opcode with names in the place of what would be called.

``torch.load`` calls nothing but what rebuilds tensors, and yet a few bytes can make that take any memory or
time: a ``bytearray`` of four billion, a storage of more numbers than the file holds, a dictionary's key of
tuples inside tuples that share their parts. So the pickle is first followed here, where a call is a note of
its name and its arguments, and every claim is held against what is there. Python's own unpickler with a
``find_class`` of ours would not do: before it asks, it makes room for a memo or a byte array of any size that is
claimed, and looks up dictionary keys that take for ever to hash.
"""

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from gateviz.errors import CheckpointError
from gateviz.files import budget


class DamagedPickleError(CheckpointError):
    """A pickle that no program of torch's wrote; the message is what was found."""


@dataclass(frozen=True)
class Name:
    """The dotted name of what a pickle would import."""

    dotted: str


@dataclass(frozen=True, eq=False)
class Made:
    """What a call would give, by the name of what is called."""

    name: str


@dataclass(frozen=True)
class Storage:
    """The numbers of tensors, which lie beside the pickle.

    Attributes:
        key: of its record.
        numbers: how many the pickle says there are.
        size: bytes of one.
    """

    key: str
    numbers: int
    size: int


_SIZES = {
    **dict.fromkeys(("Char", "Byte", "Bool", "QInt8", "QUInt8", "QUInt4x2", "QUInt2x4", "Untyped"), 1),
    **dict.fromkeys(("Half", "BFloat16", "Short"), 2),
    **dict.fromkeys(("Float", "Int", "QInt32"), 4),
    **dict.fromkeys(("Double", "Long", "ComplexFloat"), 8),
    "ComplexDouble": 16,
}
"""Bytes of a number, by the storage's name."""

_LARGEST_KEY = 1 << 53
"""Larger whole numbers can be chosen to collide in a dictionary."""

_PLAIN = frozenset({"collections.OrderedDict", "collections.Counter", "torch.Size", "torch.device"}) | {
    "torch.serialization._get_layout",
    "torch.nn.parameter.Parameter",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch._utils._rebuild_sparse_tensor",
    "torch._utils._rebuild_meta_tensor_no_storage",
    "_codecs.encode",
    *(f"{module}.{name}" for module in ("builtins", "__builtin__") for name in ("set", "complex", "bytearray")),
}
_OF_STORAGE = frozenset(
    f"torch._utils._rebuild_{name}" for name in ("tensor", "tensor_v2", "tensor_v3", "qtensor", "sparse_csr_tensor")
)
_OF_TYPE = "torch._tensor._rebuild_from_type_v2"


@dataclass
class InertPickle:
    """One pickle that is followed.

    Attributes:
        where: the file, for messages.
        storages: what it takes from beside it, by key.
    """

    where: str
    storages: dict[str, Storage] = field(default_factory=dict)
    _stack: list[Any] = field(default_factory=list)
    _marks: list[int] = field(default_factory=list)
    _memo: dict[int, Any] = field(default_factory=dict)
    _copied: int = 0

    def follow(self, stream: BytesIO) -> Any:
        """What stands there at the pickle's STOP, with ``Made`` in the place of everything that is called.

        Raises:
            CheckpointError: it passes a bound, claims more numbers than its storages have, or would
                call what rebuilds no tensor.
            DamagedPickleError: it is damaged, or has an opcode that torch's own pickles do not.
        """
        self._stack, self._marks, self._memo = [], [], {}
        for count, (opcode, argument, _) in enumerate(pickletools.genops(stream), 1):
            budget.PICKLE_OPCODES.check(count, f"the pickle of {self.where}")
            if opcode.name == "STOP":
                return self._stack.pop()
            step = _STEPS.get(opcode.name)
            if step is None:
                raise DamagedPickleError(f"the pickle opcode {opcode.name}, which torch does not write")
            step(self, argument)
        raise DamagedPickleError("a pickle without an end")

    def _group(self) -> list[Any]:
        start = self._marks.pop()
        values = self._stack[start:]
        del self._stack[start:]
        return values

    def _tuple(self, count: int) -> None:
        if len(self._stack) < count:
            raise DamagedPickleError("fewer values than an opcode takes")
        values = tuple(self._stack[len(self._stack) - count :])
        del self._stack[len(self._stack) - count :]
        self._stack.append(values)

    def _append(self, values: list[Any]) -> None:
        if not isinstance(self._stack[-1], list):
            raise DamagedPickleError("items for what is no list")
        self._stack[-1].extend(values)

    def _set(self, pairs: list[Any]) -> None:
        target = self._stack[-1]
        if not (isinstance(target, dict) or (isinstance(target, Made) and target.name.startswith("collections."))):
            raise DamagedPickleError("items for what is no dictionary")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            self._hashed(key)
            if isinstance(target, dict):
                target[key] = value

    def _hashed(self, key: Any) -> None:
        """Refuses keys that take long to look up."""
        for part in key if isinstance(key, tuple) else (key,):
            plain = part is None or isinstance(part, str | bytes | bool)
            if not plain and not (isinstance(part, int) and abs(part) < _LARGEST_KEY):
                raise CheckpointError(
                    f"{self.where} has a dictionary with a key that is a {type(part).__name__}, and checkpoints have names "
                    f"and numbers; save the model's state_dict() alone and load that"
                )

    def _reduce(self) -> None:
        arguments, called = self._stack.pop(), self._stack.pop()
        if not isinstance(called, Name) or not isinstance(arguments, tuple):
            raise DamagedPickleError("a call of what is no name")
        self._called(called.dotted, arguments)
        self._stack.append({} if called.dotted == "collections.OrderedDict" and not arguments else Made(called.dotted))

    def _called(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Holds a call against what it may ask for."""
        self._copied += sum(len(each) for each in arguments if isinstance(each, str | bytes | list | tuple | dict))
        budget.PICKLE_BYTES.check(self._copied, f"what the pickle of {self.where} copies")
        if name == _OF_TYPE and len(arguments) > 2 and isinstance(arguments[0], Name):
            if isinstance(arguments[2], tuple):
                self._called(arguments[0].dotted, arguments[2])
            return
        if name in _OF_STORAGE:
            self._viewed(arguments)
        elif name.endswith(".bytearray") and arguments and not isinstance(arguments[0], str | bytes | Made):
            raise CheckpointError(
                f"{self.where} asks for a bytearray of {str(arguments[0])[:24]} bytes that are not in the file; "
                f"it is damaged or malicious"
            )
        elif name.endswith(".set"):
            for each in arguments[:1]:
                for key in each if isinstance(each, list | tuple) else ():
                    self._hashed(key)
        elif name not in _PLAIN and not (name.startswith("torch.") and name.endswith("Tensor") and not arguments):
            raise DamagedPickleError(f"a call of what rebuilds no tensor: {name[:80]}")

    def _viewed(self, arguments: tuple[Any, ...]) -> None:
        """Holds a tensor's sizes and strides against its storage."""
        if len(arguments) < 4 or not isinstance(arguments[0], Storage):
            return
        storage, offset, size, stride = arguments[:4]
        numbers = (offset, *size, *stride)
        if len(size) != len(stride) or any(not isinstance(each, int) or each < 0 for each in numbers):
            raise DamagedPickleError("a tensor whose sizes are no sizes")
        budget.DIMS.check(len(size), f"a tensor of {self.where}")
        last = offset + sum((each - 1) * step for each, step in zip(size, stride, strict=True))
        if 0 not in size and last >= storage.numbers:
            raise CheckpointError(
                f"{self.where} has a tensor that reaches up to number {last + 1:,} of {storage.numbers:,}; "
                f"it is damaged or malicious"
            )

    def _build(self) -> None:
        state = self._stack.pop()
        if isinstance(state, tuple):
            self._viewed(state)

    def _persistent(self) -> None:
        given = self._stack.pop()
        if not isinstance(given, tuple) or len(given) < 5 or given[0] not in ("storage", b"storage"):
            raise DamagedPickleError("something beside the pickle that is no storage")
        kind, key, numbers = given[1], given[2], given[4]
        if not isinstance(kind, Name) or not isinstance(key, str | bytes) or not isinstance(numbers, int):
            raise DamagedPickleError("a storage without a type or a size")
        kind_name = kind.dotted.rpartition(".")[2].removesuffix("Storage")
        if kind_name not in _SIZES or numbers < 0:
            raise DamagedPickleError(f"a storage of {numbers} numbers of the type {kind.dotted}")
        name = key.decode("ascii") if isinstance(key, bytes) else key
        storage = Storage(name, numbers, _SIZES[kind_name])
        before = self.storages.get(name, storage)
        if before.numbers * before.size <= numbers * storage.size:
            self.storages[name] = storage
        self._stack.append(storage)


def _push(make: Callable[[Any], Any]) -> Callable[[InertPickle, Any], None]:
    return lambda pickle, argument: pickle._stack.append(make(argument))


def _nothing(pickle: InertPickle, argument: Any) -> None:
    return None


def _mark(pickle: InertPickle, argument: Any) -> None:
    pickle._marks.append(len(pickle._stack))


def _put(pickle: InertPickle, argument: Any) -> None:
    pickle._memo[argument] = pickle._stack[-1]


def _itself(argument: Any) -> Any:
    return argument


_STEPS: Mapping[str, Callable[[InertPickle, Any], None]] = {
    "PROTO": _nothing,
    "GLOBAL": _push(lambda argument: Name(str(argument).replace(" ", ".", 1))),
    "NONE": _push(lambda argument: None),
    "NEWTRUE": _push(lambda argument: True),
    "NEWFALSE": _push(lambda argument: False),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"), _push(_itself)),
    "BINUNICODE": _push(_itself),
    "SHORT_BINSTRING": _push(_itself),
    "EMPTY_TUPLE": _push(lambda argument: ()),
    "EMPTY_LIST": _push(lambda argument: []),
    "EMPTY_DICT": _push(lambda argument: {}),
    "EMPTY_SET": _push(lambda argument: Made("builtins.set")),
    "MARK": _mark,
    "TUPLE": lambda pickle, argument: pickle._stack.append(tuple(pickle._group())),
    "TUPLE1": lambda pickle, argument: pickle._tuple(1),
    "TUPLE2": lambda pickle, argument: pickle._tuple(2),
    "TUPLE3": lambda pickle, argument: pickle._tuple(3),
    "APPEND": lambda pickle, argument: pickle._append([pickle._stack.pop()]),
    "APPENDS": lambda pickle, argument: pickle._append(pickle._group()),
    "SETITEM": lambda pickle, argument: pickle._set([pickle._stack.pop(-2), pickle._stack.pop()]),
    "SETITEMS": lambda pickle, argument: pickle._set(pickle._group()),
    "BINPUT": _put,
    "LONG_BINPUT": _put,
    "BINGET": lambda pickle, argument: pickle._stack.append(pickle._memo[argument]),
    "LONG_BINGET": lambda pickle, argument: pickle._stack.append(pickle._memo[argument]),
    "REDUCE": lambda pickle, argument: pickle._reduce(),
    "NEWOBJ": lambda pickle, argument: pickle._reduce(),
    "BUILD": lambda pickle, argument: pickle._build(),
    "BINPERSID": lambda pickle, argument: pickle._persistent(),
}
