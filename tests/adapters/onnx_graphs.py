"""Small recognizers and their ONNX graphs: exported by torch, or put together node by node as converters do."""

import contextlib
import io
import logging
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

HEIGHT = 16
ALPHABET = "abcdefgh"
CLASSES = len(ALPHABET) + 1


class Stack(nn.Module):
    """Convolutions and poolings as meijieru's, a few channels wide; heights of 16 come to 1."""

    def __init__(self, channels=1):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 4, 3, 1, 1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.MaxPool2d(2, 2),
            nn.Conv2d(4, 5, 3, 1, 1),
            nn.LeakyReLU(0.2),
            nn.MaxPool2d((2, 2), (2, 1), (0, 1)),
            nn.Conv2d(5, 6, 2),
            nn.ReLU(),
            nn.AvgPool2d((3, 1)),
        )

    def forward(self, images):
        return self.layers(images)


class Stacked(nn.Module):
    """Recurrent layers with a linear layer each, frames first: the shape of crnn.pytorch."""

    def __init__(self, kind="LSTM", bidirectional=True, channels=1):
        super().__init__()
        self.cnn = Stack(channels)
        wide = 2 if bidirectional else 1
        layer = getattr(nn, kind)
        self.first = layer(6, 5, bidirectional=bidirectional)
        self.embedding = nn.Linear(5 * wide, 7)
        self.second = layer(7, 4, bidirectional=bidirectional)
        self.head = nn.Linear(4 * wide, CLASSES)

    def forward(self, images):
        sequence = self.cnn(images).squeeze(2).permute(2, 0, 1)
        states, _ = self.first(sequence)
        frames, lines, units = states.size()
        embedded = self.embedding(states.view(frames * lines, units)).view(frames, lines, -1)
        states, _ = self.second(embedded)
        frames, lines, units = states.size()
        return self.head(states.view(frames * lines, units)).view(frames, lines, -1)


class BatchFirst(nn.Module):
    """One recurrent module of several layers and a softmax, the batch first: the shape of docTR."""

    def __init__(self, kind="LSTM", layers=2, bidirectional=True, bias=True, end="softmax", channels=3):
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(channels, 4, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 3, 3, 2, 1), nn.Hardswish()
        )
        self.decoder = getattr(nn, kind)(
            12, 5, num_layers=layers, bidirectional=bidirectional, bias=bias, batch_first=True
        )
        self.linear = nn.Linear(10 if bidirectional else 5, CLASSES)
        self.end = end

    def forward(self, images):
        features = self.cnn(images)
        lines, channels, height, width = features.shape
        sequence = features.reshape(lines, channels * height, width).transpose(1, 2)
        logits = self.linear(self.decoder(sequence)[0])
        return {"softmax": logits.softmax(-1), "log_softmax": logits.log_softmax(2), "": logits}[self.end]


class Excited(nn.Module):
    """Squeeze and excitation, a shortcut and a linear layer before the sequence."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3, (2, 1), 1), nn.Hardswish())
        self.squeeze = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 2, 1), nn.ReLU(), nn.Conv2d(2, 4, 1), nn.Hardsigmoid()
        )
        self.branch = nn.Sequential(nn.Conv2d(4, 4, 5, 1, 2), nn.ReLU())
        self.pool = nn.MaxPool2d(2)
        self.narrow = nn.Linear(16, 6)
        self.rnn = nn.LSTM(6, 4, bidirectional=True)
        self.head = nn.Linear(8, CLASSES)

    def features(self, images):
        kept = self.stem(images)
        kept = kept * self.squeeze(kept)
        return self.pool(kept + self.branch(kept))

    def forward(self, images):
        features = self.features(images)
        lines, channels, height, width = features.shape
        sequence = self.narrow(features.permute(3, 0, 1, 2).reshape(width, lines, channels * height))
        return self.head(self.rnn(sequence)[0]).log_softmax(-1)


def seeded(module, seed=0):
    """The module with random weights and statistics that are always the same."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                fan_in = max(tensor[0].numel(), 1) if tensor.ndim > 1 else 1
                drawn = torch.randn(tensor.shape, generator=generator) * (1.4 / fan_in**0.5 if tensor.ndim > 1 else 0.3)
                tensor.copy_(1 + drawn.abs() if "running_var" in name else drawn)
    return module.eval()


def image(width, channels=1, lines=1, seed=0):
    return torch.randn((lines, channels, HEIGHT, width), generator=torch.Generator().manual_seed(seed))


@contextlib.contextmanager
def quiet():
    """The exporters warn of themselves and print."""
    level = logging.getLogger("torch.onnx").level
    logging.getLogger("torch.onnx").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.getLogger("torch.onnx").setLevel(level)


def scripted(module, path, opset=17, *, width=64, channels=1, open_axes=("width", "lines")):
    """What ``torch.onnx.export`` writes by TorchScript."""
    axes = {axis: name for axis, name in ((0, "lines"), (3, "width")) if name in open_axes}
    with quiet():
        torch.onnx.export(
            module,
            (image(width, channels),),
            path,
            dynamo=False,
            opset_version=opset,
            input_names=["images"],
            output_names=["scores"],
            dynamic_axes={"images": axes} if axes else None,
        )
    return path


def captured(module, path, *, width=64, channels=1, open_width=True, lines=1, **options):
    """What ``torch.onnx.export`` writes by ``torch.export``."""
    shape = {3: torch.export.Dim("width", min=8, max=4096)} if open_width else None
    with quiet():
        torch.onnx.export(
            module,
            (image(width, channels, lines),),
            path,
            dynamo=True,
            dynamic_shapes=(shape,),
            verbose=False,
            **{"external_data": False, **options},
        )
    return path


def runtime_output(path, images):
    """The whole graph in ONNX Runtime, frames first."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: images.numpy()})
    return found


def floats(name, array):
    return numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name)


def integers(name, numbers):
    return numpy_helper.from_array(np.array(numbers, np.int64), name)


def port(name, dims, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, dims)


def model(nodes, stored, inputs, outputs, opset=17, metadata=None, extra_domains=(), functions=()):
    """A model of nodes, with its format version that of the opset's time."""
    graph = helper.make_graph(nodes, "recognizer", inputs, outputs, stored)
    domains = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in extra_domains)]
    made = helper.make_model(graph, opset_imports=domains, producer_name="hand", functions=functions)
    made.ir_version = 8
    for key, value in (metadata or {}).items():
        made.metadata_props.add(key=key, value=value)
    return made


CONVOLVED = {
    "conv.weight": (4, 1, 3, 3),
    "conv.bias": (4,),
    "rnn.weight_ih_l0": (20, 4),
    "rnn.weight_hh_l0": (20, 5),
    "rnn.bias_ih_l0": (20,),
    "rnn.bias_hh_l0": (20,),
    "head.weight": (CLASSES, 5),
    "head.bias": (CLASSES,),
}
"""Tensors of the network that ``simple_model`` puts together, by torch's names."""


def drawn(shapes=None, seed=0):
    generator = np.random.default_rng(seed)
    return {name: generator.normal(0, 0.5, shape) for name, shape in (shapes or CONVOLVED).items()}


def to_onnx(matrix):
    """Gates i f g o as i o f c."""
    i, f, g, o = np.split(matrix, 4)
    return np.concatenate([i, o, f, g])


def simple_nodes(state, **lstm):
    """Conv, pool over the height, LSTM, Gemm: a recognizer of one direction, with the LSTM's attributes as given."""
    wide = lstm.pop("wide", {})
    stored = [
        floats("conv.weight", state["conv.weight"]),
        floats("conv.bias", state["conv.bias"]),
        floats("W", to_onnx(state["rnn.weight_ih_l0"])[None]),
        floats("R", to_onnx(state["rnn.weight_hh_l0"])[None]),
        floats("B", np.concatenate([to_onnx(state["rnn.bias_ih_l0"]), to_onnx(state["rnn.bias_hh_l0"])])[None]),
        floats("head.weight", state["head.weight"].T),
        floats("head.bias", state["head.bias"]),
        integers("second", [2]),
        integers("directions", [1]),
    ]
    nodes = [
        helper.make_node("Conv", ["images", "conv.weight", "conv.bias"], ["c"], "conv", pads=[1, 1, 1, 1], **wide),
        helper.make_node("Tanh", ["c"], ["a"]),
        helper.make_node("ReduceMean", ["a"], ["m"], axes=[2], keepdims=0),
        helper.make_node("Transpose", ["m"], ["x"], perm=[2, 0, 1]),
        helper.make_node("LSTM", ["x", "W", "R", "B"], ["y"], "the LSTM", hidden_size=5, **lstm),
        helper.make_node("Squeeze", ["y", "directions"], ["h"]),
        helper.make_node("MatMul", ["h", "head.weight"], ["p"]),
        helper.make_node("Add", ["p", "head.bias"], ["scores"], "add"),
    ]
    return nodes, stored


def simple_model(state=None, *, dims=("n", 1, HEIGHT, "w"), metadata=None, **lstm):
    nodes, stored = simple_nodes(state or drawn(), **lstm)
    return model(nodes, stored, [port("images", dims)], [port("scores", None)], metadata=metadata)


def saved(made, path):
    onnx.save(made, path)
    return path


def paddle_model(state, metadata=None, dims=("n", 1, HEIGHT, "w")):
    """A graph as Paddle2ONNX writes one: every constant a node, gates put in order and states cut out by nodes."""
    cut = {"0": (0, 5), "1": (15, 20), "2": (5, 15)}
    node = helper.make_node

    def constant(name, array):
        return node("Constant", [], [name], value=floats(name, array))

    def whole(name, numbers):
        return node("Constant", [], [name], value=integers(name, numbers))

    nodes = [constant(name, state[name]) for name in ("conv.weight", "conv.bias", "head.bias")]
    nodes += [whole("axis0", [0]), whole("axis1", [1])]
    for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        for suffix, sign in (("", 1), ("_reverse", -1)):
            nodes += [
                constant(part + suffix, sign * state[f"rnn.{part}_l0"]),
                node("Unsqueeze", [part + suffix, "axis0"], [part + suffix + ".3d"]),
            ]
        nodes.append(node("Concat", [f"{part}.3d", f"{part}_reverse.3d"], [f"{part}.both"], axis=0))
        for number, (start, stop) in cut.items():
            nodes += [
                whole(f"{part}.start{number}", [start]),
                whole(f"{part}.stop{number}", [stop]),
                node(
                    "Slice",
                    [f"{part}.both", f"{part}.start{number}", f"{part}.stop{number}", "axis1"],
                    [f"{part}.cut{number}"],
                ),
            ]
        nodes.append(node("Concat", [f"{part}.cut{number}" for number in cut], [f"{part}.onnx"], axis=1))
    shape = [
        node("Shape", ["images"], ["sizes"]),
        node("Slice", ["sizes", "axis0", "axis1", "axis0"], ["lines"]),
        whole("two", [2]),
        whole("units", [5]),
        node("Concat", ["two", "lines", "units"], ["states.shape"], axis=0),
        node("ConstantOfShape", ["states.shape"], ["states"], value=floats("fill", [0.0])),
        node("Slice", ["states", "axis0", "two", "axis0"], ["h0"]),
        node("Slice", ["states", "axis0", "two", "axis0"], ["c0"]),
    ]
    nodes += shape
    nodes += [
        node("Concat", ["bias_ih.onnx", "bias_hh.onnx"], ["bias.onnx"], axis=1),
        node("Conv", ["images", "conv.weight", "conv.bias"], ["c"], pads=[1, 1, 1, 1]),
        node("HardSwish", ["c"], ["a"]),
        node("MaxPool", ["a"], ["m"], kernel_shape=[16, 2], strides=[16, 2]),
        node("Squeeze", ["m", "two"], ["s"]),
        node("Transpose", ["s"], ["x"], perm=[2, 0, 1]),
        node(
            "LSTM",
            ["x", "weight_ih.onnx", "weight_hh.onnx", "bias.onnx", "", "h0", "c0"],
            ["y", "y_h", "y_c"],
            "p2o.LSTM.0",
            direction="bidirectional",
            hidden_size=5,
        ),
        node("Transpose", ["y"], ["t"], perm=[0, 2, 1, 3]),
        whole("flat", [0, 0, -1]),
        node("Reshape", ["t", "flat"], ["r"]),
        node("Identity", ["r"], ["i"]),
        node("Transpose", ["i"], ["b"], perm=[1, 0, 2]),
        constant("head.weight", np.concatenate([state["head.weight"].T, state["head.weight"].T[::-1]])),
        node("MatMul", ["b", "head.weight"], ["p"]),
        node("Add", ["p", "head.bias"], ["l"]),
        node("Softmax", ["l"], ["scores"], axis=2),
    ]
    return model(nodes, [], [port("images", dims)], [port("scores", None)], metadata=metadata)


def halved(made):
    """The model with every float number, input and output in half precision."""
    half = onnx.ModelProto()
    half.CopyFrom(made)
    for tensor in half.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            array = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    for value in (*half.graph.input, *half.graph.output):
        value.type.tensor_type.elem_type = TensorProto.FLOAT16
    return half
