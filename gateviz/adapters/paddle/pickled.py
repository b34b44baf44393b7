"""The arrays of a ``.pdparams`` file, read off the few opcodes that such pickles have: nothing in it is ever called.

Paddle saves parameters as a pickled dictionary from names to numpy arrays. An array is written as a
call of numpy's own constructor, and its shape, type and bytes as the state of what that returns; those
calls are understood here by their names and carried out by hand. Any other name, and any opcode that
such files have no need of, ends the reading. Lengths are held against the bytes that are left.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gateviz.errors import CheckpointError
from gateviz.files import budget

_TYPES = frozenset({"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "b1"})
LARGEST_SIZE = 2**31 - 1
_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")


@dataclass
class _Array:
    """An array that is being put together."""

    value: np.ndarray | None = None


@dataclass
class _Type:
    """A numpy type: its letters, and its byte order once that is known."""

    letters: str
    order: str = "="


@dataclass(frozen=True)
class _Name:
    """The dotted name of what a pickle would call."""

    dotted: str


def read_pickled(content: memoryview, where: str) -> dict[str, np.ndarray]:
    """The arrays of a pickled dictionary, over the pickle's own bytes; what else stands in it is left out.

    Args:
        content: the pickle's bytes.
        where: the file, for messages.

    Raises:
        CheckpointError: it wants to call something, has an opcode that parameter files have no need
            of, breaks off, or is no dictionary of arrays.
    """
    reader = _Reader(content, where)
    try:
        value = reader.run()
    except CheckpointError:
        raise
    # Damaged bytes can fail in any way whatever: no value on the stack need be of the kind its opcode asks for.
    except Exception as error:
        raise reader.damaged(str(error) or type(error).__name__) from error
    arrays = {name: array for name, inner in value.items() if (array := _array_in(inner)) is not None}
    if not arrays:
        raise CheckpointError(f"{where} is a pickle without arrays; name the file that paddle.save wrote parameters to")
    return arrays


def _array_in(value: Any) -> np.ndarray | None:
    """The array that a value is, or, as some versions save it, that stands beside its name."""
    if isinstance(value, tuple) and len(value) == 2:
        value = value[1]
    return value.value if isinstance(value, _Array) else None


@dataclass
class _Reader:
    content: memoryview
    where: str
    position: int = 0
    stack: list[Any] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)
    decoded: int = 0

    def run(self) -> dict[str, Any]:
        """The dictionary that stands there at the pickle's STOP."""
        for _ in range(budget.PICKLE_OPCODES.most):
            opcode = self.take(1).tobytes()
            if opcode == b".":
                value = self.stack[-1]
                return value if isinstance(value, dict) else {}
            if opcode not in _OPCODES:
                raise CheckpointError(
                    f"{self.where} has the pickle opcode {opcode!r} at byte {self.position - 1:,}, which parameter files "
                    f"have no need of, and nothing in it was run; save it again with paddle.save(model.state_dict(), ...)"
                )
            _OPCODES[opcode](self)
        raise CheckpointError(
            budget.PICKLE_OPCODES.words(budget.PICKLE_OPCODES.most + 1, self.where, "it is no file of parameters")
        )

    def damaged(self, found: str) -> CheckpointError:
        """What to raise where the bytes are no pickle of parameters."""
        return CheckpointError(
            f"{self.where} is a truncated or damaged parameter file ({found} at byte {self.position:,} of "
            f"{len(self.content):,}); download or save it again"
        )

    def take(self, count: int) -> memoryview:
        """The next bytes.

        Raises:
            CheckpointError: fewer are left.
        """
        left = len(self.content) - self.position
        if not 0 <= count <= left:
            raise CheckpointError(
                f"{self.where} is a truncated or damaged parameter file: it claims {count:,} bytes at byte "
                f"{self.position:,} and has {left:,} left; download or save it again"
            )
        self.position += count
        return self.content[self.position - count : self.position]

    def number(self, layout: str) -> int:
        """The next number, little endian."""
        (value,) = struct.unpack(f"<{layout}", self.take(struct.calcsize(layout)))
        return int(value)

    def line(self) -> str:
        """The next bytes up to a line feed, as text; names are short."""
        end = bytes(self.content[self.position : self.position + 256]).find(b"\n")
        if end < 0:
            raise self.damaged("a name without an end")
        text = self.take(end + 1).tobytes()[:-1]
        return text.decode("ascii")

    def group(self) -> list[Any]:
        """The values above the last mark, taken off with it."""
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def several(self, count: int) -> tuple[Any, ...]:
        """The last values, taken off."""
        if len(self.stack) < count:
            raise self.damaged("too few values")
        values = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        return values

    def text(self, layout: str) -> None:
        data = self.take(self.number(layout))
        self.made(len(data))
        self.stack.append(data.tobytes().decode("utf-8", "surrogatepass"))

    def made(self, count: int) -> None:
        """Counts the bytes of copies, which a pickle could ask for again and again."""
        self.decoded += count
        if self.decoded > 2 * len(self.content):
            raise self.damaged("text that comes to more than the file")

    def data(self, layout: str) -> None:
        self.stack.append(self.take(self.number(layout)))

    def name(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise self.damaged("a name that is no text")
        self.stack.append(_Name(f"{module}.{name}"))

    def put(self, key: int) -> None:
        self.memo[key] = self.stack[-1]

    def set_items(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict) or len(pairs) % 2:
            raise self.damaged("items for what is no dictionary")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, str):
                raise self.damaged("a parameter's name that is no text")
            target[key] = value

    def reduce(self) -> None:
        called, arguments = self.several(2)
        if not isinstance(called, _Name) or not isinstance(arguments, tuple):
            raise self.damaged("a call of what is no name")
        self.stack.append(self.called(called.dotted, arguments))

    def called(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """What a call gives, for those that parameter files make.

        Raises:
            CheckpointError: it is another one.
        """
        if name in {f"{module}._reconstruct" for module in _MODULES}:
            return _Array()
        if name == "numpy.dtype" and isinstance(arguments[0], str):
            return _Type(arguments[0])
        if name == "_codecs.encode" and isinstance(arguments[0], str) and arguments[1] == "latin1":
            # Protocol 2 has no bytes; it writes them as text of as many characters.
            self.made(len(arguments[0]))
            return memoryview(bytearray(arguments[0].encode("latin-1")))
        if name == "collections.OrderedDict" and not arguments:
            return {}
        if name in ("builtins.tuple", "__builtin__.tuple") and isinstance(arguments[0], tuple):
            return arguments[0]
        raise CheckpointError(
            f"{self.where} is a pickle that wants to run {name[:100]}, and nothing in it was run; "
            f"save the parameters alone with paddle.save(model.state_dict(), ...)"
        )

    def build(self) -> None:
        (state,) = self.several(1)
        target = self.stack[-1]
        if isinstance(target, _Type):
            target.order = {"<": "<", ">": ">"}.get(state[1], "=")
        elif isinstance(target, _Array):
            _, shape, kind, by_columns, data = state
            target.value = self.array(shape, kind, bool(by_columns), data)
        else:
            raise self.damaged("a state for what is no array")

    def array(self, shape: tuple[int, ...], kind: _Type, by_columns: bool, data: memoryview) -> np.ndarray:
        """The array over the file's own bytes."""
        letters = kind.letters.lstrip("<>|=")
        if letters not in _TYPES:
            raise CheckpointError(
                f"{self.where} holds an array of the numpy type {kind.letters!r}; parameters are plain numbers"
            )
        budget.DIMS.check(len(shape), f"an array of {self.where}")
        if any(not 0 <= size <= LARGEST_SIZE for size in shape):
            raise self.damaged(f"an array of the shape {shape[:8]}")
        return np.frombuffer(data, np.dtype(kind.order + letters)).reshape(shape, order="F" if by_columns else "C")


def _append(value: Callable[[_Reader], Any]) -> Callable[[_Reader], None]:
    return lambda reader: reader.stack.append(value(reader))


def _skip(count: int) -> Callable[[_Reader], None]:
    def skipped(reader: _Reader) -> None:
        reader.take(count)

    return skipped


def _long(reader: _Reader) -> int:
    return int.from_bytes(reader.take(reader.number("B")), "little", signed=True)


_OPCODES: dict[bytes, Callable[[_Reader], None]] = {
    b"\x80": _skip(1),
    b"\x95": _skip(8),
    b"(": lambda reader: reader.marks.append(len(reader.stack)),
    b"}": _append(lambda reader: {}),
    b")": _append(lambda reader: ()),
    b"]": _append(lambda reader: []),
    b"N": _append(lambda reader: None),
    b"\x88": _append(lambda reader: True),
    b"\x89": _append(lambda reader: False),
    b"K": _append(lambda reader: reader.number("B")),
    b"M": _append(lambda reader: reader.number("H")),
    b"J": _append(lambda reader: reader.number("i")),
    b"\x8a": _append(_long),
    b"G": _append(lambda reader: struct.unpack(">d", reader.take(8))[0]),
    b"X": lambda reader: reader.text("I"),
    b"\x8c": lambda reader: reader.text("B"),
    b"\x8d": lambda reader: reader.text("Q"),
    b"B": lambda reader: reader.data("I"),
    b"C": lambda reader: reader.data("B"),
    b"\x8e": lambda reader: reader.data("Q"),
    b"q": lambda reader: reader.put(reader.number("B")),
    b"r": lambda reader: reader.put(reader.number("I")),
    b"\x94": lambda reader: reader.put(len(reader.memo)),
    b"h": _append(lambda reader: reader.memo[reader.number("B")]),
    b"j": _append(lambda reader: reader.memo[reader.number("I")]),
    b"t": _append(lambda reader: tuple(reader.group())),
    b"\x85": _append(lambda reader: reader.several(1)),
    b"\x86": _append(lambda reader: reader.several(2)),
    b"\x87": _append(lambda reader: reader.several(3)),
    b"c": lambda reader: reader.name(reader.line(), reader.line()),
    b"\x93": lambda reader: reader.name(*reader.several(2)),
    b"R": lambda reader: reader.reduce(),
    b"b": lambda reader: reader.build(),
    b"s": lambda reader: reader.set_items(list(reader.several(2))),
    b"u": lambda reader: reader.set_items(reader.group()),
}
