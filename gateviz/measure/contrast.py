"""Whether a series is different at an event: effect size, interval and a test that respects the time series.

Frames of a line are not independent: a cell remembers. So the test shifts the event's frames around the
line as a whole, and the interval leaves out whole lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64

from gateviz.errors import ShapeError
from gateviz.measure.jackknife import LEVEL, interval

SHIFTS = 1999
FEWEST_FRAMES = 10
FEWEST_LINES = 5


@dataclass(frozen=True)
class Contrast:
    """What a series is at an event against elsewhere in the same lines, unit by unit.

    Attributes:
        difference: mean inside minus mean outside, in the series' own scale; shape (H,).
        effect: that over the pooled standard deviation of both kinds of frames (Cohen's d).
        low: lower end of the effect's interval over lines; NaN for a single line.
        high: its upper end.
        p: two-sided, by shifts; NaN where no test was made.
        null_spread: standard deviation of ``difference`` over all shifts: what chance alone gives.
        inside: frames of the event.
        outside: the others, of lines that have the event.
        lines: lines that have the event.
        why_not: why there is no test; empty where there is one.
    """

    difference: Float64[np.ndarray, " H"]
    effect: Float64[np.ndarray, " H"]
    low: Float64[np.ndarray, " H"]
    high: Float64[np.ndarray, " H"]
    p: Float64[np.ndarray, " H"]
    null_spread: Float64[np.ndarray, " H"]
    inside: int
    outside: int
    lines: int
    why_not: str = ""


def contrast(
    values: Sequence[Float[np.ndarray, "_ H"]],
    masks: Sequence[Bool[np.ndarray, " _"]],
    *,
    shifts: int = SHIFTS,
    seed: int = 0,
    level: float = LEVEL,
) -> Contrast:
    """The contrast of H units at an event over several lines.

    Only lines that have frames of both kinds take part, each less its own mean: a line with more events and
    another level as a whole says nothing of what happens at the events, and would move the null
    distribution away from 0. The null hypothesis is that the event might
    as well stand anywhere along its line: every line's mask is shifted circularly by a random number
    of frames, the same for all units, and the two-sided p is the share of shifts whose difference is
    at least as large, the observed one counted in (Phipson and Smyth 2010). A shift keeps both the
    memory within the series and the pattern of the events.

    Args:
        values: a series (T, H) a line.
        masks: True at the frames of the event, (T,) a line.
        shifts: how many random shifts.
        seed: of the shifts; the same seed gives the same digits.
        level: of the interval.

    Raises:
        ShapeError: values and masks do not go together.
    """
    if not values or len(values) != len(masks):
        raise ShapeError(f"{len(values)} series and {len(masks)} masks were given; every line needs one of each")
    units = values[0].shape[1]
    both = [
        (line - line.mean(axis=0, dtype=np.float64), mask)
        for line, mask in zip(values, masks, strict=True)
        if mask.any() and not mask.all()
    ]
    if not both:
        nothing = np.full(units, np.nan)
        why = "no line has frames of the event and others"
        return Contrast(
            nothing,
            nothing,
            low=nothing,
            high=nothing,
            p=nothing,
            null_spread=nothing,
            inside=0,
            outside=0,
            lines=0,
            why_not=why,
        )
    sums = _Sums.of(both)
    difference, effect = sums.difference_and_effect(sums.total)
    low, high = interval(effect[0], sums.difference_and_effect(sums.total - sums.each)[1], level)
    p, spread = _shifted(both, sums, difference[0], np.random.default_rng(seed), shifts)
    inside, outside = int(sums.counted(0)), int(sums.counted(1))
    why_not = _too_few(inside, outside, len(both))
    if why_not:
        p = np.full(units, np.nan)
    return Contrast(
        difference[0],
        effect[0],
        low=low,
        high=high,
        p=p,
        null_spread=spread,
        inside=inside,
        outside=outside,
        lines=len(both),
        why_not=why_not,
    )


@dataclass(frozen=True)
class _Sums:
    """Sums a line, from which every mean over any lines follows.

    Attributes:
        each: frames inside and outside, then sums of values and of their squares inside and outside; R lines, or sets of them.
    """

    each: Float64[np.ndarray, "R 6 H"]

    @classmethod
    def of(cls, lines: Sequence[tuple[Float64[np.ndarray, "_ H"], Bool[np.ndarray, " _"]]]) -> "_Sums":
        # Around the mean of all frames, so that squares of large values do not drown the variance.
        center = np.concatenate([line for line, _ in lines]).mean(axis=0)
        rows = []
        for line, mask in lines:
            parts = line[mask] - center, line[~mask] - center
            counts = [np.full(len(center), float(len(part))) for part in parts]
            sums = [part.sum(axis=0) for part in parts]
            rows.append(np.stack([*counts, *sums, *((part**2).sum(axis=0) for part in parts)]))
        return cls(np.stack(rows))

    @property
    def total(self) -> Float64[np.ndarray, "1 6 H"]:
        """Of all lines."""
        return np.asarray(self.each.sum(axis=0, keepdims=True))

    def counted(self, side: int) -> float:
        """Frames inside (0) or outside (1), of all lines."""
        return float(self.each[:, side, 0].sum())

    @staticmethod
    def difference_and_effect(
        sums: Float64[np.ndarray, "R 6 H"],
    ) -> tuple[Float64[np.ndarray, "R H"], Float64[np.ndarray, "R H"]]:
        """Of the sums over R sets of lines; NaN where a set has no frames of one kind."""
        inside, outside, sum_in, sum_out, squares_in, squares_out = np.moveaxis(sums, 1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean_in, mean_out = sum_in / inside, sum_out / outside
            within = squares_in - inside * mean_in**2 + squares_out - outside * mean_out**2
            pooled = np.sqrt(np.maximum(within, 0.0) / np.maximum(inside + outside - 2, 1))
            difference = mean_in - mean_out
            effect = np.where(difference == 0, 0.0, difference / pooled)
        return difference, effect


def _shifted(
    lines: Sequence[tuple[Float64[np.ndarray, "_ H"], Bool[np.ndarray, " _"]]],
    sums: _Sums,
    observed: Float64[np.ndarray, " H"],
    rng: np.random.Generator,
    shifts: int,
) -> tuple[Float64[np.ndarray, " H"], Float64[np.ndarray, " H"]]:
    """p and the exact standard deviation of the difference over all combinations of shifts."""
    inside, outside = sums.counted(0), sums.counted(1)
    total = np.zeros((shifts, observed.size))
    variance = np.zeros(observed.size)
    everything = np.zeros(observed.size)
    for line, mask in lines:
        by_shift = _sums_by_shift(line, mask)
        total += by_shift[rng.integers(len(line), size=shifts)]
        variance += by_shift.var(axis=0)
        everything += line.sum(axis=0)
    # The sum of all frames stays, so the sum inside says everything.
    scale = 1 / inside + 1 / outside
    differences = total * scale - everything / outside
    spread = np.sqrt(variance) * scale
    # Rounding of the transform must not make the observed one differ from itself.
    slack = 1e-9 * (np.abs(observed) + spread)
    larger = (np.abs(differences) >= np.abs(observed) - slack).sum(axis=0)
    return (1 + larger) / (1 + shifts), spread


def _sums_by_shift(line: Float64[np.ndarray, "T H"], mask: Bool[np.ndarray, " T"]) -> Float64[np.ndarray, "T H"]:
    """The sum inside the mask after every circular shift of it, by one Fourier transform."""
    spectrum = np.fft.rfft(line, axis=0) * np.conj(np.fft.rfft(mask.astype(np.float64)))[:, None]
    return np.asarray(np.fft.irfft(spectrum, n=len(line), axis=0))


def _too_few(inside: int, outside: int, lines: int) -> str:
    if lines < FEWEST_LINES:
        return f"{lines} lines have the event, and a test needs {FEWEST_LINES}"
    if min(inside, outside) < FEWEST_FRAMES:
        return f"{inside} frames of the event and {outside} others, and a test needs {FEWEST_FRAMES} of each"
    return ""
