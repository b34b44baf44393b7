"""clovaai's three extractors, with few channels."""

import importlib.util
from functools import partial
from pathlib import Path

from gateviz.adapters.clovaai_network import Clovaai, ClovaaiShape

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(Path(__file__).parents[1] / "golden" / "formula.py")

LAYERS = ("0.forward", "0.backward", "1.forward", "1.backward")
SHAPES = {
    "VGG": ClovaaiShape("VGG", 1, (2, 2, 2, 3, 3, 3, 4), (5, 6), (5, 7), 37),
    "RCNN": ClovaaiShape("RCNN", 3, (2, 3, 2, 3, 4), (5, 6), (5, 7), 11),
    "ResNet": ClovaaiShape("ResNet", 1, (2, 2, 3, 3, 4, 4), (5, 6), (5, 7), 37),
}


def state_of(shape):
    return formula.fill_normed(Clovaai(shape).state_dict())


CASES = tuple(
    conformance.Case(
        name=f"clovaai_{name}",
        adapter="clovaai",
        state=partial(state_of, shape),
        options={"alphabet": "0123456789"} if shape.classes == 11 else {},
        channels=shape.image_channels,
        height=32,
        widths=range(60, 180, 3) if name == "VGG" else range(180, 300, 3),
        blank=0,
        symbols=shape.classes - 1,
        layers=LAYERS,
    )
    for name, shape in SHAPES.items()
)
