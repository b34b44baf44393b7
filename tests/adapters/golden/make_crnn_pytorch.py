"""Writes crnn_pytorch.json: what the original network of meijieru/crnn.pytorch computes.

    python tests/adapters/golden/make_crnn_pytorch.py CHECKOUT COMMIT

CHECKOUT is a checkout of github.com/meijieru/crnn.pytorch, whose own models/crnn.py is run.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import record
import torch

CASES = {
    "published": {"image_channels": 1, "classes": 37, "hidden": 256, "batch": 2, "width": 100},
    "other sizes": {"image_channels": 3, "classes": 11, "hidden": 24, "batch": 1, "width": 143},
}


def main(checkout, commit):
    original = record.load(Path(checkout) / "models" / "crnn.py")
    cases = {}
    for name, case in CASES.items():
        network = original.CRNN(32, case["image_channels"], case["classes"], case["hidden"]).eval()
        network.load_state_dict(record.formula.fill(network.state_dict()))
        with torch.inference_mode():
            image = record.formula.image(case["batch"], case["image_channels"], 32, case["width"])
            logits = network.double()(image.double())
        cases[name] = {**case, "keys": sorted(network.state_dict()), **record.numbers(logits)}
    record.write(
        "crnn_pytorch",
        {
            "repository": "https://github.com/meijieru/crnn.pytorch",
            "commit": commit,
            "file": "models/crnn.py",
            "command": "python tests/adapters/golden/make_crnn_pytorch.py CHECKOUT COMMIT",
            "cases": cases,
        },
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
