"""What holding units does to the reading: the posterior, the text, the errors, group by group over a corpus."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

from gateviz.capture.held_rows import RowHold, held_log_probs
from gateviz.capture.recognizer import Recognizer
from gateviz.ctc.collapse import collapse
from gateviz.data.gates import Place
from gateviz.errors import SelectionError
from gateviz.files.true_lines import open_source
from gateviz.measure.edit_distance import edit_distance
from gateviz.measure.events import Event
from gateviz.measure.jackknife import Estimate, Jackknife
from gateviz.studies.account import Corpus, CorpusLine, told_alignment
from gateviz.survey.interventions import Grouping, Intervention, UnitGroup, held, unit_groups

ROWS = 64
"""Groups that run together; the recurrent layers' memory grows with it."""


@dataclass(frozen=True)
class Plan:
    """What a study of interventions does to every line.

    Attributes:
        intervention: what is held, and at what.
        grouping: which units are held together.
        places: in which layers and directions.
        event: hold it at the frames of this event alone; None for the whole line.
    """

    intervention: Intervention
    grouping: str = Grouping.UNIT
    places: tuple[Place, ...] = ()
    event: Event | None = None

    @property
    def words(self) -> str:
        """What is done, for a title."""
        return self.intervention.words + (f", {self.event.words}" if self.event else "")


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


@dataclass(frozen=True)
class Effect:
    """What one group does over the corpus.

    Attributes:
        divergence: nats a line (mean over frames, then lines).
        edits: changed symbols over symbols read.
        errors: rise of the character error rate; None where no line has a truth.
        changed: share of the lines whose text is another.
    """

    divergence: Estimate
    edits: Estimate
    errors: Estimate | None
    changed: float


@dataclass(frozen=True)
class Ablation:
    """The outcome of a study.

    Attributes:
        plan: what was done.
        groups: G groups of units.
        lines: the outcome of every line.
    """

    plan: Plan
    groups: tuple[UnitGroup, ...]
    lines: tuple[LineOutcome, ...]
    jackknife: Jackknife = field(default_factory=Jackknife)

    @property
    def met(self) -> tuple[LineOutcome, ...]:
        """Lines in which anything was held."""
        return tuple(line for line in self.lines if line.held_frames)

    @cached_property
    def effects(self) -> tuple[Effect, ...]:
        """The effect of every group, in their order, with intervals over lines.

        Raises:
            SelectionError: no line has the event.
        """
        lines = self.met
        if not lines:
            raise SelectionError(f"no line has the event ({self.plan.words}), so nothing was held; name another")
        told = [line for line in lines if line.truth_symbols]
        columns: dict[str, np.ndarray] = {
            "one": np.ones(len(lines)),
            "symbols": np.array([line.symbols for line in lines]),
            "truth": np.array([line.truth_symbols for line in lines]),
        }
        ratios: dict[str, tuple[str, str]] = {}
        for group in range(len(self.groups)):
            columns[f"d{group}"] = np.array([line.divergence[group] for line in lines])
            columns[f"t{group}"] = np.array([line.edits[group] for line in lines])
            rises = [(line.errors[group] - line.plain_errors) if line.truth_symbols else 0 for line in lines]
            columns[f"e{group}"] = np.array(rises)
            ratios |= {f"d{group}": (f"d{group}", "one"), f"t{group}": (f"t{group}", "symbols")}
            ratios |= {f"e{group}": (f"e{group}", "truth")} if told else {}
        found = self.jackknife.estimates(columns, ratios, signed=[name for name in ratios if name.startswith("e")])
        return tuple(
            Effect(
                found[f"d{group}"],
                found[f"t{group}"],
                found.get(f"e{group}"),
                float(np.mean([line.edits[group] > 0 for line in lines])),
            )
            for group in range(len(self.groups))
        )

    @property
    def ranking(self) -> list[int]:
        """Groups by what they change in the posterior, the strongest first."""
        return sorted(range(len(self.groups)), key=lambda group: -self.effects[group].divergence.value)


def groups_of(plan: Plan, corpus: Corpus) -> tuple[UnitGroup, ...]:
    """The groups of a plan.

    Raises:
        SelectionError: the plan names what the network does not have.
    """
    return unit_groups(corpus.recordings, plan.intervention.quantity, plan.grouping, plan.places)


def ablate_lines(
    recognizer: Recognizer,
    corpus: Corpus,
    plan: Plan,
    *,
    done: Sequence[str] = (),
    progress: Callable[[int], object] | None = None,
) -> Iterator[LineOutcome]:
    """The outcome of every line of a corpus, one after the other, so that each can be kept at once.

    Args:
        recognizer: what made the corpus's recordings.
        corpus: recorded without edits.
        plan: what is held.
        done: names of lines that are left out.
        progress: called with the number of groups just run.

    Raises:
        SelectionError: the plan names what the network does not have.
    """
    groups = groups_of(plan, corpus)
    for line in corpus.lines:
        if str(line.source.path) not in done:
            yield _outcome(recognizer, corpus, line, plan, groups, progress)


def _outcome(
    recognizer: Recognizer,
    corpus: Corpus,
    line: CorpusLine,
    plan: Plan,
    groups: Sequence[UnitGroup],
    progress: Callable[[int], object] | None,
) -> LineOutcome:
    recording, truth = line.recording, line.source.text or ""
    frames = _frames(line, plan)
    plain_text = recording.text
    plain_errors = edit_distance(truth, plain_text) if truth else 0
    symbols = len(plain_text)
    count = recording.grid.frame_count if frames is None else int(frames.sum())
    divergence = np.zeros(len(groups))
    edits = np.zeros(len(groups), dtype=np.int64)
    errors = np.full(len(groups), plain_errors if truth else -1, dtype=np.int64)
    if count:
        pixels = recognizer.prepare(open_source(line.source).pixels).pixels
        value = held(plan.intervention, corpus.recordings, plan.places, frames)
        for start in range(0, len(groups), ROWS):
            rows: list[RowHold | None] = [None, *(group.row for group in groups[start : start + ROWS])]
            log_probs = held_log_probs(recognizer, pixels, value, rows).cpu().numpy()
            for group, posterior in enumerate(log_probs[1:], start):
                divergence[group] = _divergence(log_probs[0], posterior)
                text = _text(recognizer, posterior)
                edits[group] = edit_distance(plain_text, text)
                errors[group] = edit_distance(truth, text) if truth else -1
            if progress is not None:
                progress(len(rows) - 1)
    elif progress is not None:
        progress(len(groups))
    return LineOutcome(str(line.source.path), divergence, edits, errors, symbols, len(truth), plain_errors, count)


def _frames(line: CorpusLine, plan: Plan) -> Bool[np.ndarray, " T"] | None:
    if plan.event is None:
        return None
    emission = line.recording.emission
    assert emission is not None, "a corpus of a recognizer has posteriors"
    return plan.event.mask(told_alignment(line.recording, line.source.text)[0], emission.alphabet.blank)


def _divergence(plain: Float[np.ndarray, "T C"], other: Float[np.ndarray, "T C"]) -> float:
    """Mean over frames of sum p (log p - log q), in nats (Kullback and Leibler 1951)."""
    p = np.exp(plain, dtype=np.float64)
    # Where p is 0 nothing is lost, whatever q is.
    terms = np.where(p > 0, p * (plain.astype(np.float64) - np.maximum(other, -1e4)), 0.0)
    return max(float(terms.sum(axis=1).mean()), 0.0)


def _text(recognizer: Recognizer, log_probs: Float[np.ndarray, "T C"]) -> str:
    alphabet = recognizer.alphabet
    return alphabet.reading(collapse(log_probs.argmax(axis=1), alphabet.blank))
