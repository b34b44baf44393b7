"""Writes mmocr.json: what the CRNNs of MMOCR 1.x and 0.x compute, their dictionaries, and how they prepare lines.

    python tests/adapters/golden/make_mmocr.py CHECKOUT COMMIT OLD_CHECKOUT OLD_COMMIT

The checkouts are of github.com/open-mmlab/mmocr, the old one of a version before 1.0. Their own files are
run, beside mmengine-lite, mmcv-lite and opencv-python; the packages' __init__ files, which import far
more than a CRNN needs, are passed over.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import mmcv
import mmcv.transforms
import mmengine.model
import numpy as np
import record
import torch
from PIL import Image
from stubs import Anything, package

CASES = {
    "published": {"image_channels": 1, "dictionary": "lower_english_digits", "batch": 2, "width": 112},
    "cased": {"image_channels": 1, "dictionary": "english_digits_symbols_space", "batch": 1, "width": 143},
}
DICTIONARIES = (
    "lower_english_digits",
    "lower_english_digits_space",
    "english_digits_symbols",
    "english_digits_symbols_space",
)
SIZES = ((32, 100), (31, 99), (40, 301), (1, 30), (60, 3), (7, 13), (33, 132), (64, 1001), (32, 40), (32, 56))


def new_version(checkout):
    """The files of MMOCR 1.x that are run."""
    root = Path(checkout) / "mmocr"
    for name in ("", ".models", ".models.common", ".models.textrecog", ".models.textrecog.backbones"):
        package(f"mmocr{name}", root.joinpath(*name.split(".")[1:]))
    for name in ("decoders", "layers", "data_preprocessors"):
        package(f"mmocr.models.textrecog.{name}", root / "models" / "textrecog" / name)
    package("mmocr.utils", root / "utils")
    package("mmocr.structures", root / "structures", TextRecogDataSample=Anything)
    package("mmocr.datasets", root / "datasets")
    package("mmocr.datasets.transforms", root / "datasets" / "transforms")
    from mmocr.models.textrecog.layers.lstm_layer import BidirectionalLSTM
    from mmocr.utils.fileio import list_from_file

    sys.modules["mmocr.models.textrecog.layers"].BidirectionalLSTM = BidirectionalLSTM
    sys.modules["mmocr.utils"].list_from_file = list_from_file
    from mmocr.datasets.transforms import loading, textrecog_transforms
    from mmocr.models.textrecog.backbones.mini_vgg import MiniVGG
    from mmocr.models.textrecog.data_preprocessors.data_preprocessor import TextRecogDataPreprocessor
    from mmocr.models.textrecog.decoders.crnn_decoder import CRNNDecoder

    return (
        MiniVGG,
        CRNNDecoder,
        loading.LoadImageFromFile,
        textrecog_transforms.RescaleToHeight,
        TextRecogDataPreprocessor,
    )


def old_version(checkout):
    """The files of MMOCR 0.x that are run."""
    root = Path(checkout) / "mmocr" / "models" / "textrecog"
    one_process = {"get_dist_info": lambda: (0, 1)}
    package("mmcv.runner", BaseModule=mmengine.model.BaseModule, Sequential=mmengine.model.Sequential)
    package("mmcv.runner.dist_utils", **one_process)
    package("mmocr.models.builder", BACKBONES=Anything(), DECODERS=Anything(), CONVERTORS=Anything())
    package("mmdet.datasets.builder", PIPELINES=Anything())
    package("torchvision.transforms.functional")
    package("torchvision.transforms", functional=None)
    package("torchvision")
    package("shapely.geometry", Polygon=None, box=None)
    package("mmocr.datasets.pipelines.crop", warp_img=None)
    sys.modules["mmocr.utils"].is_none_or_type = lambda value, kind: value is None or isinstance(value, kind)
    sys.modules["mmocr"].utils = sys.modules["mmocr.utils"]
    sys.modules["mmocr.utils"].is_type_list = lambda values, kind: all(isinstance(value, kind) for value in values)
    backbone = record.load(root / "backbones" / "very_deep_vgg.py").VeryDeepVgg
    package("mmocr_old", root / "convertors")
    package("mmocr_old.base")
    sys.modules["mmocr_old.base"] = record.load(root / "convertors" / "base.py")
    resize = record.load(Path(checkout) / "mmocr" / "datasets" / "pipelines" / "ocr_transforms.py").ResizeOCR
    return backbone, resize, sys.modules["mmocr_old.base"].BaseConvertor


def main(checkout, commit, old_checkout, old_commit):
    vgg, decoder, load_image, rescale, preprocessor = new_version(checkout)
    old_vgg, old_resize, convertor = old_version(old_checkout)
    files = {name: str(Path(checkout) / "dicts" / f"{name}.txt") for name in DICTIONARIES}
    cases = {}
    for name, case in CASES.items():
        dictionary = {"type": "Dictionary", "dict_file": files[case["dictionary"]], "with_padding": True}
        network = torch.nn.ModuleDict(
            {
                "backbone": vgg(leaky_relu=False, input_channels=case["image_channels"]),
                "decoder": decoder(512, dictionary, rnn_flag=True),
            }
        ).eval()
        network.load_state_dict(record.formula.fill(network.state_dict()))
        image = record.formula.image(case["batch"], case["image_channels"], 32, case["width"]).double()
        old = old_vgg(leaky_relu=False, input_channels=case["image_channels"]).eval()
        old.load_state_dict(network["backbone"].state_dict())
        network, old = network.double(), old.double()
        with torch.inference_mode():
            features = network["backbone"](image)
            assert torch.allclose(features, old(image), rtol=1e-12)
            logits = network["decoder"].forward_train(features).transpose(0, 1)
        symbols = network["decoder"].dictionary
        cases[name] = {
            **case,
            "classes": symbols.num_classes,
            "blank": symbols.padding_idx,
            "symbols": "".join(symbols.dict[: symbols.padding_idx]),
            "keys": sorted(network.state_dict()),
            **record.numbers(logits),
        }
    prepared = {}
    mean_and_scale = preprocessor(mean=[127], std=[127])
    with tempfile.TemporaryDirectory() as folder:
        for height, width in SIZES:
            path = Path(folder) / "line.png"
            Image.fromarray(record.line_image(height, width, 1)).save(path)
            loaded = load_image(color_type="grayscale")({"img_path": str(path)})
            line = rescale(height=32, min_width=32, max_width=None, width_divisor=16)(loaded)["img"]
            older = old_resize(32, 32, None)({"img": mmcv.imread(str(path), "grayscale"), "img_shape": (height, width)})
            assert np.array_equal(line.squeeze(), older["img"].squeeze())
            inputs = torch.from_numpy(np.ascontiguousarray(line).reshape(1, *line.shape[:2]))
            batch = mean_and_scale({"inputs": [inputs], "data_samples": None})["inputs"]
            prepared[f"{height} x {width}"] = record.pixel_numbers(batch[0])
    record.write(
        "mmocr",
        {
            "repository": "https://github.com/open-mmlab/mmocr",
            "commit": commit,
            "old_commit": old_commit,
            "files": [
                "mmocr/models/textrecog/backbones/mini_vgg.py",
                "mmocr/models/textrecog/decoders/crnn_decoder.py",
                "mmocr/models/common/dictionary/dictionary.py",
                "mmocr/datasets/transforms/textrecog_transforms.py",
                "mmocr/models/textrecog/data_preprocessors/data_preprocessor.py",
                "old: mmocr/models/textrecog/backbones/very_deep_vgg.py",
                "old: mmocr/models/textrecog/convertors/base.py",
                "old: mmocr/datasets/pipelines/ocr_transforms.py",
            ],
            "command": "python tests/adapters/golden/make_mmocr.py CHECKOUT COMMIT OLD_CHECKOUT OLD_COMMIT",
            "dictionaries": {name: Path(file).read_text("utf-8").split("\n") for name, file in files.items()},
            "old_dictionaries": {name: "".join(symbols) for name, symbols in convertor.dicts.items()},
            "cases": cases,
            "prepared": prepared,
        },
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
