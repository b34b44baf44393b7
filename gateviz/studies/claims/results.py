"""What a corpus says to claims: per claim, layer and direction numbers and a verdict."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from gateviz.data.gates import Direction
from gateviz.measure.contrast import SHIFTS
from gateviz.studies.account import Account, Corpus
from gateviz.studies.claims.numbers import Numbers
from gateviz.studies.claims.request import Claim

ALPHA = 0.05


class Verdict(StrEnum):
    """What the corpus says to a claim."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NO_EVIDENCE = "no evidence"
    TOO_FEW = "too few events"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Units:
    """How many units go which way, each by a test of its own, corrected for the number of units.

    Attributes:
        agree: units that do what the claim says.
        against: units that do the opposite.
        total: of the layer.
    """

    agree: int
    against: int
    total: int


@dataclass(frozen=True)
class Outcome:
    """What one claim comes to in one layer and direction.

    Attributes:
        claim: the claim.
        layer: the layer.
        direction: and its direction.
        numbers: effect, interval and counts.
        p: of the layer's mean, corrected for all tests of the run; NaN where no test was made.
        verdict: in a word.
        why: the verdict's reason, in words.
        units: how many go which way.
        best: positions in the corpus of the lines that show the claim best, the best first.
        worst: of those that speak against it, the strongest first; fewer where fewer do.
    """

    claim: Claim
    layer: int
    direction: Direction
    numbers: Numbers
    p: float
    verdict: Verdict
    why: str
    units: Units
    best: tuple[int, ...]
    worst: tuple[int, ...]

    @property
    def place(self) -> str:
        """Layer and direction in words."""
        return f"layer {self.layer} {self.direction}"

    @property
    def has_course(self) -> bool:
        """Whether there is an event, around which the layer's mean can be drawn."""
        return self.numbers.course is not None and bool(np.isfinite(self.numbers.course.mean).any())


@dataclass(frozen=True)
class ClaimReport:
    """A whole run.

    Attributes:
        corpus: the lines, and those that could not be read.
        outcomes: by claim, then layer and direction.
        shifts: of the tests.
        seed: of everything random.
    """

    corpus: Corpus
    outcomes: tuple[Outcome, ...]
    shifts: int = SHIFTS
    seed: int = 0

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims, in the order in which they were given."""
        return tuple(dict.fromkeys(outcome.claim for outcome in self.outcomes))

    @cached_property
    def account(self) -> Account:
        """What became of the lines."""
        return self.corpus.account

    def of(self, claim: Claim) -> tuple[Outcome, ...]:
        """The outcomes of one claim."""
        return tuple(outcome for outcome in self.outcomes if outcome.claim == claim)
