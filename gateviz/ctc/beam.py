"""The most probable texts, by prefix beam search."""

import heapq
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float64, Int64

from gateviz.ctc.ngram import CharacterNgram
from gateviz.ctc.spelling import Spelled, Speller
from gateviz.ctc.usable import require_posteriors
from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.errors import AlignmentError

ROOT = 0
NO_LABEL = -1


class PrefixTree:
    """Numbers label prefixes, so that one prefix has one number on whatever paths it is reached.

    A prefix is its parent prefix and one more label; prefix 0 is empty.
    """

    def __init__(self, speller: Speller | None) -> None:
        self.parents = [NO_LABEL]
        self.labels = [NO_LABEL]
        self._speller = speller
        self._spelled = [speller.beginning] if speller else []
        self._numbers: dict[tuple[int, int], int] = {}
        self._extensions: dict[tuple[int, int], tuple[Spelled, float]] = {}

    @property
    def spells(self) -> bool:
        """True where prefixes are scored by what they spell."""
        return self._speller is not None

    def child(self, prefix: int, label: int) -> int:
        """The number of the prefix with one more label."""
        number = self._numbers.setdefault((prefix, label), len(self.parents))
        if number == len(self.parents):
            self.parents.append(prefix)
            self.labels.append(label)
            if self._speller:
                self._spelled.append(self._extension(self._speller, prefix, label)[0])
        return number

    def spelling_score(self, prefix: int, label: int) -> float:
        """The speller's score of the prefix with one more label; 0 without a speller."""
        return self._extension(self._speller, prefix, label)[1] if self._speller else 0.0

    def spelling_bound(self, prefix: int) -> float:
        """What the speller's score of the prefix can at most be with one more label; 0 without a speller."""
        return self._speller.bound(self._spelled[prefix]) if self._speller else 0.0

    def finish(self, prefix: int) -> tuple[float, float]:
        """The n-gram model's log probability of the prefix as a whole line, and its weighted score; 0 without a speller."""
        return self._speller.finish(self._spelled[prefix]) if self._speller else (0.0, 0.0)

    def labels_of(self, prefix: int) -> list[int]:
        """The labels of a prefix."""
        labels = []
        while prefix != ROOT:
            labels.append(self.labels[prefix])
            prefix = self.parents[prefix]
        return labels[::-1]

    def _extension(self, speller: Speller, prefix: int, label: int) -> tuple[Spelled, float]:
        key = (prefix, label)
        if key not in self._extensions:
            spelled = speller.extend(self._spelled[prefix], label)
            self._extensions[key] = spelled, speller.score(spelled)
        return self._extensions[key]


@dataclass(frozen=True)
class Hypothesis:
    """One text that the line may read.

    Attributes:
        text: the text, in the order people read it.
        log_prob: log probability of the text, the sum over the paths that the search kept: never
            more than the sum over all paths, which `total.total_log_prob` gives.
        ngram_log_prob: log probability of the text as a line by the n-gram model, 0 without one.
        score: what hypotheses are ranked by: ``log_prob`` + weight x ``ngram_log_prob`` + bonus x characters.
    """

    text: str
    log_prob: float
    ngram_log_prob: float
    score: float


@dataclass(frozen=True)
class _Beam:
    """Prefixes in the running, the best first, and the probability of all their paths so far.

    Attributes:
        prefixes: numbers of the prefixes in their tree; shape (W,).
        blank: log probability of the paths that end in a blank; shape (W,).
        label: log probability of the paths that end in the prefix's last label; shape (W,).
        spelling: the speller's scores; shape (W,).
    """

    prefixes: Int64[np.ndarray, " W"]
    blank: Float64[np.ndarray, " W"]
    label: Float64[np.ndarray, " W"]
    spelling: Float64[np.ndarray, " W"]

    @cached_property
    def log_probs(self) -> Float64[np.ndarray, " W"]:
        """Log probability of each prefix."""
        both: Float64[np.ndarray, " W"] = np.logaddexp(self.blank, self.label)
        return both


def prefix_beam_search(
    emission: Emission,
    *,
    beam_width: int = 16,
    hypotheses: int = 1,
    ngram: CharacterNgram | None = None,
    ngram_weight: float = 0.5,
    insertion_bonus: float = 0.0,
    label_limit: int | None = 40,
    label_floor: float = -12.0,
) -> list[Hypothesis]:
    """The most probable texts, the best first (prefix beam search: Hannun et al. 2014, arXiv 1408.2873, algorithm 1).

    The search runs over labels and keeps, for each prefix, the paths that end in a blank apart from
    those that end in its last label; paths that meet in a prefix are summed. With a beam wide enough
    and no label left out it ranks all texts exactly. Labels are decoded to symbols at the end, and
    label sequences of one text are summed. See ``spelling.Speller`` for what an n-gram model sees of
    symbols that several labels spell. Equal scores are ordered by text.

    Args:
        emission: the log posteriors.
        beam_width: prefixes kept after every frame.
        hypotheses: texts wanted; fewer come back where the beam holds fewer.
        ngram: a character model of the language.
        ngram_weight: factor of the model's log probability.
        insertion_bonus: added for every character, since the n-gram model makes long texts costly.
        label_limit: new labels looked at in one frame, the most probable ones; None for all.
        label_floor: labels whose log posterior is below this are not looked at in a frame, but for the
            most probable one. Neither limit touches the blank, a repeated last label, or growth to a
            prefix that is in the beam already.

    Raises:
        AlignmentError: a frame has no posterior above zero or holds NaN, or the widths make no sense.

    Example:
        >>> alphabet = Alphabet.from_symbols("a", blank=0)
        >>> emission = Emission(np.log([[0.6, 0.4], [0.6, 0.4]]).astype(np.float32), alphabet)
        >>> [(found.text, round(float(np.exp(found.log_prob)), 2)) for found in prefix_beam_search(emission, hypotheses=2)]
        [('a', 0.64), ('', 0.36)]
    """
    if not 1 <= hypotheses <= beam_width:
        raise AlignmentError(
            f"{hypotheses} hypotheses were asked of a beam of {beam_width}; ask for at least 1 and widen the beam to as many"
        )
    if not ngram_weight >= 0:
        raise AlignmentError(f"an n-gram weight of {ngram_weight} was asked for; it is at least 0, and 0 leaves it out")
    require_posteriors(emission)
    speller = Speller(emission.alphabet, ngram, ngram_weight, insertion_bonus) if ngram or insertion_bonus else None
    tree = PrefixTree(speller)
    beam = _Beam(np.array([ROOT]), np.zeros(1), np.full(1, -np.inf), np.zeros(1))
    blank = emission.alphabet.blank
    for row in emission.log_probs:
        log_probs = row.astype(np.float64)
        labels = _labels_to_try(log_probs, blank, label_limit, label_floor)
        beam = _advance(beam, tree, log_probs=log_probs, blank=blank, labels=labels, width=beam_width)
    return _ranked(beam, tree, emission.alphabet)[:hypotheses]


def _labels_to_try(
    log_probs: Float64[np.ndarray, " C"], blank: int, limit: int | None, floor: float
) -> Int64[np.ndarray, " K"]:
    """The labels that a prefix may grow by at a frame, in order."""
    candidates = log_probs.copy()
    candidates[blank] = -np.inf
    labels = np.flatnonzero(candidates >= min(floor, candidates.max()))
    labels = labels[candidates[labels] > -np.inf]
    if limit is not None and len(labels) > limit:
        labels = np.sort(labels[np.argsort(-candidates[labels], kind="stable")[:limit]])
    return labels


def _advance(
    beam: _Beam,
    tree: PrefixTree,
    log_probs: Float64[np.ndarray, " C"],
    blank: int,
    labels: Int64[np.ndarray, " K"],
    width: int,
) -> _Beam:
    """The beam after one more frame: its prefixes as they are and grown by one label each, the best of both."""
    last = np.array([tree.labels[prefix] for prefix in beam.prefixes])
    own = np.where(last == NO_LABEL, -np.inf, log_probs[last])
    # A label that repeats the last one is a new label only after a blank.
    repeats = last[:, None] == labels[None, :]
    grown = np.where(repeats, beam.blank[:, None], beam.log_probs[:, None]) + log_probs[labels]
    stayed = _merge(tree, beam, own, labels, grown)

    # Each prefix as it is, then each prefix with each label.
    sources = np.concatenate((beam.prefixes, np.repeat(beam.prefixes, len(labels))))
    added = np.concatenate((np.full(len(last), NO_LABEL), np.tile(labels, len(last))))
    in_label = np.concatenate((stayed, grown.ravel()))
    in_blank = np.full(len(sources), -np.inf)
    in_blank[: len(last)] = beam.log_probs + log_probs[blank]
    reached = np.logaddexp(in_blank, in_label)
    spelling = np.concatenate((beam.spelling, np.zeros(grown.size)))
    if tree.spells:
        stay_scores = (reached + spelling)[: len(last)]
        spelling[len(last) :] = _spell(
            tree, beam, labels=labels, grown=grown, stay_scores=stay_scores, width=width
        ).ravel()

    scores = reached + spelling
    best = np.argsort(-scores, kind="stable")[:width]
    best = best[np.isfinite(scores[best])]
    prefixes = [
        prefix if label == NO_LABEL else tree.child(prefix, label)
        for prefix, label in zip(sources[best].tolist(), added[best].tolist(), strict=True)
    ]
    return _Beam(np.array(prefixes, dtype=np.int64), in_blank[best], in_label[best], spelling[best])


def _merge(
    tree: PrefixTree,
    beam: _Beam,
    own: Float64[np.ndarray, " W"],
    labels: Int64[np.ndarray, " K"],
    grown: Float64[np.ndarray, "W K"],
) -> Float64[np.ndarray, " W"]:
    """Log probability of the paths that end a prefix in its last label: those that stay and those that grow into it.

    A prefix whose parent is in the beam too is also reached by growing the parent; what is counted
    here is struck from ``grown``.
    """
    stayed: Float64[np.ndarray, " W"] = beam.label + own
    places = {prefix: place for place, prefix in enumerate(beam.prefixes.tolist())}
    columns = {label: column for column, label in enumerate(labels.tolist())}
    for prefix, place in places.items():
        parent = tree.parents[prefix]
        if parent not in places:
            continue
        repeated = tree.labels[parent] == tree.labels[prefix]
        source = (beam.blank if repeated else beam.log_probs)[places[parent]]
        stayed[place] = np.logaddexp(stayed[place], source + own[place])
        if tree.labels[prefix] in columns:
            grown[places[parent], columns[tree.labels[prefix]]] = -np.inf
    return stayed


def _spell(
    tree: PrefixTree,
    beam: _Beam,
    labels: Int64[np.ndarray, " K"],
    grown: Float64[np.ndarray, "W K"],
    stay_scores: Float64[np.ndarray, " W"],
    width: int,
) -> Float64[np.ndarray, "W K"]:
    """The speller's score of every prefix with every label; minus infinity where it cannot come among the best.

    The speller is asked in the order of what a score can at most be, until ``width`` better ones are known.
    """
    spelling = np.full(grown.shape, -np.inf)
    bounds = grown + np.array([tree.spelling_bound(prefix) for prefix in beam.prefixes.tolist()])[:, None]
    best = sorted(stay_scores.tolist())[-width:]
    for place, column in zip(*np.unravel_index(np.argsort(-bounds, axis=None), bounds.shape), strict=True):
        bound = bounds[place, column]
        if bound == -np.inf or (len(best) == width and bound < best[0]):
            break
        spelling[place, column] = tree.spelling_score(int(beam.prefixes[place]), int(labels[column]))
        score = float(grown[place, column] + spelling[place, column])
        if len(best) < width:
            heapq.heappush(best, score)
        else:
            heapq.heappushpop(best, score)
    return spelling


def _ranked(beam: _Beam, tree: PrefixTree, alphabet: Alphabet) -> list[Hypothesis]:
    """The texts of a beam, the best first; the prefixes that spell one text are summed."""
    texts: dict[str, Hypothesis] = {}
    for prefix, log_prob in zip(beam.prefixes.tolist(), beam.log_probs.tolist(), strict=True):
        text = alphabet.reading(tree.labels_of(prefix))
        ngram_log_prob, spelling = tree.finish(prefix)
        if text in texts:
            log_prob = float(np.logaddexp(log_prob, texts[text].log_prob))
        texts[text] = Hypothesis(text, log_prob, ngram_log_prob, log_prob + spelling)
    return sorted(texts.values(), key=lambda hypothesis: (-hypothesis.score, hypothesis.text))
