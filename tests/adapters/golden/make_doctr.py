"""Writes doctr.json: what docTR's own recognizers compute, and how its own pre-processor prepares lines.

    python tests/adapters/golden/make_doctr.py

Runs python-doctr as it is installed from PyPI.
"""

import importlib
import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import record
import torch

CASES = {
    "vgg16_bn": {"arch": "crnn_vgg16_bn", "batch": 2, "width": 128},
    "vgg16_bn odd": {"arch": "crnn_vgg16_bn", "batch": 1, "width": 143},
    "mobilenet_v3_small": {"arch": "crnn_mobilenet_v3_small", "batch": 2, "width": 128},
    "mobilenet_v3_large": {"arch": "crnn_mobilenet_v3_large", "batch": 2, "width": 128},
    "mobilenet_v3_large odd": {"arch": "crnn_mobilenet_v3_large", "batch": 1, "width": 143},
}
SIZES = ((32, 128), (31, 127), (40, 301), (41, 90), (1, 300), (60, 1), (7, 13), (64, 256), (33, 132), (20, 1000))
MEAN, STD = (0.694, 0.695, 0.693), (0.299, 0.296, 0.301)


def import_doctr():
    """docTR with its parts, beside a torch for CPU."""
    importlib.import_module("torchvision_cpu")
    importlib.import_module("doctr.models.preprocessor")
    return importlib.import_module("doctr")


def logits_of(doctr, case):
    """docTR's network with weights by the formula, its output (T, B, C) and what it read."""
    network = getattr(doctr.models.recognition, case["arch"])(pretrained=False, pretrained_backbone=False).eval()
    network.load_state_dict(record.formula.fill_normed(network.state_dict()))
    with torch.inference_mode():
        image = record.formula.image(case["batch"], 3, 32, case["width"]).double()
        out = network.double()(image, return_model_output=True)
    return network, out["out_map"].transpose(0, 1), [word for word, _ in out["preds"]]


def pixel_numbers(pixels):
    """The prepared line's numbers, of its middle row every ninth pixel."""
    found = record.pixel_numbers(pixels)
    return {**found, "middle_row": found["middle_row"][::9]}


def main():
    doctr = import_doctr()
    cases = {}
    for name, case in CASES.items():
        network, logits, read = logits_of(doctr, case)
        cases[name] = {
            **case,
            "keys": sorted(network.state_dict()),
            "vocab": network.vocab,
            "read": read,
            **record.numbers(logits),
        }
    prepared = {}
    for symmetric in (False, True):
        preprocessor = doctr.models.preprocessor.PreProcessor
        prepare = preprocessor((32, 128), 1, MEAN, STD, preserve_aspect_ratio=True, symmetric_pad=symmetric)
        for height, width in SIZES:
            (batch,) = prepare([record.line_image(height, width)])
            name = f"{'symmetric' if symmetric else 'doctr'} {height} x {width}"
            prepared[name] = pixel_numbers(batch[0])
    record.write(
        "doctr",
        {
            "repository": "https://github.com/mindee/doctr",
            "package": f"python-doctr {importlib.metadata.version('python-doctr')}",
            "torchvision": importlib.metadata.version("torchvision"),
            "files": ["doctr/models/recognition/crnn/pytorch.py", "doctr/models/preprocessor/pytorch.py"],
            "command": "python tests/adapters/golden/make_doctr.py",
            "vocabularies": {name: doctr.datasets.VOCABS[name] for name in ("french", "english", "polish")},
            "cases": cases,
            "prepared": prepared,
        },
    )


if __name__ == "__main__":
    main()
