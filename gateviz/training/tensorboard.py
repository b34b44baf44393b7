"""What a run says, for TensorBoard."""

from dataclasses import asdict
from pathlib import Path

from gateviz.errors import MissingExtraError
from gateviz.training.progress import StepReport, ValidationReport


class Events:
    """Writes reports as scalars.

    Args:
        folder: where TensorBoard looks for them.

    Raises:
        MissingExtraError: tensorboard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard.writer import SummaryWriter
        except ImportError as error:
            raise MissingExtraError("events for TensorBoard need its package; run pip install tensorboard") from error
        self._writer = SummaryWriter(str(folder))

    def write(self, report: StepReport | ValidationReport) -> None:
        """One scalar for each number of the report, at its step."""
        kind = "train" if isinstance(report, StepReport) else "validation"
        numbers = asdict(report)
        health = numbers.pop("gates", None) or {}
        by_layer = {f"forgetful_{layer}": share for layer, share in enumerate(health.pop("forgetful", ()))}
        numbers |= health | by_layer
        for name, value in numbers.items():
            if name not in ("step", "samples"):
                self._writer.add_scalar(f"{kind}/{name}", value, report.step)
        self._writer.flush()
