"""meijieru's network and those with the same keys."""

import importlib.util
from functools import partial
from pathlib import Path

from gateviz.adapters.crnn_pytorch import ALPHANUMERIC, CrnnPytorch, CrnnPytorchShape

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(Path(__file__).parents[1] / "golden" / "formula.py")


def _state(shape):
    return formula.fill(CrnnPytorch(shape).state_dict())


def _case(name, shape, **options):
    both = ("forward", "backward")
    return conformance.Case(
        name=name,
        adapter="crnn_pytorch",
        state=partial(_state, shape),
        options=options,
        channels=shape.image_channels,
        height=32,
        narrow=20,
        wide=141,
        blank=0,
        symbols=shape.outputs[-1] - 1,
        layers=tuple(f"{layer}.{direction}" for layer in range(len(shape.hidden)) for direction in both),
    )


CASES = (
    _case("meijieru", CrnnPytorchShape(1, (2, 2, 2, 3, 3, 3, 4), (5, 5), (5, 37))),
    _case(
        "sierkinhane",
        CrnnPytorchShape(3, (2, 2, 2, 3, 3, 3, 4), (5, 6, 7), (6, 7, 11)),
        variant="sierkinhane",
        alphabet=ALPHANUMERIC[:10],
    ),
)
