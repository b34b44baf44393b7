"""Which engine runs a layer: one rule, written down once, and what happens when an engine steps aside."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import torch

from gateviz.capture import replay, stepwise
from gateviz.capture.layer import CellKind, DirectionRun, LayerJob
from gateviz.capture.trace_memory import TraceMemory
from gateviz.capture.workspace import autograd
from gateviz.capture.workspace.engine import LayoutMismatch, WorkspaceEngine
from gateviz.errors import GatevizWarning

HAS_ONEDNN: bool = torch._C._has_mkldnn


class Engine(StrEnum):
    """A way to run a recurrent layer and keep its gates."""

    STEPWISE = "stepwise"
    FUSED = "fused"
    WORKSPACE = "workspace"
    REPLAY = "replay"


class EngineWarning(GatevizWarning):
    """An engine stepped aside: recording goes on, correct but slower."""


@dataclass(frozen=True)
class Branch:
    """One branch of the rule: the engine, when it is taken, and why."""

    engine: Engine
    applies: Callable[[LayerJob], bool]
    sentence: str


class Engines:
    """All engines and the rule between them; there is one for a process (``ENGINES``)."""

    def __init__(self) -> None:
        self.workspace = WorkspaceEngine()
        self.refusal = ""
        self.rule = (
            Branch(
                Engine.STEPWISE,
                lambda job: any(editor is not None for editor in job.editors),
                "a layer that is edited takes the stepwise cell, where a value can be changed before it is used",
            ),
            Branch(
                Engine.STEPWISE,
                lambda job: job.rule is not None,
                "a cell that is not the textbook's (clipped, rounded, interpolated) takes the stepwise cell",
            ),
            Branch(
                Engine.FUSED,
                lambda job: not job.recorded,
                "a layer of which nothing is asked runs as PyTorch runs it",
            ),
            Branch(
                Engine.WORKSPACE,
                self._workspace_applies,
                "an LSTM on the CPU in float32, without projection and with lines of one length, is read from the "
                "workspace that oneDNN keeps for the backward pass",
            ),
            Branch(
                Engine.REPLAY,
                lambda job: True,
                "everything else runs as PyTorch runs it, and its gates are worked out from its output by one matrix "
                "product: GPUs, GRUs, other dtypes, projections, lines of different lengths",
            ),
        )

    def choose(self, job: LayerJob) -> Engine:
        """The engine of a layer: the first branch of the rule that applies."""
        return next(branch.engine for branch in self.rule if branch.applies(job))

    def run(self, job: LayerJob, memory: TraceMemory) -> tuple[Engine, tuple[DirectionRun, ...]]:
        """The engine that ran a layer, and its runs.

        Warns:
            EngineWarning: once, when the workspace engine could not prove itself and stepped aside.
        """
        engine = self.choose(job)
        if engine is Engine.STEPWISE:
            return engine, stepwise.run(job)
        if engine is Engine.WORKSPACE:
            try:
                if job.needs_grad:
                    return engine, autograd.run(job, self.workspace)
                return engine, self.workspace.run(job, memory)
            except LayoutMismatch as mismatch:
                self.refusal = str(mismatch)
                warnings.warn(
                    f"oneDNN's workspace held {mismatch}; LSTM layers are recorded by replay from now on, slower",
                    EngineWarning,
                    stacklevel=2,
                )
                engine = Engine.REPLAY
        return engine, replay.run(job)

    def explain(self) -> str:
        """The rule in words, one line a branch, and whether the workspace engine has stepped aside."""
        lines = [f"{branch.engine}: {branch.sentence}" for branch in self.rule]
        if self.refusal:
            lines.append(f"the workspace engine has stepped aside in this process: it held {self.refusal}")
        elif not HAS_ONEDNN:
            lines.append("the workspace engine is not used here: this PyTorch is built without oneDNN")
        return "\n".join(lines)

    def _workspace_applies(self, job: LayerJob) -> bool:
        if self.refusal or job.kind is not CellKind.LSTM or job.present is not None:
            return False
        tensors = (job.frames, *(each for weights in job.weights for each in weights.flat))
        return bool(
            all(each.device.type == "cpu" and each.dtype == torch.float32 for each in tensors)
            and job.weights[0].projection is None
            and job.frames.numel() > 0
            and HAS_ONEDNN
            and torch.backends.mkldnn.enabled
            and not torch.is_autocast_enabled("cpu")
        )


ENGINES = Engines()


def explain() -> str:
    """The rule by which engines are chosen, in words."""
    return ENGINES.explain()
