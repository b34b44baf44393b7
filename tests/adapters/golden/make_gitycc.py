"""Writes gitycc.json: what the original network of GitYCC/crnn-pytorch computes, and how it prepares lines.

    python tests/adapters/golden/make_gitycc.py CHECKOUT COMMIT

CHECKOUT is a checkout of github.com/GitYCC/crnn-pytorch, whose own src/model.py and src/dataset.py are run.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import record
import torch
from PIL import Image

CASES = {
    "published": {
        "image_channels": 1,
        "height": 32,
        "classes": 37,
        "mapped": 64,
        "hidden": 256,
        "batch": 2,
        "width": 100,
    },
    "other sizes": {
        "image_channels": 1,
        "height": 64,
        "classes": 11,
        "mapped": 9,
        "hidden": 24,
        "batch": 1,
        "width": 144,
    },
}
SIZES = ((32, 100), (31, 99), (40, 301), (1, 300), (60, 1), (7, 13), (33, 132), (20, 1000))


def main(checkout, commit):
    source = Path(checkout) / "src"
    original = record.load(source / "model.py")
    cases = {}
    for name, case in CASES.items():
        network = original.CRNN(
            case["image_channels"], case["height"], case["width"], case["classes"], case["mapped"], case["hidden"]
        ).eval()
        network.load_state_dict(record.formula.fill(network.state_dict()))
        with torch.inference_mode():
            image = record.formula.image(case["batch"], case["image_channels"], case["height"], case["width"])
            logits = network.double()(image.double())
        cases[name] = {**case, "keys": sorted(network.state_dict()), **record.numbers(logits)}
    # The file of data sets imports what it reads sounds with; nothing of that is used for an image.
    for name in ("scipy", "scipy.io"):
        sys.modules.setdefault(name, type(sys)(name))
    sys.modules["scipy"].signal = sys.modules["scipy.io"].wavfile = None
    dataset = record.load(source / "dataset.py").Synth90kDataset
    prepared = {}
    with tempfile.TemporaryDirectory() as folder:
        for height, width in SIZES:
            path = Path(folder) / "line.png"
            Image.fromarray(record.line_image(height, width)).save(path)
            prepared[f"{height} x {width}"] = record.pixel_numbers(dataset(paths=[str(path)])[0])
    record.write(
        "gitycc",
        {
            "repository": "https://github.com/GitYCC/crnn-pytorch",
            "commit": commit,
            "files": ["src/model.py", "src/dataset.py"],
            "command": "python tests/adapters/golden/make_gitycc.py CHECKOUT COMMIT",
            "cases": cases,
            "prepared": prepared,
        },
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
