"""PaddleOCR's recognizers under their ports' names, with few channels."""

import importlib.util
from functools import partial
from pathlib import Path

import torch

from gateviz.adapters.paddle.adapter import ALPHANUMERIC
from gateviz.adapters.paddle.network import PaddleCrnn

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(Path(__file__).parents[1] / "golden" / "formula.py")

# Keys by which the backbones are told apart.
MARKS = {
    "mobilenet_v3_small": (),
    "mobilenet_v3_large": ("backbone.blocks.11.expand_conv.conv.weight",),
    "resnet18_vd": ("backbone.conv1_1._conv.weight",),
    "resnet34_vd": ("backbone.conv1_1._conv.weight", "backbone.block_list.bb_0_2.conv0._conv.weight"),
}
TWO_LAYERS = ("0.forward", "0.backward", "1.forward", "1.backward")


def state_of(backbone, classes=37, units=5, extra=(), share=8, middle=None):
    """Weights of a small network: as the port's own with its channels divided by ``share``, and the same keys."""
    with torch.device("meta"):
        marks = dict.fromkeys((*MARKS[backbone], *extra), ())
        shapes = {name: tuple(tensor.shape) for name, tensor in PaddleCrnn(marks).state_dict().items()}
        small = {
            name: (max(shape[0] // share, 3), *shape[1:])
            for name, shape in shapes.items()
            if name.startswith("backbone") and len(shape) == 4
        }
        encoder = "rnn1" if "neck.encoder.rnn1.weight_ih_l0" in shapes else "lstm"
        small[f"neck.encoder.{encoder}.weight_hh_l0"] = (4 * units, units)
        small["head.fc.weight"] = (classes, 2 * units)
        if middle is not None:
            small |= {"head.fc1.weight": (middle, 2 * units), "head.fc2.weight": (classes, middle)}
        network = PaddleCrnn(small)
    return formula.fill_normed({name: torch.zeros_like(t, device="cpu") for name, t in network.state_dict().items()})


def _case(name, state, classes, layers=TWO_LAYERS, **options):
    return conformance.Case(
        name=name,
        adapter="paddle",
        state=state,
        options=options,
        channels=3,
        height=32,
        narrow=20,
        wide=177 if "resnet34" in name else 141,
        blank=0,
        symbols=classes - 1,
        layers=layers,
    )


LEGACY = ("neck.encoder.rnn1.weight_ih_l0",)
CASES = (
    _case("paddle_small", partial(state_of, "mobilenet_v3_small"), 37),
    _case(
        "paddle_large",
        partial(state_of, "mobilenet_v3_large", 11, units=3, share=10, middle=6),
        11,
        alphabet=ALPHANUMERIC[:10],
        variant="pytorchocr",
    ),
    _case("paddle_resnet34_vd", partial(state_of, "resnet34_vd", share=16), 37, variant="english"),
    _case(
        "paddle_legacy",
        partial(state_of, "resnet18_vd", extra=LEGACY, share=10),
        37,
        layers=("0.forward", "1.forward", "2.backward", "3.backward"),
        variant="paddleocr2pytorch",
    ),
)
