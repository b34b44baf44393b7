"""How a model is trained."""

from dataclasses import dataclass

from gateviz.errors import TrainingError


@dataclass(frozen=True)
class TrainSettings:
    """What a training run is told; written into its folder.

    Attributes:
        steps: batches that the learning rate's cycle is laid out for.
        columns: columns of pixels in a batch: 12,800 are 64 lines of 200.
        chunk: lines that are sorted by width together.
        rate: highest learning rate of the one cycle.
        warmup: share of the steps in which the rate rises.
        final_rate: what it ends at, as a share of ``rate``.
        weight_decay: AdamW's, on weights of two and more axes only.
        clip: norm that gradients are clipped to.
        average: decay of the moving average of the weights, which is what is validated and shipped.
        frame_weight: of the frame labels beside the CTC loss, where the columns of symbols are known.
        backbone_weight: of the symbols read off the backbone alone (``backbone_probe``), where columns are known.
        normalized: what recurrent layers read is normalized in training, and the norms folded away (``layered_crnn``).
        cell_weight: of the cells that are larger than they should be (``cell_penalty``).
        early: share of the steps in which lines are prepared as a pupil's first lines are (``Pupil.early``).
        frozen: share of the steps, from the first on, in which the backbone does not learn; one that was trained before
            need not follow the layers behind it while they still know nothing, and a step costs less.
        seed: of the weights, the order and the dropout.
        validate_every: steps between validations.
        patience: validations without a better CER after which training stops; 0 never stops.
        log_every: steps between lines of the log.
        workers: processes that make batches; 0 makes them between the steps.
        device: ``cpu``, ``cuda`` or ``cuda:1``.
        mixed_precision: run the network in bfloat16 where autocast allows it.
    """

    steps: int
    columns: int = 12_800
    chunk: int = 1024
    rate: float = 2e-3
    warmup: float = 0.1
    final_rate: float = 0.01
    weight_decay: float = 0.01
    clip: float = 5.0
    average: float = 0.999
    frame_weight: float = 0.5
    backbone_weight: float = 0.0
    normalized: bool = True
    cell_weight: float = 0.1
    early: float = 0.2
    frozen: float = 0.0
    seed: int = 0
    validate_every: int = 500
    patience: int = 0
    log_every: int = 20
    workers: int = 1
    device: str = "cpu"
    mixed_precision: bool = False

    def __post_init__(self) -> None:
        least_one = ("steps", "columns", "chunk", "validate_every", "log_every")
        wrong = [name for name in least_one if getattr(self, name) < 1]
        wrong += [name for name in ("rate", "clip") if getattr(self, name) <= 0]
        wrong += [
            name
            for name in ("weight_decay", "frame_weight", "backbone_weight", "cell_weight", "patience", "workers")
            if getattr(self, name) < 0
        ]
        wrong += [name for name in ("average", "warmup", "early", "frozen") if not 0 <= getattr(self, name) < 1]
        wrong += ["final_rate"] if not 0 < self.final_rate <= 1 else []
        if wrong:
            values = ", ".join(f"{name} = {getattr(self, name)}" for name in wrong)
            raise TrainingError(f"training cannot run with {values}; see `gateviz train --help` for what fits")
