"""Where the frames of every recurrent layer look, beside those of the posteriors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from torch import nn

from gateviz.capture.recognizer import Recognizer
from gateviz.data.frames import ColumnMap, FrameGrid
from gateviz.data.layer_columns import columns_apart


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

    def of_layers(self, network: nn.Module) -> dict[int, FrameGrid]:
        """The grids of the modules by the numbers of their layers."""
        return {layer: self.modules[name] for layer, name in numbered(network, tuple(self.modules)).items()}

    def mapped(self, column_map: ColumnMap, source_width: int) -> "LineGrids":
        """The same frames in the columns of another image."""
        own = {name: grid.mapped(column_map, source_width) for name, grid in self.modules.items()}
        return LineGrids(self.output.mapped(column_map, source_width), own)


def line_grids(recognizer: Recognizer, width: int) -> LineGrids:
    """Where the frames of a network input of ``width`` columns look, in columns of that input.

    Raises:
        GeometryError: an input of this width gives no frame.
    """
    own = recognizer.layer_grids(width) if isinstance(recognizer, KnowsLayerGrids) else {}
    return LineGrids(recognizer.frame_grid(width), own)


def layers_apart(recognizer: Recognizer, width: int) -> str:
    """One sentence that says which layers of a recognizer look elsewhere than its posteriors; empty if none does.

    Raises:
        GeometryError: an input of this width gives no frame.
    """
    grids = line_grids(recognizer, width)
    unit = "columns of the network's input"
    return columns_apart(grids.of_layers(recognizer.module), grids.output, unit=unit)


def numbered(network: nn.Module, names: Sequence[str]) -> dict[int, str]:
    """The recurrent modules of a network by the numbers of their layers, if they run in this order.

    Example:
        >>> numbered(nn.ModuleList([nn.LSTM(2, 3, num_layers=2), nn.GRUCell(3, 3)]), ["0", "1"])
        {0: '0', 1: '0', 2: '1'}
    """
    modules = dict(network.named_modules())
    layers = [name for name in names for _ in range(int(getattr(modules[name], "num_layers", 1)))]
    return dict(enumerate(layers))
