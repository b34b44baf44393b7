"""``--edit``: one change to the run, in words."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.selection import QUANTITIES, parse_direction, parse_number, parse_span, parse_units, parse_whole

if TYPE_CHECKING:
    from gateviz.capture.edits import Edit

GRAMMAR = """\
\b
--edit changes the run while the network reads; give it several times for several edits:
  "clamp QUANTITY VALUE"          hold it at a value
  "scale QUANTITY FACTOR"         multiply it
  "ablate QUANTITY"               set it to zero
  "ablate QUANTITY mean=FILE"     set it to each unit's mean in a saved recording
  "patch QUANTITY FILE"           put in the values of a saved recording
followed by any of
  layer=1  direction=forward|backward  units=3,5-7  frames=10:20  columns=120:160
such as --edit "clamp forget_gate 0 layer=1 units=3,5 columns=120:160".
"""

_WHERE: Mapping[str, Callable[[str], object]] = {
    "layer": parse_whole,
    "direction": parse_direction,
    "units": parse_units,
    "frames": lambda words: tuple(map(parse_whole, _span_ends(words))),
    "columns": parse_span,
}
# Verb -> the words that follow its quantity.
_VERBS: Mapping[str, tuple[str, ...]] = {
    "clamp": ("VALUE",),
    "scale": ("FACTOR",),
    "ablate": (),
    "patch": ("FILE",),
}


@dataclass(frozen=True)
class EditRequest:
    """An edit as it was asked for; ``built`` makes the library's edit of it.

    Attributes:
        verb: clamp, scale, ablate or patch.
        quantity: its name.
        number: value or factor of clamp and scale.
        recording: file of patch, or of ablate's mean.
        where: selection by name, as the library's functions take it.
    """

    verb: str
    quantity: str
    number: float = 0.0
    recording: Path | None = None
    where: Mapping[str, Any] | None = None

    def built(self) -> "Edit":
        """The edit.

        Raises:
            SelectionError: it cannot mean anything.
            RecordingFileError: its recording cannot be opened.
        """
        from gateviz.capture.edits import ablate, clamp, patch, scale
        from gateviz.recording import open_recording

        where = dict(self.where or {})
        if self.verb == "clamp":
            return clamp(self.quantity, self.number, **where)
        if self.verb == "scale":
            return scale(self.quantity, self.number, **where)
        if self.recording is None:
            return ablate(self.quantity, **where)
        recording = open_recording(self.recording, quantities=[self.quantity])
        if self.verb == "ablate":
            return ablate(self.quantity, to="mean", reference=recording, **where)
        return patch(self.quantity, recording, **where)


def parse_edit(words: str) -> EditRequest:
    """The edit that the words ask for, by the grammar of ``GRAMMAR``.

    Raises:
        click.BadParameter: says which word is wrong and what belongs there.

    Example:
        >>> parse_edit("clamp forget_gate 0 layer=1").where
        {'layer': 1}
    """
    try:
        pieces = shlex.split(words)
    except ValueError as error:
        raise click.BadParameter(f"{words!r} has a quotation mark without its partner") from error
    plain = [piece for piece in pieces if "=" not in piece]
    named = [piece.split("=", 1) for piece in pieces if "=" in piece]
    verb = plain[0] if plain else ""
    if verb not in _VERBS:
        raise click.BadParameter(f"{words!r} begins with {verb!r}; an edit is one of {', '.join(_VERBS)}")
    wanted = ("QUANTITY", *_VERBS[verb])
    if len(plain) != 1 + len(wanted):
        raise click.BadParameter(f"{words!r} has {len(plain) - 1} words after {verb}; write {verb} {' '.join(wanted)}")
    if plain[1] not in QUANTITIES:
        raise click.BadParameter(
            f"{words!r} names {plain[1]!r}, which is no quantity; there are {', '.join(QUANTITIES)}"
        )
    known = (*_WHERE, "mean") if verb == "ablate" else tuple(_WHERE)
    return _request(words, verb, plain[1:], _named(words, named, known))


def _named(words: str, named: Sequence[Sequence[str]], known: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in named:
        if name not in known:
            raise click.BadParameter(f"{words!r} has {name}=, which is none of {', '.join(f'{k}=' for k in known)}")
        if name in found:
            raise click.BadParameter(f"{words!r} has {name}= twice; give two edits")
        found[name] = _WHERE[name](value) if name in _WHERE else Path(value)
    return found


def _request(words: str, verb: str, plain: Sequence[str], named: dict[str, Any]) -> EditRequest:
    mean = named.pop("mean", None)
    if verb == "patch":
        return EditRequest(verb, plain[0], recording=Path(plain[1]), where=named)
    if verb == "ablate":
        return EditRequest(verb, plain[0], recording=mean, where=named)
    return EditRequest(verb, plain[0], number=parse_number(plain[1]), where=named)


def _span_ends(words: str) -> tuple[str, str]:
    start, colon, stop = words.partition(":")
    if not colon:
        raise click.BadParameter(f"{words!r} names no span; write START:STOP, STOP excluded, such as 10:20")
    return start, stop
