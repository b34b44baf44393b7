"""Forward against backward: whether the units of one direction have more of something than those of the other."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from gateviz.errors import ShapeError
from gateviz.measure.contrast import FEWEST_LINES
from gateviz.measure.jackknife import LEVEL, interval, standard_error

FLIPS = 1999


@dataclass(frozen=True)
class UnitRatios:
    """One number a unit as a ratio of two sums over lines, such as frames that are saturated over all frames.

    Attributes:
        above: what is counted, a line and unit; (L, H).
        below: what it is divided by, a line; 0 where a line says nothing; (L,).
        folded: the distance of the ratio from 1/2 is meant, times two: how far an AUC tells anything, either way.
    """

    above: Float64[np.ndarray, "L H"]
    below: Float64[np.ndarray, " L"]
    folded: bool = False

    @property
    def values(self) -> Float64[np.ndarray, " H"]:
        """The number of every unit over all lines; NaN where nothing is below."""
        return np.asarray(self._ratio(self.above.sum(axis=0, keepdims=True), self.below.sum(keepdims=True))[0])

    @property
    def left_out(self) -> Float64[np.ndarray, "L H"]:
        """The number of every unit over all lines but one, the l-th in row l."""
        return self._ratio(self.above.sum(axis=0) - self.above, self.below.sum() - self.below)

    def _ratio(self, above: Float64[np.ndarray, "R H"], below: Float64[np.ndarray, " R"]) -> Float64[np.ndarray, "R H"]:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = above / below[:, None]
        return np.asarray(2 * np.abs(found - 0.5) if self.folded else found)

    @property
    def by_line(self) -> Float64[np.ndarray, "K H"]:
        """The number of every unit on every line alone; where it is folded, on every other line.

        On one line alone every area lies on some side of 1/2, by chance if by nothing else, and that must not
        count as telling. So the odd lines say which way a unit tells, and how far is taken from the even ones,
        negative where they speak against it; lines that judged themselves would not be independent.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            found = self.above / self.below[:, None]
            if not self.folded:
                return np.asarray(found)
            judged = self.above[1::2].sum(axis=0) / self.below[1::2].sum()
        return np.asarray(2 * np.sign(np.nan_to_num(judged - 0.5)) * (found[::2] - 0.5))


@dataclass(frozen=True)
class DirectionContrast:
    """Forward units against backward units of one layer.

    Attributes:
        effect: Cliff's delta: the share of pairs of a forward and a backward unit in which the forward one has more,
            less the share in which it has less; between -1 and 1, 0 for no difference. NaN without a number.
        low: lower end of its interval over lines; NaN for a single line.
        high: its upper end.
        p: two-sided, of these units over such lines: would the difference come back on other lines; NaN without a test.
        p_units: two-sided, units and lines both taken for samples: would two halves of one pool of units differ as much
            on average, over such lines; NaN without a test.
        lines: lines, or groups of lines, that took part.
        why_not: why there is no test; empty where there is one.
    """

    effect: float
    low: float
    high: float
    p: float
    p_units: float
    lines: int
    why_not: str = ""


def direction_contrast(
    forward: UnitRatios,
    backward: UnitRatios,
    *,
    seed: int = 0,
    flips: int = FLIPS,
    level: float = LEVEL,
) -> DirectionContrast:
    """The contrast of one number of the units of two directions, measured over the same L lines.

    Effect: Cliff 1993, "Dominance statistics", over the units' numbers from all lines; it takes order alone, so a
    timescale may be given by its mean forget gate. Interval: of lines left out (``measure.jackknife``). p: each
    line gives its own delta, and where forward and backward are alike its sign might as well be the other one; the two-sided p is
    the share of random flips of the signs whose mean is as far from 0, the observed one counted in (Phipson and Smyth
    2010); for folded numbers see ``UnitRatios.by_line``. p over units: ``_units_p``.

    Args:
        forward: of the forward units.
        backward: of the backward ones, over the same lines.
        seed: of the flips; the same seed gives the same digits.
        flips: of signs.
        level: of the interval.

    Raises:
        ShapeError: they are not of the same lines.
    """
    if len(forward.below) != len(backward.below):
        raise ShapeError(
            f"the forward units were measured on {len(forward.below)} lines and the backward ones on "
            f"{len(backward.below)}; both are needed of the same lines"
        )
    both = (forward.below > 0) & (backward.below > 0)
    lines = int(both.sum())
    if not lines:
        nan = float("nan")
        return DirectionContrast(
            nan, nan, high=nan, p=nan, p_units=nan, lines=0, why_not="no line has a number for both directions"
        )
    sides = [UnitRatios(side.above[both], side.below[both], side.folded) for side in (forward, backward)]
    effect = cliffs_delta(sides[0].values[None], sides[1].values[None])
    low, high = interval(effect, cliffs_delta(sides[0].left_out, sides[1].left_out)[:, None], level)
    p = _flipped(cliffs_delta(sides[0].by_line, sides[1].by_line), np.random.default_rng(seed), flips)
    needed = FEWEST_LINES * (2 if forward.folded else 1)
    why_not = "" if lines >= needed else f"{lines} lines took part, and a test needs {needed}"
    return DirectionContrast(
        float(effect[0]), float(np.clip(low, -1, 1)[0]), high=float(np.clip(high, -1, 1)[0]), p=float("nan") if why_not else p,
        p_units=float("nan") if why_not else _units_p(*sides), lines=lines, why_not=why_not,
    )  # fmt: skip


def cliffs_delta(first: Float64[np.ndarray, "R H"], second: Float64[np.ndarray, "R K"]) -> Float64[np.ndarray, " R"]:
    """Cliff's delta of H values against K others, row by row.

    Example:
        >>> cliffs_delta(np.array([[3.0, 4.0]]), np.array([[1.0, 3.0]])).tolist()
        [0.75]
    """
    from scipy.stats import rankdata

    count, other = first.shape[1], second.shape[1]
    ranks = np.asarray(rankdata(np.concatenate([first, second], axis=1), axis=1))
    won = ranks[:, :count].sum(axis=1) - count * (count + 1) / 2
    return np.asarray(2 * won / (count * other) - 1)


def _flipped(by_line: Float64[np.ndarray, " L"], rng: np.random.Generator, flips: int) -> float:
    signs = rng.choice([-1.0, 1.0], size=(flips, len(by_line)))
    observed = abs(by_line.sum())
    # Rounding of sums in another order must not make the observed one differ from itself.
    larger = int((np.abs(signs @ by_line) >= observed - 1e-9 * np.abs(by_line).sum()).sum())
    return (1 + larger) / (1 + flips)


def _units_p(forward: UnitRatios, backward: UnitRatios) -> float:
    """Whether the means over units differ, units and lines both drawn at random; 1 where nothing varies.

    Noise that the units of a direction share on a line moves all of them together, so that the more lines are alike the
    less 96 units are 96 numbers. The variance of the difference is that over units (as Welch's) and that over lines
    (jackknife), less what single units do on single lines, which both hold (Cameron, Gelbach and Miller 2011, "Robust
    inference with multiway clustering"); the degrees of freedom are Satterthwaite's (1946).
    """
    from scipy.stats import t

    sides = [(side.values, side.left_out) for side in (forward, backward)]
    if min(len(values) for values, _ in sides) < 2:
        return float("nan")
    difference = sides[0][0].mean() - sides[1][0].mean()
    over_lines = standard_error((sides[0][1].mean(axis=1) - sides[1][1].mean(axis=1))[:, None])[0] ** 2
    parts: list[tuple[float, int]] = []
    for values, left_out in sides:
        units = len(values)
        parts.append((float(values.var(ddof=1)) / units, units - 1))
        alone = standard_error(left_out - left_out.mean(axis=1, keepdims=True)) ** 2
        over_lines -= alone.sum() / units / (units - 1)
    parts.append((max(float(over_lines), 0.0), len(forward.below) - 1))
    variance = sum(part for part, _ in parts)
    if variance <= 1e-24 * max(1.0, difference**2):
        return 1.0 if abs(difference) < 1e-12 else 0.0
    freedom = variance**2 / sum(part**2 / free for part, free in parts)
    return float(2 * t.sf(abs(difference) / np.sqrt(variance), freedom))
