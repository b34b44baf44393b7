"""Writes modelscope.json: what ModelScope's CRNN computes, and how its preprocessor prepares lines, now and before 1.6.

    python tests/adapters/golden/make_modelscope.py CHECKOUT COMMIT OLD_CHECKOUT OLD_COMMIT

The checkouts are of github.com/modelscope/modelscope, the old one of a version that made lines gray
before the network. The files under modelscope/models/cv/ocr_recognition are run, without the rest of
the package, beside opencv-python.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import record
import torch
from PIL import Image
from stubs import Anything, package

CASES = {"published": {"batch": 2, "width": 100}, "odd": {"batch": 1, "width": 143}}
# What configuration.json of damo/cv_crnn_ocr-recognition-general_damo asks for, by ModelScope's own export test.
HEIGHT, WIDTH = 32, 640
SIZES = ((32, 100), (31, 99), (40, 301), (1, 15), (60, 3), (7, 13), (33, 132), (64, 1001), (32, 700), (48, 961))


def preprocessor(checkout):
    """The package's own preprocessor of lines."""

    class Preprocessor:
        def __init__(self, mode):
            self.mode = mode

    package("modelscope.metainfo", Preprocessors=type("Names", (), {"ocr_recognition": ""}))
    package("modelscope.preprocessors", Preprocessor=Preprocessor, load_image=None)
    package("modelscope.preprocessors.builder", PREPROCESSORS=Anything())
    package("modelscope.utils.config", Config=None)
    names = {name: type(name, (), {"cv": "", "INFERENCE": ""}) for name in ("Fields", "ModeKeys", "ModelFile")}
    package("modelscope.utils.constant", **names)
    for name in ("modelscope", "modelscope.utils"):
        package(name)
    kind = record.load(
        Path(checkout) / "modelscope/models/cv/ocr_recognition/preprocessor.py"
    ).OCRRecognitionPreprocessor
    made = kind.__new__(kind)
    made.do_chunking, made.target_height, made.target_width = False, HEIGHT, WIDTH
    return made


def main(checkout, commit, old_checkout, old_commit):
    modules = "modelscope/models/cv/ocr_recognition/modules"
    network = record.load(Path(checkout) / modules / "CRNN" / "main_model.py").CRNN().eval()
    old = record.load(Path(old_checkout) / modules / "crnn.py").CRNN().eval()
    state = record.formula.fill_normed(network.state_dict())
    network.load_state_dict(state)
    old.load_state_dict(state)
    network, old = network.double(), old.double()
    cases = {}
    for name, case in CASES.items():
        image = record.formula.image(case["batch"], 3, HEIGHT, case["width"]).double()
        with torch.inference_mode():
            logits, before = network(image).transpose(0, 1), old(image[:, :1])
        cases[f"rgb {name}"] = {**case, "channels": 3, **record.numbers(logits[:, :, :40])}
        cases[f"gray {name}"] = {**case, "channels": 1, **record.numbers(before[:, :, :40])}
        for kind, numbers in (("rgb", logits), ("gray", before)):
            cases[f"{kind} {name}"] |= {
                "sum_of_all": float(numbers.double().sum()),
                "argmax_of_all": numbers[:, 0].argmax(-1).tolist(),
            }
    prepared = {}
    for variant, prepare in (("rgb", preprocessor(checkout)), ("gray", preprocessor(old_checkout))):
        for height, width in SIZES:
            pixels = prepare(Image.fromarray(record.line_image(height, width)))
            pixels = pixels["image"] if isinstance(pixels, dict) else pixels
            numbers = record.pixel_numbers(pixels[0])
            # Black behind the line need not be kept.
            numbers["middle_row"] = numbers["middle_row"][: int(HEIGHT * width / height) + 2]
            prepared[f"{variant} {height} x {width}"] = numbers
    record.write(
        "modelscope",
        {
            "repository": "https://github.com/modelscope/modelscope",
            "commit": commit,
            "old_commit": old_commit,
            "files": [
                "modelscope/models/cv/ocr_recognition/modules/CRNN/main_model.py",
                "modelscope/models/cv/ocr_recognition/preprocessor.py",
                "old: modelscope/models/cv/ocr_recognition/modules/crnn.py",
                "old: modelscope/models/cv/ocr_recognition/preprocessor.py",
            ],
            "command": "python tests/adapters/golden/make_modelscope.py CHECKOUT COMMIT OLD_CHECKOUT OLD_COMMIT",
            "keys": sorted(state),
            "cases": cases,
            "prepared": prepared,
        },
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
