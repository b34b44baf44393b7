"""Words that choose quantities, directions, units, frames and columns."""

import math
import re

import click

QUANTITIES = (
    "input_gate",
    "forget_gate",
    "candidate",
    "output_gate",
    "cell_state",
    "hidden_state",
    "reset_gate",
    "update_gate",
)
DIRECTIONS = ("forward", "backward")


def parse_units(words: str) -> tuple[int, ...]:
    """The units that ``3,5`` or ``0-15,20`` names, both ends included.

    Raises:
        click.BadParameter: the words name no units.

    Example:
        >>> parse_units("5,0-2")
        (5, 0, 1, 2)
    """
    units: list[int] = []
    for piece in words.split(","):
        found = re.fullmatch(r"([0-9]{1,6})(?:-([0-9]{1,6}))?", piece.strip())
        if not found or int(found[2] or found[1]) < int(found[1]):
            raise click.BadParameter(f"{words[:60]!r} names no units; write them as 3,5 or 0-15,20")
        units.extend(range(int(found[1]), int(found[2] or found[1]) + 1))
    return tuple(dict.fromkeys(units))


def parse_direction(words: str) -> str:
    """The direction of that name.

    Raises:
        click.BadParameter: lists those there are.
    """
    if words not in DIRECTIONS:
        raise click.BadParameter(f"{words!r} is no direction; there are {', '.join(DIRECTIONS)}")
    return words


def parse_span(words: str) -> tuple[float, float]:
    """The half-open span that ``120:160`` names.

    Raises:
        click.BadParameter: the words name no span.

    Example:
        >>> parse_span("120:160.5")
        (120.0, 160.5)
    """
    start, colon, stop = words.partition(":")
    span = (parse_number(start), parse_number(stop)) if colon else (0.0, 0.0)
    if not span[0] < span[1]:
        raise click.BadParameter(f"{words!r} names no span; write START:STOP, STOP excluded, such as 120:160")
    return span


def parse_number(words: str) -> float:
    """The finite number that the words are.

    Raises:
        click.BadParameter: they are none.
    """
    try:
        number = float(words)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise click.BadParameter(f"{words!r} is no finite number")
    return number


def parse_whole(words: str) -> int:
    """The whole number, not below 0, that the words are.

    Raises:
        click.BadParameter: they are none.
    """
    if not re.fullmatch(r"[0-9]{1,9}", words):
        raise click.BadParameter(f"{words!r} is no whole number from 0")
    return int(words)
