"""Writes belbes.json: what the original network of BelBES/crnn-pytorch computes, and how it prepares lines.

    python tests/adapters/golden/make_belbes.py CHECKOUT COMMIT

CHECKOUT is a checkout of github.com/BelBES/crnn-pytorch, whose own models/crnn.py, dataset/data_transform.py
and dataset/collate_fn.py are run, beside opencv-python and torchvision.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import record
import torch
import torchvision_cpu  # noqa: F401
from torchvision import models

CASES = {
    "resnet18 projected": {"backend": "resnet18", "seq_proj": [10, 20], "symbols": 36, "batch": 2, "width": 320},
    "resnet18": {"backend": "resnet18", "seq_proj": [0, 0], "symbols": 10, "batch": 1, "width": 333},
    "resnet34": {"backend": "resnet34", "seq_proj": [0, 0], "symbols": 36, "batch": 1, "width": 200},
}
SIZES = ((32, 320), (31, 99), (40, 301), (1, 30), (60, 3), (7, 13), (64, 1001))


def main(checkout, commit):
    original = record.load(Path(checkout) / "models" / "crnn.py")
    cases = {}
    for name, case in CASES.items():
        # Weights of its own: torchvision would download those trained on photographs.
        build = getattr(models, case["backend"])
        original.models = type("models", (), {case["backend"]: staticmethod(lambda pretrained, build=build: build())})
        alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: case["symbols"]]
        network = original.CRNN(abc=alphabet, backend=case["backend"], seq_proj=case["seq_proj"]).eval()
        state = network.state_dict()
        own = {key: tensor for key, tensor in state.items() if not key.startswith("feature_extractor.")}
        network.load_state_dict(record.formula.fill_normed(own), strict=False)
        with torch.inference_mode():
            network, image = network.double(), record.formula.image(case["batch"], 3, 32, case["width"]).double()
            # It makes its first states in torch's own type.
            torch.set_default_dtype(torch.float64)
            probs, read = network(image), network(image, decode=True)
            torch.set_default_dtype(torch.float32)
        cases[name] = {
            **case,
            "keys": sorted(own),
            "keys_held_twice": len(state) - len(own),
            "read": read,
            **record.numbers(probs),
        }
    sys.path.insert(0, checkout)
    from dataset.collate_fn import text_collate
    from dataset.data_transform import Resize

    prepared = {}
    for height, width in SIZES:
        line = record.line_image(height, width)[:, :, ::-1].copy()
        sample = Resize(size=(320, 32))({"img": line, "seq": [], "seq_len": 0})
        prepared[f"{height} x {width}"] = record.pixel_numbers(text_collate([sample])["img"][0])
    record.write(
        "belbes",
        {
            "repository": "https://github.com/BelBES/crnn-pytorch",
            "commit": commit,
            "files": ["models/crnn.py", "dataset/data_transform.py", "dataset/collate_fn.py"],
            "command": "python tests/adapters/golden/make_belbes.py CHECKOUT COMMIT",
            "cases": cases,
            "prepared": prepared,
        },
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
