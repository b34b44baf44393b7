"""kraken's recognizers in both of its files."""

import importlib.util
import json
from functools import partial
from pathlib import Path

from safetensors.torch import save_file

from gateviz.adapters.kraken.network import VgslNetwork
from gateviz.adapters.kraken.vgsl import parse

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(Path(__file__).parents[1] / "golden" / "formula.py")
core_ml_writer = conformance.load_file(Path(__file__).parents[1] / "core_ml_writer.py")

CODEC = {"a": [1], "b": [2], "\u00e4": [3, 4], "\u05d1\u05bc": [5], "-": [6]}
BOTH = ("forward", "backward")
NORMED = "a group norm shows every frame the whole line"
SINGLE = "the numbers of a Core ML file are single precision, and the biases of its LSTMs sums"


def _state(vgsl):
    return formula.fill(VgslNetwork(parse(vgsl)).state_dict())


def _save_safetensors(vgsl, folder, state):
    entry = {"_tasks": ["recognition"], "_model": "TorchVGSLModel", "vgsl": vgsl, "codec": CODEC, "seg_type": "bbox"}
    tensors = {f"5e-7.{name}": tensor.contiguous() for name, tensor in state.items()}
    save_file(tensors, folder / "line.safetensors", {"kraken_meta": json.dumps({"5e-7": entry})})
    return folder / "line.safetensors"


def _save_core_ml(vgsl, folder, state):
    texts = {"vgsl": vgsl, "codec": json.dumps(CODEC), "kraken_meta": json.dumps({"model_type": "recognition"})}
    layers = {name.split(".")[1]: None for name in state}
    plain = {name.removeprefix("nn."): tensor for name, tensor in state.items()}
    (folder / "line.mlmodel").write_bytes(core_ml_writer.model(layers, plain, texts))
    return folder / "line.mlmodel"


def _case(name, vgsl, layers, save=_save_safetensors, **more):
    specification = parse(vgsl)
    return conformance.Case(
        name=f"kraken_{name}",
        adapter="kraken",
        state=partial(_state, vgsl),
        save=partial(save, vgsl),
        channels=specification.channels,
        height=specification.height,
        narrow=20,
        wide=141,
        blank=0,
        symbols=len(CODEC),
        layers=tuple(f"{layer}.{direction}" for layer, directions in enumerate(layers) for direction in directions),
        **more,
    )


CASES = (
    _case(
        "default",
        "[1,24,0,1 Cr3,7,3 Do0.1,2 Mp2,2 Cr3,7,3 Mp2,2 Cr3,5,4 Mp2,2 Cr3,5,4 S1(1x0)1,3 Lbx5 Do0.1,2 Lbx6 Do O1c7]",
        (BOTH, BOTH),
    ),
    _case(
        "beside",
        "[1,16,0,3 (Cr3,3,3 [Clr3,5,4 Ct3,3,3]) Cr4,4,4,2,2 Mp2,3 Lfys5 Lfx4 Lrx5 O1c7]",
        (("forward",), ("forward",)),
    ),
    _case(
        "norm",
        "[1,12,0,1 Cr3,3,4 Gn2 Mp2,2 S1(1x0)1,3 Lbx5 A3,5 Lbx4 O1ca7]",
        (BOTH, BOTH),
        without={"columns_are_where_the_gradient_is": NORMED},
    ),
    _case(
        "core_ml",
        "[1,16,0,1 Cr{C_0}3,3,3 Mp{Mp_1}2,2 S{S_2}1(1x0)1,3 Lbx{L_3}5 Do{Do_4} Lfx{L_5}4 O{O_6}1c7]",
        (BOTH, ("forward",)),
        save=_save_core_ml,
        without={"float16_weights": SINGLE},
        extra_tensor="nn.C_9.co.bias",
    ),
)
