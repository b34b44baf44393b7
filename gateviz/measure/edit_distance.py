"""How many edits lie between what is written and what was read, and which.

Both functions take texts symbol by symbol, or any other sequences of things that can be compared
and hashed, such as lists of words.
"""

from collections.abc import Hashable, Sequence

Pairs = list[tuple[int | None, int | None]]
"""Positions in the truth and in the reading that belong together; None where there is no counterpart."""


def edit_distance(truth: Sequence[Hashable], reading: Sequence[Hashable]) -> int:
    """The fewest substitutions, insertions and deletions that turn one sequence into the other (Levenshtein 1966).

    Example:
        >>> edit_distance("balloon", "baloom")
        2
        >>> edit_distance(["the", "cat"], ["the", "cat"])
        0
    """
    start, stop = _common_ends(truth, reading)
    truth, reading = truth[start : len(truth) - stop], reading[start : len(reading) - stop]
    if not truth or not reading:
        return len(truth) + len(reading)
    return _Table(truth, reading).distance


def paired(truth: Sequence[Hashable], reading: Sequence[Hashable]) -> Pairs:
    """Which symbol was read as which, with the fewest edits: ``(truth, reading)`` positions in order.

    A pair of two positions is a match or a substitution; one without a position in the reading is a
    deletion, one without a position in the truth an insertion. Of several ways with as few edits the
    one is taken that pairs what both begin with and what they end with, and between those, seen from
    the end, pairs two equal symbols wherever it can, else deletes rather than inserts, and inserts
    rather than substitutes; so it is the same on every machine. Where mistakes stand side by side the
    texts alone do not tell what was read as what: ``cold`` as ``c0d`` is taken for o as 0 and a lost l.

    Example:
        >>> paired("cold", "c0d")
        [(0, 0), (1, 1), (2, None), (3, 2)]
    """
    start, stop = _common_ends(truth, reading)
    row, column = len(truth) - stop, len(reading) - stop
    table = _Table(truth[start:row], reading[start:column])
    pairs: Pairs = []
    while row > start and column > start:
        bit, place = 1 << (row - 1 - start), column - 1 - start
        equal = truth[row - 1] == reading[column - 1]
        if not equal and table.rises_down[place] & bit:
            row -= 1
            pairs.append((row, None))
        elif not equal and table.rises_across[place] & bit:
            column -= 1
            pairs.append((None, column))
        else:
            row, column = row - 1, column - 1
            pairs.append((row, column))
    pairs += [(rest, None) for rest in range(row - 1, start - 1, -1)]
    pairs += [(None, rest) for rest in range(column - 1, start - 1, -1)]
    beginning: Pairs = [(place, place) for place in range(start)]
    end: Pairs = [(len(truth) - place, len(reading) - place) for place in range(stop, 0, -1)]
    return beginning + pairs[::-1] + end


class _Table:
    """The table of distances between the heads of two sequences, as differences of neighboring entries.

    A column of the table is a symbol of the reading, and bit r of its integers is row r + 1, a symbol
    of the truth. A whole column is computed at a time, in Python's own integers of any length (Myers
    1999, "A fast bit-vector algorithm for approximate string matching based on dynamic programming",
    as rewritten by Hyyrö 2003, "A bit-vector algorithm for computing Levenshtein and Damerau edit
    distances"; its top row counts up, as for two whole texts).

    Attributes:
        rises_down: of each column, the entries that are one more than the one above.
        rises_across: of each column, the entries that are one more than the one on the left.
        distance: the last entry of all.
    """

    def __init__(self, truth: Sequence[Hashable], reading: Sequence[Hashable]) -> None:
        places: dict[Hashable, int] = {}
        for row, symbol in enumerate(truth):
            places[symbol] = places.get(symbol, 0) | 1 << row
        ones = (1 << len(truth)) - 1
        last = len(truth) - 1
        self.rises_down: list[int] = []
        self.rises_across: list[int] = []
        self.distance = len(truth) if truth else len(reading)
        rises, falls = ones, 0
        for symbol in reading if truth else ():
            match = places.get(symbol, 0)
            # Entries that equal their neighbor up and to the left; all others are one more.
            level = ((((match & rises) + rises) ^ rises) | match | falls) & ones
            rises_across, falls_across = falls | (ones ^ (level | rises)), level & rises
            self.rises_across.append(rises_across)
            self.distance += (rises_across >> last) - (falls_across >> last)
            # The shift brings in the top row, which rises.
            rises_across, falls_across = (rises_across << 1 | 1) & ones, falls_across << 1 & ones
            rises, falls = falls_across | (ones ^ (level | rises_across)), rises_across & level
            self.rises_down.append(rises)


def _common_ends(one: Sequence[Hashable], other: Sequence[Hashable]) -> tuple[int, int]:
    """How many symbols both begin with, and how many of the rest both end with."""
    shorter = min(len(one), len(other))
    start = next((place for place in range(shorter) if one[place] != other[place]), shorter)
    left = shorter - start
    return start, next((place for place in range(left) if one[-1 - place] != other[-1 - place]), left)
