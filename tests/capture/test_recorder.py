"""From line images to recordings, with real small networks: every number against one worked out by hand."""

import copy
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import nn

from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.edits import ablate, clamp, patch, scale
from gateviz.capture.recognizer import Recognizer, pixels_of
from gateviz.capture.recorder import record_lines
from gateviz.data.alphabet import Alphabet
from gateviz.data.frames import ColumnMap, FrameGrid
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import AlphabetError, CheckpointError, GeometryError, ImageError, SelectionError, WitnessError
from gateviz.geometry.canvas import Deskew, Normalize
from gateviz.geometry.preprocess import Gray, Invert, Preprocess, ResizeToHeight, Stretch
from gateviz.lines.recognizer import RecognizerCard

HEIGHT, UNITS = 8, 6
ALPHABET = Alphabet.from_symbols("abcd", blank=0)
F, B = Direction.FORWARD, Direction.BACKWARD


class SmallCrnn(nn.Module):
    """A convolution of stride 4 down to height 1, two bidirectional LSTM layers, a head."""

    def __init__(self, recurrent=None) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 5, (HEIGHT, 4), (HEIGHT, 4))
        self.rnn = recurrent or nn.LSTM(5, UNITS, num_layers=2, bidirectional=True)
        self.head = nn.Linear(2 * UNITS, ALPHABET.class_count)

    def features(self, pixels):
        return self.conv(pixels).squeeze(2).permute(2, 0, 1)

    def forward(self, pixels):
        return self.head(self.rnn(self.features(pixels))[0])


@dataclass(frozen=True)
class EveryFour:
    """Frames of a convolution with kernel 4 and stride 4."""

    extra: int = 0

    def frame_grid(self, width: int) -> FrameGrid:
        if width < 4:
            raise GeometryError(f"an input of {width} columns gives no frame")
        return FrameGrid(width // 4 + self.extra, 4.0, 2.0, 4.0, width)


@dataclass(frozen=True)
class CutLeft:
    """A step of somebody else's."""

    columns: int

    def __call__(self, canvas):
        if self.columns >= canvas.width:
            raise ImageError(f"{self.columns} columns were cut off {canvas.width}")
        return canvas.moved(
            canvas.pixels[:, self.columns :], ColumnMap(1.0, float(self.columns)), canvas.width - self.columns
        )

    @property
    def words(self):
        return "cut"


def recognizer(kind=SmallCrnn, seed=0, **changes) -> CtcRecognizer:
    torch.manual_seed(seed)
    module = kind()
    with torch.no_grad():  # weights large enough for gates to open and close
        for parameter in module.parameters():
            parameter *= 2
    card = RecognizerCard("small", checkpoint="small.pt", checkpoint_sha256="ab12")
    recipe = Preprocess((Gray(), ResizeToHeight(HEIGHT), Normalize()))
    made = CtcRecognizer(module.eval(), ALPHABET, card, recipe, EveryFour(), "TBC", "logits")
    return replace(made, **changes)


def line_image(width=80, height=16, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


def by_hand(module: SmallCrnn, pixels: torch.Tensor, edit=lambda layer, direction, quantity, frame, values: values):
    """Every series of every layer and direction, and the log posteriors, by the equations, with a hook for edits."""
    with torch.no_grad():
        x = module.features(pixels)
        found = {}
        for layer in range(2):
            outputs = []
            for direction, suffix in ((F, ""), (B, "_reverse")):
                w_x, w_h, b_x, b_h = (
                    getattr(module.rnn, f"{kind}_l{layer}{suffix}")
                    for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
                )
                h, c = torch.zeros(x.shape[1], UNITS), torch.zeros(x.shape[1], UNITS)
                rows = {quantity: [None] * len(x) for quantity in list(Quantity)[:6]}
                for t in range(len(x)) if direction is F else reversed(range(len(x))):
                    z = x[t] @ w_x.T + b_x + h @ w_h.T + b_h

                    def put(quantity, values, t=t, direction=direction, layer=layer, rows=rows):
                        rows[quantity][t] = edit(layer, direction, quantity, t, values)
                        return rows[quantity][t]

                    i = put(Quantity.INPUT_GATE, z[:, :UNITS].sigmoid())
                    f = put(Quantity.FORGET_GATE, z[:, UNITS : 2 * UNITS].sigmoid())
                    g = put(Quantity.CANDIDATE, z[:, 2 * UNITS : 3 * UNITS].tanh())
                    o = put(Quantity.OUTPUT_GATE, z[:, 3 * UNITS :].sigmoid())
                    c = put(Quantity.CELL_STATE, f * c + i * g)
                    h = put(Quantity.HIDDEN_STATE, o * c.tanh())
                for quantity, series in rows.items():
                    found[layer, direction, quantity] = torch.stack(series).transpose(0, 1).numpy()
                outputs.append(torch.stack(rows[Quantity.HIDDEN_STATE]))
            x = torch.cat(outputs, 2)
        return found, module.head(x).log_softmax(-1).transpose(0, 1).numpy()


def assert_recorded(recordings, series, log_probs):
    for number, recording in enumerate(recordings):
        assert len(recording.traces) == 4
        for (layer, direction, quantity), values in series.items():
            assert np.allclose(recording.trace(layer, direction)[quantity], values[number], atol=2e-6), (
                layer,
                direction,
                quantity,
            )
        assert np.allclose(recording.emission.log_probs, log_probs[number], atol=1e-5)


def test_it_is_a_recognizer():
    assert isinstance(recognizer(), Recognizer)


def test_recorded_numbers_are_those_of_the_equations():
    reader, images = recognizer(), [(line_image(seed=seed), f"{seed}.png") for seed in range(3)]
    recordings = record_lines(reader, images)
    pixels = torch.stack([pixels_of(reader.prepare(image)) for image, _ in images])
    assert_recorded(recordings, *by_hand(reader.module, pixels))
    for (image, name), recording in zip(images, recordings, strict=True):
        assert recording.image is image
        assert recording.provenance.image == name
        assert recording.grid == FrameGrid(10, 8.0, 4.0, 8.0, 80)
        assert recording.trace(0).module == "rnn"
        assert recording.trace(1, B).forget_gate.dtype == np.float32


def test_lines_of_many_sizes_come_back_in_order_and_equal_to_single_runs():
    reader = recognizer()
    widths = [80, 120, 80, 64, 120, 80]
    images = [(line_image(width, seed=number), f"{number}") for number, width in enumerate(widths)]
    seen = []
    together = record_lines(reader, images, batch_size=2, progress=seen.append)
    assert seen == [2, 1, 2, 1]
    assert [recording.provenance.image for recording in together] == [name for _, name in images]
    for image, recording in zip(images, together, strict=True):
        (alone,) = record_lines(reader, [image])
        assert alone.grid == recording.grid
        assert np.allclose(alone.emission.log_probs, recording.emission.log_probs, atol=1e-5)
        for one, other in zip(alone.traces, recording.traces, strict=True):
            assert all(np.allclose(one[quantity], other[quantity], atol=2e-6) for quantity in one.values)


def test_no_lines_are_no_recordings():
    assert record_lines(recognizer(), []) == []


def test_recording_changes_neither_numbers_nor_model():
    reader = recognizer()
    before = copy.deepcopy(reader.module.state_dict())
    image = line_image()
    with torch.enable_grad():
        pixels = pixels_of(reader.prepare(image))[None]
        plain = reader.log_probs(pixels)[0].detach().numpy()
    (recording,) = record_lines(reader, [(image, "")])
    assert np.allclose(recording.emission.log_probs, plain, atol=1e-6)
    assert all(torch.equal(value, before[key]) for key, value in reader.module.state_dict().items())
    assert not any(parameter.grad is not None for parameter in reader.module.parameters())
    assert not any(each._forward_hooks or each._forward_pre_hooks for each in reader.module.modules())


def test_no_edits_is_the_run_without_edits_bit_for_bit():
    reader, image = recognizer(), line_image()
    (plain,) = record_lines(reader, [(image, "")])
    (again,) = record_lines(reader, [(image, "")], edits=())
    assert np.array_equal(plain.emission.log_probs, again.emission.log_probs)
    for one, other in zip(plain.traces, again.traces, strict=True):
        assert all(np.array_equal(one[quantity], other[quantity]) for quantity in one.values)
    assert plain.provenance.engine == again.provenance.engine


def test_a_forget_gate_held_shut_over_columns_gives_the_run_worked_out_by_hand():
    """Two lines of one input size and different image widths: the same columns are other frames of each."""
    reader = recognizer(preprocess=Preprocess((Gray(), Stretch(HEIGHT, 40), Normalize())))
    images = [(line_image(80), "narrow"), (line_image(160, seed=1), "wide")]
    pixels = torch.stack([pixels_of(reader.prepare(image)) for image, _ in images])
    frames = {0: range(3, 7), 1: range(1, 3)}
    units = [1, 4]

    def shut(layer, direction, quantity, frame, values):
        values = values.clone()
        if (layer, quantity) == (1, Quantity.FORGET_GATE):
            for row, span in frames.items():
                if frame in span:
                    values[row, units] = 0.0
        return values

    edits = [clamp("forget_gate", 0.0, layer=1, units=units, columns=(24, 56))]
    recordings = record_lines(reader, images, edits=edits)
    assert [recording.grid.frames_between(24.0, 56.0) for recording in recordings] == [(3, 7), (1, 3)]
    assert_recorded(recordings, *by_hand(reader.module, pixels, shut))
    for number, recording in enumerate(recordings):
        rows = list(frames[number])
        shown = recording.trace(1, B).forget_gate
        assert (shown[np.ix_(rows, units)] == 0).all()
        assert (np.delete(shown, rows, axis=0) > 0).all()
        assert recording.provenance.edits == (
            "forget gate of units 1, 4 in layer 1, every direction, held at 0 in columns [24, 56)",
        )
        assert set(recording.provenance.engine["rnn"].split(", ")) >= {"stepwise"}
        assert recording.provenance.witness is None


def test_an_edit_leaves_what_it_cannot_reach():
    """What the edit cannot reach stays: frames read before it, and the direction it does not name."""
    reader = recognizer(preprocess=Preprocess((Gray(), Stretch(HEIGHT, 40), Normalize())))
    images = [(line_image(80), "one"), (line_image(80, seed=3), "two")]
    plain = record_lines(reader, images)
    one_frame = clamp("hidden_state", 0.9, layer=0, direction="forward", units=[2], columns=(28, 29))
    edited = record_lines(reader, images, edits=[one_frame])
    for before, after in zip(plain, edited, strict=True):
        # A forward layer knows nothing of the frame before it is reached.
        assert np.allclose(before.trace(0).hidden_state[:3], after.trace(0).hidden_state[:3], atol=1e-6)
        assert after.trace(0).hidden_state[3, 2] == np.float32(0.9)
        assert not np.allclose(before.trace(0).hidden_state[4:], after.trace(0).hidden_state[4:], atol=1e-3)
        assert np.allclose(before.trace(0, B).hidden_state, after.trace(0, B).hidden_state, atol=1e-6)


@pytest.mark.parametrize("quantity", list(Quantity)[:6])
@pytest.mark.parametrize("direction", [F, B])
def test_every_quantity_can_be_scaled_in_either_direction(quantity, direction):
    reader, image = recognizer(), line_image(seed=4)

    def scaled(layer, here, what, frame, values):
        chosen = (layer, here, what) == (0, direction, quantity) and 2 <= frame < 5
        return values * 0.5 if chosen else values

    recordings = record_lines(
        reader, [(image, "")], edits=[scale(quantity, 0.5, layer=0, direction=direction, frames=(2, 5))]
    )
    assert_recorded(recordings, *by_hand(reader.module, pixels_of(reader.prepare(image))[None], scaled))


def test_several_edits_work_together_in_order():
    reader, image = recognizer(), line_image(seed=5)

    def both(layer, direction, quantity, frame, values):
        if quantity is Quantity.CELL_STATE:
            values = torch.full_like(values, 0.5)
            values[:, 1] *= -2
        return torch.zeros_like(values) if (layer, quantity) == (1, Quantity.OUTPUT_GATE) and frame == 3 else values

    edits = [
        clamp("cell_state", 0.5),
        scale("cell_state", -2, units=[1]),
        ablate("output_gate", layer=1, frames=(3, 4)),
    ]
    recordings = record_lines(reader, [(image, "")], edits=edits)
    assert_recorded(recordings, *by_hand(reader.module, pixels_of(reader.prepare(image))[None], both))
    assert len(recordings[0].provenance.edits) == 3


def test_a_line_patched_with_its_own_values_is_itself_and_with_anothers_reads_as_that_one():
    reader = recognizer()
    (one,) = record_lines(reader, [(line_image(seed=1), "one.png")])
    (other,) = record_lines(reader, [(line_image(seed=2), "other.png")])
    (same,) = record_lines(reader, [(one.image, "")], edits=[patch("cell_state", one)])
    assert np.allclose(same.emission.log_probs, one.emission.log_probs, atol=1e-5)
    (taken,) = record_lines(reader, [(one.image, "")], edits=[patch("hidden_state", other, layer=1)])
    assert np.allclose(taken.emission.log_probs, other.emission.log_probs, atol=1e-5)
    assert not np.allclose(one.emission.log_probs, other.emission.log_probs, atol=1e-2)
    assert taken.provenance.edits == (
        "hidden state in layer 1, every direction, taken from the recording of other.png",
    )


def test_a_unit_ablated_to_its_mean_shows_its_mean():
    reader = recognizer()
    (plain,) = record_lines(reader, [(line_image(), "")])
    edit = ablate("forget_gate", to="mean", reference=plain, layer=0, units=[3])
    (held,) = record_lines(reader, [(plain.image, "")], edits=[edit])
    for direction in Direction:
        mean = plain.trace(0, direction).forget_gate[:, 3].mean()
        assert np.allclose(held.trace(0, direction).forget_gate[:, 3], mean, atol=1e-6)
        assert not np.allclose(held.trace(0, direction).forget_gate[:, 2], held.trace(0, direction).forget_gate[0, 2])


def test_a_one_way_layer_fed_backward_is_recorded_and_edited_in_reading_order():
    class OneWay(SmallCrnn):
        def __init__(self) -> None:
            super().__init__(nn.LSTM(5, UNITS))
            self.head = nn.Linear(UNITS, ALPHABET.class_count)

        def forward(self, pixels):
            return self.head(self.rnn(self.features(pixels).flip(0))[0].flip(0))

    reader = recognizer(OneWay, reversed_modules=frozenset({"rnn"}))
    image = line_image(seed=6)
    (recording,) = record_lines(reader, [(image, "")])
    (trace,) = recording.traces
    assert trace.direction is B
    with torch.no_grad():
        states = reader.module.rnn(reader.module.features(pixels_of(reader.prepare(image))[None]).flip(0))[0].flip(0)
    assert np.allclose(trace.hidden_state, states[:, 0].numpy(), atol=1e-6)
    assert recording.provenance.witness < 2e-6
    (held,) = record_lines(
        reader, [(image, "")], edits=[clamp("hidden_state", 0.0, direction="backward", frames=(6, 7))]
    )
    assert (held.trace(0, B).hidden_state[6] == 0).all()
    # Read from the right: frames 7 to 9 come before the edit, frames 0 to 5 after it.
    assert np.allclose(held.trace(0, B).hidden_state[7:], trace.hidden_state[7:], atol=1e-6)
    assert (np.abs(held.trace(0, B).hidden_state[:6] - trace.hidden_state[:6]).max(1) > 1e-6).all()


class WithVertical(SmallCrnn):
    """Columns summed up by an LSTM that runs down each of them, as Tesseract has it."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.LSTM(1, 5)

    def features(self, pixels):
        lines, _, height, width = pixels.shape
        columns = pixels.permute(2, 0, 3, 1).reshape(height, lines * width, 1)
        last = self.down(columns)[0][-1].reshape(lines, width, 5)
        return last.transpose(0, 1)[::4]


def test_a_layer_that_does_not_read_along_the_line_is_left_out_or_an_error():
    reader = recognizer(WithVertical)
    with pytest.raises(
        GeometryError, match="down ran over 40 sequences of 8 steps, and the posteriors are 1 lines of 10 frames"
    ):
        record_lines(reader, [(line_image(), "")])
    (recording,) = record_lines(replace(reader, traced_modules=("rnn",)), [(line_image(), "")])
    assert [trace.name for trace in recording.traces] == ["0.forward", "0.backward", "1.forward", "1.backward"]


def test_a_network_without_recurrent_layers_gives_posteriors_only():
    class Plain(SmallCrnn):
        def __init__(self) -> None:
            super().__init__(nn.Identity())
            self.head = nn.Linear(5, ALPHABET.class_count)

        def forward(self, pixels):
            return self.head(self.features(pixels))

    (recording,) = record_lines(recognizer(Plain, traced_modules=()), [(line_image(), "")])
    assert recording.traces == ()
    assert recording.emission.frame_count == 10


def test_only_what_is_asked_for_is_recorded():
    (recording,) = record_lines(
        recognizer(), [(line_image(), "")], layers=[1], quantities=["forget_gate", "cell_state"]
    )
    assert [trace.name for trace in recording.traces] == ["1.forward", "1.backward"]
    assert set(recording.trace(1).values) == {Quantity.FORGET_GATE, Quantity.CELL_STATE}
    (text_only,) = record_lines(recognizer(), [(line_image(), "")], layers=())
    assert text_only.traces == ()
    assert np.allclose(text_only.emission.log_probs, recording.emission.log_probs, atol=1e-6)


def test_provenance_says_where_the_numbers_come_from():
    (recording,) = record_lines(recognizer(), [(line_image(), "line.png")])
    found = recording.provenance
    assert (found.adapter, found.checkpoint, found.checkpoint_sha256) == ("small", "small.pt", "ab12")
    assert (found.image, found.device, found.edits) == ("line.png", "cpu", ())
    assert found.versions["torch"] == torch.__version__.split("+")[0] or found.versions["torch"] == torch.__version__
    assert set(found.versions) == {"gateviz", "torch", "numpy"}
    assert found.created.endswith("+00:00")
    assert set(found.engine) == {"rnn"}
    assert 0 <= found.witness < 2e-6
    (unwitnessed,) = record_lines(recognizer(), [(line_image(), "")], witness=False)
    assert unwitnessed.provenance.witness is None


def test_the_witness_runs_once_for_the_same_engines(monkeypatch):
    runs = []
    monkeypatch.setattr("gateviz.capture.traces.CapturedCall.plain", lambda captured: runs.append(1) or captured.result)
    images = [(line_image(width), "") for width in (80, 120, 160)]
    recordings = record_lines(recognizer(), images)
    assert len(runs) == 1
    assert len({recording.provenance.witness for recording in recordings}) == 1


def test_a_run_that_is_not_the_plain_one_is_an_error(monkeypatch):
    def parted(captured):
        return tuple(each + 0.01 for each in captured.result)

    monkeypatch.setattr("gateviz.capture.traces.CapturedCall.plain", parted)
    with pytest.raises(WitnessError, match=r"part at rnn: final state of its layer 0 forward differs by 0\.01"):
        record_lines(recognizer(), [(line_image(), "")])
    assert len(record_lines(recognizer(), [(line_image(), "")], witness=False)) == 1


def test_retouched_lines_keep_the_columns_of_the_users_image():
    reader, image = recognizer(), line_image(100)
    (cropped,) = record_lines(reader, [(image, "")], retouch=[CutLeft(20)])
    (alone,) = record_lines(reader, [(image[:, 20:], "")])
    assert np.array_equal(cropped.emission.log_probs, alone.emission.log_probs)
    assert cropped.image is image
    assert cropped.grid == FrameGrid(10, 8.0, 24.0, 8.0, 100)
    (inverted,) = record_lines(reader, [(255 - image, "")], retouch=[Invert()])
    (plain,) = record_lines(reader, [(image, "")])
    assert np.array_equal(inverted.emission.log_probs, plain.emission.log_probs)


@pytest.mark.parametrize("output", ["logits", "log_probs", "probs"])
@pytest.mark.parametrize("layout", ["TBC", "BTC"])
def test_every_output_convention_gives_the_same_posteriors(output, layout):
    class Turned(SmallCrnn):
        def forward(self, pixels):
            logits = super().forward(pixels)
            numbers = {"logits": logits, "log_probs": logits.log_softmax(-1), "probs": logits.softmax(-1)}[output]
            return numbers.transpose(0, 1) if layout == "BTC" else numbers

    image = line_image(seed=8)
    (expected,) = record_lines(recognizer(), [(image, "")])
    (found,) = record_lines(recognizer(Turned, output=output, layout=layout), [(image, "")])
    assert np.allclose(found.emission.log_probs, expected.emission.log_probs, atol=1e-5)


def broken_weights() -> CtcRecognizer:
    reader = recognizer()
    with torch.no_grad():
        reader.module.head.weight[2, 3] = float("nan")
    return reader


def overflowing() -> CtcRecognizer:
    reader = recognizer()
    with torch.no_grad():
        reader.module.head.weight.fill_(3e38)
        reader.module.rnn.bias_ih_l1.fill_(9.0)
    return reader


@pytest.mark.parametrize(
    ("make", "options", "error", "words"),
    [
        (
            broken_weights,
            {},
            CheckpointError,
            r"posteriors of a.png are not finite: 1 of the checkpoint's weights hold NaN or infinity, the first is head.weight",
        ),
        (overflowing, {}, CheckpointError, "not finite although all weights are: the network overflows in float32"),
        (
            lambda: recognizer(),
            {"edits": [clamp("hidden_state", 3e38, layer=1)]},
            SelectionError,
            "the edits drive the posteriors of a.png beyond all bounds",
        ),
        (
            lambda: recognizer(),
            {"edits": [clamp("hidden_state", 1e39)]},
            SelectionError,
            r"a value held at 1e\+39 does not fit into float32",
        ),
        (lambda: recognizer(output="log_probs"), {}, CheckpointError, "outputs are no log posteriors"),
        (
            lambda: recognizer(geometry=EveryFour(1)),
            {},
            GeometryError,
            "gave 10 frames for an input of 40 columns, and its geometry says 11",
        ),
        (
            lambda: recognizer(alphabet=Alphabet.from_symbols("abc", blank=0)),
            {},
            AlphabetError,
            r"the network has 5 classes and the alphabet 4 \(3 symbols and the blank\)",
        ),
        (
            lambda: recognizer(),
            {"layers": [0, 4]},
            SelectionError,
            r"layer 4 was asked for and did not run; recorded are layers \[0\]",
        ),
        (
            lambda: recognizer(),
            {"quantities": ["cell_state", "reset_gate"]},
            SelectionError,
            "reset_gate was asked for",
        ),
        (
            lambda: recognizer(),
            {"edits": [clamp("forget_gate", 0.0, layer=2)]},
            SelectionError,
            "changed nothing: this network has layer 0 forward; layer 0 backward; layer 1 forward; layer 1 backward",
        ),
        (
            lambda: recognizer(),
            {"edits": [clamp("update_gate", 0.0)]},
            SelectionError,
            r"changed nothing: this network has layer 0 forward \(forget_gate, input_gate, candidate, output_gate",
        ),
        (
            lambda: recognizer(),
            {"edits": [clamp("forget_gate", 0.0, units=[6])]},
            SelectionError,
            "has 6 units of forget_gate, 0 to 5",
        ),
        (
            lambda: recognizer(),
            {"edits": [clamp("forget_gate", 0.0, frames=(8, 11))]},
            SelectionError,
            "beyond this line's 10 frames",
        ),
        (
            lambda: recognizer(),
            {"edits": [clamp("forget_gate", 0.0, columns=(79, 200))]},
            SelectionError,
            "its 10 frames have their centers every 8 columns from 4, and the image has 80 columns",
        ),
        (lambda: recognizer(), {"retouch": [CutLeft(80)]}, ImageError, r"^a.png: 80 columns were cut off 80"),
        (
            lambda: recognizer(),
            {"retouch": [CutLeft(74)]},
            GeometryError,
            "^a.png: an input of 3 columns gives no frame",
        ),
    ],
)
def test_what_cannot_be_recorded_is_said_in_one_sentence(make, options, error, words):
    with pytest.raises(error, match=words):
        record_lines(make(), [(line_image(), "a.png")], **options)


def test_a_network_in_training_mode_is_refused():
    reader = recognizer()
    reader.module.train()
    with pytest.raises(CheckpointError, match=r"in training mode, and reading would change it; call .eval\(\)"):
        record_lines(reader, [(line_image(), "")])


def test_weights_that_are_not_numbers_do_not_spoil_the_next_recording():
    """A recurrent weight of NaN is the checkpoint's fault, not the engine's."""
    reader = recognizer()
    (before,) = record_lines(reader, [(line_image(), "")])
    spoiled = recognizer()
    with torch.no_grad():
        spoiled.module.rnn.weight_hh_l0[0, 0] = float("nan")
    with pytest.raises(CheckpointError, match=r"the first is rnn.weight_hh_l0"):
        record_lines(spoiled, [(line_image(), "")])
    (after,) = record_lines(reader, [(line_image(), "")])
    assert after.provenance.engine == before.provenance.engine


def test_patches_between_lines_of_different_length_are_refused():
    reader = recognizer()
    (longer,) = record_lines(reader, [(line_image(96), "long.png")])
    with pytest.raises(
        SelectionError, match=r"the recording of long.png has 12 frames and this line 10; patching needs as many"
    ):
        record_lines(reader, [(line_image(80), "")], edits=[patch("cell_state", longer)])


def test_remarks_of_file_steps_and_reading_stand_in_the_provenance_in_this_order():
    blank = np.full((16, 80), 200, np.uint8)
    tilted = np.full((40, 160), 255, np.uint8)
    tilted[10:30, 8:150:5] = 0
    model = recognizer()
    found = record_lines(model, [(blank, "a"), (tilted, "b")], retouch=[Deskew()], remarks=[["file: odd"], []])
    assert [remark.partition(":")[0] for remark in found[0].remarks][:2] == ["file", "left level"]
    assert found[1].remarks[0].startswith("left level: the slope found is 0.00 degrees")
    assert found[0].remarks == found[0].provenance.remarks


def test_a_reading_that_is_empty_is_remarked_on_and_that_of_an_edited_run_is_not():
    model = recognizer()
    with torch.no_grad():
        model.module.head.weight.zero_()
        model.module.head.bias.copy_(torch.tensor([9.0, 0, 0, 0, 0]))
    dark = np.full((16, 80), 200, np.uint8)
    [found] = record_lines(model, [(dark, "a")])
    assert found.text == ""
    assert found.remarks == ("nothing was read: hardly any ink: all levels of gray lie between 200 and 200",)
    [edited] = record_lines(model, [(dark, "a")], edits=[clamp("forget_gate", 1.0, layer=0)], remarks=[["file: odd"]])
    assert edited.remarks == ("file: odd",)


def test_a_line_squeezed_into_a_fixed_width_is_remarked_on():
    squeezing = recognizer(preprocess=Preprocess((Gray(), Stretch(HEIGHT, 8), Normalize())))
    [long] = record_lines(squeezing, [(line_image(width=400), "a")])
    [short] = record_lines(squeezing, [(line_image(width=16), "a")])
    assert long.grid.frame_count == short.grid.frame_count == 2
    symbols = len(long.alignment.spans)
    assert symbols
    words = f"squeezed: 2 frames for the {symbols} symbols read, since the line has 4 % of its own width"
    assert [remark for remark in long.remarks if remark.startswith(words)]
    assert not [remark for remark in short.remarks if remark.startswith("squeezed")]


def test_as_many_remarks_as_images_are_wanted():
    with pytest.raises(ValueError, match="shorter"):
        record_lines(recognizer(), [(line_image(), "a"), (line_image(), "b")], remarks=[[]])
