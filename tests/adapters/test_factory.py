"""A network of the user's own code: where its frames look is found, what cannot be found is asked for."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

import gateviz
from gateviz.adapters.factory.column_probe import Subject
from gateviz.adapters.factory.geometry import find_geometry
from gateviz.capture.recognizer import Recognizer
from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError, CheckpointError, GeometryError
from gateviz.geometry.receptive import AxisGeometry

SOURCE = """
import torch
from torch import nn
from neighbor import UNITS


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolve = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, padding=1),
            nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, (4, 2)))
        self.read = nn.LSTM(6, UNITS, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(2 * UNITS, 5)

    def forward(self, images):
        states, _ = self.read(self.convolve(images).squeeze(2).transpose(1, 2))
        return self.head(states)


def build():
    torch.manual_seed(0)
    return Net()


def fails():
    raise ZeroDivisionError("division\\nby zero")


def needs(size):
    return Net()


def nothing():
    return {"net": Net()}
"""
KNOWN = {"alphabet": "abcd", "blank": 0, "height": 16}


@pytest.fixture
def code(tmp_path):
    (tmp_path / "neighbor.py").write_text("UNITS = 3\n", encoding="utf-8")
    (tmp_path / "mynet.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path / "mynet.py"


@pytest.fixture
def weights(code, tmp_path):
    torch.manual_seed(7)
    module = gateviz.load(factory=f"{code}:build", **KNOWN).module
    state = {name: torch.randn_like(t) if t.is_floating_point() else t for name, t in module.state_dict().items()}
    state = {name: t.abs() if name.endswith("running_var") else t for name, t in state.items()}
    torch.save({"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}}, tmp_path / "mine.pth")
    return state


def line(height=32, width=180):
    return np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)


def test_a_network_of_ones_own_in_one_line(code, weights, tmp_path):
    recognizer = gateviz.load(tmp_path / "mine.pth", factory=f"{code}:build", **KNOWN)
    assert isinstance(recognizer, Recognizer)
    assert all(torch.equal(tensor, weights[name]) for name, tensor in recognizer.module.state_dict().items())
    assert recognizer.alphabet == Alphabet.from_symbols("abcd", blank=0)
    card = recognizer.card
    assert (card.lineage, card.checkpoint, len(card.checkpoint_sha256)) == ("factory", "mine.pth", 64)
    assert card.evidence[0].startswith(f"built by {code}:build (sha256 ")
    assert "weights under 'state_dict'" in card.evidence
    assert card.preprocessing == "gray (pillow), height 16 keeping the aspect (pillow bilinear), (x/255 - 0.5) / 0.5"
    assert card.details["frames"] == "T = W/4 - 1"
    assert card.details["columns"] == "by the arithmetic of its layers, and the network agrees"
    assert card.details["assumed"] == "mean and std 0.5, which nobody declared"
    assert card.details["output"] == "logits, BTC"
    grid = recognizer.frame_grid(90)
    assert (grid.frame_count, grid.stride, grid.first_center, grid.receptive_field) == (21, 4.0, 4.0, 14.0)
    recording = gateviz.record(recognizer, line())
    assert [f"{trace.layer}.{trace.direction}" for trace in recording.traces] == [
        "0.forward", "0.backward", "1.forward", "1.backward",
    ]  # fmt: skip
    assert recording.provenance.witness < 1e-5
    assert recording.grid.first_center == 8.0


def test_without_a_checkpoint_the_weights_are_those_of_the_module(code):
    recognizer = gateviz.load(factory=f"{code}:build", **KNOWN)
    torch.manual_seed(0)
    assert torch.equal(recognizer.module.convolve[0].weight, nn.Conv2d(1, 4, 3).weight)
    assert recognizer.card.checkpoint == ""
    again = gateviz.load(factory=f"{code}:build", **KNOWN)
    assert again.card.checkpoint_sha256 == recognizer.card.checkpoint_sha256


def test_an_installed_module_and_a_function(code, monkeypatch):
    monkeypatch.chdir(code.parent)
    recognizer = gateviz.load(factory="mynet:build", **KNOWN)
    assert recognizer.frame_grid(90).frame_count == 21
    module = recognizer.module
    assert gateviz.load(factory=lambda: module, **KNOWN).module is module


def test_the_preparation_is_what_was_declared(code):
    declared = {**KNOWN, "width": 90, "mean": 0.4, "std": (0.2,)}
    recognizer = gateviz.load(factory=f"{code}:build", **declared)
    prepared = recognizer.prepare(np.full((20, 30), 255, np.uint8))
    assert tuple(prepared.pixels.shape) == (1, 16, 90)
    assert float(prepared.pixels[0, 0, 0]) == pytest.approx((1 - 0.4) / 0.2, abs=1e-5)
    assert prepared.to_source(90.0) == 30.0
    assert "assumed" not in recognizer.card.details


# Where the frames look.


class Crnn(nn.Module):
    """Any features in front of a recurrent layer; ``variant`` says what its forward does."""

    def __init__(self, features, size, height=16, recurrent=None, variant="", classes=5):
        super().__init__()
        self.features = features
        self.recurrent = recurrent or nn.LSTM(size, 3, bidirectional=True)
        self.head = nn.Linear(6, classes)
        self.variant = variant

    def forward(self, images):
        sequence = self.features(images).mean(2).permute(2, 0, 1)
        if self.variant == "flipped":
            sequence = sequence.flip(0)
        states, _ = self.recurrent(sequence)
        if self.variant == "flipped":
            states = states.flip(0)
        numbers = self.head(states)
        if self.variant == "softmax":
            return numbers.softmax(-1)
        if self.variant == "log_softmax":
            return numbers.log_softmax(-1)
        if self.variant == "tuple":
            return numbers, states
        if self.variant == "B C T":
            return numbers.permute(1, 2, 0)
        return numbers


class Functional(nn.Module):
    """Pools by functions, and adds a shortcut: nothing of which shows in its layers."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 5, padding=2)

    def forward(self, images):
        pooled = F.max_pool2d(F.relu(self.one(images)), 2, 2)
        return F.max_pool2d(F.relu(self.two(pooled)) + pooled, (2, 2), stride=(2, 2), ceil_mode=True)


class Squeeze(nn.Module):
    """Squeeze and excitation by a mean in the forward."""

    def __init__(self):
        super().__init__()
        self.widen, self.gate, self.last = nn.Conv2d(1, 4, 3, 2, 1), nn.Linear(4, 4), nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, images):
        wide = self.widen(images)
        return self.last(wide * torch.sigmoid(self.gate(wide.mean((2, 3))))[:, :, None, None])


class Attention(nn.Module):
    """Every position looks at every other."""

    def forward(self, images):
        rows = images.flatten(1, 2)
        return images @ (rows.transpose(1, 2) @ rows).softmax(-1)[:, None]


def built(module):
    return gateviz.load(factory=lambda: module, channels=1, **KNOWN)


def test_shortcuts_and_functions_are_measured():
    recognizer = built(Crnn(Functional(), 4))
    words = recognizer.card.details["columns"]
    assert words.startswith("measured column by column (its layers come to ")
    grid = recognizer.frame_grid(101)
    # By hand: conv 3, pool 2, conv 5 on steps of 2, pool 2 on steps of 2: 1 + 2 + 1 + 8 + 2; T = ceil(50 / 2).
    assert (grid.frame_count, grid.stride, grid.first_center, grid.receptive_field) == (25, 4.0, 2.0, 14.0)
    assert recognizer.frame_grid(103).frame_count == 26
    assert gateviz.record(recognizer, line()).grid.frame_count == 23


def test_squeeze_and_excitation_is_measured_and_said_to_see_the_whole_line():
    recognizer = built(Crnn(Squeeze(), 4))
    grid = recognizer.frame_grid(100)
    assert (grid.frame_count, grid.stride, grid.first_center) == (50, 2.0, 0.5)
    assert recognizer.geometry.receptive_field == 7.0
    assert grid.receptive_span(0) == grid.receptive_span(49) == (0.0, 100.0)


def test_a_block_that_declares_its_paths_is_taken_at_its_word_if_it_is_true():
    class Block(Functional):
        def axis_paths(self):
            pool = nn.MaxPool2d(2, 2)
            return [[self.one, pool, self.two, nn.MaxPool2d(2, 2, ceil_mode=True)]]

    recognizer = built(Crnn(Block(), 4))
    assert isinstance(recognizer.geometry, AxisGeometry)
    assert recognizer.card.details["columns"] == "by the arithmetic of its layers, and the network agrees"
    assert recognizer.frame_grid(101).frame_count == 25

    class Liar(Crnn):
        def axis_paths(self):
            return [[self.features.one]]

    with pytest.raises(
        CheckpointError, match=r"the method axis_paths\(\) of Liar is not what the network does: its layers"
    ):
        built(Liar(Block(), 4))


def test_frames_without_a_place_are_refused():
    with pytest.raises(
        CheckpointError, match=r"where the frames of .* look cannot be found out: no frame of an input of"
    ):
        built(Crnn(nn.Sequential(nn.Conv2d(1, 4, 3, 2), Attention()), 4))


def test_adaptive_pooling_along_the_line_has_frames_that_move_with_the_width():
    class Adaptive(nn.Module):
        def forward(self, images):
            return F.adaptive_avg_pool2d(images, (1, 23)) + 0 * F.relu(images).mean((2, 3), keepdim=True)

    with pytest.raises(CheckpointError, match=r"do not stand at even distances from the left"):
        built(Crnn(Adaptive(), 1))


def test_the_measured_map_is_the_one_of_the_arithmetic():
    """The same stack both ways: once read off its layers, once measured because a function hides a step."""
    stack = nn.Sequential(nn.Conv2d(1, 3, 5, padding=1), nn.MaxPool2d(3, 2, 1), nn.Conv2d(3, 4, 3, dilation=2))

    class Hidden(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = stack[0], stack[2]

        def forward(self, images):
            return self.two(F.max_pool2d(self.one(images), 3, 2, 1))

    known, measured = built(Crnn(stack, 4)), built(Crnn(Hidden(), 4))
    assert isinstance(known.geometry, AxisGeometry)
    assert not isinstance(measured.geometry, AxisGeometry)
    for width in range(40, 300, 7):
        assert known.frame_grid(width) == measured.frame_grid(width)


def test_nothing_of_the_users_module_is_changed():
    module = Crnn(Functional(), 4).eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    built(module)
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in module.modules())
    assert {parameter.dtype for parameter in module.parameters()} == {torch.float32}


class Between(nn.Module):
    """A convolution of stride 4, a layer, something between or behind, and the head."""

    def __init__(self, between, recurrent=None, front=None):
        super().__init__()
        self.front = front or nn.Conv2d(1, 4, (3, 4), (1, 4), (1, 0))
        self.recurrent = recurrent or nn.LSTM(4, 3, bidirectional=True)
        self.between = between
        self.convolve = nn.Conv1d(6, 6, 7)
        self.head = nn.Linear(6, 5)

    def forward(self, images):
        frames = self.front(images).mean(2).permute(2, 0, 1)
        if isinstance(self.recurrent, nn.LSTMCell):
            state, states = None, []
            for frame in frames:
                state = self.recurrent(frame, state)
                states.append(state[0])
            states = torch.stack(states)
        else:
            states = self.recurrent(frames)[0]
        return self.head(self.between(self, states.permute(1, 2, 0)).permute(2, 0, 1))


def test_a_layer_looks_elsewhere_than_the_output_behind_a_causal_convolution():
    causal = built(Between(lambda net, x: net.convolve(F.pad(x, (6, 0)))))
    grid, own = causal.frame_grid(100), causal.layer_grids(100)["recurrent"]
    assert (grid.first_center, grid.receptive_field) == (-10.0, 28.0)
    assert (own.first_center, own.receptive_field) == (2.0, 4.0)
    even = built(Between(lambda net, x: net.convolve(F.pad(x, (3, 3)))))
    assert (even.frame_grid(100).first_center, even.frame_grid(100).receptive_field) == (2.0, 28.0)
    assert even.layer_grids(100)["recurrent"].receptive_field == 4.0


def same(net, x):
    return x


class Sliced(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(1, 4, (3, 5), padding="same", dilation=(1, 2))

    def forward(self, images):
        return self.one(images)[..., 3:][..., ::4]


class Loose(nn.Module):
    """Weights that are neither parameters nor buffers."""

    def __init__(self):
        super().__init__()
        self.weights = torch.tensor([[[[0.0, 1.0, -1.0, 0.0]]]]).repeat(4, 1, 1, 1)

    def forward(self, images):
        return F.conv2d(images, self.weights, stride=(1, 4))


@pytest.mark.parametrize(
    ("module", "center", "field"),
    [
        (lambda: Between(same, recurrent=nn.LSTMCell(4, 6)), 2.0, 4.0),
        (lambda: Between(same, front=Sliced()), 3.5, 9.0),
        (lambda: Between(same, front=Loose()), 2.0, 4.0),
    ],
)
def test_what_was_refused_for_a_false_reason_is_read(module, center, field):
    grid = built(module()).frame_grid(101)
    assert (grid.stride, grid.first_center, grid.receptive_field) == (4.0, center, field)


def test_a_narrow_width_does_not_keep_the_columns_from_showing():
    """The receptive field is wider than the lines; it is measured on wider ones."""
    stack = nn.Sequential(nn.Conv2d(1, 4, (3, 9), (1, 2), (1, 4)), nn.Conv2d(4, 4, (3, 9), (1, 2), (1, 4)))
    recognizer = gateviz.load(factory=lambda: Crnn(stack, 4), channels=1, width=20, **KNOWN)
    grid = recognizer.frame_grid(20)
    assert (grid.frame_count, grid.first_center, grid.receptive_field) == (5, 0.5, 25.0)
    pool = nn.MaxPool2d((1, 2))
    often = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), pool, nn.Conv2d(4, 4, 3, padding=1), pool)
    grid = built(Crnn(often, 4)).frame_grid(40)
    assert (grid.frame_count, grid.stride, grid.receptive_field) == (10, 4.0, 10.0)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (
            lambda: Between(lambda net, x: x.roll(2, 2)),
            r"frame 0 sees columns -8 to -4 of \d+, and it takes notice of column",
        ),
        (lambda: Between(lambda net, x: x.flip(2)), "the frames of the output run from right to left"),
        (
            lambda: Between(lambda net, x: x.repeat_interleave(2, 2)[..., : x.shape[2]]),
            "do not each have a place of their own: .* see the same columns .*, as after an upsampling",
        ),
        (
            lambda: Crnn(nn.Sequential(nn.ZeroPad2d((3, 0, 0, 0)), nn.Conv2d(1, 4, 3, (1, 2))), 4, variant="flipped"),
            "recurrent is a layer of two directions and is fed the line from right to left",
        ),
    ],
)
def test_frames_without_a_place_are_refused_by_name(module, words):
    with pytest.raises(CheckpointError, match=words):
        built(module())


def test_what_hides_from_a_nan_is_refused():
    class Counted(nn.Module):
        """Frames know of ink by comparisons alone."""

        def forward(self, images):
            return (images[..., ::4] > 0.5).float()

    with pytest.raises(
        CheckpointError, match=r"takes notice when column \d+ is drawn anew, and a NaN there does not reach it"
    ):
        built(Crnn(Counted(), 1))


# What its numbers are.


@pytest.mark.parametrize(("variant", "kind"), [("", "logits"), ("softmax", "probs"), ("log_softmax", "log_probs")])
def test_the_kind_of_the_numbers(variant, kind):
    module = Crnn(nn.Conv2d(1, 4, 3, 2), 4, variant=variant)
    recognizer = built(module)
    assert recognizer.card.details["output"] == f"{kind}, TBC"
    pixels = torch.rand(2, 1, 16, 60)
    module.variant = ""
    expected = module(pixels).transpose(0, 1).log_softmax(-1)
    module.variant = variant
    torch.testing.assert_close(recognizer.log_probs(pixels), expected)


def test_a_layer_that_is_fed_the_line_backward():
    recognizer = built(Crnn(nn.Conv2d(1, 4, 3, 2), 4, recurrent=nn.LSTM(4, 6), variant="flipped"))
    assert recognizer.reversed_modules == {"recurrent"}
    recording = gateviz.record(recognizer, line())
    assert [str(trace.direction) for trace in recording.traces] == ["backward"]
    assert built(Crnn(nn.Conv2d(1, 4, 3, 2), 4, recurrent=nn.LSTM(4, 6))).reversed_modules == frozenset()


def test_a_layer_across_the_line_is_left_out():
    class Columns(nn.Module):
        """Reads every column from top to bottom, as Tesseract does."""

        def __init__(self):
            super().__init__()
            self.down = nn.GRU(1, 4, batch_first=True)

        def forward(self, images):
            batch, _, height, width = images.shape
            _, last = self.down(images.permute(0, 3, 2, 1).reshape(batch * width, height, 1))
            return last[0].reshape(batch, width, 4).transpose(1, 2)[:, :, None]

    recognizer = built(Crnn(Columns(), 4))
    assert recognizer.traced_modules == ("recurrent",)
    assert recognizer.card.details["not shown"] == "recurrent layers without a step for every frame of the output"
    assert {trace.module for trace in gateviz.record(recognizer, line()).traces} == {"recurrent"}
    assert recognizer.frame_grid(50).frame_count == 50


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (lambda: Crnn(nn.Conv2d(1, 4, 3, 2), 4, variant="tuple"), "returns a tuple and not one tensor"),
        (lambda: Crnn(nn.Conv2d(1, 4, 3, 2), 4, variant="B C T"), r"let its forward return \(T, B, classes\) or"),
        (lambda: nn.Conv2d(1, 4, 3), "cannot be opened: "),
        (lambda: Crnn(nn.Conv2d(1, 4, 3, 2), 9), r"cannot read images of 1 x 16 x 253 \(RuntimeError: "),
        (lambda: Crnn(nn.Conv2d(4, 4, 3, 2), 4), "cannot read images of 1 x 16 x 253"),
    ],
)
def test_modules_that_are_no_recognizers(module, words):
    with pytest.raises(CheckpointError, match=words):
        built(module())


def test_the_channels_are_those_of_the_first_convolution():
    three = gateviz.load(factory=lambda: Crnn(nn.Conv2d(3, 4, 3, 2), 4), **KNOWN)
    assert three.prepare(line()).pixels.shape[0] == 3
    with pytest.raises(CheckpointError, match="a first convolution of 4 channels; say --channels 1"):
        gateviz.load(factory=lambda: Crnn(nn.Conv2d(4, 4, 3, 2), 4), **KNOWN)
    with pytest.raises(CheckpointError, match="no 2-d convolution that would tell; say --channels 1"):
        gateviz.load(factory=lambda: Crnn(nn.Identity(), 1), **KNOWN)


# What the user has to say.


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"height": None}, CheckpointError, "say how many rows the input of .* has: --height 32"),
        ({"blank": None}, AlphabetError, "say which of the 5 classes of .* is the blank: --blank 0 for the first"),
        ({"blank": 5}, AlphabetError, "has 5 classes, and none is the blank 5; give 0 to 4 or -1"),
        ({"alphabet": None}, AlphabetError, "has 5 classes; say which 4 symbols they are by --alphabet"),
        ({"alphabet": "abc"}, AlphabetError, "has 5 classes, so 4 symbols and the blank, and the alphabet 'abc' has 3"),
        ({"channels": 3}, CheckpointError, "cannot read images of 3 x 16 x 253"),
        ({"channels": 2}, CheckpointError, "2 channels were declared, and a line image has 1"),
        ({"mean": (0.1, 0.2, 0.3)}, CheckpointError, "3 numbers were declared as mean of an input of 1 channels"),
        ({"std": 0.0}, CheckpointError, "a std of 0 was declared"),
        ({"height": 0}, CheckpointError, "a network input of height 0 was declared"),
        ({"variant": "meijieru"}, CheckpointError, "a factory's network has no variant 'meijieru'"),
        ({"adapter": "gateviz"}, CheckpointError, "a factory and the adapter 'gateviz' were asked for"),
    ],
)
def test_what_is_not_said_or_not_so(code, change, kind, words):
    with pytest.raises(kind, match=words):
        gateviz.load(factory=f"{code}:build", **{**KNOWN, **change})


def test_the_last_class_as_the_blank(code):
    assert gateviz.load(factory=f"{code}:build", **{**KNOWN, "blank": -1}).alphabet.blank == 4
    given = Alphabet.from_symbols("wxyz", blank=2)
    told = {**KNOWN, "alphabet": given, "blank": None}
    assert gateviz.load(factory=f"{code}:build", **told).alphabet == given
    with pytest.raises(AlphabetError, match="the blank 0 was declared, and the alphabet given has 2"):
        gateviz.load(factory=f"{code}:build", **{**told, "blank": 0})


@pytest.mark.parametrize(
    ("factory", "words"),
    [
        ("mynet", "'mynet' names no factory; write package.module:build or path/to/file.py:build"),
        ("none.py:build", "there is no file none.py; check the path in --factory none.py:build"),
        ("a_package_that_is_not:build", "cannot be imported: ModuleNotFoundError: .*; give a path such as"),
        ("mynet.py:absent", "there is no absent in mynet.py"),
        ("mynet.py:fails", "failed with ZeroDivisionError: division by zero; it is called without arguments"),
        ("mynet.py:needs", "failed with TypeError: needs.. missing 1 required positional argument"),
        ("mynet.py:nothing", "returned a dict; let it return a torch module"),
        ("broken.py:build", "broken.py of --factory broken.py:build cannot be imported: SyntaxError"),
    ],
)
def test_code_that_builds_nothing(code, monkeypatch, factory, words):
    monkeypatch.chdir(code.parent)
    (code.parent / "broken.py").write_text("def build(:\n", encoding="utf-8")
    with pytest.raises(CheckpointError, match=words) as refusal:
        gateviz.load(factory=factory, **KNOWN)
    assert "\n" not in str(refusal.value)


def test_weights_that_do_not_fit_are_named(code, weights, tmp_path):
    path = tmp_path / "mine.pth"
    torch.save({**weights, "extra.bias": torch.zeros(2)}, path)
    with pytest.raises(
        CheckpointError, match=r"mine\.pth does not fit the network of .*: it has extra\.bias \[2\] too many"
    ):
        gateviz.load(path, factory=f"{code}:build", **KNOWN)
    torch.save({name: tensor for name, tensor in weights.items() if name != "head.bias"}, path)
    with pytest.raises(CheckpointError, match=r"it misses head\.bias \[5\]"):
        gateviz.load(path, factory=f"{code}:build", **KNOWN)
    torch.save({**weights, "head.bias": torch.zeros(6)}, path)
    with pytest.raises(CheckpointError, match=r"it has head\.bias \[6\] for \[5\]"):
        gateviz.load(path, factory=f"{code}:build", **KNOWN)


def test_a_prefix_that_is_the_modules_own(tmp_path):
    class Holder(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = Crnn(nn.Conv2d(1, 4, 3, 2), 4)

        def forward(self, images):
            return self.model(images)

    state = Holder().state_dict()
    torch.save({f"module.{name}": tensor for name, tensor in state.items()}, tmp_path / "m.pth")
    recognizer = gateviz.load(tmp_path / "m.pth", factory=Holder, **KNOWN)
    assert torch.equal(recognizer.module.state_dict()["model.head.bias"], state["model.head.bias"])


def test_a_network_that_cannot_be_measured_says_why():
    class Strict(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolve = nn.Conv2d(1, 4, 3, 2)

        def forward(self, images):
            if images.isnan().any():
                raise ValueError("no NaN here")
            return self.convolve(images)

    with pytest.raises(
        CheckpointError, match=r"does not run on \d+ images of \d+ columns with NaN in them \(ValueError: no NaN here\)"
    ):
        built(Crnn(Strict(), 4))
    with pytest.raises(GeometryError, match="with NaN in them"):
        find_geometry(Subject(Crnn(Strict(), 4).eval(), 1, 16, "TBC", ("recurrent",)), None)


def test_a_norm_over_the_line_sees_all_of_it():
    recognizer = built(Crnn(nn.Sequential(nn.Conv2d(1, 4, 3, 2), nn.GroupNorm(2, 4), nn.Conv2d(4, 4, 3)), 4))
    assert isinstance(recognizer.geometry, AxisGeometry)
    assert recognizer.geometry.receptive_field == 7.0
    assert recognizer.frame_grid(99).receptive_span(0) == (0.0, 99.0)
