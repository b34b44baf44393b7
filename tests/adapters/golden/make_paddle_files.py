"""Writes paddle_files.json: Paddle's own files, and what PaddleOCR's network computes in Paddle.

    python tests/adapters/golden/make_paddle_files.py PYTORCHOCR COMMIT

PYTORCHOCR is a checkout of github.com/WenmuZhou/PytorchOCR, which carries PaddleOCR's modules as
``ppocr/modeling``. Run once under Paddle 2.6 (programs as .pdmodel) and once under Paddle 3 (as .json):
each run adds its own part, and needs no torch.
"""

import base64
import importlib
import json
import sys
import tempfile
import types
import zlib
from pathlib import Path

import numpy as np

try:
    import paddle
except ImportError:
    # The tests take the weights from here, and have no Paddle.
    paddle = None

HERE = Path(__file__).parent
CASES = {
    "mobilenet_v3_small": {"name": "MobileNetV3", "model_name": "small", "scale": 0.5},
    "mobilenet_v3_large": {"name": "MobileNetV3", "model_name": "large", "scale": 0.5},
    "resnet34_vd": {"name": "ResNet", "layers": 34},
}
UNITS, CLASSES, WIDTH = 20, 37, 131


def noise(count, seed):
    """As ``formula.noise``, which wants torch beside it."""
    position = np.arange(1, count + 1, dtype=np.float64)
    scattered = np.sin(position * 12.9898 + seed * 78.233) * 43758.5453
    return 2.0 * (scattered - np.floor(scattered)) - 1.0


def values(name, seed, shape):
    """Weights by the formula under Paddle's names: as ``formula.fill`` with batch norms' scales about 1."""
    drawn = noise(int(np.prod(shape)), seed).reshape(shape)
    if name.endswith("._variance"):
        drawn = 1.0 + 0.5 * drawn
    elif len(shape) > 1:
        # A linear layer's inputs come first here.
        fan_in = shape[0] if name.endswith(".weight") and len(shape) == 2 else int(np.prod(shape[1:]))
        drawn *= np.sqrt(6.0 / fan_in)
    else:
        drawn *= 0.1
        if name.endswith(("bn.weight", "_batch_norm.weight")):
            drawn += 1.0
    return drawn.astype(np.float32)


def own_names(state):
    """Names of the parameters without the second name that every LSTM parameter has, sorted."""
    return sorted(name for name in state if ".cell_" not in name)


def network(checkout, model):
    for name in ("ppocr", "ppocr.modeling", "ppocr.modeling.backbones", "ppocr.modeling.necks", "ppocr.modeling.heads"):
        # The packages' own faces import what is not needed here.
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [str(checkout / name.replace(".", "/"))]
    file = {"MobileNetV3": "rec_mobilenet_v3", "ResNet": "rec_resnet_vd"}[model["name"]]
    sizes = {key: value for key, value in model.items() if key != "name"}
    backbone = getattr(importlib.import_module(f"ppocr.modeling.backbones.{file}"), model["name"])
    encoder = importlib.import_module("ppocr.modeling.necks.rnn").SequenceEncoder
    head = importlib.import_module("ppocr.modeling.heads.rec_ctc_head").CTCHead

    class Network(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.backbone = backbone(in_channels=3, small_stride=[1, 2, 2, 2], **sizes)
            self.neck = encoder(self.backbone.out_channels, "rnn", UNITS)
            self.head = head(self.neck.out_channels, CLASSES)

        def forward(self, x):
            return self.head(self.neck(self.backbone(x)))

    made = Network()
    made.eval()
    return made


def packed(data):
    return base64.b85encode(zlib.compress(data, 9)).decode("ascii")


def files(model, checkout):
    """The program and the beginning of the parameters of a network as Paddle exports it."""
    with paddle.utils.unique_name.guard(), tempfile.TemporaryDirectory() as folder:
        made = network(checkout, model)
        exported = paddle.jit.to_static(
            made, input_spec=[paddle.static.InputSpec([None, 3, 32, None], "float32")], full_graph=True
        )
        paddle.jit.save(exported, f"{folder}/inference")
        program = next(path for path in sorted(Path(folder).iterdir()) if path.suffix in (".pdmodel", ".json"))
        counters = {name: value.name for name, value in made.state_dict().items() if ".cell_" not in name}
        parameters = (Path(folder) / "inference.pdiparams").read_bytes()
        return {
            "program": program.suffix,
            "content": packed(program.read_bytes()),
            "counters": counters,
            "parameters_size": len(parameters),
            "parameters_head": parameters[:64].hex(),
        }


def small_pickles():
    """Files of a linear layer, a batch norm and a bidirectional LSTM, by protocol, and what is in them."""
    with paddle.utils.unique_name.guard(), tempfile.TemporaryDirectory() as folder:
        layer = paddle.nn.Layer()
        layer.fc, layer.bn = paddle.nn.Linear(3, 5), paddle.nn.BatchNorm(4)
        layer.lstm = paddle.nn.LSTM(3, 2, num_layers=2, direction="bidirectional")
        state = layer.state_dict()
        for seed, name in enumerate(own_names(state)):
            state[name].set_value(values(name, seed, tuple(state[name].shape)))
        layer.eval()
        sequence = noise(2 * 7 * 3, 999).reshape(2, 7, 3).astype(np.float32)
        hidden, _ = layer.lstm(paddle.to_tensor(sequence))
        found = {"lstm_output": hidden.numpy().tolist(), "sums": {}}
        found["sums"] = {name: float(state[name].numpy().sum(dtype=np.float64)) for name in own_names(state)}
        for protocol in (2, 3, 4):
            paddle.save(state, f"{folder}/small.pdparams", protocol=protocol)
            found[f"protocol {protocol}"] = packed(Path(f"{folder}/small.pdparams").read_bytes())
    return found


def logits_of(checkout, model):
    made = network(checkout, model)
    state = made.state_dict()
    for seed, name in enumerate(own_names(state)):
        state[name].set_value(values(name, seed, tuple(state[name].shape)))
    # In float32 the fourth digit after a convolution is the processor's own.
    set_aside = [
        (each, each._buffers.pop("_dropout_state")) for each in made.sublayers() if "_dropout_state" in each._buffers
    ]
    made.to(dtype="float64")
    # Nothing has been put there yet, and so it cannot be converted.
    for layer, state_of_dropout in set_aside:
        layer._buffers["_dropout_state"] = state_of_dropout
    kept = []
    made.head.fc.register_forward_post_hook(lambda layer, inputs, output: kept.append(output.numpy()))
    made(
        paddle.to_tensor(noise(2 * 3 * 32 * WIDTH, 999).reshape(2, 3, 32, WIDTH).astype(np.float32).astype(np.float64))
    )
    logits = kept[0].transpose(1, 0, 2)
    assert logits.dtype == np.float64
    return {
        "keys": {name: list(state[name].shape) for name in own_names(state)},
        "shape": list(logits.shape),
        "first_frame": logits[0, -1].tolist(),
        "last_frame": logits[-1, 0].tolist(),
        "class_3_of_every_frame": logits[:, 0, 3].tolist(),
        "argmax": logits[:, 0].argmax(-1).tolist(),
        "sum": float(logits.sum(dtype=np.float64)),
        "sum_of_squares": float(np.square(logits, dtype=np.float64).sum()),
    }


def main(checkout, commit):
    checkout, target = Path(checkout), HERE / "paddle_files.json"
    document = json.loads(target.read_text(encoding="utf-8")) if target.is_file() else {}
    major = f"Paddle {paddle.__version__.split('.')[0]}"
    part = {
        "paddle": paddle.__version__,
        "small": small_pickles(),
        "inference": {name: files(model, checkout) for name, model in CASES.items()},
    }
    document |= {
        "repository": "https://github.com/WenmuZhou/PytorchOCR (its copy of PaddleOCR's ppocr/modeling)",
        "commit": commit,
        "command": "python tests/adapters/golden/make_paddle_files.py PYTORCHOCR COMMIT, under Paddle 2.6 and 3",
        "width": WIDTH,
        "cases": {name: logits_of(checkout, model) for name, model in CASES.items()},
        major: part,
    }
    target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
