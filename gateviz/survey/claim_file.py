"""Claims that a user wrote down, in TOML."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from gateviz.errors import SelectionError
from gateviz.files.toml import read_toml
from gateviz.survey.claim import Claim, checked_claims

TABLE = "claim"
_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
}
_NEEDED = ("name", "gate")


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
