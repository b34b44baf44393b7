"""What a training run says while it runs."""

from dataclasses import dataclass

from gateviz.data.gate_health import GateHealth


@dataclass(frozen=True)
class StepReport:
    """The state of the training after some steps; losses are means since the last report.

    Attributes:
        step: batches learned from.
        lines: lines learned from.
        seconds: of training so far, over all sessions of the run.
        loss: what is minimized, nats.
        ctc: its CTC part, nats a symbol.
        frames: its part by frame labels, nats a frame.
        cells: mean square by which cells were larger than they should be.
        rate: learning rate.
        gradient: norm of the gradients before clipping.
        hidden: lines so far that CTC could not learn from, because their text needs more frames than there are.
    """

    step: int
    lines: int
    seconds: float
    loss: float
    ctc: float
    frames: float
    cells: float
    rate: float
    gradient: float
    hidden: int


@dataclass(frozen=True)
class ValidationReport:
    """How the averaged model reads lines it never trained on.

    Attributes:
        step: batches learned from before it.
        cer: edits per symbol of the truth.
        line_accuracy: share of lines read without an error.
        best: whether no validation before it had a lower CER.
        samples: a few lines as (truth, reading).
        gates: how the cells of its LSTM fare on some of the lines; None where it has none.
    """

    step: int
    cer: float
    line_accuracy: float
    best: bool
    samples: tuple[tuple[str, str], ...]
    gates: GateHealth | None = None


@dataclass(frozen=True)
class GateReport:
    """What is new about the gates, in words.

    Attributes:
        step: batches learned from before it.
        words: a sentence.
    """

    step: int
    words: str
