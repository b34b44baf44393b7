"""courao's three networks."""

import importlib.util
from functools import partial
from pathlib import Path

from gateviz.adapters.courao import Courao, CouraoShape

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(Path(__file__).parents[1] / "golden" / "formula.py")

SYMBOLS = "0123456789 "
SHAPES = {
    "CRNN": CouraoShape("CRNN", 1, (2, 2, 2, 3, 3, 3, 4), (5, 6), (5, 12)),
    "CRNN_v2": CouraoShape("CRNN_v2", 1, (2, 2, 3, 3, 2, 3, 3, 4), (5, 6), (5, 12)),
    "CRNN_res": CouraoShape("CRNN_res", 1, (2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 4), (5, 6), (5, 12)),
}


def state_of(backbone):
    return formula.fill_normed(Courao(SHAPES[backbone]).state_dict())


CASES = tuple(
    conformance.Case(
        name=f"courao_{backbone}",
        adapter="courao",
        state=partial(state_of, backbone),
        options={"alphabet": SYMBOLS},
        channels=1,
        height=32,
        narrow=20,
        wide=139 if backbone != "CRNN_res" else 205,
        blank=0,
        symbols=len(SYMBOLS),
        layers=("0.forward", "0.backward", "1.forward", "1.backward"),
    )
    for backbone in SHAPES
)
