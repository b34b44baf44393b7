"""Writes crnn_pytorch.json: what the original network of meijieru/crnn.pytorch computes.

    python tests/adapters/golden/make_crnn_pytorch.py CHECKOUT COMMIT

CHECKOUT is a checkout of github.com/meijieru/crnn.pytorch, whose own models/crnn.py is run.
"""

import importlib.util
import json
import sys
from pathlib import Path

import torch

HERE = Path(__file__).parent
CASES = {
    "published": {"image_channels": 1, "classes": 37, "hidden": 256, "batch": 2, "width": 100},
    "other sizes": {"image_channels": 3, "classes": 11, "hidden": 24, "batch": 1, "width": 143},
}
REPOSITORY = "https://github.com/meijieru/crnn.pytorch"


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(checkout, commit):
    original = load(Path(checkout) / "models" / "crnn.py")
    formula = load(HERE / "formula.py")
    cases = {}
    for name, case in CASES.items():
        network = original.CRNN(32, case["image_channels"], case["classes"], case["hidden"]).eval()
        network.load_state_dict(formula.fill(network.state_dict()))
        with torch.inference_mode():
            logits = network(formula.image(case["batch"], case["image_channels"], 32, case["width"]))
        cases[name] = {
            **case,
            "keys": sorted(network.state_dict()),
            "shape": list(logits.shape),
            "first_frame": logits[0, -1].tolist(),
            "last_frame": logits[-1, 0].tolist(),
            "class_3_of_every_frame": logits[:, 0, 3].tolist(),
            "argmax": logits[:, 0].argmax(-1).tolist(),
            "sum": float(logits.double().sum()),
            "sum_of_squares": float(logits.double().square().sum()),
        }
    document = {
        "repository": REPOSITORY,
        "commit": commit,
        "file": "models/crnn.py",
        "torch": torch.__version__,
        "command": "python tests/adapters/golden/make_crnn_pytorch.py CHECKOUT COMMIT",
        "cases": cases,
    }
    (HERE / "crnn_pytorch.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
