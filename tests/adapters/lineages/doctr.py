"""docTR's three recognizers, with few channels."""

import importlib.util
from functools import partial
from pathlib import Path

import torch

from gateviz.adapters.doctr.network import DoctrCrnn

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(Path(__file__).parents[1] / "golden" / "formula.py")

LAYERS = tuple(f"{layer}.{direction}" for layer in range(2) for direction in ("forward", "backward"))


def state_of(backbone, classes, rows=1, units=5):
    """Weights of a small network: as docTR's own with every wide layer's channels cut down, and the same keys."""
    with torch.device("meta"):
        markers = {"vgg16_bn": (), "mobilenet_v3_small": ("0.0",), "mobilenet_v3_large": ("0.0", "13.block.0.0")}[
            backbone
        ]
        usual = DoctrCrnn({f"feat_extractor.{marker}.weight": () for marker in markers}).state_dict()
        shapes = {name: tuple(tensor.shape) for name, tensor in usual.items()}
        small = {
            name: (max(shape[0] // 24, 4), *shape[1:])
            for name, shape in shapes.items()
            if name.startswith("feat_extractor") and len(shape) == 4
        }
        last = max(shape[0] for name, shape in small.items())
        small["decoder.weight_hh_l0"] = (4 * units, units)
        small["decoder.weight_ih_l0"] = (4 * units, last * rows)
        small["linear.weight"] = (classes, 2 * units)
        network = DoctrCrnn(small)
    return formula.fill_normed({name: torch.zeros_like(t, device="cpu") for name, t in network.state_dict().items()})


def _case(name, backbone, classes, rows=1, **options):
    return conformance.Case(
        name=name,
        adapter="doctr",
        state=partial(state_of, backbone, classes, rows),
        options=options,
        channels=3,
        height=32 * rows,
        narrow=20,
        wide=142,
        blank=classes - 1,
        symbols=classes - 1,
        layers=LAYERS,
    )


CASES = (
    _case("doctr_vgg16_bn", "vgg16_bn", 127),
    _case("doctr_vgg16_bn_high", "vgg16_bn", 11, rows=2, alphabet="0123456789"),
    _case("doctr_mobilenet_v3_small", "mobilenet_v3_small", 124),
    _case("doctr_mobilenet_v3_large", "mobilenet_v3_large", 11, alphabet="0123456789", variant="symmetric"),
)
