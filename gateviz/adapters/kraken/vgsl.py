"""kraken's dialect of VGSL: a network written as ``[1,120,0,1 Cr3,13,32 Mp2,2 S1(1x0)1,3 Lbx200 O1c59]``.

The first word is the input: batch, height, width, channels, 0 for a free size. The others are layers,
one a word, each with the name of its module in braces (``Cr{C_0}3,13,32``); older files leave the
names out, which then are the kind and the layer's number. ``[...]`` runs layers one after the
other, ``(...)`` beside one another. kraken reads these words in ``kraken/lib/vgsl/model.py``.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from gateviz.errors import CheckpointError
from gateviz.files import budget

MOST_LAYERS = 400
DEEPEST = 8
LARGEST_NUMBER = 100_000
"""A width, a stride or a number of features beyond this is taken for damage."""


class Kind(StrEnum):
    """What a layer is, by the letters it begins with."""

    CONVOLUTION = "C"
    LSTM = "L"
    LSTM_AS_GRU = "G"
    MAX_POOL = "Mp"
    DROPOUT = "Do"
    GROUP_NORM = "Gn"
    RESHAPE = "S"
    ADDITION = "A"
    IDENTITY = "I"
    OUTPUT = "O"
    SERIES = "[]"
    PARALLEL = "()"


@dataclass(frozen=True)
class Block:
    """One layer of a specification, or several in brackets.

    Attributes:
        kind: what it is.
        name: of its module.
        text: the word it was written as.
        mode: its letters beyond the kind, such as ``r`` (ReLU), ``bx`` (both ways along x), ``1c`` (CTC output).
        numbers: its numbers in the order they stand.
        children: of brackets.
    """

    kind: Kind
    name: str
    text: str
    mode: str = ""
    numbers: tuple[int, ...] = ()
    children: tuple["Block", ...] = ()


@dataclass(frozen=True)
class Specification:
    """A network in VGSL.

    Attributes:
        text: as it stands in the file.
        height: of the input; 0 for any.
        width: of the input; 0 for any.
        channels: of the input.
        blocks: the layers in the order they run.
    """

    text: str
    height: int
    width: int
    channels: int
    blocks: tuple[Block, ...]


_NAME = r"(?:\{(?P<name>\w+)\})?"
_GRAMMAR = (
    (Kind.CONVOLUTION, rf"(?P<mode>T?(?:lr|[strlm])){_NAME}(\d+),(\d+),(\d+)(?:,(\d+),(\d+))?(?:,(\d+),(\d+))?"),
    (Kind.LSTM, rf"(?P<mode>[frb][xy]s?[co]?){_NAME}(\d+)"),
    (Kind.LSTM_AS_GRU, rf"(?P<mode>[frb][xy]s?[co]?){_NAME}(\d+)"),
    (Kind.MAX_POOL, rf"{_NAME}(\d+),(\d+)(?:,(\d+),(\d+))?"),
    # Evaluation drops nothing, whatever the share.
    (Kind.DROPOUT, rf"{_NAME}(?:\d+\.?\d*|\.\d+)?(?:,\d+)?"),
    (Kind.GROUP_NORM, rf"{_NAME}(\d+)"),
    (Kind.RESHAPE, rf"{_NAME}(\d+)\((\d+)x(\d+)\)(\d+),(\d+)"),
    (Kind.ADDITION, rf"{_NAME}(\d+),(\d+)"),
    (Kind.IDENTITY, _NAME),
    (Kind.OUTPUT, rf"{_NAME}(?P<mode>[012][lsc]a?)(\d+)"),
)
_WORDS = tuple((kind, re.compile(kind.value + pattern)) for kind, pattern in _GRAMMAR)
_INPUT = re.compile(r"(\d+),(\d+),(\d+),(\d+)")
_LONG_NUMBER = re.compile(rf"\d{{{budget.DIGITS.most + 1},}}")
_MASK = re.compile(r"W\{?\w*\}?\d+,\d+,")


def parse(text: str) -> Specification:
    """The network that a specification describes.

    Raises:
        CheckpointError: it is none that kraken would read, or holds a layer that only pretraining has.

    Example:
        >>> [block.name for block in parse("[1,48,0,1 Cr{C_0}3,3,8 Mp2,2 O1c11]").blocks]
        ['C_0', 'Mp_1', 'O_2']
    """
    budget.VGSL_CHARACTERS.check(len(text), "the VGSL specification of its network")
    if number := _LONG_NUMBER.search(text):
        budget.DIGITS.check(len(number[0]), "a number of the VGSL specification")
    stripped = text.strip()
    if not (stripped.startswith("[") and stripped.endswith("]")):
        raise _unreadable(text, "it does not stand in brackets")
    words = stripped[1:-1].split()
    found = _INPUT.fullmatch(words[0]) if words else None
    if found is None:
        raise _unreadable(text, "it does not begin with the input's batch, height, width and channels")
    _, height, width, channels = (int(number) for number in found.groups())
    if not (height <= LARGEST_NUMBER and width <= LARGEST_NUMBER and 0 < channels <= LARGEST_NUMBER):
        raise _unreadable(text, f"its input is {height} x {width} of {channels} channels")
    if len(words) > MOST_LAYERS:
        raise _unreadable(text, f"it has {len(words) - 1} layers, and at most {MOST_LAYERS} are read")
    reader = _Reader(text, _tokens(words[1:]))
    blocks = reader.blocks("", 0)
    if not blocks:
        raise _unreadable(text, "it has no layers")
    return Specification(stripped, height, width, channels, blocks)


def _tokens(words: list[str]) -> list[str]:
    """The words with the brackets around them taken apart; parentheses inside a word stay."""
    tokens: list[str] = []
    for word in words:
        bare = word.lstrip("[(")
        tokens += word[: len(word) - len(bare)]
        inner = bare.rstrip("])")
        if inner:
            tokens.append(inner)
        tokens += bare[len(inner) :]
    return tokens


class _Reader:
    """Takes tokens from the front."""

    def __init__(self, text: str, tokens: list[str]) -> None:
        self._text = text
        self._tokens = tokens
        self._at = 0
        self._count = 0

    def blocks(self, closing: str, depth: int) -> tuple[Block, ...]:
        """The blocks up to a closing bracket, or up to the end."""
        if depth > DEEPEST:
            raise _unreadable(self._text, f"its brackets lie more than {DEEPEST} deep")
        found: list[Block] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token in ("]", ")"):
                if token != closing or not found:
                    raise _unreadable(self._text, f"a bracket {token!r} closes nothing")
                return tuple(found)
            if token in ("[", "("):
                children = self.blocks("]" if token == "[" else ")", depth + 1)
                kind = Kind.SERIES if token == "[" else Kind.PARALLEL
                found.append(Block(kind, " ".join(_leaf_names(children)), kind.value, children=children))
            else:
                found.append(self._block(token))
        if closing:
            raise _unreadable(self._text, f"a bracket {closing!r} is missing")
        return tuple(found)

    def _block(self, word: str) -> Block:
        for kind, pattern in _WORDS:
            if (match := pattern.fullmatch(word)) is None:
                continue
            given = match.groupdict()
            letters = set(pattern.groupindex.values())
            written = (match[place] for place in range(1, pattern.groups + 1) if place not in letters)
            numbers = tuple(int(digits) for digits in written if digits is not None)
            if any(number > LARGEST_NUMBER for number in numbers):
                raise _unreadable(self._text, f"the layer {_short(word)} has numbers beyond {LARGEST_NUMBER}")
            name = given["name"] or f"{kind.value}_{self._count}"
            self._count += 1
            return Block(kind, name, word, given.get("mode") or "", numbers)
        if _MASK.match(word):
            raise CheckpointError(
                f"the network {_short(self._text)} has the mask {_short(word)} of kraken's pretraining, which reads nothing; "
                f"take the recognizer that was trained after it"
            )
        raise _unreadable(self._text, f"{_short(word)} is no layer of kraken's")


def dotted_names(blocks: tuple[Block, ...], prefix: str = "nn.") -> dict[str, str]:
    """From every layer's own name to the name of its module in the whole network, brackets included."""
    names: dict[str, str] = {}
    for block in blocks:
        inner = dotted_names(block.children, f"{prefix}{block.name}.")
        names |= inner or {block.name: f"{prefix}{block.name}"}
    return names


def _leaf_names(blocks: tuple[Block, ...]) -> list[str]:
    return [name for block in blocks for name in (_leaf_names(block.children) if block.children else [block.name])]


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


def _unreadable(text: str, why: str) -> CheckpointError:
    return CheckpointError(f"the VGSL specification {_short(text)} cannot be read: {why}")
