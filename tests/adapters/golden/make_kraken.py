"""Writes kraken.json: what kraken's own networks compute, how it prepares lines, and two small files that it wrote.

    python tests/adapters/golden/make_kraken.py

Runs kraken as it is installed from PyPI.
"""

import base64
import importlib
import importlib.metadata
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
import record
import torch
from PIL import Image

DEFAULT = (
    "[1,120,0,1 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,9,64 Do0.1,2 Mp2,2 Cr3,9,64 Do0.1,2 "
    "S1(1x0)1,3 Lbx200 Do0.1,2 Lbx200 Do0.1,2 Lbx200 Do O1c59]"
)
CASES = {
    "default": {"vgsl": DEFAULT, "batch": 2, "width": 207},
    # Layers beside one another, norms, even windows, strides, dilation, a summary of the columns, one-way LSTMs, sums.
    "mixed": {
        "vgsl": "[1,25,0,3 (I [Clr3,3,5 Cs5,3,5]) Gn4 Ct4,2,6,2,1,1,2 Lbys4 Lrx6 Cm1,1,5 Lfx4 A3,2 O1ca9]",
        "batch": 2,
        "width": 61,
    },
    "reshapes": {
        "vgsl": "[1,12,0,1 Cr3,3,4,2,2 S3(2x0)3,1 S1(0x3)1,3 S3(0x6)1,3 S1(1x0)1,3 Lbx5 O1c7]",
        "batch": 1,
        "width": 40,
    },
    "rows as channels": {"vgsl": "[1,1,0,48 Lbx20 Do O1c103]", "batch": 1, "width": 33},
    "clstm": {"vgsl": "[1,1,0,16 Lbxc5 O1ca9]", "batch": 1, "width": 20},
    "fixed width": {"vgsl": "[1,32,100,1 Cr3,3,4 Mp3,3,2,2 S1(1x0)1,3 Gbx5 O1c7]", "batch": 1, "width": 100},
}
# Written to both of kraken's files. The middle grapheme has two labels, the last is of two code points.
WRITTEN = "[1,12,0,1 Cr3,3,3 Gn3 Mp2,2 (I Ct3,3,2) S1(1x0)1,3 Lbx4 Lfx3 Lbys2 O1c6]"
CODEC = {"a": [1], "b": [2], "\u00e4": [3, 4], "\u05d1\u05bc": [5]}
SIZES = ((40, 301), (120, 121), (31, 99), (1, 9), (60, 3), (7, 13), (121, 244), (20, 255))
RECIPES = {
    "baselines": {"vgsl": (1, 48, 0, 1), "straightened": False},
    "bbox": {"vgsl": (1, 48, 0, 1), "straightened": True},
    "color": {"vgsl": (1, 30, 0, 3), "straightened": True},
    "fixed": {"vgsl": (1, 32, 100, 1), "straightened": True},
    "rows as channels": {"vgsl": (1, 1, 0, 24), "straightened": True},
}


def import_kraken():
    """kraken's parts that are run, beside a torch for CPU."""
    importlib.import_module("torchvision_cpu")
    return (
        importlib.import_module("kraken.lib.vgsl").TorchVGSLModel,
        importlib.import_module("kraken.lib.dataset").ImageInputTransforms,
        importlib.import_module("kraken.models.writers"),
    )


def logits_of(network, channels, height, case):
    """kraken's output as (T, B, C), in float32: its group norm takes nothing else.

    So the tests hold float64 against it within the roundings of float32 (``compare.assert_original_in_float32``).
    """
    with torch.inference_mode():
        out, _ = network.eval().nn(record.formula.image(case["batch"], channels, height, case["width"]))
    return out.squeeze(2).permute(2, 0, 1)


def line_of_ink(height, width):
    """A line image whose ink wanders up and down, in gray."""
    noise = torch.from_numpy(record.formula.noise(height * width, 77).reshape(height, width))
    rows, columns = torch.arange(height)[:, None], torch.arange(width)[None]
    middle = height * (0.5 + 0.15 * torch.sin(columns / 37.0))
    ink = (rows - middle).abs() < height * 0.12 * (1.5 + noise)
    return (255 - ink * (200 + 40 * noise)).round().clamp(0, 255).byte().numpy()


def prepared(transforms):
    found = {}
    for name, recipe in RECIPES.items():
        prepare = transforms(*recipe["vgsl"], (16, 0), recipe["straightened"])
        for height, width in SIZES:
            image = line_of_ink(height, width) if name != "color" else record.line_image(height, width)
            try:
                pixels = prepare(Image.fromarray(image))
            except Exception as error:
                found[f"{name} {height} x {width}"] = {"refused": type(error).__name__}
                continue
            # What kraken makes of a line without ink it does not read.
            blank = recipe["straightened"] and not np.ptp(image)
            found[f"{name} {height} x {width}"] = {"refused": "blank"} if blank else record.pixel_numbers(pixels)
    return found


def written(model, writers):
    """The bytes of both files, and what the network in them computes."""
    network = model(vgsl=WRITTEN, codec=CODEC, model_type=["recognition"], seg_type="bbox", one_channel_mode="L").eval()
    network.load_state_dict(record.formula.fill(network.state_dict()))
    network.user_metadata["model_type"] = ["recognition"]
    case = {"vgsl": WRITTEN, "batch": 1, "width": 31}
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        for suffix, write in (("mlmodel", writers.write_coreml), ("safetensors", writers.write_safetensors)):
            path = Path(folder) / f"line.{suffix}"
            write([network], path)
            files[suffix] = base64.b64encode(path.read_bytes()).decode()
    return {**case, "codec": CODEC, **files, **record.numbers(logits_of(network, 1, 12, case), torch.float32)}


def main():
    model, transforms, writers = import_kraken()
    cases = {}
    for name, case in CASES.items():
        network = model(vgsl=case["vgsl"])
        network.load_state_dict(record.formula.fill(network.state_dict()))
        _, channels, height, _ = network.input
        cases[name] = {
            **case,
            "channels": channels,
            "height": height,
            "keys": sorted(network.state_dict()),
            **record.numbers(logits_of(network, channels, height, case), torch.float32),
        }
    record.write(
        "kraken",
        {
            "repository": "https://github.com/mittagessen/kraken",
            "package": f"kraken {importlib.metadata.version('kraken')}",
            "files": ["kraken/lib/vgsl/model.py", "kraken/lib/vgsl/layers.py", "kraken/lib/dataset/utils.py"],
            "command": "python tests/adapters/golden/make_kraken.py",
            "cases": cases,
            "prepared": prepared(transforms),
            "written": written(model, writers),
        },
    )


if __name__ == "__main__":
    main()
