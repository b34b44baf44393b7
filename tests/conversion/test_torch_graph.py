"""Networks of every lineage as ONNX graphs: the numbers are torch's at every width and batch, and each layer is one node."""

import copy
import importlib.util
import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

import gateviz
from gateviz.adapters.core.deferred import with_torch
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.conversion import torch_graph
from gateviz.conversion.torch_graph import graph_of
from gateviz.data.alphabet import Alphabet
from gateviz.errors import CheckpointError, MissingExtraError
from gateviz.geometry.axis_steps import Window
from gateviz.geometry.canvas import Normalize
from gateviz.geometry.preprocess import Gray, Preprocess, ResizeToHeight
from gateviz.geometry.receptive import AxisGeometry
from gateviz.lines.recognizer import RecognizerCard

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
        recognizer = with_torch(gateviz.load(case.saved(Path(folder)), adapter=case.adapter, **case.options))
    if case.adapter == "paddle":
        # The formula's weights leave features of hundreds, whose rounding in float32 moves gates by a thousandth.
        for part in recognizer.module.modules():
            if isinstance(part, nn.LSTM):
                for name in ("weight_ih_l0", "weight_ih_l0_reverse"):
                    getattr(part, name, torch.zeros(1)).mul_(0.05)
    return recognizer


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
def test_the_graph_gives_torchs_numbers_at_every_width_and_batch_and_its_file_reads_as_torch_does(
    name, tmp_path, monkeypatch
):
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
    # Tracing takes seconds, and has been done.
    monkeypatch.setattr(torch_graph, "graph_of", lambda asked: graph)
    file_is_read_as_torch_reads(case, recognizer, tmp_path / "line.onnx")


def file_is_read_as_torch_reads(case, recognizer, path):
    found = gateviz.export(recognizer, path, gates=True)
    assert found.posteriors <= 1e-4
    assert found.gates <= 1e-4
    again = gateviz.load(path)
    assert (again.alphabet, again.preprocess) == (recognizer.alphabet, recognizer.preprocess)
    assert (again.card.lineage, again.card.checkpoint) == (recognizer.card.lineage, "line.onnx")
    rng = np.random.default_rng(2)
    for width in (3 * case.wide, 5 * case.wide + 7):
        image = np.where(rng.random((2 * case.height, width)) < 0.3, 20, 240).astype(np.uint8)
        by_torch = gateviz.record(recognizer, image, engine="torch")
        by_graph = gateviz.record(again, image, engine="onnx")
        assert by_graph.text == by_torch.text
        assert by_graph.provenance.witness <= 1e-5
        assert np.abs(by_graph.emission.log_probs - by_torch.emission.log_probs).max() <= 1e-3
        places = [(trace.layer, trace.direction, trace.module) for trace in by_torch.traces]
        assert [(trace.layer, trace.direction, trace.module) for trace in by_graph.traces] == places
        for one, other in zip(by_torch.traces, by_graph.traces, strict=True):
            assert one.grid == other.grid
            for quantity, values in one.values.items():
                assert np.abs(values - other.values[quantity]).max() <= 1e-4 * max(1, np.abs(values).max()), quantity


# Networks of one's own: what can be exported, and what is refused.


class Line(nn.Module):
    """A small network, (B, 1, 16, W) to (B, T, 5), around a layer that reads the line."""

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
    torch.manual_seed(1)
    return CtcRecognizer(
        module.eval(),
        Alphabet.from_symbols("abcd", blank=0),
        RecognizerCard("factory", checkpoint="mine.pth"),
        preprocess=Preprocess((Gray(), ResizeToHeight(16, "pillow bilinear", at_least=1), Normalize())),
        geometry=AxisGeometry((Window(3, 2, 1, 1),)),
        layout="BTC",
        output="logits",
    )


class FromStates(Line):
    """Begins with states of its own, lays its weights out and hands the last states on."""

    def read(self, features):
        self.part.flatten_parameters()
        first = features.new_ones(1, features.shape[0], 4) / 3
        series, (last, _) = self.part(features, (first, first * 2))
        return series + last.transpose(0, 1)


def test_states_before_the_first_frame_and_behind_the_last_are_the_layers_own():
    recognizer = recognizer_around(FromStates(nn.LSTM(6, 4, batch_first=True, bias=False)))
    away, own = differences(recognizer, graph_of(recognizer), formula.image(3, 1, 16, 70))
    assert away <= 8 * own + 1e-6


class Stepwise(Line):
    def read(self, features):
        state = None
        rows = []
        for step in features.unbind(1):
            state = self.part(step, state)
            rows.append(state[0])
        return torch.stack(rows, 1)


class Packed(Line):
    def read(self, features):
        lengths = torch.full((len(features),), features.shape[1])
        packed = nn.utils.rnn.pack_padded_sequence(features, lengths, batch_first=True)
        return nn.utils.rnn.pad_packed_sequence(self.part(packed)[0], batch_first=True)[0]


class ByLength(Line):
    def read(self, features):
        return super().read(features) * torch.ones(len(features), 1, 1)


class ByPixels(Line):
    def read(self, features):
        return super().read(features if float(features.mean()) > 0 else -features)


class OwnWeights(Line):
    """Calls torch's fused function with weights that it keeps by itself."""

    def read(self, features):
        zeros = features.new_zeros(1, features.shape[0], 4)
        return torch.lstm(features, (zeros, zeros), list(self.part.parameters()), True, 1, 0.0, False, False, True)[0]


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (Line(nn.LSTM(6, 8, batch_first=True, proj_size=4)), r"part projects 8 units to 4, .* \(proj_size=0\)"),
        (Stepwise(nn.LSTMCell(6, 4)), r"runs part \(LSTMCell\) step by step, .* put the weights into nn\.LSTM"),
        (Line(nn.RNN(6, 4, batch_first=True)), r"part is an nn\.RNN, .* nn\.LSTM and nn\.GRU can be exported"),
        (
            Packed(nn.LSTM(6, 4, batch_first=True)),
            r"cannot be written as an ONNX graph: .* nn\.LSTM or nn\.GRU, on paths",
        ),
        (ByLength(nn.GRU(6, 4, batch_first=True)), r"its code fixes the batch at 2, by len\(\) or int\(\)"),
        (
            ByPixels(nn.LSTM(6, 4, batch_first=True)),
            r"cannot be written as an ONNX graph: .* do not depend on pixels, can",
        ),
        (OwnWeights(nn.LSTM(6, 4, batch_first=True)), r"cannot be written|came out as 0 nodes"),
    ],
    ids=["projected", "cell by cell", "without gates", "packed", "by length", "by pixels", "own weights"],
)
def test_a_network_that_does_not_export_says_what_would(module, words):
    with pytest.raises(CheckpointError, match=words) as refusal:
        graph_of(recognizer_around(module))
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 400


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "tesseract_int8",
            r"of tesseract's network computes its gates by tables .* record from line\.traineddata itself",
        ),
        ("onnx_lstm", r"model\.onnx is an ONNX graph already; record from it as it is"),
        ("clovaai_TPS", r"model\.pth straightens every image .* export a model without a rectification"),
    ],
)
def test_a_lineage_that_does_not_export_says_why(name, words):
    with pytest.raises(CheckpointError, match=words):
        graph_of(recognizer_of(name))


def test_a_network_of_one_width_keeps_it():
    """BelBES's projection mixes the positions of the width it was trained with."""
    case, recognizer = CASES["belbes_projected"], recognizer_of("belbes_projected")
    graph = graph_of(recognizer)
    batch, *_, width = graph.graph.input[0].type.tensor_type.shape.dim
    assert (batch.dim_param, width.dim_value) == ("batch", case.wide)
    away, own = differences(recognizer, graph, formula.image(3, case.channels, case.height, case.wide))
    assert away <= 8 * own + 1e-6


def test_without_the_package_that_writes_graphs_the_way_to_it_is_said(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "onnxscript"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnxscript", None)

    def without(*arguments, **named):
        raise ModuleNotFoundError("No module named 'onnxscript'", name="onnxscript")

    monkeypatch.setattr(torch.onnx, "export", without)
    with pytest.raises(
        MissingExtraError, match=r"onnxscript, which is not installed; run pip install 'gateviz\[export\]'"
    ):
        graph_of(recognizer_around(Line(nn.LSTM(6, 4, batch_first=True))))
    monkeypatch.delattr(torch.onnx, "ops")
    with pytest.raises(MissingExtraError, match=r"needs torch 2\.8 or later, and this is torch .*; update torch"):
        graph_of(recognizer_around(Line(nn.LSTM(6, 4, batch_first=True))))
