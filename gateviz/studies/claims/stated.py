"""Claims that are stated: those that come with gateviz, and those that a user wrote down in TOML."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from gateviz.errors import SelectionError
from gateviz.files.toml import read_toml
from gateviz.measure.line_events import Borders
from gateviz.studies.claims.request import Claim, Sign, Statistic, checked_claims

TABLE = "claim"
_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
}
_NEEDED = ("name", "gate")
_MEMORY = "The forget gate is highly active at sentence starts and punctuation and so clears old memory."
_LITTLE_INK = "A control for punctuation: a space is as bare of ink and ends no thought."
_WARM_UP = "A control for sentence starts: many of them are the line's start, where the state has no past yet."
_ONSET = "The input gate responds at the start of a new character or word."
_STABLE = "The output gate is stable after a complete unit."
_CONTEXT = "An LSTM carries context across a long line, not just within a character."

STATED: tuple[Claim, ...] = (
    # As it is told, and as the equations would need it: f = 1 keeps, so that clearing is a LOW forget gate.
    Claim("forget-high-at-punctuation", "forget_gate", "punctuation", says=_MEMORY),
    Claim("punctuation-clears-memory", "forget_gate", "punctuation", sign=Sign.LOWER, says=_MEMORY),
    # Whether punctuation is special, or any place with little ink.
    Claim("spaces-clear-memory", "forget_gate", "space", sign=Sign.LOWER, says=_LITTLE_INK),
    Claim("forget-high-at-sentence-starts", "forget_gate", "sentence", says=_MEMORY),
    Claim("sentence-starts-clear-memory", "forget_gate", "sentence", sign=Sign.LOWER, says=_MEMORY),
    Claim("line-starts-clear-memory", "forget_gate", "line", "onset", sign=Sign.LOWER, says=_WARM_UP),
    Claim("input-high-at-symbol-onsets", "input_gate", "any", "onset", says=_ONSET),
    Claim("input-high-at-word-onsets", "input_gate", "word", "onset", says=_ONSET),
    Claim(
        "output-stable-after-symbols", "output_gate", "any", "end", sign=Sign.LOWER, statistic=Statistic.STEP,
        says=_STABLE, borders=Borders.EMITTED, offset=1,
    ),
    Claim(
        "output-stable-after-words", "output_gate", "word", "end", sign=Sign.LOWER, statistic=Statistic.STEP,
        says=_STABLE, borders=Borders.EMITTED, offset=1,
    ),
    Claim("memory-beyond-a-symbol", "forget_gate", statistic=Statistic.TIMESCALE, says=_CONTEXT),
    Claim(
        "memory-across-a-line", "forget_gate", statistic=Statistic.TIMESCALE, says=_CONTEXT, share=0.1, symbols=10.0
    ),
    # Whether what could be kept is answered to: the effective context holds all but a tenth.
    Claim("context-beyond-a-symbol", "hidden_state", statistic=Statistic.CONTEXT, says=_CONTEXT, share=0.1),
    Claim("context-across-a-line", "hidden_state", statistic=Statistic.CONTEXT, says=_CONTEXT, share=0.1, symbols=10.0),
)  # fmt: skip
"""What write-ups of text recognizers say about their gates, made precise."""


def read_claims(path: str | Path) -> tuple[Claim, ...]:
    """The claims of a TOML file: a table ``[[claim]]`` each, with the attributes of ``Claim`` as keys.

    Raises:
        SelectionError: the file is missing, no TOML, holds no claim, or one that cannot be tested.
    """
    try:
        document = read_toml(Path(path), SelectionError)
    except FileNotFoundError as error:
        raise SelectionError(f"there is no file of claims {path}") from error
    except OSError as error:
        raise SelectionError(f"the claims {path} cannot be read: {error.strerror}") from error
    tables = document.get(TABLE)
    if not isinstance(tables, list) or not tables or set(document) != {TABLE}:
        found = ", ".join(sorted(document)) or "nothing"
        raise SelectionError(
            f"the claims {path} hold {found}; write one table [[{TABLE}]] for each claim, and no other"
        )
    try:
        return checked_claims(_claim(table, number) for number, table in enumerate(tables, start=1))
    except SelectionError as error:
        raise SelectionError(f"the claims in {path} cannot be tested: {error}") from error


def _claim(table: dict[str, Any], number: int) -> Claim:
    known = {field.name: str(field.type) for field in fields(Claim)}
    named = f"claim {number}" if "name" not in table else f"the claim {table['name']!r}"
    if odd := sorted(set(table) - set(known)):
        raise SelectionError(f"{named} has {', '.join(map(repr, odd))}; a claim knows {', '.join(known)}")
    if missing := [name for name in _NEEDED if name not in table]:
        raise SelectionError(f"{named} has no {' and no '.join(missing)}; give it")
    for name, value in table.items():
        wanted = _type_name(known[name])
        if not isinstance(value, _KINDS[wanted]) or (isinstance(value, bool) and wanted != "bool"):
            raise SelectionError(f"{named} has {name} = {value!r}, which is no {wanted}")
    given: dict[str, Any] = {
        name: float(value) if _type_name(known[name]) == "float" else value for name, value in table.items()
    }
    return Claim(**given)


def _type_name(annotation: str) -> str:
    return annotation.removeprefix("<class '").removesuffix("'>").removesuffix(" | None")
