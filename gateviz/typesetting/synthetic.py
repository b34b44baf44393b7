"""Lines made up from fonts and text: line i depends on the seed and i alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8

from gateviz.errors import TrainingError
from gateviz.typesetting.degrade import HARDNESS, add_specks, add_strokes, draw_level, print_on_paper, soften, warp
from gateviz.typesetting.fonts import FontFace, find_fonts
from gateviz.typesetting.glyphs import GlyphCache
from gateviz.typesetting.layout import ASCENT, DESCENT, SetLine, Spacing, set_line
from gateviz.typesetting.line_text import LineText
from gateviz.typesetting.lines import TrainingLine
from gateviz.typesetting.photograph import photograph
from gateviz.typesetting.setting import WIDE, Typecase

SIZES = (13, 18, 24, 32, 44)
SCRIPTS: Mapping[str, float] = {"latin": 0.3, "chinese": 0.4, "mixed": 0.2, "number": 0.1}
LENGTHS: Mapping[str, float] = {"latin": 1.6, "number": 1.4, "mixed": 1.0, "chinese": 0.7, "uniform": 1.0}
"""Code points of a line of each script for one of ``SyntheticStyle.longest``.

Latin letters are about half as wide as Chinese ones, so lines of either are about as long.
"""
_ATTEMPTS = 40
LONG = 3
LOOSE = 1.2
"""Ems of paper around a loosely cropped line, at most."""

_WIDEST = 60


@dataclass(frozen=True)
class SyntheticStyle:
    """How synthetic lines are made.

    Attributes:
        height: rows of the images; the width follows.
        shortest: code points, at least; of mixed lines, from which other scripts' follow.
        longest: code points, at most, of mixed lines: Latin ones are up to 1.6 times as long, Chinese ones 0.7.
        long_share: of lines up to ``LONG`` times as long as that, as the lines of a page are.
        scripts: weights of ``latin``, ``chinese``, ``mixed``, ``number`` and ``uniform``; those that the
            alphabet cannot write are left out.
        uniform_share: of Chinese lines that are random characters (``LineText``).
        hardness: ``clean`` (black on white), ``mixed`` (clean to strong), ``noisy`` (strong only),
            ``touching`` (mixed, set so tight that symbols touch) or ``photo`` (all of them photographs).
        photo_share: of mixed lines that are photographs.
        loose_share: of lines as people crop them, with up to 1.2 ems of paper all around; half of those have specks.
        held_out: fonts kept for testing only; otherwise all others. None takes both.
    """

    height: int = 32
    shortest: int = 2
    longest: int = 24
    long_share: float = 0.0
    scripts: Mapping[str, float | int] = field(default_factory=lambda: dict(SCRIPTS))
    uniform_share: float = 0.35
    hardness: str = "mixed"
    photo_share: float = 0.0
    loose_share: float = 0.0
    held_out: bool | None = False

    def __post_init__(self) -> None:
        if self.hardness not in HARDNESS:
            raise TrainingError(f"synthetic lines cannot be {self.hardness!r}; they can be {', '.join(HARDNESS)}")
        if not 1 <= self.shortest <= self.longest or self.height < 8:
            raise TrainingError(
                f"synthetic lines of {self.shortest} to {self.longest} code points and {self.height} rows were asked for; "
                f"give at least 1 code point, the longest not below the shortest, and at least 8 rows"
            )


class SyntheticLines:
    """``count`` lines of an alphabet.

    It can be sent to another process: fonts are found and glyphs drawn where lines are asked for.

    Args:
        symbols: what may be written.
        seed: with the number of a line, decides everything about it.
        count: how many there are.
        style: how they are made.
        fonts: to set them in; None takes those of the system. With fonts given, none is held out.

    Raises:
        AlphabetError: no font has some of the symbols; names the packages that do.
        TrainingError: the style's scripts are none that these symbols can write.

    Example:
        >>> lines = SyntheticLines("0123456789", seed=1, count=1000)  # doctest: +SKIP
        >>> lines[7].text  # doctest: +SKIP
        '15306 2'
    """

    def __init__(
        self,
        symbols: Sequence[str],
        *,
        seed: int,
        count: int,
        style: SyntheticStyle | None = None,
        fonts: Sequence[FontFace] | None = None,
    ) -> None:
        self.symbols = tuple(symbols)
        self.seed = seed
        self.count = count
        self.style = style or SyntheticStyle()
        self.fonts = None if fonts is None else tuple(fonts)
        self._typecase = Typecase(
            self.symbols,
            find_fonts() if self.fonts is None else self.fonts,
            held_out=self.style.held_out if self.fonts is None else None,
        )
        known = LineText(self.symbols).scripts
        weights = {
            name: weight for name, weight in self.style.scripts.items() if name in (*known, "uniform") and weight > 0
        }
        if not weights:
            raise TrainingError(
                f"lines of {', '.join(self.style.scripts)} were asked for, and these {len(self.symbols)} symbols can "
                f"write {', '.join(known)}; ask for one of those"
            )
        self._scripts = tuple(weights)
        self._weights = np.cumsum(list(weights.values()))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_text", "_glyphs")}

    def __len__(self) -> int:
        """How many lines there are."""
        return self.count

    def __getitem__(self, index: int) -> TrainingLine:
        """Line ``index``, from 0.

        Raises:
            IndexError: there is no such line.
            TrainingError: no text was found that the fonts can set.
        """
        if not 0 <= index < self.count:
            raise IndexError(f"line {index} of {self.count}")
        rng = np.random.Generator(np.random.PCG64([self.seed, index]))
        for _ in range(_ATTEMPTS):
            line = self._made(rng, f"synthetic {self.seed}/{index}")
            if line is not None:
                return line
        raise TrainingError(
            f"line {index} could not be set in {_ATTEMPTS} attempts: the fonts at hand lack too many of the "
            f"{len(self.symbols)} symbols; install more (make fonts)"
        )

    @cached_property
    def _text(self) -> LineText:
        return LineText(self.symbols, self.style.uniform_share)

    @cached_property
    def _glyphs(self) -> GlyphCache:
        return GlyphCache()

    def _made(self, rng: np.random.Generator, name: str) -> TrainingLine | None:
        """A line; None where the fonts that were drawn cannot set the text, or it came out too wide."""
        script = self._scripts[int(np.searchsorted(self._weights, rng.random() * self._weights[-1], side="right"))]
        text = self._text.draw(rng, script, self._length(script, rng))
        faces = self._typecase.choose(text, rng)
        if faces is None:
            return None
        level = draw_level(self.style.hardness, rng)
        loose = bool(self.style.loose_share) and rng.random() < self.style.loose_share
        line = self._set(text, faces, rng, loose=loose)
        if line is None or line.coverage.shape[1] > _WIDEST * line.coverage.shape[0]:
            return None
        if level:
            add_strokes(line, rng)
        if loose and rng.random() < 0.5:
            add_specks(line, rng)
        image, columns = self._seen(line, level, rng)
        family = next(
            (face.family for symbol, face in zip(text, faces, strict=True) if symbol >= WIDE), faces[0].family
        )
        return TrainingLine(image, text, columns=columns.astype(np.float32), script=script, font=family, name=name)

    def _seen(
        self, line: SetLine, level: int, rng: np.random.Generator
    ) -> tuple[UInt8[np.ndarray, "height width"], Float64[np.ndarray, "symbols 2"]]:
        """The line as a scanner or a camera sees it, and where its symbols are then."""
        style = self.style
        if style.hardness == "photo" or (level and style.photo_share and rng.random() < style.photo_share):
            return photograph(line, style.height, rng)
        warped = warp(line, style.height, level, rng)
        return print_on_paper(soften(warped.ink, level, rng), level, rng), warped.columns

    def _length(self, script: str, rng: np.random.Generator) -> int:
        style = self.style
        if rng.random() < 0.02:
            return int(rng.integers(1, 4))
        longest = style.longest * (LONG if rng.random() < style.long_share else 1)
        length = style.shortest + (longest - style.shortest) * rng.random() ** 1.3
        return max(1, int(length * LENGTHS[script]))

    def _set(self, text: str, faces: Sequence[FontFace], rng: np.random.Generator, *, loose: bool) -> SetLine | None:
        wide = any(symbol >= WIDE for symbol in text)
        # Chinese characters at 13 pixels are legible to few.
        size = SIZES[int(rng.integers(1 if wide else 0, len(SIZES)))]
        if self.style.hardness == "touching":
            tracking = -0.08
        else:
            # Wider, a border between Chinese and Latin looks as if a space stood there.
            widest = 0.08 if wide else 0.25
            tracking = float(rng.normal(0, 0.02) if rng.random() < 0.6 else rng.uniform(-0.04, widest))
        wobble = float(rng.uniform(0, 0.04)) if rng.random() < 0.08 else 0.0
        full_height = bool(rng.random() < 0.7)
        # Fonts' spaces differ by half; justified lines stretch them.
        space = float(rng.uniform(0.65, 1.4))
        margins = _margins(wide, full_height, rng)
        if loose:
            before, after, above, below = (max(margin, LOOSE * float(rng.random())) for margin in margins)
            margins = before, after, above, below
        spacing = Spacing(tracking, margins, full_height, wobble, space)
        return set_line(text, faces, size=size, spacing=spacing, glyphs=self._glyphs, rng=rng)


def _margins(wide: bool, full_height: bool, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Left, right, top and bottom, in ems; with the type's own height an em takes 58 to 96 % of the rows, as on pages."""
    if full_height:
        slack = 1 / float(rng.uniform(0.63 if wide else 0.58, 0.96)) - (ASCENT + DESCENT)
        above = slack * float(rng.uniform(0.25, 0.75))
        below = slack - above
    else:
        above, below = (float(margin) for margin in rng.uniform(-0.04, 0.35, 2) * rng.random() ** 0.7)
    if rng.random() < 0.4:
        before, after = (float(margin) for margin in rng.uniform(0.05, 0.2, 2))
    else:
        before, after = (float(margin) for margin in rng.uniform(0, 1.2, 2) * rng.random())
    return before, after, above, below
