"""GitYCC's network at two heights."""

import importlib.util
from functools import partial
from pathlib import Path

from gateviz.adapters.crnn_pytorch import ALPHANUMERIC
from gateviz.adapters.gitycc import Gitycc, GityccShape

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(Path(__file__).parents[1] / "golden" / "formula.py")

CHANNELS = (2, 2, 2, 3, 3, 3, 4)
SMALL = GityccShape(1, CHANNELS, 1, 6, (5, 7), 37)
HIGH = GityccShape(1, CHANNELS, 2, 5, (4, 4), 11)


def state_of(shape):
    return formula.fill(Gitycc(shape).state_dict())


def _case(name, shape, **options):
    return conformance.Case(
        name=name,
        adapter="gitycc",
        state=partial(state_of, shape),
        options=options,
        channels=1,
        height=shape.height,
        narrow=20,
        wide=141,
        blank=0,
        symbols=shape.classes - 1,
        layers=("0.forward", "0.backward", "1.forward", "1.backward"),
    )


CASES = (_case("gitycc", SMALL), _case("gitycc_48", HIGH, alphabet=ALPHANUMERIC[:10]))
