"""Writes courao.json: what the original networks of courao/ocr.pytorch compute, and how its recognizer prepares lines.

    python tests/adapters/golden/make_courao.py CHECKOUT COMMIT

CHECKOUT is a checkout of github.com/courao/ocr.pytorch, whose own recognize/crnn.py and
recognize/crnn_recognizer.py are run, beside opencv-python and torchvision.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import record
import torch
import torchvision_cpu  # noqa: F401

CASES = {
    "CRNN": {"classes": 37, "hidden": 256, "batch": 2, "width": 100},
    "CRNN odd": {"classes": 11, "hidden": 24, "batch": 1, "width": 143},
    "CRNN_v2": {"classes": 37, "hidden": 256, "batch": 2, "width": 100},
    "CRNN_v2 odd": {"classes": 11, "hidden": 24, "batch": 1, "width": 143},
    "CRNN_res": {"classes": 37, "hidden": 256, "batch": 2, "width": 100},
    "CRNN_res odd": {"classes": 11, "hidden": 24, "batch": 1, "width": 143},
}
SIZES = ((32, 100), (31, 99), (40, 301), (1, 30), (60, 3), (7, 13), (33, 132), (64, 1001))


class Kept(Exception):  # noqa: N818
    """The prepared line on its way into the network."""


def main(checkout, commit):
    # The original opens its alphabet by a relative path while it is imported.
    os.chdir(checkout)
    sys.path.insert(0, checkout)
    from recognize import crnn, crnn_recognizer

    cases = {}
    for name, case in CASES.items():
        network = getattr(crnn, name.split()[0])(32, 1, case["classes"], case["hidden"]).eval()
        network.load_state_dict(record.formula.fill_normed(network.state_dict()))
        with torch.inference_mode():
            logits = network.double()(record.formula.image(case["batch"], 1, 32, case["width"]).double())
        cases[name] = {**case, "keys": sorted(network.state_dict()), **record.numbers(logits)}

    def keep(image):
        raise Kept(image)

    recognizer = crnn_recognizer.PytorchOcr.__new__(crnn_recognizer.PytorchOcr)
    recognizer.cuda, recognizer.model = False, keep
    prepared = {}
    for height, width in SIZES:
        try:
            recognizer.recognize(record.line_image(height, width)[:, :, ::-1].copy())
        except Kept as kept:
            prepared[f"{height} x {width}"] = record.pixel_numbers(kept.args[0][0])
    record.write(
        "courao",
        {
            "repository": "https://github.com/courao/ocr.pytorch",
            "commit": commit,
            "files": ["recognize/crnn.py", "recognize/crnn_recognizer.py"],
            "command": "python tests/adapters/golden/make_courao.py CHECKOUT COMMIT",
            "cases": cases,
            "prepared": prepared,
        },
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
