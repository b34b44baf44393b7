"""Networks of every lineage as ONNX graphs: the numbers are torch's at every width and batch, and each layer is one node."""

import importlib.util
import sys
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

import gateviz
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.errors import CheckpointError, MissingExtraError
from gateviz.export.torch_graph import graph_of

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "adapters" / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(conformance.FOLDER / "golden" / "formula.py")
CASES = {case.name: case for case in conformance.all_cases()}

BOTH, AHEAD, BACK = "bidirectional", "forward", "reverse"
# One network a lineage, and those that differ in what the exporter sees: the directions of their nodes.
EXPORTED = {
    "belbes": ("GRU", [BOTH] * 3),
    "clovaai_VGG": ("LSTM", [BOTH] * 2),
    "clovaai_RCNN": ("LSTM", [BOTH] * 2),
    "courao_CRNN_res": ("LSTM", [BOTH] * 2),
    "meijieru": ("LSTM", [BOTH] * 2),
    "doctr_vgg16_bn": ("LSTM", [BOTH] * 2),
    "easyocr_generation2": ("LSTM", [BOTH] * 2),
    "gateviz_mobilenet_v3": ("LSTM", [BOTH] * 2),
    "gateviz_gru": ("GRU", None),
    "gitycc": ("LSTM", [BOTH] * 2),
    "kraken_beside": ("LSTM", None),
    "kraken_norm": ("LSTM", [BOTH] * 2),
    "mmocr_1.x": ("LSTM", [BOTH] * 2),
    "modelscope": ("LSTM", [BOTH] * 2),
    "paddle_resnet34_vd": ("LSTM", [BOTH] * 2),
    "paddle_legacy": ("LSTM", [AHEAD, AHEAD, BACK, BACK]),
}


@cache
def recognizer_of(name):
    case = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        return gateviz.load(case.saved(Path(folder)), adapter=case.adapter, **case.options)


def session_of(graph):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])


def scores_by_torch(recognizer, pixels, dtype=torch.float32):
    module = recognizer.module
    with torch.inference_mode():
        numbers = module(pixels) if dtype == torch.float32 else in_double(module)(pixels.double())
    return (numbers.transpose(0, 1) if recognizer.layout == "TBC" else numbers).double().numpy()


def in_double(module):
    import copy

    return copy.deepcopy(module).double()


def differences(recognizer, graph, pixels):
    """Largest distance of the graph's numbers from torch's in float64, and of torch's in float32 from these."""
    (found,) = session_of(graph).run([recognizer.output], {"image": pixels.numpy()})
    exact = scores_by_torch(recognizer, pixels, torch.float64)
    assert found.shape == exact.shape
    return np.abs(found - exact).max(), np.abs(scores_by_torch(recognizer, pixels) - exact).max()


def nodes_of(graph):
    found = [node for node in graph.graph.node if node.op_type in ("LSTM", "GRU")]
    directions = [
        onnx.helper.get_attribute_value(attribute).decode()
        for node in found
        for attribute in node.attribute
        if attribute.name == "direction"
    ]
    return {node.op_type for node in found}, directions


@pytest.mark.parametrize("name", EXPORTED)
def test_the_graph_gives_torchs_numbers_at_every_width_and_batch(name):
    case, recognizer = CASES[name], recognizer_of(name)
    kind, directions = EXPORTED[name]
    before = {key: tensor.clone() for key, tensor in recognizer.module.state_dict().items()}
    kinds_before = [type(part) for part in recognizer.module.modules()]
    graph = graph_of(recognizer)
    onnx.checker.check_model(graph, full_check=True)
    assert {node.domain for node in graph.graph.node} <= {"", "ai.onnx"}
    # What the exporter notes of source code and its paths stays at home.
    assert b".py" not in graph.SerializeToString()
    for width in (case.wide, case.wide + 37, case.wide + 110):
        for batch in (1, 3):
            away, own = differences(recognizer, graph, formula.image(batch, case.channels, case.height, width))
            # Both round in float32, by other orders of sums.
            assert away <= 8 * own + 1e-6, (width, batch)
    kinds, found = nodes_of(graph)
    assert kinds == {kind}
    expected = [
        BOTH if part.bidirectional else AHEAD
        for part in recognizer.module.modules()
        if isinstance(part, nn.LSTM | nn.GRU)
        for _ in range(part.num_layers)
    ]
    assert sorted(found) == sorted(directions or expected)
    # The recognizer is as it was.
    assert [type(part) for part in recognizer.module.modules()] == kinds_before
    assert all(torch.equal(tensor, before[key]) for key, tensor in recognizer.module.state_dict().items())


# What cannot be exported.


class _Line(nn.Module):
    """A small network, (B, 1, 16, W) to (B, T, 5), around a part of any kind."""

    def __init__(self, part):
        super().__init__()
        self.convolution = nn.Conv2d(1, 6, (16, 3), (16, 2), (0, 1))
        self.part = part
        self.head = nn.Linear(4, 5)

    def forward(self, images):
        return self.head(self.read(self.convolution(images).squeeze(2).transpose(1, 2)))

    def read(self, features):
        return self.part(features)[0]


def recognizer_around(module):
    other = recognizer_of("gateviz_gru")
    recipe = gateviz.geometry.preprocess if False else None
    assert recipe is None
    from gateviz.data.alphabet import Alphabet
    from gateviz.geometry.axis_steps import Window
    from gateviz.geometry.canvas import Normalize
    from gateviz.geometry.preprocess import Gray, Preprocess, ResizeToHeight
    from gateviz.geometry.receptive import AxisGeometry

    return CtcRecognizer(
        module.eval(),
        Alphabet.from_symbols("abcd", blank=0),
        replace(other.card, lineage="factory", checkpoint="mine.pth"),
        preprocess=Preprocess((Gray(), ResizeToHeight(16, "pillow bilinear", at_least=1), Normalize())),
        geometry=AxisGeometry((Window(3, 2, 1, 1),)),
        layout="BTC",
        output="logits",
    )
