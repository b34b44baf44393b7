"""Writes paddle.json: what PaddleOCR's two PyTorch ports compute, and how their predictors prepare lines.

    python tests/adapters/golden/make_paddle.py PADDLEOCR2PYTORCH COMMIT PYTORCHOCR COMMIT

The first is a checkout of github.com/frotms/PaddleOCR2Pytorch, the other one of github.com/WenmuZhou/PytorchOCR.
"""

import ast
import importlib
import math
import sys
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import record
import torch

CASES = {
    "small, half": {"model": {"name": "MobileNetV3", "model_name": "small", "scale": 0.5}, "units": 48, "width": 320},
    "small, whole": {"model": {"name": "MobileNetV3", "model_name": "small", "scale": 1.0}, "units": 48, "width": 101},
    "large, half": {"model": {"name": "MobileNetV3", "model_name": "large", "scale": 0.5}, "units": 96, "width": 100},
    "large, whole": {"model": {"name": "MobileNetV3", "model_name": "large", "scale": 1.0}, "units": 96, "width": 102},
    "resnet34_vd": {"model": {"name": "ResNet", "layers": 34}, "units": 64, "width": 103},
    "resnet18_vd": {"model": {"name": "ResNet", "layers": 18}, "units": 16, "width": 100},
    "legacy": {"model": {"name": "MobileNetV3", "model_name": "small", "scale": 0.5}, "units": 20, "width": 131},
    "pytorchocr": {"model": {"name": "MobileNetV3", "model_name": "small", "scale": 0.5}, "units": 20, "width": 131},
    "pytorchocr resnet": {"model": {"name": "ResNet", "layers": 34}, "units": 16, "width": 99},
}
CLASSES = 37
SIZES = ((32, 320), (31, 127), (40, 301), (48, 500), (1, 30), (60, 1), (7, 13), (64, 256), (33, 1000), (20, 1000))


def network(name, case, modeling):
    config = {
        "model_type": "rec",
        "algorithm": "CRNN",
        "Transform": None,
        "Backbone": {**case["model"], "small_stride": [1, 2, 2, 2]},
        "Neck": {"name": "SequenceEncoder", "encoder_type": "rnn", "hidden_size": case["units"]},
        "Head": {"name": "CTCHead", "out_channels": CLASSES},
    }
    base = importlib.import_module(f"{modeling}.modeling.architectures.base_model").BaseModel(config)
    if name == "legacy":
        rnn = importlib.import_module(f"{modeling}.modeling.necks.rnn")
        base.neck.encoder = rnn.EncoderWithRNN_(base.backbone.out_channels, case["units"])
    return base.eval()


def logits_of(name, case, modeling):
    model = network(name, case, modeling)
    model.load_state_dict(record.formula.fill_normed(model.state_dict()))
    kept = []
    model.head.fc.register_forward_hook(lambda layer, inputs, output: kept.append(output))
    with torch.inference_mode():
        model.double()(record.formula.image(2, 3, 32, case["width"]).double())
    return model, kept[0].transpose(0, 1)


def method(path, name):
    """A method of the predictor as a function, without the imports of its file."""
    import cv2
    import numpy as np

    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name)
    names = {"cv2": cv2, "np": np, "math": math}
    exec(compile(ast.Module([found], []), str(path), "exec"), names)
    return names[name]


def prepared(checkout, limits, augment=None):
    """Lines by the port's predictor, each as a batch of its own; the training script's for words of 32 x 100."""
    resize = method(checkout / "tools" / "infer" / "predict_rec.py", "resize_norm_img")
    english = method(augment, "resize_norm_img") if augment else None
    predictor = types.SimpleNamespace(rec_image_shape=[3, 32, 320], rec_algorithm="CRNN", **limits)
    found = {}
    for height, width in SIZES:
        line = record.line_image(height, width)[:, :, ::-1].copy()
        if english:
            pixels, _ = english(line, [3, 32, 100])
        else:
            pixels = resize(predictor, line, max(320 / 32, width / height))
        found[f"{height} x {width}"] = pixel_numbers(torch.from_numpy(pixels))
    return found


def pixel_numbers(pixels):
    """The prepared line's numbers, of its middle row every ninth pixel."""
    found = record.pixel_numbers(pixels)
    return {**found, "middle_row": found["middle_row"][::9]}


def main(port, port_commit, other, other_commit):
    sys.path[:0] = [port, other]
    # The package's own face wants tensorboard.
    sys.modules["torchocr"] = types.ModuleType("torchocr")
    sys.modules["torchocr"].__path__ = [str(Path(other) / "torchocr")]
    cases = {}
    for name, case in CASES.items():
        modeling = "torchocr" if name.startswith("pytorchocr") else "pytorchocr"
        model, logits = logits_of(name, case, modeling)
        cases[name] = {**case, "keys": sorted(model.state_dict()), **record.numbers(logits)}
    augment = Path(other) / "torchocr" / "data" / "imaug" / "rec_img_aug.py"
    record.write(
        "paddle",
        {
            "repositories": {
                "https://github.com/frotms/PaddleOCR2Pytorch": port_commit,
                "https://github.com/WenmuZhou/PytorchOCR": other_commit,
            },
            "files": [
                "pytorchocr/modeling/**, torchocr/modeling/**",
                "tools/infer/predict_rec.py",
                "torchocr/data/imaug/rec_img_aug.py",
            ],
            "command": "python tests/adapters/golden/make_paddle.py PADDLEOCR2PYTORCH COMMIT PYTORCHOCR COMMIT",
            "cases": cases,
            "prepared": {
                "paddleocr2pytorch": prepared(Path(port), {"limited_max_width": 1280, "limited_min_width": 16}),
                "pytorchocr": prepared(Path(other), {}),
                "english": prepared(Path(other), {}, augment),
            },
        },
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
