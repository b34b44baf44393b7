"""Paper-ready figures: matplotlib renders panels, and decides nothing.

``gates``, ``overview``, ``alignment``, ``posterior``, ``units`` and ``saturation`` take a recording
and return a matplotlib Figure, ``error_rates`` takes an evaluation, ``training_gates`` the looks of a ``GateWatch``; ``save`` writes it as PNG, PDF or SVG,
whole or not at all, and ``animate`` writes a recording as GIF or MP4. The names are resolved on first use,
so that importing this module does not import matplotlib.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "gates": ("gateviz.plot.figures", "gates"),
    "overview": ("gateviz.plot.figures", "overview"),
    "alignment": ("gateviz.plot.figures", "alignment"),
    "posterior": ("gateviz.plot.figures", "posterior"),
    "units": ("gateviz.plot.figures", "units"),
    "saturation": ("gateviz.plot.figures", "saturation"),
    "error_rates": ("gateviz.plot.evaluation", "error_rates"),
    "training_gates": ("gateviz.plot.training_gates", "training_gates"),
    "animate": ("gateviz.plot.film", "animate"),
    "save": ("gateviz.plot.export", "save_figure"),
    "Style": ("gateviz.plot.style", "Style"),
    "STYLES": ("gateviz.plot.style", "STYLES"),
}

__all__ = [
    "STYLES",
    "Style",
    "alignment",
    "animate",
    "error_rates",
    "gates",
    "overview",
    "posterior",
    "saturation",
    "save",
    "training_gates",
    "units",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"gateviz.plot has no {name!r}; it has {', '.join(__all__)}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
