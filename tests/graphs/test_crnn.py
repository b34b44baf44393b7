"""gateviz's own recognizers as graphs: by onnxruntime they give torch's logits and gates, at every width and batch."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from gateviz.capture.receptive_layers import axis_geometry
from gateviz.capture.tracing import trace_gates
from gateviz.data.backbones import LAYERED
from gateviz.data.crnn import BACKBONES, CrnnConfig
from gateviz.errors import CheckpointError
from gateviz.graphs.crnn import crnn_graph
from gateviz.graphs.crnn_shape import crnn_geometry, crnn_layers, has_graph, weight_shapes
from gateviz.graphs.gates import with_gates
from gateviz.networks.crnn import CRNN

SMALL = {"hidden_size": 6, "backbone_scale": 0.1}


def small(**fields):
    """A network with numbers in its batch norms that are not those of a new one."""
    config = CrnnConfig(7, **SMALL | fields)
    model = CRNN(config).eval()
    with torch.no_grad():
        for name, buffer in model.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                buffer.uniform_(0.5, 2.0)
    return model


def weights_of(model):
    return {name: tensor.numpy() for name, tensor in model.state_dict().items()}


def answered(model, pixels):
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(names, {"image": pixels.numpy()}), strict=True))


@pytest.mark.parametrize("shape", [(1, 8), (3, 101), (2, 320)])
@pytest.mark.parametrize(
    "fields",
    [
        *({"backbone": name} for name in LAYERED),
        {"backbone": "vgg", "height": 48, "channels": 3},
        {"backbone": "vgg_small", "recurrent": "gru", "depth": 3},
        {"backbone": "vgg_small", "recurrent": "gru", "bidirectional": False},
        {"backbone": "vgg_small", "bidirectional": False, "depth": 1},
        {"backbone": "vgg_small", "recurrent": "none"},
    ],
    ids=lambda fields: " ".join(map(str, fields.values())),
)
def test_logits_are_torch_s_at_every_width_and_batch(fields, shape):
    model, (lines, width) = small(**fields), shape
    pixels = torch.randn(lines, model.config.channels, model.config.height, width)
    with torch.no_grad():
        expected = model(pixels).numpy()
    found = answered(crnn_graph(model.config, weights_of(model)), pixels)["logits"]
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 2e-6


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_gates_are_those_that_torch_s_layers_record(kind):
    model = small(backbone="vgg_small", recurrent=kind)
    pixels = torch.randn(3, 1, 32, 90)
    found = answered(with_gates(crnn_graph(model.config, weights_of(model))), pixels)
    with torch.no_grad(), trace_gates(model) as traces:
        model(pixels)
    assert len(traces) == 4
    for trace in traces:
        for quantity in trace.stored:
            series = found[f"{kind}.{trace.layer}.{trace.direction}.{quantity}"]
            assert np.abs(series - trace[quantity].transpose(0, 1).numpy()).max() <= 2e-6


@pytest.mark.parametrize("name", list(LAYERED))
@pytest.mark.parametrize("kind", ["lstm", "gru", "none"])
def test_weights_and_geometry_are_those_of_torch_s_network(name, kind):
    model = small(backbone=name, recurrent=kind, bidirectional=name == "vgg")
    assert weight_shapes(model.config) == {key: tuple(each.shape) for key, each in model.state_dict().items()}
    assert crnn_geometry(model.config) == axis_geometry(model.backbone)
    assert len(crnn_layers(model.config)) == (0 if kind == "none" else 2)


def test_a_backbone_without_a_graph_is_refused_by_name():
    assert [name for name in BACKBONES if not has_graph(CrnnConfig(7, backbone=name))] == ["mobilenet_v3"]
    for door in (crnn_geometry, weight_shapes, lambda config: crnn_graph(config, {})):
        with pytest.raises(CheckpointError, match="no ONNX graph of the backbone mobilenet_v3, only of vgg"):
            door(CrnnConfig(7, backbone="mobilenet_v3"))
