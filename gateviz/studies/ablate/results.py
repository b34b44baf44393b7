"""What holding units came to: on each line, and of each group over the corpus."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64

from gateviz.data.gates import Place
from gateviz.errors import OutputError
from gateviz.measure.jackknife import Estimate
from gateviz.measure.selectivity import rank_correlation
from gateviz.studies.ablate.request import AblateRequest
from gateviz.studies.account import Account


@dataclass(frozen=True, eq=False)
class UnitGroup:
    """Units that are held together.

    Attributes:
        place: their layer and direction.
        units: True for each of them, (H,).
        words: for a table, such as ``unit 17`` or ``memory of 2.1 to 3.4 frames``.
    """

    place: Place
    units: Bool[np.ndarray, " H"]
    words: str

    @property
    def place_name(self) -> str:
        """Such as ``1.forward``."""
        return f"{self.place[0]}.{self.place[1]}"

    @property
    def name(self) -> str:
        """Such as ``1.forward unit 17``."""
        return f"{self.place_name} {self.words}"


@dataclass(frozen=True)
class LineOutcome:
    """What each of G groups did to one line.

    Attributes:
        name: the line's file.
        divergence: mean over frames of the Kullback-Leibler divergence of the held posterior from the
            plain one, in nats; shape (G,).
        edits: between the plain text and the held one, in symbols.
        errors: between the truth and the held text; -1 where nobody said the truth.
        symbols: of the plain text.
        truth_symbols: of the truth; 0 where nobody said it.
        plain_errors: between the truth and the plain text.
        held_frames: frames that were held; 0 where the line has no such event, and then nothing changed.
    """

    name: str
    divergence: Float64[np.ndarray, " G"]
    edits: Int64[np.ndarray, " G"]
    errors: Int64[np.ndarray, " G"]
    symbols: int
    truth_symbols: int
    plain_errors: int
    held_frames: int

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "LineOutcome":
        """An outcome that was kept.

        Raises:
            OutputError: it is none.
        """
        kinds = {"divergence": np.float64, "edits": np.int64, "errors": np.int64}
        try:
            return cls(**{**document, **{name: np.array(document[name], dtype=kind) for name, kind in kinds.items()}})
        except (KeyError, TypeError, ValueError) as error:
            raise OutputError(f"what was kept of a line is no outcome ({error}); name another folder") from error

    @property
    def document(self) -> dict[str, Any]:
        """As plain values."""
        return {name: one.tolist() if isinstance(one, np.ndarray) else one for name, one in vars(self).items()}


@dataclass(frozen=True, eq=False)
class Effect:
    """What one group does over the corpus.

    Attributes:
        group: the units.
        divergence: nats a line (mean over frames, then lines).
        edits: changed symbols over symbols read.
        errors: rise of the character error rate; None where no line has a truth.
        changed: share of the lines whose text is another.
        selectivity: how well the held series of the unit tells the request's event (AUC); NaN for several units.
    """

    group: UnitGroup
    divergence: Estimate
    edits: Estimate
    errors: Estimate | None
    changed: float
    selectivity: float


@dataclass(frozen=True, eq=False)
class Ablation:
    """What every group does over the corpus.

    Attributes:
        request: what was done.
        account: the lines, and those that could not be read.
        effects: of every group, in their order.
        held: lines in which anything was held.
        held_told: those of them with a true text.
        plain_error_rate: the model's as it is, on these; None where there are none.
    """

    request: AblateRequest
    account: Account
    effects: tuple[Effect, ...]
    held: int
    held_told: int
    plain_error_rate: float | None

    @property
    def ranking(self) -> list[Effect]:
        """By what they change in the posterior, the strongest first."""
        return sorted(self.effects, key=lambda effect: -effect.divergence.value)

    @property
    def telling(self) -> list[Effect]:
        """Those with a selectivity, in their order."""
        return [effect for effect in self.effects if np.isfinite(effect.selectivity)]

    @property
    def correlation(self) -> float:
        """Spearman's rank correlation of |AUC - 0.5| with the divergence; NaN below three groups with a selectivity."""
        told = np.array([abs(effect.selectivity - 0.5) for effect in self.telling])
        return rank_correlation(told, np.array([effect.divergence.value for effect in self.telling]))
