"""The figure of an evaluation with its facts."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gateviz.files.json_text import json_text
from gateviz.measure.evaluation import Evaluation
from gateviz.plot.canvas import GateFigure
from gateviz.plot.evaluation import error_rates
from gateviz.plot.style import Style
from gateviz.studies.eval.report import title_of


class EvaluationFigures:
    """The figure of an evaluation (``plot.error_rates``).

    Args:
        evaluation: what was read.
        origin: what was read by which model, as for ``eval_page``.
        groupings: as for ``error_rates``.
        style: a preset, as for ``gates``.
    """

    def __init__(
        self,
        evaluation: Evaluation,
        origin: Mapping[str, Any],
        *,
        groupings: Sequence[str] | None = None,
        style: str | Style = "a4",
    ) -> None:
        self.evaluation, self.groupings, self.style = evaluation, groupings, style
        model = origin["model"]
        self.facts = {
            "about": title_of(evaluation, origin), "adapter": model["lineage"], "checkpoint": model["checkpoint"],
            "checkpoint_sha256": model["sha256"], "lines": json_text(origin["source"]),
            "versions": json.dumps(origin["versions"]),
        }  # fmt: skip

    def one(self, name: str) -> GateFigure:
        """There is one."""
        return self.whole()

    def whole(self) -> GateFigure:
        """Error rates by group, mistakes, spans."""
        return error_rates(self.evaluation, groupings=self.groupings, style=self.style, metadata=self.facts)
