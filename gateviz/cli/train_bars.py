"""What ``gateviz train`` shows while it works."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from gateviz.files.printable import printable_lines

if TYPE_CHECKING:
    from gateviz.training.progress import StepReport, ValidationReport


class LookBar:
    """A bar for each set of lines that is looked at before training; without one, nothing is shown."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None

    def __call__(self, done: int, count: int) -> None:
        """So many lines of the set are done."""
        if self._bar is None:
            self._bar = tqdm(total=count, desc="looking at lines", unit="line", file=sys.stderr, dynamic_ncols=True)
        self._bar.update(done - self._bar.n)
        if done >= count:
            self.close()

    def close(self) -> None:
        """Leave the bar as it stands, also where looking was broken off."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class TrainBar:
    """The bar of a run: its losses, the last validation's error rate, lines a second, and the time left.

    Args:
        steps: of the whole run.
        step: where it stands.
        cer: of the last validation before; None without one.
    """

    def __init__(self, steps: int, step: int, cer: float | None) -> None:
        self._bar: tqdm[Any] = tqdm(total=steps, initial=step, unit="step", file=sys.stderr, dynamic_ncols=True)
        self._losses, self._speed, self._cer = "", "", ""
        self._keep(cer)

    def __enter__(self) -> "TrainBar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._bar.close()

    def step(self, report: "StepReport") -> None:
        """Some steps were taken."""
        speed = report.lines / report.seconds if report.seconds else 0.0
        self._losses = f"loss {report.loss:.3f}, CTC {report.ctc:.3f}"
        self._speed = f"{speed:.0f} lines/s" + (f", {report.hidden:,} hidden" if report.hidden else "")
        self._show()
        self._bar.update(report.step - self._bar.n)

    def validation(self, report: "ValidationReport") -> None:
        """The lines kept for it were read."""
        self._keep(report.cer)
        self._show()
        better = " (best)" if report.best else ""
        gates = f"; {report.gates.words}" if report.gates else ""
        self._bar.write(
            f"step {report.step}: CER {100 * report.cer:.2f} %, lines right {100 * report.line_accuracy:.1f} %{better}{gates}",
            file=sys.stderr,
        )

    def say(self, words: str) -> None:
        """A line of its own above the bar."""
        self._bar.write(printable_lines(words), file=sys.stderr)

    def _keep(self, cer: float | None) -> None:
        self._cer = "" if cer is None else f"CER {100 * cer:.2f} %"

    def _show(self) -> None:
        self._bar.set_postfix_str(", ".join(filter(None, (self._losses, self._cer, self._speed))), refresh=False)
