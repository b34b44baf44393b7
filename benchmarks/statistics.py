"""What the intervals and p values of the studies hold, by simulation: the tables of docs/measures.md.

``python -m benchmarks statistics``: lines of noise that remember, as a cell state does, with events that are nothing to
them (false positives), with planted effects (what intervals hold), and with noise that units of a direction share.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gateviz.data.alignment import Alignment, Span
from gateviz.data.gates import Direction
from gateviz.measure.contrast import contrast
from gateviz.measure.directions import UnitRatios, direction_contrast
from gateviz.measure.jackknife import ratio_interval
from gateviz.measure.line_events import line_event
from gateviz.measure.selectivity import selectivity
from gateviz.studies.claims.request import Claim

PITCH, UNITS, MEMORY = 4, 8, 0.8
LINES = (5, 10, 20, 50)
SHIFTS = 199
# Where events stand and what else is on the line: warm-up at the end that the layer starts from, in standard deviations.
SCENES = {
    "anywhere, no warm-up": ("any", 0.0),
    "late, warm-up at the start": ("late", 3.0),
    "early, warm-up at the start": ("early", 3.0),
    "late, warm-up at the end": ("late", -3.0),
    "anywhere, warm-up at the start": ("any", 3.0),
}


def remembering(rng: np.random.Generator, frames: int) -> np.ndarray:
    """First-order autoregression of variance 1, (frames, UNITS)."""
    series = np.empty((frames, UNITS))
    series[0] = rng.normal(size=UNITS)
    noise = np.sqrt(1 - MEMORY**2) * rng.normal(size=(frames, UNITS))
    for t in range(1, frames):
        series[t] = MEMORY * series[t - 1] + noise[t]
    return series


def line(
    rng: np.random.Generator, where: str, warm_up: float, events: int, margin: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """A gate's series and the frames of events that are nothing to it, between the margins of a claim."""
    symbols = int(rng.integers(10, 24))
    first, last = {"any": (0, symbols), "late": (symbols // 3, symbols), "early": (0, 2 * symbols // 3)}[where]
    marked = set(rng.choice(np.arange(first, last), min(events, last - first), replace=False).tolist())
    spans = tuple(
        Span("." if number in marked else "a", PITCH * number + 1, PITCH * number + 3, 0.0) for number in range(symbols)
    )
    frames = PITCH * symbols
    alignment = Alignment(np.zeros(frames, np.int64), spans, "", 0.0)
    claim = Claim("simulated", "forget_gate", "punctuation", margin=margin)
    event = line_event(claim.rule, alignment, 0, Direction.FORWARD)
    settling = np.exp(-np.arange(frames) / PITCH)
    series = remembering(rng, frames) + rng.normal(size=UNITS)
    series += warm_up * settling[:, None] if warm_up >= 0 else -warm_up * settling[::-1, None]
    return (1 / (1 + np.exp(-series)))[slice(*event.kept)], event.inside


def false_positives(rounds: int) -> Iterator[list[str]]:
    """How often p is below 0.05, and 0.5 outside of the interval of the area, where there is nothing."""
    for lines, events in ((20, 3), (8, 3)):
        for name, (where, warm_up) in SCENES.items():
            cells = []
            for margin in (0, None):
                rng = np.random.default_rng(lines)
                found = []
                for seed in range(rounds):
                    made = [line(rng, where, warm_up, events, margin) for _ in range(lines)]
                    values, masks = [one for one, _ in made], [mask for _, mask in made]
                    one, area = contrast(values, masks, shifts=SHIFTS, seed=seed), selectivity(values, masks)
                    if not one.why_not:
                        outside = (area.low > 0.5) | (area.high < 0.5)
                        found.append(np.stack([one.p <= 0.05, area.p <= 0.05, outside]))
                cells += [_percent(share) for share in np.concatenate(found, axis=1).mean(axis=1)]
            yield [name, str(lines), *cells]


Ratios = Callable[[np.random.Generator, int, int], tuple[np.ndarray, np.ndarray, float]]


def _rates(spread: float) -> Ratios:
    def made(rng: np.random.Generator, rounds: int, lines: int) -> tuple[np.ndarray, np.ndarray, float]:
        symbols = rng.integers(5, 60, (rounds, lines))
        return rng.binomial(symbols, rng.beta(spread, spread * 24, (rounds, lines))), symbols, 0.04

    return made


def _shares(rng: np.random.Generator, rounds: int, lines: int) -> tuple[np.ndarray, np.ndarray, float]:
    return 50 * (0.5 + 0.1 * rng.normal(size=(rounds, lines))), np.full((rounds, lines), 50.0), 0.5


def _words(rng: np.random.Generator, rounds: int, lines: int) -> tuple[np.ndarray, np.ndarray, float]:
    words = rng.integers(2, 10, (rounds, lines))
    return rng.binomial(words, rng.beta(9, 1, (rounds, lines))), words, 0.9


def _nats(rng: np.random.Generator, rounds: int, lines: int) -> tuple[np.ndarray, np.ndarray, float]:
    return rng.lognormal(0, 1, (rounds, lines)), np.ones((rounds, lines)), float(np.exp(0.5))


RATIOS: dict[str, Ratios] = {
    "shares of frames, context, distances": _shares,
    "error rate 4 %, lines differ": _rates(2.0),
    "error rate 4 %, most lines without": _rates(0.5),
    "words right, 90 %": _words,
    "divergence, log-normal over lines": _nats,
}


def ratio_coverage(rounds: int) -> Iterator[list[str]]:
    """What intervals of ratios hold: percentiles of lines drawn again, and the jackknife's."""
    for name, made in RATIOS.items():
        cells = []
        for lines in LINES:
            rng = np.random.default_rng(lines)
            above, below, truth = made(rng, rounds, lines)
            times = rng.multinomial(lines, np.full(lines, 1 / lines), size=500).astype(np.float64)
            held = [[], []]
            for one, other in zip(above.astype(np.float64), below.astype(np.float64), strict=True):
                drawn = np.quantile((times @ one) / np.maximum(times @ other, 1e-9), [0.025, 0.975])
                low, high = ratio_interval(one[:, None], other)
                held[0].append(drawn[0] <= truth <= drawn[1])
                held[1].append(bool(low[0] <= truth <= high[0]))
            cells.append(" / ".join(_percent(float(np.mean(one))) for one in held))
        yield [name, *cells]


def effect_coverage(rounds: int) -> Iterator[list[str]]:
    """What the intervals of the area, of Cohen's d and of Cliff's delta hold; effects differ from line to line."""
    many = _planted(np.random.default_rng(0), 4000)
    true_area, true_effect = selectivity(*many).auc.mean(), contrast(*many, shifts=1).effect.mean()
    area, effect, delta = [], [], []
    for lines in LINES:
        rng = np.random.default_rng(lines)
        held: list[list[np.ndarray]] = [[], [], []]
        levels = rng.normal(0.5, 0.1, (2, 48))
        truth = np.sign(levels[0][:, None] - levels[1]).mean()
        for _ in range(rounds):
            made = _planted(rng, lines)
            found, one = selectivity(*made), contrast(*made, shifts=1)
            held[0].append((found.low <= true_area) & (true_area <= found.high))
            held[1].append((one.low <= true_effect) & (true_effect <= one.high))
            sides = [_side(rng, lines, level, 0.05) for level in levels]
            both = direction_contrast(*sides, flips=1)
            held[2].append(np.array([both.low <= truth <= both.high]))
        for cells, values in zip((area, effect, delta), held, strict=True):
            cells.append(_percent(float(np.concatenate(values).mean())))
    yield ["AUC of a unit", *area]
    yield ["Cohen's d of a unit", *effect]
    yield ["Cliff's delta, 48 units a direction", *delta]


def _planted(rng: np.random.Generator, lines: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    values, masks = [], []
    for _ in range(lines):
        frames = int(rng.integers(40, 90))
        mask = np.zeros(frames, bool)
        for start in rng.integers(0, frames - PITCH, 3):
            mask[start : start + PITCH] = True
        planted = 0.5 + 0.4 * rng.normal(size=UNITS)
        values.append(remembering(rng, frames) + planted * mask[:, None] + rng.normal(size=UNITS))
        masks.append(mask)
    return values, masks


def _side(rng: np.random.Generator, lines: int, levels: np.ndarray, shared: float) -> UnitRatios:
    """Units of one direction, with noise of their own and noise that they share on a line."""
    noise = 0.1 * rng.normal(size=(lines, len(levels))) + shared * rng.normal(size=(lines, 1))
    return UnitRatios(levels + noise, np.ones(lines))


def directions(rounds: int) -> Iterator[list[str]]:
    """How often p over lines and p over units are below 0.05, where directions are alike."""
    for units in (12, 96):
        for spread, shared in ((0.1, 0.0), (0.1, 0.05), (0.1, 0.15), (0.02, 0.15)):
            cells = []
            for lines in LINES:
                rng = np.random.default_rng(lines)
                over_lines, over_units = [], []
                for seed in range(rounds):
                    # For p over lines the units of both directions are the same; for p over units, of one pool.
                    same = rng.normal(0.5, spread, units)
                    pair = [_side(rng, lines, same, shared) for _ in range(2)]
                    over_lines.append(direction_contrast(*pair, seed=seed, flips=SHIFTS).p <= 0.05)
                    pair = [_side(rng, lines, rng.normal(0.5, spread, units), shared) for _ in range(2)]
                    over_units.append(direction_contrast(*pair, seed=seed, flips=1).p_units <= 0.05)
                cells.append(" / ".join(_percent(float(np.mean(one))) for one in (over_lines, over_units)))
            yield [f"{units} units, spread {spread:g}, shared noise {shared:g}", *cells]


PARTS: dict[str, tuple[Callable[[int], Iterator[list[str]]], list[str], int]] = {
    "false-positives": (
        false_positives,
        ["events", "lines", "no margin: d", "AUC", "interval", "3 symbols: d", "AUC", "interval"],
        150,
    ),
    "ratios": (ratio_coverage, ["interval of, percentiles / jackknife", *map(str, LINES)], 2000),
    "effects": (effect_coverage, ["interval of", *map(str, LINES)], 120),
    "directions": (directions, ["p over lines / over units, lines:", *map(str, LINES)], 400),
}


def main(arguments: Sequence[str]) -> int:
    """Print the tables that are asked for, all without a name."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks statistics", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the rounds, for a quick look (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    if strange := set(options.names) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(strange))}")
    for name in options.names or PARTS:
        rows, header, rounds = PARTS[name]
        print(f"\n{name}, {max(10, round(rounds * options.share))} rounds, %\n", flush=True)
        for row in (header, ["---"] * len(header)):
            print(f"| {' | '.join(row)} |", flush=True)
        for row in rows(max(10, round(rounds * options.share))):
            print(f"| {' | '.join(row)} |", flush=True)
    return 0


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
