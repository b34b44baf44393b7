"""What a line image looks like, as far as it bears on whether it can be read."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float32, UInt8

# Levels of 255 between darkest and lightest below which there is nothing that could be read.
LEAST_CONTRAST = 24.0
# Of the tallest band: less is a row of dots or accents, not a line of text.
_LOWEST_BAND = 0.5
# Of the tallest band: strokes of one Chinese symbol lie closer together.
_NARROWEST_GAP = 0.2
# Of the image's columns: what is narrower may be a colon or a fraction.
_NARROWEST_BAND = 0.3
# Of the fullest row: specks and the odd tail of a letter do not join two lines.
_THIN = 0.04
_MOST_PIXELS = 2_000_000


@dataclass(frozen=True, eq=False)
class LineLook:
    """An image, looked at without a network.

    Attributes:
        pixels: (H, W) gray or (H, W, 3) RGB.
    """

    pixels: UInt8[np.ndarray, "height width *channels"]

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def _step(self) -> int:
        return -(-self.height * self.width // _MOST_PIXELS)

    @cached_property
    def _gray(self) -> Float32[np.ndarray, "height columns"]:
        """Levels of gray, of a very large image in every so many columns."""
        some = self.pixels[:, :: self._step]
        return np.asarray(some if some.ndim == 2 else some.mean(axis=2, dtype=np.float32), np.float32)

    @cached_property
    def ground(self) -> float:
        """Level of most pixels: what is written on."""
        return float(np.median(self._gray))

    @cached_property
    def levels(self) -> tuple[float, float]:
        """Darkest and lightest."""
        return float(self._gray.min()), float(self._gray.max())

    @property
    def contrast(self) -> float:
        """Levels between darkest and lightest."""
        return self.levels[1] - self.levels[0]

    @property
    def light_on_dark(self) -> bool:
        """Whether the ground lies in the darkest third of the levels there are."""
        return self.contrast >= LEAST_CONTRAST and self.ground - self.levels[0] < self.contrast / 3

    @cached_property
    def ink(self) -> Bool[np.ndarray, "height columns"]:
        """Where the image is further from its ground than half of the farthest pixel; nowhere without contrast."""
        away = np.abs(self._gray - self.ground)
        return np.asarray(away > max(away.max() / 2, LEAST_CONTRAST / 2))

    @cached_property
    def ink_rows(self) -> int:
        """Rows from the first with ink to the last."""
        rows = np.flatnonzero(self.ink.any(axis=1))
        return int(rows[-1] - rows[0] + 1) if len(rows) else 0

    @cached_property
    def ink_columns(self) -> int:
        """Columns from the first with ink to the last."""
        columns = np.flatnonzero(self.ink.any(axis=0))
        return int(columns[-1] - columns[0] + 1) * self._step if len(columns) else 0

    @cached_property
    def bands(self) -> tuple[tuple[int, int], ...]:
        """Rows ``[start, stop)`` of each line of text, as far as empty rows part them; at most one for a line image."""
        counts = np.count_nonzero(self.ink, axis=1)
        inked = counts > _THIN * counts.max(initial=0)
        edges = np.flatnonzero(np.diff(np.concatenate(([False], inked, [False])).astype(np.int8)))
        runs = [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
        tallest = max((stop - start for start, stop in runs), default=0)
        joined: list[tuple[int, int]] = []
        for start, stop in runs:
            if joined and start - joined[-1][1] < _NARROWEST_GAP * tallest:
                joined[-1] = (joined[-1][0], stop)
            else:
                joined.append((start, stop))
        tallest = max((stop - start for start, stop in joined), default=0)
        return tuple(band for band in joined if band[1] - band[0] >= _LOWEST_BAND * tallest and self._is_wide(band))

    def _is_wide(self, band: tuple[int, int]) -> bool:
        columns = np.flatnonzero(self.ink[band[0] : band[1]].any(axis=0))
        return len(columns) > 0 and bool(columns[-1] - columns[0] + 1 >= _NARROWEST_BAND * self.ink.shape[1])
