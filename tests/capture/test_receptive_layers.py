"""The geometry read off torch modules, held against what the modules do: frame counts and gradients."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gateviz.capture.receptive_layers import axis_geometry
from gateviz.errors import GeometryError
from gateviz.geometry.axis_steps import Window


def _neighbor(name):
    # Test folders are no packages, so a helper beside the tests is loaded by its path.
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


stacks = _neighbor("stacks")
proof = _neighbor("gradient_proof")


def positive(name):
    make, channels, rows, *_ = stacks.STACKS[name]
    return proof.make_positive(make()), channels, rows


def assert_looks_where_it_says(geometry, spans, width):
    """Exact columns for every frame; the grid's nominal span and center wherever no border cuts it."""
    grid = geometry.frame_grid(width)
    assert [geometry.seen_columns(t, width) for t in range(grid.frame_count)] == [
        tuple(span) for span in spans.tolist()
    ]
    half = grid.receptive_field / 2
    inner = 0
    for t, center in enumerate(grid.centers):
        # Columns that poolings leave over lie in the last stride.
        if center - half >= 0 and center + half <= width // grid.stride * grid.stride:
            assert grid.receptive_span(t) == tuple(spans[t])
            assert abs(spans[t].mean() - center) <= 0.5
            inner += 1
    assert inner > 0


@pytest.mark.parametrize("name", stacks.STACKS)
def test_the_facts_of_each_stack(name):
    make, _, _, frames, first_center, stride, receptive_field = stacks.STACKS[name]
    geometry = axis_geometry(make())
    assert (geometry.first_center, geometry.stride, geometry.receptive_field) == (first_center, stride, receptive_field)
    assert all(geometry.frame_count(width) == frames(width) for width in range(geometry.minimum_width, 400))
    assert not geometry.whole_line


@pytest.mark.parametrize("name", stacks.STACKS)
def test_frame_counts_are_those_produced(name):
    module, channels, rows = positive(name)
    geometry = axis_geometry(module)
    module = module.float()
    with torch.inference_mode():
        for width in range(geometry.minimum_width, geometry.minimum_width + 160, 4):
            assert module(torch.zeros(1, channels, rows, width)).shape[-1] == geometry.frame_count(width)
            assert module(torch.zeros(1, channels, rows, width + 3)).shape[-1] == geometry.frame_count(width + 3)


@pytest.mark.parametrize("name", stacks.STACKS)
def test_the_gradient_says_the_same(name):
    """With poolings by the mean no path is dropped, so the support of the gradient is the receptive span itself."""
    module, channels, rows = positive(name)
    geometry = axis_geometry(module)
    # No multiple of the stride: some columns are left over on the right.
    width = int(geometry.receptive_field) + 6 * int(geometry.stride) + 1
    spans = proof.supports(proof.averaging(module), channels, rows, width)
    assert_looks_where_it_says(geometry, spans, width)


@pytest.mark.parametrize("name", ["meijieru", "gitycc", "modelscope"])
def test_max_poolings_reach_as_far(name):
    """With the real poolings one image touches a part; over many images the parts fill the span."""
    module, channels, rows = positive(name)
    geometry = axis_geometry(module)
    width = int(geometry.receptive_field) + 2 * int(geometry.stride)
    frame_count = geometry.frame_count(width)
    spans = proof.supports(module, channels, rows, width, images=12)
    for t in range(frame_count):
        start, stop = geometry.seen_columns(t, width)
        assert start <= spans[t][0]
        assert spans[t][1] <= stop
    middle = frame_count // 2
    assert tuple(spans[middle]) == geometry.seen_columns(middle, width)


def _odd_stacks():
    yield "dilation", nn.Sequential(nn.Conv2d(1, 2, 3, dilation=2, padding=1), nn.Conv2d(2, 2, 2))
    yield "asymmetric padding", nn.Sequential(nn.ZeroPad2d((3, 1, 0, 0)), nn.Conv2d(1, 2, 5, stride=3))
    yield "constant padding", nn.Sequential(nn.ConstantPad2d((0, 2, 1, 1), 0.5), nn.Conv2d(1, 2, 3, stride=2))
    yield "crop", nn.Sequential(nn.ZeroPad2d((-2, -1, 0, 0)), nn.Conv2d(1, 2, 3, padding=1))
    yield "same", nn.Sequential(nn.Conv2d(1, 2, (3, 4), padding="same"), nn.ReLU(), nn.Conv2d(2, 1, 3, padding="valid"))
    yield "ceil", nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.AvgPool2d(3, 2, padding=1, ceil_mode=True))
    yield "ceil max", nn.Sequential(nn.MaxPool2d(2, 2, ceil_mode=True), nn.Conv2d(1, 2, 3, padding=1))
    yield (
        "strided",
        nn.Sequential(nn.Conv2d(1, 2, 4, stride=3, padding=2), nn.Hardswish(), nn.Conv2d(2, 2, 3, stride=2)),
    )
    yield "adaptive rows", nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.AdaptiveAvgPool2d((1, None)))
    yield "shortcut", nn.Sequential(stacks.Residual(1, 2), nn.AvgPool2d(2), stacks.Residual(2, 2))


@pytest.mark.parametrize(
    ("name", "module"), list(_odd_stacks()), ids=lambda value: value if isinstance(value, str) else ""
)
@pytest.mark.parametrize("width", [21, 22, 23, 24])
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_odd_layers(name, module, width):
    module = proof.averaging(proof.make_positive(module))
    spans = proof.supports(module, 1, 16, width)
    geometry = axis_geometry(module)
    assert geometry.frame_count(width) == len(spans)
    assert [geometry.seen_columns(t, width) for t in range(len(spans))] == [tuple(span) for span in spans.tolist()]


def test_adaptive_width_follows_the_input():
    module = proof.make_positive(nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.AdaptiveAvgPool2d((1, 5))))
    geometry = axis_geometry(module)
    for width in (20, 23, 40):
        spans = proof.supports(module, 1, 8, width)
        assert [geometry.seen_columns(t, width) for t in range(5)] == [tuple(span) for span in spans.tolist()]
        inner = spans[1:-1].mean(axis=1)
        assert np.abs(geometry.frame_grid(width).centers[1:-1] - inner).max() <= 0.5


@pytest.mark.parametrize("norm", [nn.GroupNorm(1, 2), nn.InstanceNorm2d(2)], ids=["group", "instance"])
def test_norms_over_the_line_see_all_of_it(norm):
    module = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), norm, nn.Sigmoid()).double().eval()
    geometry = axis_geometry(module)
    assert geometry.whole_line
    assert proof.supports(module, 1, 4, 12, images=3).tolist() == [[0, 12]] * 12
    assert [geometry.seen_columns(t, 12) for t in range(12)] == [(0, 12)] * 12
    assert [geometry.frame_grid(12).receptive_span(t) for t in range(12)] == [(0.0, 12.0)] * 12


def test_instance_norm_by_running_numbers_is_pointwise():
    assert not axis_geometry(nn.Sequential(nn.InstanceNorm2d(2, track_running_stats=True))).whole_line


def test_a_path_may_hold_plain_steps():
    class Pooled(nn.Module):
        def axis_paths(self):
            return ((nn.Conv2d(1, 1, 3, padding=1), Window(2, 2)),)

    assert axis_geometry(Pooled()).receptive_field == 4.0


class _OwnWay(nn.Sequential):
    def forward(self, x):
        return super().forward(x) + x


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.Sequential(nn.ReLU(), nn.Upsample(scale_factor=2)), "Sequential.1 is a Upsample, whose geometry"),
        (nn.Sequential(nn.ConvTranspose2d(1, 1, 2)), "Sequential.0 is a ConvTranspose2d"),
        (_OwnWay(nn.ReLU()), "_OwnWay is a _OwnWay, whose geometry along the line is not known"),
        (nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular")), "wrapping the line around"),
    ],
    ids=["upsample", "transposed", "own forward", "circular"],
)
def test_unknown_layers_are_refused_by_name(module, words):
    with pytest.raises(GeometryError, match=words):
        axis_geometry(module)
