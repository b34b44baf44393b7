"""Which faces can set which symbols: the choice of fonts for a line."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from gateviz.typesetting.fonts import FontFace, missing_fonts

WIDE = "\u2e80"
_LEAST_SHARE = 0.9
OWN_LATIN = 0.4
EMPHASIS = 0.15


class Typecase:
    """The faces for an alphabet: wide ones for Chinese and its marks, narrow ones for the rest.

    Args:
        symbols: the alphabet.
        faces: to choose from.
        held_out: of those, the families kept for testing; otherwise the others.

    Raises:
        AlphabetError: no face has some of the symbols; names the packages that do.
    """

    def __init__(self, symbols: Iterable[str], faces: Sequence[FontFace], *, held_out: bool | None) -> None:
        printed = {symbol for symbol in symbols if symbol != " "}
        faces = [face for face in faces if held_out is None or face.held_out == held_out]
        wide = {symbol for symbol in printed if symbol >= WIDE}
        self.wide = _by_family(face for face in faces if wide and _share(face, wide) >= _LEAST_SHARE)
        narrow = printed - wide
        core = {symbol for symbol in narrow if symbol < "\x7f"} or narrow
        self.narrow = _by_family(
            face for face in faces if narrow and face not in _flat(self.wide) and _share(face, core) == 1
        )
        found = frozenset().union(*(face.covered for face in (*_flat(self.wide), *_flat(self.narrow))))
        missing = sorted(printed - found)
        if missing:
            raise missing_fonts(missing, held_out=bool(held_out))

    def choose(self, text: str, rng: np.random.Generator) -> tuple[FontFace, ...] | None:
        """The face of every symbol of a text; None where the faces that were drawn lack one.

        Chinese lines are set in one face, or with their Latin in another, as browsers do; in some
        lines a few words stand in a second face, as emphasis and code do. Families are drawn alike,
        however many styles they have.
        """
        chosen = self._by_symbol(text, rng)
        if chosen is None:
            return None
        faces = [chosen[symbol] for symbol in text]
        spaces = [place for place, symbol in enumerate(text) if symbol == " "]
        if spaces and self.narrow and rng.random() < EMPHASIS:
            second = _draw(self.narrow, rng)
            borders = sorted(int(place) for place in rng.choice([-1, *spaces, len(text)], 2, replace=False))
            for place in range(borders[0] + 1, borders[1]):
                if text[place] < WIDE and text[place] in second.covered:
                    faces[place] = second
        return tuple(faces)

    def _by_symbol(self, text: str, rng: np.random.Generator) -> Mapping[str, FontFace] | None:
        needs_wide = any(symbol >= WIDE for symbol in text)
        wide = _draw(self.wide, rng) if self.wide and (needs_wide or not self.narrow or rng.random() < 0.1) else None
        narrow = _draw(self.narrow, rng) if self.narrow and (wide is None or rng.random() > OWN_LATIN) else None
        marks_too = rng.random() < 0.5
        chosen = {}
        for symbol in set(text):
            first, second = (wide, narrow) if symbol >= WIDE or (symbol > "\x7f" and not marks_too) else (narrow, wide)
            face = next((face for face in (first, second) if face is not None and symbol in face.covered), None)
            if face is None and symbol == " ":
                face = first or second
            if face is None:
                return None
            chosen[symbol] = face
        return chosen


def _share(face: FontFace, symbols: set[str]) -> float:
    return len(symbols & face.covered) / len(symbols)


def _by_family(faces: Iterable[FontFace]) -> list[list[FontFace]]:
    families: dict[str, list[FontFace]] = {}
    for face in faces:
        families.setdefault(face.family, []).append(face)
    return list(families.values())


def _flat(families: list[list[FontFace]]) -> set[FontFace]:
    return {face for family in families for face in family}


def _draw(families: list[list[FontFace]], rng: np.random.Generator) -> FontFace:
    family = families[int(rng.integers(len(families)))]
    return family[int(rng.integers(len(family)))]
