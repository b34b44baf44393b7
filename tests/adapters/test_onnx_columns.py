"""The column map of an ONNX graph: what its nodes say, what the torch network's gradient says, what is measured."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import gateviz
from gateviz.adapters.onnx.columns import MeasuredGeometry, find_columns, measure
from gateviz.adapters.onnx.graph import read_graph
from gateviz.adapters.onnx.width_steps import steps_to
from gateviz.adapters.opening import open_model_file
from gateviz.errors import CheckpointError, GeometryError
from gateviz.geometry.axis_steps import Adaptive, Join, Window
from gateviz.geometry.receptive import AxisGeometry


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


graphs = load(Path(__file__).parent / "onnx_graphs.py")
gradient_proof = load(Path(__file__).parents[1] / "capture" / "gradient_proof.py")


class Sequenced(nn.Module):
    """A stack of layers, its columns as frames, and the smallest recognizer after it."""

    def __init__(self, stack):
        super().__init__()
        self.stack = stack
        with torch.no_grad():
            _, channels, rows, _ = stack(torch.zeros(1, 1, graphs.HEIGHT, 64)).shape
        self.rnn = nn.LSTM(channels * rows, 3)
        self.head = nn.Linear(3, graphs.CLASSES)

    def forward(self, images):
        features = self.stack(images)
        lines, channels, rows, width = features.shape
        return self.head(self.rnn(features.permute(3, 0, 1, 2).reshape(width, lines, channels * rows))[0])


class Shortcut(nn.Sequential):
    def forward(self, images):
        return images + super().forward(images)


STACKS = {
    "meijieru's": lambda: graphs.Stack().layers[:9],
    "strided, dilated, padded on one side": lambda: nn.Sequential(
        nn.ZeroPad2d((3, 0, 0, 0)),
        nn.Conv2d(1, 2, (3, 5), (2, 2), (1, 0)),
        nn.ReLU(),
        nn.Conv2d(2, 3, 3, dilation=(1, 2)),
    ),
    "ceiling": lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2, ceil_mode=True), nn.AvgPool2d(3, 2, 1)),
    "a shortcut": lambda: nn.Sequential(
        nn.Conv2d(1, 2, 3, (2, 1), 1),
        Shortcut(nn.Conv2d(2, 2, 5, 1, 2), nn.ReLU(), nn.Conv2d(2, 2, 3, 1, 1)),
        nn.MaxPool2d(2),
    ),
}


@pytest.mark.parametrize("name", STACKS)
def test_worked_out_columns_are_where_the_gradient_is(tmp_path, name):
    network = gradient_proof.make_positive(Sequenced(STACKS[name]()))
    path = graphs.scripted(network.float(), tmp_path / "m.onnx")
    recognizer = gateviz.load(path, alphabet=graphs.ALPHABET)
    assert recognizer.card.details["column map"].startswith("worked out from ")
    stack = gradient_proof.averaging(network.double().stack)
    for width in (41, 64):
        spans = gradient_proof.supports(stack, 1, graphs.HEIGHT, width, images=2)
        geometry = recognizer.geometry
        assert geometry.frame_count(width) == len(spans)
        assert [geometry.seen_columns(frame, width) for frame in range(len(spans))] == [tuple(span) for span in spans]


def test_measured_columns_are_those_worked_out(tmp_path):
    """Both ways to the same map, on a graph that can go either."""
    for name, stack in STACKS.items():
        network = gradient_proof.make_positive(Sequenced(stack())).float()
        recognizer = gateviz.load(graphs.scripted(network, tmp_path / "m.onnx"), alphabet=graphs.ALPHABET)
        worked_out = recognizer.geometry
        measured = measure(
            lambda image, of=recognizer.module: of.frames(image)[of.recurrent_nodes[0].ports.X],
            # Three receptive fields wide: every column more is eight more runs of the graph.
            (1, graphs.HEIGHT, 40),
            open_width=True,
        )
        assert measured.stride == worked_out.stride, name
        # A maximum may hide a column at the border of a window from every draw, never show one that is not there.
        assert measured.receptive_field <= worked_out.receptive_field
        assert abs(measured.first_center - worked_out.first_center) <= 1.0
        for width in range(40, 140):
            assert measured.frame_grid(width).frame_count == worked_out.frame_count(width)


class Late(nn.Module):
    """Two layers, and what the second reads is three frames late."""

    def __init__(self):
        super().__init__()
        self.stack = nn.Conv2d(1, 2, 3, (2, 2), 1)
        self.first = nn.LSTM(graphs.HEIGHT, 4, bidirectional=True)
        self.second = nn.LSTM(8, 4, bidirectional=True)
        self.head = nn.Linear(8, graphs.CLASSES)

    def forward(self, images):
        features = self.stack(images)
        lines, channels, rows, width = features.shape
        states = self.first(features.permute(3, 0, 1, 2).reshape(width, lines, channels * rows))[0]
        late = torch.cat([states[:3] * 0, states[:-3]])
        return self.head(self.second(late)[0])


def test_every_layer_has_the_columns_of_its_own_input(tmp_path):
    path = graphs.scripted(Late().eval(), tmp_path / "m.onnx")
    recognizer = gateviz.load(path, alphabet=graphs.ALPHABET)
    grids = recognizer.layer_grids(100)
    assert list(grids) == ["recurrent.0.layer", "recurrent.1.layer"]
    first, second = grids.values()
    assert (first.frame_count, first.stride, first.first_center, first.receptive_field) == (50, 2.0, 0.5, 3.0)
    assert (second.frame_count, second.stride, second.first_center, second.receptive_field) == (50, 2.0, -5.5, 3.0)
    assert recognizer.frame_grid(100) == second


def test_frames_that_come_in_pairs_are_refused():
    def features(image):
        strided = nn.functional.avg_pool1d(image[:, 0], 4, 4)
        return strided.repeat_interleave(2, 1).T

    with pytest.raises(
        GeometryError, match=r"of every 2 frames, one .* lies 2 columns beside an even row of 2 columns"
    ):
        measure(features, (1, 4, 80), open_width=False)


def shuffled(tmp_path, open_axes=("width", "lines")):
    """Every second column taken away by a slice, which the arithmetic does not know."""

    class Halved(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Sequenced(nn.Sequential(nn.Conv2d(1, 3, (3, 7), (1, 1), (1, 3)), nn.ReLU()))

        def forward(self, images):
            return self.inner(images[:, :, :, ::2])

    return graphs.scripted(graphs.seeded(Halved()), tmp_path / "m.onnx", open_axes=open_axes)


@pytest.mark.parametrize("open_axes", [("width", "lines"), ()])
def test_a_node_that_is_not_known_is_measured(tmp_path, open_axes):
    recognizer = gateviz.load(shuffled(tmp_path, open_axes), alphabet=graphs.ALPHABET)
    assert recognizer.card.details["column map"].startswith("measured by drawing columns anew, since the Slice node '/")
    assert recognizer.card.details["column map"].endswith("cuts the line")
    assert recognizer.card.details["frames"].startswith("every 2 columns")
    grid = recognizer.frame_grid(64)
    # Column 2t lies at 2t to 2t + 1; three to each side are 6 away.
    assert (grid.frame_count, grid.stride, grid.first_center, grid.receptive_field) == (32, 2.0, 0.5, 13.0)
    if open_axes:
        assert [recognizer.frame_grid(width).frame_count for width in (9, 10, 11, 200)] == [5, 5, 6, 100]
        with pytest.raises(GeometryError, match="an input of -1 columns gives no frame"):
            recognizer.frame_grid(-1)


def features_of(function):
    return lambda image: function(image[0].T)


def test_what_can_not_be_measured_is_refused():
    def everything(columns):
        return columns[::2] + columns.sum(0)

    def mirrored(columns):
        return columns.flip(0)[::2]

    def uneven(columns):
        return columns[[int(t * t / len(columns) * 3) for t in range(len(columns) // 2)]]

    def constant(columns):
        return torch.ones(len(columns) // 2, 3)

    for function, words in (
        (everything, r"of 320 frames, 0 begin or end inside a line of 640 columns, and 4 would show"),
        (mirrored, r"\d+% of the frames lie beside an even row of 2 columns from frame to frame"),
        (uneven, r"\d+% of the frames lie beside an even row of 2 columns from frame to frame"),
        (constant, "of 320 frames, 0 begin or end inside"),
    ):
        with pytest.raises(GeometryError, match=words):
            measure(features_of(function), (1, 4, 160), open_width=True)


def test_frames_that_do_not_grow_evenly_are_refused():
    with pytest.raises(GeometryError, match="160 to 352 columns give 12 to 18 frames, which do not grow evenly"):
        measure(features_of(lambda columns: columns[: int(len(columns) ** 0.5)]), (1, 4, 160), open_width=True)


def test_a_mirrored_line_is_refused_with_both_reasons(tmp_path):
    nodes, stored = graphs.simple_nodes(graphs.drawn())
    stored += [graphs.integers("end", [-1]), graphs.integers("begin", [-(1 << 62)]), graphs.integers("axis", [3])]
    nodes.insert(0, graphs.helper.make_node("Slice", ["pixels", "end", "begin", "axis", "end"], ["images"], "flip"))
    made = graphs.model(nodes, stored, [graphs.port("pixels", (1, 1, 16, "w"))], [graphs.port("scores", None)])
    words = r"m\.onnx cannot be built: where the frames look cannot be worked out \(the Slice node 'flip' cuts the line\) and cannot be measured"
    with pytest.raises(CheckpointError, match=words):
        gateviz.load(graphs.saved(made, tmp_path / "m.onnx"), alphabet=graphs.ALPHABET)


def test_arithmetic_is_held_against_the_graph(tmp_path):
    """A graph whose nodes say one thing and whose features say another is measured."""
    graph = read_graph(open_model_file(graphs.saved(graphs.simple_model(), tmp_path / "m.onnx")))
    assert AxisGeometry(steps_to(graph, "x", 3)).frame_rule == "W"

    def shifted(image):
        return torch.cat([torch.zeros(5, 16), image[0].T[:-5]])

    columns = find_columns(graph, "x", shifted, (1, 16, 160), 3, open_width=True)
    assert isinstance(columns.geometry, MeasuredGeometry)
    assert "say that column 0 is seen by the frames 0 to 1, and the frames 5 to 5 take notice of it" in columns.words
    assert columns.geometry.first_center == -4.5

    def halved(image):
        return image[0].T[::2]

    columns = find_columns(graph, "x", halved, (1, 16, 160), 3, open_width=True)
    assert "the nodes' windows give 160 frames for 160 columns, and the graph gives 80" in columns.words
    assert (columns.geometry.stride, columns.geometry.first_center) == (2.0, 0.5)


def node(op, inputs, output, **attributes):
    return graphs.helper.make_node(op, inputs, [output], op.lower(), **attributes)


def steps_of(tmp_path, nodes, value, stored=(), dims=(1, 2, 16, None), opset=17):
    tail = [
        graphs.helper.make_node("Shape", [value], ["anything"]),
        graphs.helper.make_node("Identity", ["anything"], ["scores"]),
    ]
    made = graphs.model(
        [*nodes, *tail], list(stored), [graphs.port("images", dims)], [graphs.port("scores", None)], opset
    )
    return steps_to(read_graph(open_model_file(graphs.saved(made, tmp_path / "m.onnx"))), value, 3)


@pytest.mark.parametrize(
    ("nodes", "steps"),
    [
        ([node("MaxPool", ["images"], "v", kernel_shape=[2, 2])], (Window(2),)),
        (
            [node("AveragePool", ["images"], "v", kernel_shape=[2, 3], auto_pad="SAME_UPPER")],
            (Window(3, 1, 1, 1),),
        ),
        ([node("MaxPool", ["images"], "v", kernel_shape=[1, 2], auto_pad="SAME_LOWER")], (Window(2, 1, 1, 0),)),
        ([node("MaxPool", ["images"], "v", kernel_shape=[1, 2], auto_pad="VALID", strides=[1, 3])], (Window(2, 3),)),
        (
            [node("GlobalAveragePool", ["images"], "m"), node("Mul", ["images", "m"], "v")],
            (Join(((), (Adaptive(1),))),),
        ),
        (
            [
                node("Transpose", ["images"], "t", perm=[0, 1, 3, 2]),
                node("MaxPool", ["t"], "v", kernel_shape=[5, 2]),
            ],
            (Window(5),),
        ),
        ([node("ReduceMean", ["images"], "m", axes=[2], keepdims=0), node("Softmax", ["m"], "v", axis=1)], ()),
        (
            [
                node("Relu", ["images"], "a"),
                node("Sigmoid", ["images"], "b"),
                node("Concat", ["a", "b"], "v", axis=1),
            ],
            (),
        ),
        ([node("Softmax", ["images"], "v", axis=3)], "whole"),
        ([node("LayerNormalization", ["images", "scale"], "v", axis=1)], "whole"),
        ([node("InstanceNormalization", ["images", "scale", "scale"], "v")], "whole"),
    ],
    ids=lambda value: value[-1].op_type if isinstance(value, list) else None,
)
def test_steps_of_nodes(tmp_path, nodes, steps):
    found = steps_of(tmp_path, nodes, "v", [graphs.floats("scale", [1.0, 1.0])])
    if steps == "whole":
        assert AxisGeometry(found).whole_line
    else:
        assert found == steps


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([node("Resize", ["images", "", "scale"], "v")], "the Resize node 'resize' is not known along the line"),
        (
            [node("MaxPool", ["images"], "v", kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_UPPER")],
            r"pads by the line's width \(SAME_UPPER with stride 2\)",
        ),
        ([node("Concat", ["images", "images"], "v", axis=3)], "puts stretches of the line together"),
        ([node("MatMul", ["images", "square"], "v")], "mixes the columns of the line"),
        ([node("ReduceMax", ["images"], "v", axes=[3], keepdims=0)], "takes the columns away"),
        (
            [node("Transpose", ["images"], "t", perm=[0, 3, 1, 2]), node("MaxPool", ["t"], "v", kernel_shape=[2, 2])],
            "runs over axes that do not hold the columns",
        ),
        (
            [node("Transpose", ["images"], "t", perm=[0, 1, 3, 2]), node("Add", ["t", "images"], "v")],
            "joins values whose columns stand on other axes",
        ),
        ([node("Pad", ["images", "pads"], "v", mode="reflect")], "pads the line by reflect"),
        ([node("MatMul", ["images", "images"], "v")], "joins parts of the image in its own way"),
        (
            [node("Reshape", ["images", "flat"], "r"), node("Conv", ["r", "w"], "v")],
            "is not known along|axes that do not",
        ),
    ],
    ids=lambda value: value[-1].op_type if isinstance(value, list) else None,
)
def test_nodes_that_are_not_known_are_named(tmp_path, nodes, words):
    stored = [
        graphs.floats("scale", [1.0, 1.0, 2.0, 2.0]),
        graphs.floats("square", np.eye(16)),
        graphs.floats("w", np.ones((1, 2, 3))),
        graphs.integers("flat", [0, 0, -1]),
        graphs.integers("pads", [0, 0, 0, 2, 0, 0, 0, 2]),
    ]
    with pytest.raises(GeometryError, match=words):
        steps_of(tmp_path, nodes, "v", stored)
