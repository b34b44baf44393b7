"""Where the frames of every recurrent layer look, beside those of the posteriors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from gateviz.data.frames import ColumnMap, FrameGrid
from gateviz.lines.recognizer import LineRecognizer


@runtime_checkable
class KnowsLayerGrids(Protocol):
    """A ``Recognizer`` whose layers may look elsewhere than its posteriors."""

    def layer_grids(self, width: int) -> Mapping[str, FrameGrid]:
        """Where the frames that each recurrent module is given look, by its dotted name, in the order they run.

        Modules that look where the posteriors look may be left out.

        Raises:
            GeometryError: an input of this width gives no frame.
        """


@dataclass(frozen=True)
class LineGrids:
    """Where the frames of one line look.

    Attributes:
        output: those of the posteriors.
        modules: those that each recurrent module is given, by its dotted name, in the order they run; a
            module that is not named has the output's.
    """

    output: FrameGrid
    modules: Mapping[str, FrameGrid] = field(default_factory=dict)

    def of(self, module: str) -> FrameGrid:
        """Where the frames of a recurrent module look."""
        return self.modules.get(module, self.output)

    def mapped(self, column_map: ColumnMap, source_width: int) -> "LineGrids":
        """The same frames in the columns of another image."""
        own = {name: grid.mapped(column_map, source_width) for name, grid in self.modules.items()}
        return LineGrids(self.output.mapped(column_map, source_width), own)


def line_grids(recognizer: LineRecognizer, width: int) -> LineGrids:
    """Where the frames of a network input of ``width`` columns look, in columns of that input.

    Raises:
        GeometryError: an input of this width gives no frame.
    """
    own = recognizer.layer_grids(width) if isinstance(recognizer, KnowsLayerGrids) else {}
    return LineGrids(recognizer.frame_grid(width), own)
