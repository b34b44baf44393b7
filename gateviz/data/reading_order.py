"""In which order people read symbols that stand from left to right.

A network with CTC writes symbols as its frames run, from left to right, and so does a line of Hebrew
or Arabic come out of it: its last letter first. This is the Unicode bidirectional algorithm (UAX 9)
run backward: directions are resolved among the symbols as they stand (rules W4 to W7, N1 and N2),
then the reversals of rule L2 are taken back.
"""

import unicodedata
from collections.abc import Sequence

_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_DIGITS = frozenset({"EN", "AN"})
_BETWEEN_DIGITS = frozenset({"CS", "ES"})
_BESIDE_DIGITS = frozenset({"ET"})


def reading_order(symbols: Sequence[str]) -> tuple[int, ...]:
    """Positions of symbols, which stand from left to right, in the order people read them.

    Symbols that are written from left to right come as they stand. The line runs the way that most of
    its letters do.

    Example:
        >>> shown = list(".25 \u05e1\u05dc\u05d0")
        >>> "".join(shown[place] for place in reading_order(shown))
        '\u05d0\u05dc\u05e1 25.'
    """
    levels = _levels_of(symbols)
    order = list(range(len(symbols)))
    for lowest in range(1, max(levels, default=0) + 1):
        order = _reversed_runs(order, [levels[place] >= lowest for place in order])
    return tuple(order)


def standing_order(symbols: Sequence[str]) -> tuple[int, ...]:
    """Positions of symbols, which come in the order people read them, as they stand from left to right.

    Example:
        >>> read = list("\u05d0\u05dc\u05e1 25.")
        >>> "".join(read[place] for place in standing_order(read))
        '.25 \u05e1\u05dc\u05d0'
    """
    levels = _levels_of(symbols)
    order = list(range(len(symbols)))
    for lowest in range(max(levels, default=0), 0, -1):
        order = _reversed_runs(order, [levels[place] >= lowest for place in order])
    return tuple(order)


def reading_text(symbols: Sequence[str]) -> str:
    """The symbols, which stand from left to right, as the text that people read."""
    return "".join(symbols[place] for place in reading_order(symbols))


def _levels_of(symbols: Sequence[str]) -> list[int]:
    """The embedding level of every symbol, in a line that runs the way that most of its letters do."""
    kinds = [unicodedata.bidirectional(symbol[0]) if symbol else "" for symbol in symbols]
    if not _RIGHT_TO_LEFT & set(kinds):
        return [0] * len(kinds)
    leftward = sum(kind in _RIGHT_TO_LEFT for kind in kinds)
    return _levels(kinds, 1 if leftward > kinds.count("L") else 0)


def _levels(kinds: Sequence[str], base: int) -> list[int]:
    """Embedding levels: 0 and 2 run to the right, 1 to the left."""
    number = _numbers(kinds)
    directions = [
        "N" if number[place] else "R" if kind in _RIGHT_TO_LEFT else "L" if kind == "L" else ""
        for place, kind in enumerate(kinds)
    ]
    default = "R" if base else "L"
    # A number belongs to letters on its left that run to the right, as 10 belongs to Windows 10.
    strong = default
    for place, direction in enumerate(directions):
        if direction in ("L", "R"):
            strong = direction
        elif direction == "N" and strong == "L":
            directions[place] = "L"
    place = 0
    while place < len(directions):
        stop = place
        while stop < len(directions) and not directions[stop]:
            stop += 1
        # Numbers count as right to left for what stands between them and such letters.
        around = {"R" if side == "N" else side for side in (_at(directions, place - 1), _at(directions, stop))}
        for inner in range(place, stop):
            directions[inner] = next(iter(around)) if len(around) == 1 and "" not in around else default
        place = max(stop, place) + 1
    return [{"L": 2 * base, "R": 1, "N": 2}[direction] for direction in directions]


def _at(directions: Sequence[str], place: int) -> str:
    return directions[place] if 0 <= place < len(directions) else ""


def _numbers(kinds: Sequence[str]) -> list[bool]:
    """True for digits, for one separator between two, and for signs such as % beside them."""
    found = [kind in _DIGITS for kind in kinds]
    for place in range(1, len(kinds) - 1):
        if kinds[place] in _BETWEEN_DIGITS and kinds[place - 1] in _DIGITS and kinds[place + 1] in _DIGITS:
            found[place] = True
    for places in (range(1, len(kinds)), range(len(kinds) - 2, -1, -1)):
        for place in places:
            beside = place - places.step
            if kinds[place] in _BESIDE_DIGITS and found[beside]:
                found[place] = True
    return found


def _reversed_runs(order: list[int], marked: Sequence[bool]) -> list[int]:
    """The order with every run of marked places turned around."""
    turned: list[int] = []
    run: list[int] = []
    for place, mark in zip(order, marked, strict=True):
        if mark:
            run.append(place)
            continue
        turned += [*reversed(run), place]
        run = []
    return [*turned, *reversed(run)]
