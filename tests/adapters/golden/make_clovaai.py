"""Writes clovaai.json: what the original networks of clovaai compute, and how it prepares lines.

    python tests/adapters/golden/make_clovaai.py CHECKOUT COMMIT

CHECKOUT is a checkout of github.com/clovaai/deep-text-recognition-benchmark, whose own model.py,
modules/ and dataset.py are run, beside torchvision.
"""

import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parent))
import record
import stubs
import torch
import torchvision_cpu  # noqa: F401
from PIL import Image


def case(extractor, channels, hidden, classes, image_channels=1, batch=1, size=(32, 100), transformation="None"):
    return {
        "Transformation": transformation,
        "FeatureExtraction": extractor,
        "SequenceModeling": "BiLSTM",
        "Prediction": "CTC",
        "num_fiducial": 20,
        "imgH": size[0],
        "imgW": size[1],
        "input_channel": image_channels,
        "output_channel": channels,
        "hidden_size": hidden,
        "num_class": classes,
        "batch": batch,
    }


CASES = {
    "VGG": case("VGG", 512, 256, 37, batch=2),
    "VGG odd": case("VGG", 64, 24, 11, image_channels=3, size=(47, 143)),
    "RCNN": case("RCNN", 64, 24, 37, batch=2),
    "RCNN odd": case("RCNN", 64, 24, 11, image_channels=3, size=(47, 143)),
    "ResNet": case("ResNet", 64, 24, 37, batch=2),
    "ResNet odd": case("ResNet", 64, 24, 95, image_channels=3, size=(47, 143)),
    "TPS ResNet": case("ResNet", 64, 24, 37, batch=2, transformation="TPS"),
    "TPS VGG odd": case("VGG", 64, 24, 37, image_channels=3, size=(48, 143), transformation="TPS"),
}
SIZES = ((32, 100), (31, 99), (40, 301), (1, 300), (60, 1), (7, 13), (33, 132), (33, 77), (20, 1000))


def weights_of(network):
    """The formula's numbers, but for the spline's matrices, and with points near those of training's start."""
    state = network.state_dict()
    filled = record.formula.fill_normed(state)
    for name, tensor in state.items():
        if "GridGenerator" in name:
            filled[name] = tensor
        if name.endswith("localization_fc2.bias"):
            filled[name] = filled[name] + tensor
        if name.endswith("localization_fc2.weight"):
            filled[name] = filled[name] * 0.1
    return filled


def main(checkout, commit):
    os.chdir(checkout)
    sys.path.insert(0, checkout)
    stubs.package("natsort", natsorted=sorted)
    stubs.package("six")
    stubs.package("lmdb")
    torch._utils._accumulate = None
    import dataset
    import model

    cases = {}
    for name, options in CASES.items():
        network = model.Model(SimpleNamespace(**options)).eval()
        state = weights_of(network)
        network.load_state_dict(state)
        image = record.formula.image(options["batch"], options["input_channel"], options["imgH"], options["imgW"])
        network, image = network.double(), image.double()
        with torch.inference_mode():
            logits = network(image, None)
            cases[name] = {**options, "keys": sorted(state), **record.numbers(logits.transpose(0, 1))}
            if options["Transformation"] == "TPS":
                cases[name] |= {
                    "points": network.state_dict()["Transformation.LocalizationNetwork.localization_fc2.bias"].tolist(),
                    "rectified": record.pixel_numbers(network.Transformation(image)[-1]),
                }
    prepared = {}
    with tempfile.TemporaryDirectory() as folder:
        for rgb in (False, True):
            for height, width in SIZES[:3] if rgb else SIZES:
                path = Path(folder) / "line.png"
                Image.fromarray(record.line_image(height, width)).save(path)
                for pad in (False, True):
                    raw = dataset.RawDataset(folder, SimpleNamespace(rgb=rgb))
                    pixels, _ = dataset.AlignCollate(32, 100, keep_ratio_with_pad=pad)([raw[0]])
                    key = f"{'pad' if pad else 'clovaai'} {3 if rgb else 1} {height} x {width}"
                    prepared[key] = record.pixel_numbers(pixels[0])
    record.write(
        "clovaai",
        {
            "repository": "https://github.com/clovaai/deep-text-recognition-benchmark",
            "commit": commit,
            "files": ["model.py", "modules", "dataset.py"],
            "command": "python tests/adapters/golden/make_clovaai.py CHECKOUT COMMIT",
            "cases": cases,
            "prepared": prepared,
        },
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
