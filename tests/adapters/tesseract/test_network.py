import numpy as np
import pytest
import torch
from PIL import Image

from gateviz.adapters.tesseract.cursor import Cursor
from gateviz.adapters.tesseract.layers import MaxPool, NoiseStream, Stack, Turned, Window
from gateviz.adapters.tesseract.model import read_model
from gateviz.adapters.tesseract.network import build_network
from gateviz.adapters.tesseract.preprocess import TesseractPreprocess
from gateviz.adapters.tesseract.records import Kind, read_record
from gateviz.ctc.greedy import greedy
from gateviz.data.emission import Emission
from gateviz.errors import CheckpointError, GeometryError

MODELS = {"fra_best": ["la_memoire", "l_ete", "porte"], "eng_fast": ["fox", "address"]}
LINES = [(model, line) for model, lines in MODELS.items() for line in lines]


def load(path):
    model = read_model(path.read_bytes())
    return model, build_network(model.network, int8=model.int8, sample_iteration=model.sample_iteration)


@pytest.fixture(scope="module")
def models(real_data, tessdata):
    def get(name):
        if name not in loaded:
            path = tessdata("eng") if name == "eng_fast" else real_data / "tesseract" / f"{name}.traineddata"
            loaded[name] = load(path)
        return loaded[name]

    loaded = {}
    return get


def built(writing, *children, height=12, int8=False, depth=1, **options):
    writer = writing.Writer(weights="int8" if int8 else "float64", **options)
    parts = [make(writer) for make in children]
    record = read_record(Cursor(writer.plumbing("Series", height, 5, *parts), "LSTM network"))
    return build_network(record, int8=int8, sample_iteration=5)


def summary(inputs, units=4):
    return lambda w: w.plumbing("XYTranspose", inputs, units, w.lstm(inputs, units, "SummLSTM", "Lfys"))


def softmax(inputs, classes=5):
    return lambda w: w.dense("Softmax", inputs, classes, "Output")


def image(height=12, depth=1):
    return lambda w: w.input(height, depth)


@pytest.mark.system
@pytest.mark.parametrize(("name", "line"), LINES)
def test_the_engines_own_numbers(models, real_data, name, line):
    _, network = models(name)
    given = np.load(real_data / "tesseract" / f"{line}.{name}.input.npy")
    expected = np.load(real_data / "tesseract" / f"{line}.{name}.probs.npy")
    with torch.no_grad():
        probs = network.module(torch.from_numpy(given)[None, None])[0].exp().numpy()
    assert probs.shape == expected.shape
    # The int8 network is reproduced to single precision, the floating-point one to its sums' order.
    np.testing.assert_allclose(probs, expected, rtol=0, atol=2e-6 if name == "eng_fast" else 2e-5)
    np.testing.assert_array_equal(probs.argmax(1), expected.argmax(1))


@pytest.mark.system
@pytest.mark.parametrize(("name", "line"), LINES)
def test_the_image_file_gives_the_engines_input_and_text(models, real_data, name, line):
    model, network = models(name)
    folder = real_data / "tesseract"
    pixels = TesseractPreprocess(36, int8=model.int8)(np.array(Image.open(folder / f"{line}.png"))).pixels
    np.testing.assert_array_equal(pixels[0], np.load(folder / f"{line}.{name}.input.npy"))
    with torch.no_grad():
        text = greedy(Emission(network.module(torch.from_numpy(pixels)[None])[0].numpy(), model.alphabet)).text
    rows = (folder / "truth.tsv").read_text(encoding="utf-8").splitlines()
    truth = dict(row.split("\t") for row in rows)[f"{line}.png"]
    # The engine's own most probable classes end this line with a bar of probability 0.27.
    assert text == truth + ("|" if line == "address" else "")


def test_horizontal_vertical_and_backward_lstms_are_told_apart(writing):
    model = read_model(writing.recognizer_file(writing.Writer()))
    network = build_network(model.network, int8=False, sample_iteration=7)
    assert network.traced == ("layers.4_Lfx4.lstm", "layers.5_RevLSTM.layer.lstm", "layers.6_Lfx4b.lstm")
    assert network.backward == {"layers.5_RevLSTM.layer.lstm"}
    assert network.other_lstms == ("layers.3_XYTransLSTM.layer.lstm",)
    known = dict(network.module.named_modules())
    assert [known[name].reads_backward for name in network.traced] == [False, True, False]
    assert all(isinstance(known[name], torch.nn.LSTM) for name in (*network.traced, *network.other_lstms))


def test_the_backward_lstm_reads_from_the_right(writing):
    network = built(writing, image(), summary(1), lambda w: w.plumbing("RTLReversed", 4, 4, w.lstm(4, 4)), softmax(4))
    pixels = torch.rand(1, 1, 12, 30)
    pixels.requires_grad_(True)
    for frame in (0, 11, 29):
        (gradient,) = torch.autograd.grad(network.module(pixels)[0, frame, 1], pixels)
        touched = gradient[0, 0].abs().sum(0).nonzero().flatten()
        assert touched.min() == frame
        assert touched.max() > frame or frame == 29


def test_an_lstm_that_runs_down_inside_turns_is_no_trace(writing):
    turned = built(
        writing,
        image(),
        lambda w: w.plumbing("XYTranspose", 1, 4, w.lstm(1, 4, name="down")),
        summary(4),
        lambda w: w.plumbing(
            "XYTranspose", 4, 4, w.plumbing("TTBReversed", 4, 4, w.plumbing("XYTranspose", 4, 4, w.lstm(4, 4)))
        ),
        softmax(4),
    )
    assert turned.traced == ("layers.3_XYTranspose.layer.layer.layer.lstm",)
    assert turned.backward == set(turned.traced)
    assert len(turned.other_lstms) == 2


def test_an_lstm_whose_steps_are_no_frames_is_no_trace(writing):
    network = built(
        writing, image(), summary(1), lambda w: w.lstm(4, 4, name="fine"), lambda w: w.window("Maxpool", 4, 2, 1),
        lambda w: w.lstm(4, 4, name="frames"), softmax(4),
    )  # fmt: skip
    assert [name.split(".")[1] for name in network.traced] == ["4_frames"]
    assert network.module(torch.rand(1, 1, 12, 31)).shape == (1, 15, 5)


def test_every_lstm_has_the_columns_of_its_own_input(writing):
    """A window between two LSTMs widens what the second and the output see, and not what the first does."""
    network = built(
        writing, image(), summary(1), lambda w: w.lstm(4, 4, name="below"), lambda w: w.window("Convolve", 4, 2, 0),
        lambda w: w.lstm(20, 4, name="above"), softmax(4),
    )  # fmt: skip
    below, above = (network.layer_geometries[name] for name in network.traced)
    assert (below.first_center, below.receptive_field) == (0.5, 1.0)
    assert (above.first_center, above.receptive_field) == (0.5, 5.0)
    assert network.geometry.receptive_field == 5.0


GEOMETRIES = {
    "tesseract": [lambda w: w.window("Convolve", 1, 1, 1), lambda w: w.dense("Tanh", 9, 3), lambda w: w.window("Maxpool", 3, 3, 3)],
    "stack": [lambda w: w.window("Reconfig", 1, 4, 2), lambda w: w.dense("Tanh", 8, 3)],
    "two windows": [
        lambda w: w.window("Convolve", 1, 2, 0), lambda w: w.dense("Tanh", 5, 2), lambda w: w.window("Maxpool", 2, 2, 2),
        lambda w: w.window("Convolve", 2, 1, 1), lambda w: w.dense("Relu", 18, 3),
    ],
    "pooled from the right": [
        lambda w: w.window("Convolve", 1, 1, 0), lambda w: w.dense("Tanh", 3, 3),
        lambda w: w.plumbing("RTLReversed", 3, 3, w.window("Maxpool", 3, 4, 1)),
    ],
    "pooled while turned": [
        lambda w: w.plumbing("XYTranspose", 1, 3, w.plumbing("Series", 1, 3, w.window("Reconfig", 1, 2, 3), w.dense("Tanh", 6, 3))),
    ],
    "parallel": [
        lambda w: w.plumbing("Parallel", 1, 3, w.plumbing("Series", 1, 2, w.window("Convolve", 1, 2, 0), w.dense("Tanh", 5, 2)),
                             w.dense("Tanh", 1, 1)),
        lambda w: w.window("Maxpool", 3, 2, 1),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", GEOMETRIES)
@pytest.mark.parametrize("width", [25, 27])
def test_the_frames_look_where_the_gradient_says(writing, name, width):
    network = built(writing, image(), *GEOMETRIES[name], summary(3), softmax(4), seed=3)
    geometry = network.geometry
    grid = geometry.frame_grid(width)
    touched = np.zeros((grid.frame_count, width), bool)
    # One image leaves out what a maximum hides; many do not.
    for seed in range(15):
        pixels = (torch.rand(1, 1, 12, width, generator=torch.Generator().manual_seed(seed)) - 0.5).requires_grad_(True)
        frames = network.module(pixels)
        assert frames.shape[1] == grid.frame_count
        for t in range(grid.frame_count):
            (gradient,) = torch.autograd.grad(frames[0, t, 0], pixels, retain_graph=True)
            touched[t] |= (gradient[0, 0] != 0).any(0).numpy()
    for t in range(grid.frame_count):
        columns = np.flatnonzero(touched[t])
        assert (columns[0], columns[-1] + 1) == geometry.seen_columns(t, width)
        start, stop = geometry.seen_columns(t, width)
        if start > 0 and stop < width:
            assert grid.centers[t] == pytest.approx((start + stop) / 2, abs=0.5)
            assert grid.receptive_field == stop - start


def test_tesseracts_own_layers_give_a_frame_every_three_columns(writing):
    network = built(writing, image(), *GEOMETRIES["tesseract"], summary(3), softmax(4))
    grid = network.geometry.frame_grid(100)
    assert (grid.frame_count, grid.first_center, grid.stride, grid.receptive_field) == (33, 1.5, 3.0, 5.0)
    with pytest.raises(GeometryError, match="needs at least 3 columns"):
        network.geometry.frame_grid(2)


def plane(*shape):
    return torch.from_numpy(np.random.default_rng(0).normal(size=shape))


def scalar_noise(samples):
    seed = samples * 0x10000001 % 2**64
    while True:
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        yield 2.0 * (seed >> 33) / (2**31 - 1) - 1


@pytest.mark.parametrize(("half_x", "half_y"), [(1, 1), (2, 0), (0, 2), (3, 1)])
def test_windows_are_stacked_and_filled_in_the_engines_order(half_x, half_y):
    values = plane(2, 4, 5, 3)
    noise = scalar_noise(9)
    next(noise)
    expected = np.zeros((2, 4, 5, (2 * half_x + 1) * (2 * half_y + 1) * 3))
    for y in range(4):
        for x in range(5):
            at = 0
            for column in range(x - half_x, x + half_x + 1):
                for row in range(y - half_y, y + half_y + 1):
                    inside = 0 <= column < 5 and 0 <= row < 4
                    for feature in range(3):
                        expected[:, y, x, at] = values[:, row, column, feature] if inside else next(noise)
                        at += 1
    found = Window(half_x, half_y)(values, NoiseStream(9, int8=False))
    np.testing.assert_array_equal(found.numpy(), expected)


def test_pooling_and_stacking_drop_what_is_left_over():
    values = plane(2, 5, 7, 3)
    noise = NoiseStream(1, int8=False)
    pooled, stacked = MaxPool(3, 2)(values, noise), Stack(3, 2)(values, noise)
    assert pooled.shape == (2, 2, 2, 3)
    assert stacked.shape == (2, 2, 2, 18)
    for y in range(2):
        for x in range(2):
            piece = values[:, 2 * y : 2 * y + 2, 3 * x : 3 * x + 3]
            assert torch.equal(pooled[:, y, x], piece.amax((1, 2)))
            for dx in range(3):
                for dy in range(2):
                    at = (dx * 2 + dy) * 3
                    assert torch.equal(stacked[:, y, x, at : at + 3], piece[:, dy, dx])


def test_turning_there_and_back():
    class Marked(MaxPool):
        def forward(self, given, noise):
            self.seen = given
            return given

    values = plane(1, 2, 3, 1)
    for kind, seen in [
        (Kind.XY_TRANSPOSE, values.transpose(1, 2)),
        (Kind.RTL_REVERSED, values.flip(2)),
        (Kind.TTB_REVERSED, values.flip(1)),
    ]:
        inner = Marked(1, 1)
        assert torch.equal(Turned(kind, inner)(values, NoiseStream(1, int8=False)), values)
        assert torch.equal(inner.seen, seen)


def test_lines_of_a_batch_read_as_they_read_alone(writing):
    model = read_model(writing.recognizer_file(writing.Writer(weights="int8", scale=2.0)))
    network = build_network(model.network, int8=True, sample_iteration=7)
    pixels = torch.rand(3, 1, 12, 40) * 2 - 1
    together = network.module(pixels)
    for line in range(3):
        assert torch.equal(together[line], network.module(pixels[line : line + 1])[0])


def test_hidden_states_of_int8_networks_are_whole_127ths_and_cell_states_stop_at_100(writing):
    # All gates open and the candidate 1: the state counts the frames, as far as it may.
    counting = np.hstack([np.zeros((4, 8)), np.full((4, 1), 20.0)])
    network = built(
        writing,
        image(),
        summary(1),
        lambda w: w.lstm(4, 4, values=counting),
        lambda w: w.lstm(4, 4),
        softmax(4),
        int8=True,
    )
    kept = {}
    modules = dict(network.module.named_modules())
    for name in network.traced:
        modules[name].register_forward_hook(lambda module, given, result, name=name: kept.update({name: result}))
    network.module(torch.rand(1, 1, 12, 150) * 2 - 1)
    counter, random = (kept[name] for name in network.traced)
    assert torch.equal(counter[1][1], torch.full((1, 1, 4), 100.0))
    assert torch.equal((random[0] * 127).round() / 127, random[0])
    assert len(random[0].unique()) > 20


def test_an_input_of_fixed_width_is_cut_or_filled_with_noise(writing):
    network = built(writing, lambda w: w.input(12, width=20), summary(1), softmax(4))
    wide = torch.rand(1, 1, 12, 33)
    assert torch.equal(network.module(wide), network.module(wide[..., :20]))
    narrow = torch.rand(1, 1, 12, 17)
    noise = scalar_noise(5)
    next(noise)
    fill = torch.tensor([next(noise) for _ in range(12 * 3)], dtype=torch.float32).view(1, 1, 12, 3)
    assert torch.equal(network.module(narrow), network.module(torch.cat([narrow, fill], 3)))
    assert network.geometry.frame_grid(17).frame_count == 20


def test_columns_of_pixels_may_be_the_features(writing):
    network = built(writing, lambda w: w.input(1, depth=12), lambda w: w.lstm(12, 4), softmax(4))
    assert (network.height, network.channels, len(network.traced)) == (12, 1, 1)
    assert network.module(torch.rand(2, 1, 12, 9)).shape == (2, 9, 5)


def test_color_networks_take_three_channels(writing):
    network = built(
        writing,
        image(12, 3),
        lambda w: w.window("Convolve", 3, 1, 1),
        lambda w: w.dense("LinTanh", 27, 2),
        summary(2),
        softmax(4),
    )
    assert network.channels == 3
    assert network.module(torch.rand(1, 3, 12, 9)).shape == (1, 9, 5)


@pytest.mark.parametrize("kind", ["Tanh", "Logistic", "LinTanh", "LinLogistic", "Relu", "Linear"])
def test_activations(writing, kind):
    functions = {
        "Tanh": torch.tanh,
        "Logistic": torch.sigmoid,
        "LinTanh": lambda x: x.clamp(-1, 1),
        "LinLogistic": lambda x: x.clamp(0, 1),
        "Relu": torch.relu,
        "Linear": lambda x: x,
    }
    network = built(writing, image(), lambda w: w.dense(kind, 1, 3, "hidden"), summary(3), softmax(4), scale=3.0)
    layer = network.module.layers["1_hidden"]
    values = torch.randn(1, 2, 3, 1)
    expected = functions[kind](layer.linear(values))
    torch.testing.assert_close(layer(values, NoiseStream(1, int8=False)), expected, atol=2e-6, rtol=0)


def refusal(writing, *children, **options):
    with pytest.raises(CheckpointError) as caught:
        built(writing, *children, **options)
    return str(caught.value)


def tanh(w):
    return w.dense("Tanh", 1, 4)


REFUSED = {
    "begins with Tanh 'Tanh'": [tanh, summary(4), softmax(4)],
    "ends in SoftmaxNoCTC 'x'": [image(), summary(1), lambda w: w.dense("SoftmaxNoCTC", 4, 5, "x")],
    "Softmax 'Output' before its end": [image(), softmax(1), summary(5), softmax(4)],
    "leaves 12 rows": [image(), tanh, softmax(4)],
    "no sequence of frames along the line": [image(), summary(1), lambda w: w.lstm(4, 4, "SummLSTM"), softmax(4)],
    "height 12, width 70000 and depth 1": [lambda w: w.input(12, width=70_000), summary(1), softmax(4)],
    "height 2000, width 0 and depth 1": [image(2000), summary(1), softmax(4)],
    "do not fit each other": [image(), lambda w: w.window("Maxpool", 1, 1, 13), summary(1), softmax(4)],
    "'Convolve' has 6561 outputs, and at most 4096": [
        image(), lambda w: w.window("Convolve", 1, 40, 40), lambda w: w.dense("Tanh", 6561, 1), summary(1), softmax(4),
    ],
    "the parts of 'both' leave planes of different sizes": [
        image(),
        lambda w: w.plumbing(
            "Parallel", 1, 2, w.window("Maxpool", 1, 2, 1), w.window("Maxpool", 1, 3, 1), name="both"
        ),
        summary(2),
        softmax(4),
    ],
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED)
def test_networks_that_are_no_line_recognizers_are_refused(writing, words):
    with pytest.raises(CheckpointError) as caught:
        built(writing, *REFUSED[words])
    assert words in str(caught.value)


def test_weights_of_another_kind_than_the_network_are_refused(writing):
    writer = writing.Writer()
    record = read_record(Cursor(writing.recognizer_network(writer), "LSTM network"))
    with pytest.raises(
        CheckpointError, match="'ConvNL' has weights of another kind than the network, whose activations are int8"
    ):
        build_network(record, int8=True, sample_iteration=1)
