"""EasyOCR's two generations, with few channels."""

import importlib.util
from functools import partial
from pathlib import Path

from gateviz.adapters.clovaai.network import Clovaai, ClovaaiShape

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(Path(__file__).parents[1] / "golden" / "formula.py")

LAYERS = ("0.forward", "0.backward", "1.forward", "1.backward")
SHAPES = {
    "generation1": ClovaaiShape("ResNet", 1, (2, 2, 3, 3, 4, 4), (4, 4), (4, 4), 11),
    "generation2": ClovaaiShape("VGG", 1, (2, 2, 2, 3, 3, 3, 5), (5, 5), (5, 5), 97),
}


def state_of(shape):
    return formula.fill_normed(Clovaai(shape).state_dict())


CASES = tuple(
    conformance.Case(
        name=f"easyocr_{name}",
        adapter="easyocr",
        state=partial(state_of, shape),
        options={"alphabet": "0123456789"} if shape.classes == 11 else {},
        channels=1,
        height=64,
        narrow=20,
        wide=140 if shape.backbone == "VGG" else 265,
        blank=0,
        symbols=shape.classes - 1,
        layers=LAYERS,
    )
    for name, shape in SHAPES.items()
)
