"""What a corpus says to claims: per claim, layer and direction numbers and a verdict."""

from dataclasses import dataclass
from enum import StrEnum

from gateviz.data.alignment import Alignment
from gateviz.data.gates import Direction
from gateviz.measure.contrast import SHIFTS
from gateviz.studies.account import Corpus, Truths
from gateviz.survey.claim import Claim
from gateviz.survey.claim_numbers import Numbers

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


@dataclass(frozen=True)
class ClaimReport:
    """A whole run.

    Attributes:
        corpus: the lines, and those that could not be read.
        alignments: of every line, by its true text where the corpus has it.
        untold: positions of lines aligned by what was read: nobody said what is written there, or it cannot be aligned.
        outcomes: by claim, then layer and direction.
        shifts: of the tests.
        seed: of everything random.
    """

    corpus: Corpus
    alignments: tuple[Alignment, ...]
    untold: tuple[int, ...]
    outcomes: tuple[Outcome, ...]
    shifts: int = SHIFTS
    seed: int = 0

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims, in the order in which they were given."""
        return tuple(dict.fromkeys(outcome.claim for outcome in self.outcomes))

    @property
    def truths(self) -> Truths:
        """How many lines have a true text."""
        return Truths.of((line.source, number not in self.untold) for number, line in enumerate(self.corpus.lines))

    def of(self, claim: Claim) -> tuple[Outcome, ...]:
        """The outcomes of one claim."""
        return tuple(outcome for outcome in self.outcomes if outcome.claim == claim)
