"""Small files of every kind, made by the project's own writers: what a fuzzer starts from."""

import importlib.util
import sys
import tempfile
from pathlib import Path

ADAPTER_TESTS = Path(__file__).parents[1] / "tests" / "adapters"


def _module(path: Path) -> object:
    """A file of the tests that writes models."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _saved(content: object, **options: object) -> bytes:
    import io

    import torch

    stream = io.BytesIO()
    torch.save(content, stream, **options)
    return stream.getvalue()


def _contents() -> list[object]:
    import torch

    state = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2).half(), "n": torch.tensor(3)}
    return [
        state,
        {"state_dict": state, "epoch": 3, "names": ["a", "b"], "set": {1, 2}, "data": bytearray(b"ab"), "b": b"\xff"},
        torch.nn.LSTM(2, 2).state_dict(),
        {"w": torch.nn.Parameter(torch.zeros(4)), "s": torch.zeros(3).to_sparse(), "m": torch.zeros(3, device="meta")},
    ]


def torch_seeds() -> list[bytes]:
    return [_saved(content) for content in _contents()]


def legacy_seeds() -> list[bytes]:
    return [_saved(content, _use_new_zipfile_serialization=False) for content in _contents()]


def pickle_seeds() -> list[bytes]:
    import io
    import zipfile

    return [zipfile.ZipFile(io.BytesIO(seed)).read("archive/data.pkl") for seed in torch_seeds()]


def safetensors_seeds() -> list[bytes]:
    import torch
    from safetensors.torch import save

    return [
        save({"a": torch.zeros(2, 3), "b": torch.ones(2, dtype=torch.bfloat16)}, {"note": "x"}),
        save({"w": torch.zeros(1)}, {"kraken_meta": '{"m": {"vgsl": "[1,12,0,1 O1c3]"}}'}),
        save({}),
    ]


def document_seeds() -> list[bytes]:
    import json

    from safetensors import safe_open

    from gateviz.files.models import default_model

    with safe_open(str(default_model()), "np") as handle:
        document = json.loads(handle.metadata()["gateviz_crnn"])
    document["config"]["class_count"] = 4
    document["alphabet"] = {"symbols": ["a", "b", "中"], "codes": [[1], [2], [3]], "blank": 0}
    return [json.dumps(document, ensure_ascii=False).encode()]


def onnx_seeds() -> list[bytes]:
    graphs = _module(ADAPTER_TESTS / "onnx_graphs.py")
    return [
        graphs.simple_model().SerializeToString(),  # type: ignore[attr-defined]
        graphs.simple_model(metadata={"character": "a\nb"}, direction="reverse").SerializeToString(),  # type: ignore[attr-defined]
    ]


def paddle_seeds() -> list[bytes]:
    import pickle

    import numpy as np

    arrays = {
        "head.fc.weight": np.ones((2, 3), np.float32),
        "x": ("x", np.arange(4, dtype=">f8")),
        "StructuredToParameterName@@": {"a": "b"},
    }
    return [pickle.dumps(arrays, protocol) for protocol in (2, 4)]


def program_seeds() -> list[bytes]:
    import json

    core_ml = _module(ADAPTER_TESTS / "core_ml_writer.py")
    piece, integer = core_ml.piece, core_ml.integer  # type: ignore[attr-defined]
    variable = piece(1, "w") + piece(2, integer(1, 7)) + integer(3, 1)
    operator = piece(3, "rnn") + piece(1, piece(1, "WeightList") + piece(2, "w"))
    operators = [
        {"#": "0.p", "A": [0, "w"], "O": {"%": 1}},
        {"#": "1.combine", "I": [{"%": 1}, {"%": 1}], "O": [{"%": 2}]},
        {"#": "1.rnn", "I": [{"%": 9}, {"%": 9}, {"%": 2}]},
    ]
    program = {"base_code": {"magic": "pir"}, "program": {"regions": [{"blocks": [{"ops": operators}]}]}}
    return [piece(1, piece(3, variable) + piece(4, operator)), json.dumps(program).encode()]


def kraken_seeds() -> list[bytes]:
    import json

    import torch
    from safetensors.torch import save

    meta = {
        "_tasks": ["recognition"],
        "_model": "TorchVGSLModel",
        "vgsl": "[1,12,0,1 Cr3,3,4 Lbx5 O1c3]",
        "codec": {"a": [1]},
    }
    return [save({"m.nn.C_0.co.weight": torch.zeros(4, 1, 3, 3)}, {"kraken_meta": json.dumps({"m": meta})})]


def core_ml_seeds() -> list[bytes]:
    core_ml = _module(ADAPTER_TESTS / "core_ml_writer.py")
    piece, integer, floats = core_ml.piece, core_ml.integer, core_ml.floats  # type: ignore[attr-defined]
    weights = (
        integer(1, 2) + integer(2, 1) + integer(20, 1) + integer(20, 2) + floats(90, [1, 2, 3, 4]) + floats(91, [0, 0])
    )
    texts = piece(100, piece(1, "vgsl") + piece(2, "[1,12,0,1 Cr1,2,2 O1c3]")) + piece(
        100, piece(1, "codec") + piece(2, '{"a": [1]}')
    )
    layers = core_ml.layer("C_0_conv", 100, weights)  # type: ignore[attr-defined]
    return [integer(1, 4) + piece(2, piece(1, piece(1, "input")) + piece(100, texts)) + piece(500, layers)]


def traineddata_seeds() -> list[bytes]:
    writing = _module(ADAPTER_TESTS / "tesseract" / "traineddata_writer.py")
    kinds = (("float64", "<", False), ("int8", "<", True), ("float32", ">", False))
    return [
        writing.recognizer_file(writing.Writer(weights=weights, order=order), inside=inside)  # type: ignore[attr-defined]
        for weights, order, inside in kinds
    ]


def sidecar_seeds() -> list[bytes]:
    return [
        b'alphabet = "abc"\nblank = 0\nheight = 32\nmean = [0.5, 0.4, 0.3]\nstd = 0.5\n',
        b'variant = "rgb"\nkeep_ratio = true\nalphabet = "chars.txt"\n[other]\na.b.c = 1\n',
    ]


def recording_seeds() -> list[bytes]:
    import numpy as np

    import gateviz

    line = np.full((32, 64), 255, np.uint8)
    line[8:24, 10:50:7] = 0
    with tempfile.TemporaryDirectory() as folder:
        gateviz.record(gateviz.load(), line, layers=[0], quantities=["forget_gate"]).save(
            Path(folder) / "a.safetensors"
        )
        return [(Path(folder) / "a.safetensors").read_bytes()]


def image_seeds() -> list[bytes]:
    import cv2
    import numpy as np

    line = np.full((12, 40, 3), 255, np.uint8)
    line[3:9, 4:30:5] = 0
    # A PGM is gray; OpenCV 5 refuses to write a color image as one.
    written = [(".pgm", line[..., 0]), *((ending, line) for ending in (".png", ".jpg", ".bmp", ".tiff", ".webp"))]
    return [cv2.imencode(ending, image)[1].tobytes() for ending, image in written]
