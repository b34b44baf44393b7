"""Strings of symbols drawn uniformly: what makes every symbol of an alphabet come up."""

from collections.abc import Sequence
from typing import Final

from gateviz.typesetting.dice import Dice

SCRIPTS: Final = ("latin", "chinese", "mixed", "number")
# Not a script: all symbols, each as probable.
UNIFORM: Final = "uniform"
DIGITS = frozenset("0123456789")
NUMBER_MARKS = frozenset(".,:-/+%$()#¥€£°±×")
# Marks that Chinese and English share but that Chinese cannot do without.
SHARED_MARKS = frozenset("“”‘’…—·")
DOUBLED = 0.05
SPACED = 0.1
SWITCHED = 0.15
LONGEST_SPARE = 8

Pool = tuple[str, ...]


class UniformText:
    """Which scripts an alphabet writes, and random strings of each.

    Args:
        symbols: the alphabet, each symbol once.
        english: whether it writes enough English words for Latin to be a script of its own: the X of
            identity numbers does not make one.

    Example:
        >>> UniformText("0123456789X", english=False).scripts
        ('number',)
    """

    def __init__(self, symbols: Sequence[str], *, english: bool) -> None:
        visible = tuple(symbol for symbol in symbols if symbol != " ")
        self._pools = _with_the_rest(_pools(visible, english), visible)
        self.scripts = tuple(script for script in SCRIPTS if script in self._pools)
        self._pools[UNIFORM] = (visible,)
        self._space = " " in symbols

    def line(self, dice: Dice, script: str, length: int) -> str:
        """At most ``length`` code points of a script; at times one comes twice, or a space between."""
        pools = self._pools[script]
        pool = pools[0]
        spaced = DOUBLED + (SPACED if self._space and script != "chinese" else 0.0)
        pieces: list[str] = []
        last = " "
        decisions = dice.numbers(3 * length)
        for switched, decided, chosen in zip(decisions[::3], decisions[1::3], decisions[2::3], strict=True):
            if switched < SWITCHED and len(pools) > 1:
                pool = pools[1] if pool is pools[0] else pools[0]
            if last == " " or decided >= spaced:
                last = pool[int(chosen * len(pool))]
            elif decided >= DOUBLED:
                last = " "
            pieces.append(last)
        return "".join(pieces).rstrip(" ")

    def spare(self, dice: Dice) -> str:
        """A few symbols of the alphabet: what is written where nothing better fits."""
        return self.line(dice, self.scripts[-1], dice.between(1, LONGEST_SPARE))


def _pools(visible: Pool, english: bool) -> dict[str, tuple[Pool, ...]]:
    """For each script, what its random strings are made of, one pool at a time."""
    wide = tuple(filter(_is_wide, visible))
    narrow = tuple(symbol for symbol in visible if not _is_wide(symbol))
    pools: dict[str, tuple[Pool, ...]] = {}
    if DIGITS.intersection(visible):
        pools["number"] = (tuple(symbol for symbol in narrow if symbol in DIGITS | NUMBER_MARKS),)
    if any(map(_is_ideograph, wide)):
        pools["chinese"] = (wide,)
        if narrow:
            pools["mixed"] = (wide, narrow)
    if english:
        pools["latin"] = (narrow,)
    return pools or {"latin" if narrow else "chinese": (visible,)}


def _with_the_rest(pools: dict[str, tuple[Pool, ...]], visible: Pool) -> dict[str, tuple[Pool, ...]]:
    """The pools, with the symbols that belong to no script there is added to each script's first."""
    covered = {symbol for several in pools.values() for pool in several for symbol in pool}
    rest = tuple(symbol for symbol in visible if symbol not in covered)
    return {script: ((*several[0], *rest), *several[1:]) for script, several in pools.items()}


def _is_wide(symbol: str) -> bool:
    """Whether a symbol is set like Chinese: everything from the CJK radicals on, and the shared marks."""
    return symbol >= "⺀" or symbol in SHARED_MARKS


def _is_ideograph(symbol: str) -> bool:
    return symbol == "〇" or "㐀" <= symbol <= "鿿" or "豈" <= symbol <= "龎" or symbol >= "𠀀"
