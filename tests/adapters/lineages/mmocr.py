"""MMOCR's CRNN, with the blank of 1.x and of 0.x."""

import importlib.util
from functools import partial
from pathlib import Path

from gateviz.adapters.crnn_pytorch import CrnnPytorchShape
from gateviz.adapters.mmocr import MmocrCrnn

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(Path(__file__).parents[1] / "golden" / "formula.py")


def shape_of(classes):
    return CrnnPytorchShape(1, (2, 2, 2, 3, 3, 3, 4), (5, 6), (5, classes))


def state_of(classes):
    return formula.fill(MmocrCrnn(shape_of(classes)).state_dict())


def _case(name, classes, blank, **options):
    return conformance.Case(
        name=name,
        adapter="mmocr",
        state=partial(state_of, classes),
        options=options,
        channels=1,
        height=32,
        narrow=20,
        wide=141,
        blank=blank,
        symbols=classes - 1,
        layers=("0.forward", "0.backward", "1.forward", "1.backward"),
    )


CASES = (_case("mmocr_1.x", 37, 36), _case("mmocr_0.x", 37, 0, variant="0.x"))
