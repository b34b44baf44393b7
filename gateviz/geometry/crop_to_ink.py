"""A line image cut to the line: paper above and below it off, and most of the paper before and behind it.

A network that reads 32 rows reads a loosely cropped line at half its size or less. The line is found as type is
built: components of ink, of which those that fill the same rows are its letters; what reaches into those rows belongs to
them (ascenders, descenders), what lies close by too (dots, accents, commas), and rules, specks and the cut-off lines
above and below do not.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, UInt8

from gateviz.data.frames import ColumnMap
from gateviz.geometry.canvas import Canvas

WORKING_ROWS = 96
LEAST_ROWS, LEAST_COLUMNS = 12, 8
LEAST_CONTRAST = 18.0
"""Gray levels that ink must differ from its paper."""

LOOSE = 0.62
"""Share of the rows that a line may fill and still be cropped; a fuller one is left as it is."""

SURE = 0.7
"""Share of all ink that must belong to the line that was found."""

ROOM = 0.15
"""Of the line's height, kept above and below it."""


@dataclass(frozen=True)
class InkBox:
    """Where the line lies, in pixels of its image.

    Attributes:
        top: first row of ink.
        bottom: row after the last.
        left: first column of ink.
        right: column after the last.
        core: height of the rows that most letters fill, without what reaches above and below them.
    """

    top: float
    bottom: float
    left: float
    right: float
    core: float

    def scaled(self, times: float) -> "InkBox":
        """In pixels of an image that many times as large."""
        return InkBox(*(times * side for side in (self.top, self.bottom, self.left, self.right, self.core)))


@dataclass(frozen=True)
class CropToInk:
    """Cuts a loosely cropped line to its ink and a little room; any other line stays as it is."""

    def __call__(self, canvas: Canvas) -> Canvas:
        """The cropped image."""
        rows, columns = crop_window(canvas.pixels)
        if rows == (0, canvas.height) and columns == (0, canvas.width):
            return canvas
        pixels = canvas.pixels[rows[0] : rows[1], columns[0] : columns[1]]
        content = min(max(canvas.content_width - columns[0], 1), columns[1] - columns[0])
        return canvas.moved(np.ascontiguousarray(pixels), ColumnMap(1.0, float(columns[0])), content)

    @property
    def words(self) -> str:
        """What it does, for people."""
        return f"cropped to the ink where it fills less than {100 * LOOSE:.0f} % of the rows"


def crop_window(pixels: UInt8[np.ndarray, "height width *channels"]) -> tuple[tuple[int, int], tuple[int, int]]:
    """The rows and the columns to keep, half-open; all of them where the line is not surely loose.

    Args:
        pixels: dark on light or light on dark, gray or color.
    """
    height, width = pixels.shape[:2]
    everything = (0, height), (0, width)
    box = ink_box(pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    if box is None:
        return everything
    size = box.bottom - box.top
    if size < 4:
        return everything
    # More than three times the line's height of paper at an end is cut to one.
    left = 0 if box.left < 3 * size else round(box.left - size)
    right = width if width - box.right < 3 * size else round(box.right + size)
    # A short line without ascenders and descenders does not show how large its type is, and gets more room.
    short = box.right - box.left < 5 * size
    rows = max(size * (1 + 2 * ROOM), box.core * (1.85 if short else 1.35), 0.12 * height)
    if rows > LOOSE * (1 + 2 * ROOM) * height:
        return (0, height), (left, right)
    middle = (box.top + box.bottom) / 2
    return (max(round(middle - rows / 2), 0), min(round(middle + rows / 2), height)), (left, right)


def ink_box(gray: UInt8[np.ndarray, "height width"]) -> InkBox | None:
    """Where the one line of an image lies; None where that is not sure, or where there is none."""
    height, width = gray.shape
    if height < LEAST_ROWS or width < LEAST_COLUMNS:
        return None
    scale = min(1.0, WORKING_ROWS / height)
    size = max(LEAST_COLUMNS, round(width * scale)), max(LEAST_ROWS, round(height * scale))
    small = np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA)) if scale < 1 else gray
    strength = ink_strength(small)
    if strength is None:
        return None
    parts = _Parts.of_mask(strength > 0.45, small.shape)
    line = parts.line()
    if line is None:
        return None
    # Thin strokes at both ends may have fallen under the threshold that letters were told apart by.
    faint = _Parts.of_mask(strength[int(line.top) : int(line.bottom)] > 0.25, small.shape)
    ends = faint.height >= 0.2 * (line.bottom - line.top)
    left = min([line.left, *faint.left[ends].tolist()])
    right = max([line.right, *faint.right[ends].tolist()])
    return replace(line, left=float(left), right=float(right)).scaled(height / small.shape[0])


def ink_strength(gray: UInt8[np.ndarray, "height width"]) -> Float32[np.ndarray, "height width"] | None:
    """How much of ink each pixel is: 0 is the paper around it, 1 the strongest ink; None where nothing stands out.

    Paper is what closing (or, for light ink, opening) over half of the rows leaves, so that shadows and uneven light
    are paper.
    """
    smooth = cv2.medianBlur(gray, 3)
    reach = max(9, gray.shape[0] // 2) | 1
    window = np.ones((reach, reach), np.uint8)
    low, middle, high = (float(level) for level in np.percentile(smooth, (1, 50, 99)))
    dark = middle - low >= high - middle
    found = cv2.morphologyEx(smooth, cv2.MORPH_BLACKHAT if dark else cv2.MORPH_TOPHAT, window).astype(np.float32)
    paper, ink = float(np.median(found)), float(np.percentile(found, 99.5))
    noise = 1.5 * float(np.median(np.abs(gray.astype(np.float32) - smooth)))
    if ink - paper < max(LEAST_CONTRAST, 3 * noise):
        return None
    return np.asarray((found - paper) / (ink - paper), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class _Parts:
    """Connected components of ink, one a place, in the working copy."""

    left: Int64[np.ndarray, " parts"]
    top: Int64[np.ndarray, " parts"]
    width: Int64[np.ndarray, " parts"]
    height: Int64[np.ndarray, " parts"]
    area: Int64[np.ndarray, " parts"]
    rows: int
    columns: int

    @classmethod
    def of_mask(cls, mask: Bool[np.ndarray, "_ _"], shape: tuple[int, ...]) -> "_Parts":
        """The components, without specks, rules and the edges of shadows."""
        _, _, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        left, top, width, height, area = statistics[1:].T.astype(np.int64)
        rows, columns = shape[:2]
        flat = (width > 0.6 * columns) & (height < 0.15 * rows) & (columns > 3 * rows)
        upright = (height > 0.85 * rows) & (width < 0.1 * rows)
        frame = (height > 0.8 * rows) & (width > 0.6 * columns) & (area < 0.2 * width * height)
        kept = ~(flat | upright | frame | (area < 3))
        return cls(
            left[kept], top[kept], width=width[kept], height=height[kept], area=area[kept], rows=rows, columns=columns
        )

    @property
    def right(self) -> Int64[np.ndarray, " parts"]:
        """Column after the last."""
        return np.asarray(self.left + self.width)

    @property
    def bottom(self) -> Int64[np.ndarray, " parts"]:
        """Row after the last."""
        return np.asarray(self.top + self.height)

    def line(self) -> InkBox | None:
        """The line that most of the ink belongs to; None where there is none that surely is the line."""
        found = None
        for first, last in self._bands():
            core = last - first
            shared = np.minimum(self.bottom, last) - np.maximum(self.top, first)
            letters = (shared >= 0.3 * np.minimum(self.height, core)) & (self.height <= 3 * core)
            ink = int(self.area[letters].sum())
            if ink and (found is None or ink > found[0]):
                found = ink, core, letters
        if found is None:
            return None
        _, core, letters = found
        top, bottom = self._reach(letters, core)
        within = (self.top >= top) & (self.bottom <= bottom)
        # What the border cuts off above and below is of other lines.
        other = (
            ~within & ((self.top <= 0) | (self.bottom >= self.rows))
            if top > 0 and bottom < self.rows
            else ~within & False
        )
        if self.area[within].sum() < SURE * self.area[~other].sum():
            return None
        size = bottom - top
        large = within & (self.height >= 0.25 * size) & (self.area >= 0.02 * size**2)
        if not large.any():
            return None
        left, right = int(self.left[large].min()), int(self.right[large].max())
        # A full stop behind the last letter, a quote before the first.
        marks = within & (np.maximum(self.width, self.height) >= 0.1 * size)
        marks &= (self.right > left - 1.2 * size) & (self.left < right + 1.2 * size)
        left, right = min([left, *self.left[marks].tolist()]), max([right, *self.right[marks].tolist()])
        return InkBox(*map(float, (top, bottom, left, right, core)))

    def _reach(self, letters: Bool[np.ndarray, " parts"], core: int) -> tuple[int, int]:
        """First row and row after the last of the letters, with the small marks close above and below them."""
        top, bottom = int(self.top[letters].min()), int(self.bottom[letters].max())
        small = ~letters & (self.height <= 0.6 * core) & (np.maximum(self.width, self.height) >= 0.12 * core)
        near = small & (self.bottom > top - 0.35 * core) & (self.top < bottom + 0.35 * core)
        return min([top, *self.top[near].tolist()]), max([bottom, *self.bottom[near].tolist()])

    def _bands(self) -> list[tuple[int, int]]:
        """Runs of rows that letters fill, the fullest first, four at most."""
        profile = self._profile()
        left, bands = profile.copy(), []
        gap = max(1, round(0.02 * self.rows))
        for _ in range(4):
            peak = int(left.argmax())
            if left[peak] <= 0.1 * profile.max():
                break
            full = profile > 0.18 * profile[peak]
            first = last = peak
            while first > 0 and full[max(first - gap, 0) : first].any():
                first -= 1
            while last < self.rows - 1 and full[last + 1 : last + 1 + gap].any():
                last += 1
            left[first : last + 1] = 0
            bands.append((first, last + 1))
        return bands

    def _profile(self) -> Float64[np.ndarray, " rows"]:
        """Ink in each row, every component spread evenly over its rows, so that many letters outweigh one blot."""
        borders = np.zeros(self.rows + 1)
        weight = np.minimum(self.area, (0.3 * self.rows) ** 2) / np.maximum(self.height, 1)
        np.add.at(borders, self.top, weight)
        np.add.at(borders, self.bottom, -weight)
        return np.cumsum(borders)[: self.rows]
