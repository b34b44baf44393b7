"""What goes wrong with gates while a network learns, said once when it does."""

from dataclasses import dataclass

import numpy as np

from gateviz.data.gate_health import GateHealth
from gateviz.data.gates import Quantity
from gateviz.data.watch import LayerWatch, ReadingWatch, WatchRecord

STUCK = 0.99
"""Share of the frames from which on a gate that is saturated on one side counts as stuck there."""

GROWTH = (0.25, 0.5)
"""Shares of a layer's units by which the stuck ones must have grown, each told once."""

FROM_THE_START = 0.9
"""Share of stuck units that is told although nothing grew."""

COLLAPSE = 0.99
"""Share of frames whose best class is the blank, above which the blank may have swallowed the line."""

READ = 0.5
"""Character error rate up to which the line counts as read, so that it can be lost."""

ADDING = (0.1, 0.3)
"""Shares of all units that only add up, each told once: a tenth is a habit, and not one unit's."""

PATIENCE = 5
"""Records in a row of nothing but blanks before that is told of a network that never read anything."""


@dataclass(frozen=True)
class Stuck:
    """Units of one layer whose gate hardly ever leaves one side.

    Attributes:
        shut: units whose gate is below 0.1 at more than 99 % of the frames.
        open: units whose gate is above 0.9 at more than 99 % of the frames.
        units: H.
    """

    shut: int
    open: int
    units: int


def stuck(layer: LayerWatch, gate: Quantity) -> Stuck:
    """How many units of a layer have this gate stuck, by side.

    A gate that jumps between both sides is saturated too (Karpathy et al. 2015), and decides; one that stays
    on one side no longer does, and hardly any gradient passes through its sigmoid.
    """
    shut, opened = (int(np.count_nonzero(side[gate] > STUCK)) for side in (layer.left, layer.right))
    return Stuck(shut, opened, len(layer.left[gate]))


def is_collapsed(reading: ReadingWatch, truth: str | None) -> bool:
    """Whether the blank has swallowed the line.

    More than 99 % of the frames are blank, and the reading has less than half as many symbols as the truth
    (or none, where the truth is unknown): a short text on a wide line is nearly all blanks by right.
    """
    least = 1 if truth is None else len(truth) / 2
    return truth != "" and reading.blank_share > COLLAPSE and len(reading.spans) < least


class GateAlarms:
    """Looks at records as they come, and says in words what is new.

    Args:
        truth: of the line; None where nobody knows.
    """

    def __init__(self, truth: str | None) -> None:
        self._truth = truth
        self._read: tuple[int, ReadingWatch] | None = None
        self._all_blank = 0
        self._told_blank = False
        self._least: dict[tuple[str, Quantity, str], tuple[float, int]] = {}
        self._told: set[tuple[str, Quantity, str, float]] = set()
        self._told_adding: set[float] = set()

    def look(self, record: WatchRecord) -> list[str]:
        """Sentences about this record, those that were not said before."""
        words = [] if record.reading is None else self._look_at_blank(record.step, record.reading)
        for layer in record.layers:
            for gate in layer.gates:
                words += self._look_at_gate(record.step, layer, gate)
        return words if record.health is None else words + self._look_at_cells(record.health)

    def _look_at_blank(self, step: int, reading: ReadingWatch) -> list[str]:
        if not is_collapsed(reading, self._truth):
            self._all_blank, self._told_blank = 0, False
            # What a network happens to read before it has learned anything is no reading that it could lose.
            if reading.text and (reading.cer is None or reading.cer <= READ):
                self._read = (step, reading)
            return []
        self._all_blank += 1
        if self._told_blank or (self._read is None and self._all_blank < PATIENCE):
            return []
        self._told_blank = True
        if self._read is None:
            since = f"as at {self._all_blank} looks in a row (every CTC training begins so, but should not stay there)"
        else:
            since = f"and was at {_percent(self._read[1].blank_share)} at step {self._read[0]}"
        truth = "" if self._truth is None else f" of {self._truth!r}"
        return [
            f"blank collapse: the blank is the best class at {_percent(reading.blank_share)} of the frames, {since}; "
            f"read is {reading.text!r}{truth}, mean blank posterior {float(reading.blank.mean()):.3f}"
        ]

    def _look_at_cells(self, health: GateHealth) -> list[str]:
        new = [level for level in ADDING if health.accumulators >= level and level not in self._told_adding]
        self._told_adding |= set(new)
        if not new:
            return []
        return [
            f"cells that only add up: {_percent(health.accumulators)} of {health.units} units keep everything (mean f "
            f"above 0.95) and write at every frame (mean |g| above 0.9); 99.9 % of |c| are below "
            f"{health.cell_quantile:.1f}, and {_percent(health.saturated_cells)} of the cells are saturated"
        ]

    def _look_at_gate(self, step: int, layer: LayerWatch, gate: Quantity) -> list[str]:
        found, words = stuck(layer, gate), []
        for side, count in (("shut", found.shut), ("open", found.open)):
            key, share = (layer.name, gate, side), count / found.units
            first = key not in self._least
            least, when = self._least.get(key, (share, step))
            if share <= least:
                self._least[key] = (share, step)
            reached = [level for level in GROWTH if share - least >= level - 1e-9]
            if first and share >= FROM_THE_START:
                reached = [FROM_THE_START]
            new = [level for level in reached if (*key, level) not in self._told]
            self._told |= {(*key, level) for level in new}
            if new:
                since = "" if first else f"; they were {_percent(least)} at step {when}"
                words.append(
                    f"dying gates: {layer.words} has its {gate.words} stuck {side} in {count} of {found.units} units "
                    f"({_percent(share)}), at more than 99 % of the frames{since}"
                )
        return words


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
