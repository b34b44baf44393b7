"""BelBES's ResNet and GRUs, with and without the projection."""

import importlib.util
from functools import partial
from pathlib import Path

from gateviz.adapters.belbes import Belbes, BelbesShape

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(Path(__file__).parents[1] / "golden" / "formula.py")

SYMBOLS = "0123456789"
PLAIN = BelbesShape(3, 2, (2, 3, 3, 4), (1, 2, 1, 1), None, 5, 3, 11)
MIXED = BelbesShape(3, 2, (2, 3, 3, 4), (1, 1, 1, 1), (10, 20), 5, 2, 37)


def state_of(shape):
    return formula.fill_normed(Belbes(shape).state_dict())


def _case(name, shape, **options):
    both = ("forward", "backward")
    return conformance.Case(
        name=name,
        adapter="belbes",
        state=partial(state_of, shape),
        channels=3,
        height=32,
        blank=0,
        symbols=shape.classes - 1,
        layers=tuple(f"{layer}.{direction}" for layer in range(shape.depth) for direction in both),
        **options,
    )


CASES = (
    _case("belbes", PLAIN, narrow=20, wide=420, options={"alphabet": SYMBOLS}),
    _case(
        "belbes_projected",
        MIXED,
        narrow=289,
        wide=320,
        without={
            "frames_predicted_are_frames_produced": "inputs of 32 widths only have the ten positions it was trained with"
        },
    ),
)
