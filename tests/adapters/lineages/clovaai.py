"""clovaai's three extractors, with few channels, and one behind a rectification."""

import importlib.util
from functools import partial
from pathlib import Path

import torch

from gateviz.adapters.clovaai.network import SPLINE, Clovaai, ClovaaiShape, spline_matrices

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(Path(__file__).parents[1] / "golden" / "formula.py")

LAYERS = ("0.forward", "0.backward", "1.forward", "1.backward")
SHAPES = {
    "VGG": ClovaaiShape("VGG", 1, (2, 2, 2, 3, 3, 3, 4), (5, 6), (5, 7), 37),
    "RCNN": ClovaaiShape("RCNN", 3, (2, 3, 2, 3, 4), (5, 6), (5, 7), 11),
    "ResNet": ClovaaiShape("ResNet", 1, (2, 2, 3, 3, 4, 4), (5, 6), (5, 7), 37),
    "TPS": ClovaaiShape("VGG", 1, (2, 2, 2, 3, 3, 3, 4), (5, 6), (5, 7), 37, 6, 3200, (2, 2, 3, 3, 4)),
}


def state_of(shape, size=(32, 100)):
    """Weights by the formula; a rectification's points near a straight line, its spline that of the size."""
    state = formula.fill_normed(Clovaai(shape).state_dict())
    if shape.fiducials:
        last = "Transformation.LocalizationNetwork.localization_fc2"
        inverse, basis = (torch.from_numpy(matrix) for matrix in spline_matrices(shape.fiducials, *size))
        x = torch.linspace(-1, 1, shape.fiducials // 2)
        straight = torch.cat([torch.stack([x, torch.full_like(x, y)], 1) for y in (-1.0, 1.0)]).flatten()
        state[f"{last}.weight"], state[f"{last}.bias"] = state[f"{last}.weight"] * 0.1, state[f"{last}.bias"] + straight
        if shape.pixels:
            state[f"{SPLINE}inv_delta_C"], state[f"{SPLINE}P_hat"] = inverse, basis
    return state


STRAIGHTENED = "its columns are those of the straightened image, which has one size and mixes the columns of the image"


CASES = tuple(
    conformance.Case(
        name=f"clovaai_{name}",
        adapter="clovaai",
        state=partial(state_of, shape),
        options={"alphabet": "0123456789"} if shape.classes == 11 else {},
        channels=shape.image_channels,
        height=32,
        narrow=20,
        wide=140 if shape.backbone == "VGG" else 265,
        blank=0,
        symbols=shape.classes - 1,
        layers=LAYERS,
        without={"traces_are_in_reading_order": STRAIGHTENED} if shape.fiducials else {},
    )
    for name, shape in SHAPES.items()
)
