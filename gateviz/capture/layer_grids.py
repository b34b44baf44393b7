"""The columns of recurrent layers by the layers' numbers, which are those of a torch network's modules."""

from collections.abc import Sequence

from torch import nn

from gateviz.capture.recognizer import Recognizer
from gateviz.data.frames import FrameGrid
from gateviz.data.layer_columns import columns_apart
from gateviz.lines.grids import LineGrids, line_grids


def grids_of_layers(grids: LineGrids, network: nn.Module) -> dict[int, FrameGrid]:
    """The grids of the modules by the numbers of their layers."""
    return {layer: grids.modules[name] for layer, name in numbered(network, tuple(grids.modules)).items()}


def layers_apart(recognizer: Recognizer, width: int) -> str:
    """One sentence that says which layers of a recognizer look elsewhere than its posteriors; empty if none does.

    Raises:
        GeometryError: an input of this width gives no frame.
    """
    grids = line_grids(recognizer, width)
    unit = "columns of the network's input"
    return columns_apart(grids_of_layers(grids, recognizer.module), grids.output, unit=unit)


def numbered(network: nn.Module, names: Sequence[str]) -> dict[int, str]:
    """The recurrent modules of a network by the numbers of their layers, if they run in this order.

    Example:
        >>> numbered(nn.ModuleList([nn.LSTM(2, 3, num_layers=2), nn.GRUCell(3, 3)]), ["0", "1"])
        {0: '0', 1: '0', 2: '1'}
    """
    modules = dict(network.named_modules())
    layers = [name for name in names for _ in range(int(getattr(modules[name], "num_layers", 1)))]
    return dict(enumerate(layers))
