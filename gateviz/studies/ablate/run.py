"""What holding units does to the reading: the posterior, the text, the errors, group by group over a corpus."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Float64

from gateviz.capture.held_rows import Held, RowHold, held_log_probs
from gateviz.capture.recognizer import Recognizer, pixels_of
from gateviz.ctc.collapse import collapse
from gateviz.data.gates import GateTrace, Place, place_words
from gateviz.errors import SelectionError
from gateviz.measure.edit_distance import edit_distance
from gateviz.measure.events import Event
from gateviz.measure.jackknife import Jackknife
from gateviz.measure.selectivity import selectivity
from gateviz.measure.timescale import timescale
from gateviz.panels.choice import KEEPING
from gateviz.recording import Recording
from gateviz.studies.ablate.request import ONE_MINUS_F, AblateRequest, Grouping, Intervention
from gateviz.studies.ablate.results import Ablation, Effect, LineOutcome, UnitGroup
from gateviz.studies.account import Corpus, CorpusLine

ROWS = 64
"""Groups that run together; the recurrent layers' memory grows with it."""
TIMESCALE_GROUPS = 4

# What each unit is held at: a number, one a unit of each place, or None for 1 - f.
_Level = float | Mapping[Place, np.ndarray] | None


def ablate_lines(
    corpus: Corpus,
    request: AblateRequest,
    groups: Sequence[UnitGroup],
    *,
    done: Collection[str] = (),
    progress: Callable[[int], object] | None = None,
) -> Iterator[LineOutcome]:
    """The outcome of every line of a corpus, one after the other, so that each can be kept at once.

    Args:
        corpus: recorded without edits.
        request: what is held.
        groups: in these units, as ``unit_groups`` has them.
        done: names of lines that are left out.
        progress: called with the number of groups just run.

    Raises:
        SelectionError: the request names what the network does not have.
    """
    level = _level(request.intervention, corpus.recordings, tuple(dict.fromkeys(group.place for group in groups)))
    for line in corpus.lines:
        if str(line.source.path) not in done:
            yield _outcome(line, request, level, groups, progress)


def unit_groups(request: AblateRequest, corpus: Corpus) -> tuple[UnitGroup, ...]:
    """The groups of units that are held one after the other.

    Args:
        request: what is held, and how units are put together.
        corpus: recorded without edits; all its lines tell the timescales.

    Raises:
        SelectionError: the network has no such quantity, or there is a timescale without forget gates.
    """
    recordings = corpus.recordings
    groups: list[UnitGroup] = []
    for place in request.places(recordings[0]):
        width = recordings[0].trace(*place)[request.intervention.quantity].shape[1]
        if request.grouping == Grouping.LAYER:
            groups.append(UnitGroup(place, np.ones(width, dtype=bool), "all units"))
        elif request.grouping == Grouping.UNIT:
            groups += [UnitGroup(place, np.arange(width) == unit, f"unit {unit}") for unit in range(width)]
        else:
            groups += _by_timescale(place, [recording.trace(*place) for recording in recordings], width)
    return tuple(groups)


def ablated(
    corpus: Corpus, request: AblateRequest, groups: Sequence[UnitGroup], outcomes: Sequence[LineOutcome]
) -> Ablation:
    """What every group does over the corpus, with intervals over lines.

    Raises:
        SelectionError: no line has the event.
    """
    lines = [line for line in outcomes if line.held_frames]
    if not lines:
        raise SelectionError(f"no line has the event ({request.words}), so nothing was held; name another")
    told = [line for line in lines if line.truth_symbols]
    rate = sum(line.plain_errors for line in told) / sum(line.truth_symbols for line in told) if told else None
    effects = _effects(groups, lines, selectivities(corpus, request, groups), with_errors=bool(told))
    return Ablation(request, corpus.account, effects, held=len(lines), held_told=len(told), plain_error_rate=rate)


def selectivities(corpus: Corpus, request: AblateRequest, groups: Sequence[UnitGroup]) -> Float64[np.ndarray, " G"]:
    """How well the held series of each group's unit tells the request's event; NaN for groups of several units."""
    if request.grouping != Grouping.UNIT:
        return np.full(len(groups), np.nan)
    masks = [_mask(line, request.beside) for line in corpus.lines]
    aucs: dict[Place, Float64[np.ndarray, " H"]] = {}
    for place in dict.fromkeys(group.place for group in groups):
        series = [recording.trace(*place)[request.intervention.quantity] for recording in corpus.recordings]
        aucs[place] = selectivity(series, masks).auc
    return np.array([float(aucs[group.place][group.units][0]) for group in groups])


def _effects(
    groups: Sequence[UnitGroup],
    lines: Sequence[LineOutcome],
    aucs: Float64[np.ndarray, " G"],
    *,
    with_errors: bool,
) -> tuple[Effect, ...]:
    columns: dict[str, np.ndarray] = {
        "one": np.ones(len(lines)),
        "symbols": np.array([line.symbols for line in lines]),
        "truth": np.array([line.truth_symbols for line in lines]),
    }
    ratios: dict[str, tuple[str, str]] = {}
    for number in range(len(groups)):
        columns[f"d{number}"] = np.array([line.divergence[number] for line in lines])
        columns[f"t{number}"] = np.array([line.edits[number] for line in lines])
        rises = [(line.errors[number] - line.plain_errors) if line.truth_symbols else 0 for line in lines]
        columns[f"e{number}"] = np.array(rises)
        ratios |= {f"d{number}": (f"d{number}", "one"), f"t{number}": (f"t{number}", "symbols")}
        ratios |= {f"e{number}": (f"e{number}", "truth")} if with_errors else {}
    found = Jackknife().estimates(columns, ratios, signed=[name for name in ratios if name.startswith("e")])
    return tuple(
        Effect(
            group,
            divergence=found[f"d{number}"],
            edits=found[f"t{number}"],
            errors=found.get(f"e{number}"),
            changed=float(np.mean([line.edits[number] > 0 for line in lines])),
            selectivity=float(aucs[number]),
        )
        for number, group in enumerate(groups)
    )


def _outcome(
    line: CorpusLine,
    request: AblateRequest,
    level: _Level,
    groups: Sequence[UnitGroup],
    progress: Callable[[int], object] | None,
) -> LineOutcome:
    recording, truth = line.recording, line.source.text or ""
    frames = None if request.event is None else _mask(line, request.event)
    plain_text = recording.text
    plain_errors = edit_distance(truth, plain_text) if truth else 0
    count = recording.grid.frame_count if frames is None else int(frames.sum())
    divergence = np.zeros(len(groups))
    edits = np.zeros(len(groups), dtype=np.int64)
    errors = np.full(len(groups), plain_errors if truth else -1, dtype=np.int64)
    if count:
        recognizer, pixels = line.recognizer, pixels_of(line.prepared())
        assert recognizer is not None, "what prepares a line reads it"
        value = Held(request.intervention.quantity, level, frames)
        for start in range(0, len(groups), ROWS):
            rows = [None, *(RowHold(group.place, group.units) for group in groups[start : start + ROWS])]
            log_probs = held_log_probs(recognizer, pixels, value, rows).cpu().numpy()
            for number, posterior in enumerate(log_probs[1:], start):
                divergence[number] = _divergence(log_probs[0], posterior)
                text = _text(recognizer, posterior)
                edits[number] = edit_distance(plain_text, text)
                errors[number] = edit_distance(truth, text) if truth else -1
            if progress is not None:
                progress(len(rows) - 1)
    elif progress is not None:
        progress(len(groups))
    return LineOutcome(
        str(line.source.path), divergence, edits, errors, symbols=len(plain_text), truth_symbols=len(truth),
        plain_errors=plain_errors, held_frames=count,
    )  # fmt: skip


def _mask(line: CorpusLine, event: Event) -> Bool[np.ndarray, " T"]:
    emission = line.recording.emission
    assert emission is not None, "a corpus of a recognizer has posteriors"
    return event.mask(line.alignment, emission.alphabet.blank)


def _divergence(plain: Float[np.ndarray, "T C"], other: Float[np.ndarray, "T C"]) -> float:
    """Mean over frames of sum p (log p - log q), in nats (Kullback and Leibler 1951)."""
    p = np.exp(plain, dtype=np.float64)
    # Where p is 0 nothing is lost, whatever q is.
    terms = np.where(p > 0, p * (plain.astype(np.float64) - np.maximum(other, -1e4)), 0.0)
    return max(float(terms.sum(axis=1).mean()), 0.0)


def _text(recognizer: Recognizer, log_probs: Float[np.ndarray, "T C"]) -> str:
    alphabet = recognizer.alphabet
    return alphabet.reading(collapse(log_probs.argmax(axis=1), alphabet.blank))


def _level(intervention: Intervention, recordings: Sequence[Recording], places: Sequence[Place]) -> _Level:
    """What is held, the mean over all frames of the corpus."""
    if intervention.at == ONE_MINUS_F:
        return None
    if isinstance(intervention.at, str):
        return {
            place: np.concatenate([recording.trace(*place)[intervention.quantity] for recording in recordings]).mean(
                axis=0, dtype=np.float64
            )
            for place in places
        }
    return float(intervention.at)


def _by_timescale(place: Place, traces: Sequence[GateTrace], width: int) -> list[UnitGroup]:
    gate = next((gate for gate in KEEPING if gate in traces[0].values), None)
    if gate is None:
        raise SelectionError(f"{place_words(place)} has no forget or update gate, so its units have no timescale")
    memory = timescale(np.concatenate([trace[gate] for trace in traces]))
    if len(memory) != width:
        raise SelectionError(f"{place_words(place)} projects its state, so its timescales are not those of its outputs")
    order = np.argsort(memory, kind="stable")
    found = []
    for part in np.array_split(order, min(TIMESCALE_GROUPS, width)):
        units = np.zeros(width, dtype=bool)
        units[part] = True
        words = f"memory of {memory[part].min():.1f} to {memory[part].max():.1f} frames"
        found.append(UnitGroup(place, units, words))
    return found
