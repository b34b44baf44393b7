"""A report on claims in words, the same for a page and for the command line."""

from gateviz.measure.contrast import FEWEST_FRAMES, FEWEST_LINES
from gateviz.measure.line_events import MARGIN
from gateviz.survey.claim import LEAST_EFFECT, Statistic
from gateviz.survey.claim_report import ALPHA, ClaimReport, Outcome, Verdict

READING = (
    "A forget gate at 1 keeps the cell and at 0 drops it: clearing memory is a LOW forget gate. So what is told as one "
    "claim is tested as two, of opposite sign.",
    "The effect is Cohen's d of the layer's mean at the event against elsewhere in the same line, each line less its own "
    "mean; its interval leaves out whole lines (jackknife, Student's t). Each p is two-sided, from circular shifts of the event's frames within "
    "their line, and corrected for all tests of the run (Benjamini and Hochberg). Units are tested one by one, corrected "
    "for their number.",
    f"Supported and contradicted need a corrected p below {ALPHA:g} and an effect of at least {LEAST_EFFECT:g} (the claim "
    f"may ask for another); a test needs {FEWEST_LINES} lines and {FEWEST_FRAMES} frames of each kind.",
    "Events are those that a layer meets: a backward layer reads from the right, so it meets a symbol at its right edge, "
    "a word at its last symbol and a line at its end, and its step is from the frame to the right.",
    "Within a symbol are the frames of its cell: half-way from the symbol before to half-way to the next one. Claims "
    "about a completed unit take the frames at which the path emits the symbol instead.",
    "A line's start is a sentence start for the network, and there its state has no past: the two are confounded. "
    "Sentence starts are therefore counted inside the line only; the line's start is a claim of its own.",
    f"At both ends of a text a state is warming up and paper is near, whatever is written there: {MARGIN} symbols at both ends "
    "take no part, or as many frames as a claim says, and shifts stay between them.",
    "A timescale, -1/ln(mean f), counts what the forget gate lets a cell keep. What goes round through the hidden state, "
    "and whether anything reads what was kept, it does not tell.",
    "A context is the share of the squared norm of dh(t)/dx(t-k), by the layer's own input x, that lies further than so "
    "many symbols from the frame; frames count the same, and its interval leaves out lines. Convolutions and the layers "
    "below have no part in it. A network through which no gradient goes is not measured.",
    "A contrast is a correlation: a gate that is low over punctuation may answer to the little ink there.",
)


def summary_words(report: ClaimReport) -> list[str]:
    """How much was tested; first of all on how many true texts."""
    words = [
        f"{report.truths.words}.",
        f"{_counted(len(report.claims), 'claim')}, {report.shifts:,} shifts a test, seed {report.seed}.",
    ]
    if report.corpus.skipped:
        words.append(f"{_counted(len(report.corpus.skipped), 'more line')} could not be read and took no part.")
    return words


def verdict_words(outcomes: tuple[Outcome, ...]) -> str:
    """A claim's verdicts counted, such as ``supported in 3 of 4, contradicted in 1 of 4``."""
    counts = {verdict: sum(outcome.verdict == verdict for outcome in outcomes) for verdict in Verdict}
    return ", ".join(f"{verdict} in {count} of {len(outcomes)}" for verdict, count in counts.items() if count)


def effect_words(outcome: Outcome) -> tuple[str, str]:
    """The effect and its interval."""
    numbers = outcome.numbers
    if numbers.effect != numbers.effect:
        return "–", ""
    if outcome.claim.about_share:
        digits = 0 if outcome.claim.statistic == Statistic.TIMESCALE else 1
        share, low, high = (f"{100 * one:.{digits}f}" for one in (numbers.effect, numbers.low, numbers.high))
        return f"{share} %", f"{low} to {high} %"
    return f"{numbers.effect:+.2f}", f"{numbers.low:+.2f} to {numbers.high:+.2f}"


def p_words(outcome: Outcome) -> str:
    """The corrected p; a dash where there is none."""
    return "–" if outcome.p != outcome.p else f"{outcome.p:.2g}" if outcome.p >= 0.001 else "< 0.001"


def unit_words(outcome: Outcome) -> str:
    """How many units go which way."""
    units = outcome.units
    if outcome.claim.statistic == Statistic.CONTEXT:
        known = outcome.numbers.difference == outcome.numbers.difference
        return f"effective context {outcome.numbers.difference:.2f} symbols" if known else ""
    if outcome.claim.statistic == Statistic.TIMESCALE:
        return f"{units.agree} of {units.total}, median {outcome.numbers.difference:.1f} symbols"
    if outcome.numbers.why_not:
        return f"none tested of {units.total}"
    return f"{units.agree} for, {units.against} against, of {units.total}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
