"""Writes easyocr.json: what EasyOCR's own networks compute, how it prepares lines, and its alphabets' sizes.

    python tests/adapters/golden/make_easyocr.py

Runs easyocr as it is installed from PyPI.
"""

import hashlib
import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import record
import torch
import torchvision_cpu  # noqa: F401

CASES = {
    "generation1": {"network": "generation1", "channels": 64, "classes": 97, "batch": 2, "width": 128},
    "generation1 odd": {"network": "generation1", "channels": 32, "classes": 11, "batch": 1, "width": 143},
    "generation2": {"network": "generation2", "channels": 256, "classes": 97, "batch": 2, "width": 128},
    "generation2 odd": {"network": "generation2", "channels": 32, "classes": 11, "batch": 1, "width": 143},
}
SIZES = ((64, 200), (31, 99), (40, 301), (1, 9), (60, 7), (7, 13), (33, 132), (64, 64), (200, 401), (64, 129), (90, 20))


def logits_of(case):
    """EasyOCR's network with weights by the formula, and its output (T, B, C)."""
    from easyocr.model import model, vgg_model

    module = model if case["network"] == "generation1" else vgg_model
    network = module.Model(1, case["channels"], case["channels"], case["classes"]).eval()
    network.load_state_dict(record.formula.fill_normed(network.state_dict()))
    with torch.inference_mode():
        image = record.formula.image(case["batch"], 1, 64, case["width"]).double()
        return network, network.double()(image, None).transpose(0, 1)


def prepared_by(image, contrast):
    """The network's input for a whole image taken as one line, as ``Reader.recognize`` makes it."""
    from easyocr import recognition, utils

    gray = utils.reformat_input(image)[1]
    (line,), width = utils.get_image_list([[0, gray.shape[1], 0, gray.shape[0]]], [], gray, model_height=64)
    collate = recognition.AlignCollate(64, int(width), keep_ratio_with_pad=True, adjust_contrast=contrast)
    return collate([recognition.ListDataset([line[1]])[0]])[0]


def pale(image):
    """The image with little contrast."""
    return (150 + image // 8).astype(image.dtype)


def main():
    import easyocr.config

    cases = {}
    for name, case in CASES.items():
        network, logits = logits_of(case)
        cases[name] = {**case, "keys": sorted(network.state_dict()), **record.numbers(logits)}
    prepared = {}
    for height, width in SIZES:
        # EasyOCR takes arrays as BGR.
        image = record.line_image(height, width)[:, :, ::-1].copy()
        prepared[f"easyocr {height} x {width}"] = record.pixel_numbers(prepared_by(image, 0.0))
        if width % 2:
            prepared[f"easyocr_contrast {height} x {width}"] = record.pixel_numbers(prepared_by(pale(image), 0.5))
    models = {name: model for kind in easyocr.config.recognition_models.values() for name, model in kind.items()}
    record.write(
        "easyocr",
        {
            "repository": "https://github.com/JaidedAI/EasyOCR",
            "package": f"easyocr {importlib.metadata.version('easyocr')}",
            "files": ["easyocr/model", "easyocr/recognition.py", "easyocr/utils.py", "easyocr/config.py"],
            "command": "python tests/adapters/golden/make_easyocr.py",
            "models": {
                name: {
                    "filename": model["filename"],
                    "count": len(model["characters"]),
                    "sha256": hashlib.sha256(model["characters"].encode()).hexdigest(),
                }
                for name, model in models.items()
            },
            "english_g2": models["english_g2"]["characters"],
            "cases": cases,
            "prepared": prepared,
        },
    )


if __name__ == "__main__":
    main()
