"""Two models, or two images, with a known difference: matched, put together, and parted where they must."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

import gateviz
from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import GRU_QUANTITIES, Direction, GateTrace, Quantity
from gateviz.data.provenance import Provenance
from gateviz.errors import AlignmentError, GeometryError, ImageError, SelectionError
from gateviz.files.folders import LineSource
from gateviz.measure.common_axis import by_column
from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.networks.crnn_file import save_crnn
from gateviz.recording import Recording
from gateviz.studies.compare.figure import ComparisonFigures
from gateviz.studies.compare.report import document
from gateviz.studies.compare.request import CompareRequest
from gateviz.studies.compare.results import LinePair
from gateviz.studies.compare.run import compare_images, compare_models, compare_pairs
from tests.studies.compare.changed_models import changed_model, noisy, permuted, rounded

TEXT = "gates open wide"
PLACES = ["0.forward", "0.backward", "1.forward", "1.backward"]


def typeset(font_folder):
    """A line image and the columns of each glyph."""
    font = ImageFont.truetype(str(font_folder / "DejaVuSans.ttf"), 32)
    ends = [12 + font.getlength(TEXT[: count + 1]) for count in range(len(TEXT))]
    picture = Image.new("L", (int(ends[-1]) + 12, 48), 255)
    ImageDraw.Draw(picture).text((12, 4), TEXT, fill=20, font=font)
    return np.asarray(picture), list(zip([12.0, *ends[:-1]], ends, strict=True))


@pytest.fixture(scope="module")
def bundled():
    return gateviz.load()


@pytest.fixture(scope="module")
def line(font_folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("line") / "line.png"
    Image.fromarray(typeset(font_folder)[0]).save(path)
    return LineSource(path, TEXT)


def changed(tmp_path, change):
    with torch.no_grad():
        return gateviz.load(changed_model(tmp_path / "changed.safetensors", change))


def test_a_model_and_itself_are_exactly_the_same(bundled, line):
    found = compare_models(bundled, bundled, [line])
    assert [place.name for place in found.places] == PLACES
    assert found.first_apart() is None
    for place in found.places:
        assert place.matching.identity
        assert place.matching.mean == pytest.approx(1.0, abs=1e-12)
        assert found.apart[place.name].value == 0.0
        for one in place.quantities:
            assert (one.distance, one.unit_distance) == (0.0, 0.0)
            assert one.similarity == pytest.approx(1.0, abs=1e-12)
            assert one.redundancy[0] == one.redundancy[1]
            assert one.shares[0].tolist() == one.shares[1].tolist()
    (alone,) = found.lines
    assert all(not course.any() for one in alone.distances.values() for course in one.values())
    assert not alone.bits.any()
    assert {(one.first == one.second, one.distance, one.bits) for one in alone.symbols} == {(True, 0.0, 0.0)}
    assert (found.cost.edits.value, found.cost.changed, found.cost.rise.value) == (0.0, 0.0, 0.0)
    assert all(alone.stretches(name) == [] and np.isnan(alone.onset(name)) for name in PLACES)


def test_units_in_another_order_are_found_and_the_text_is_the_same(bundled, line, tmp_path):
    order = np.random.default_rng(0).permutation(96)
    turned = [3, 5, 70]
    other = changed(tmp_path, permuted({"l0": order, "l1_reverse": range(95, -1, -1)}, {"l0": turned}))
    found = compare_models(bundled, other, [line])
    by_name = {place.name: place.matching for place in found.places}
    assert by_name["0.forward"].second.tolist() == np.argsort(order).tolist()
    assert by_name["1.backward"].second.tolist() == list(range(95, -1, -1))
    assert [by_name[name].identity for name in PLACES] == [False, True, True, False]
    signs = by_name["0.forward"].sign
    assert sorted(by_name["0.forward"].second[signs < 0].tolist()) == turned
    for place in found.places:
        assert place.matching.mean == pytest.approx(1.0, abs=1e-5)
        # What is found by chance is far from it, and so is unit by unit number.
        assert place.chance < 0.5
        assert found.apart[place.name].value < 1e-4
        for one in place.quantities:
            assert one.unit_distance < 1e-3
    assert by_name["0.forward"].own < 0.5
    assert found.lines[0].pair.first.text == found.lines[0].pair.second.text
    assert found.cost.edits.value == 0.0
    assert found.cost.bits.value < 1e-6


def test_the_layer_with_noise_is_the_first_that_parts(bundled, line, tmp_path):
    found = compare_models(bundled, changed(tmp_path, noisy("l1", 0.5)), [line])
    assert found.first_apart().name == "1.forward"
    assert found.first_apart(0.1).name == "1.forward"
    # Nothing reaches the other layers: not the ones below, not the one beside.
    assert [found.apart[name].value > 0.1 for name in PLACES] == [False, False, True, False]
    assert {found.apart[name].value for name in PLACES if name != "1.forward"} == {0.0}
    assert found.lines[0].stretches("0.forward") == []


def test_noise_below_reaches_what_lies_above(bundled, line, tmp_path):
    found = compare_models(bundled, changed(tmp_path, noisy("l0_reverse", 0.5)), [line])
    assert found.first_apart().name == "0.backward"
    assert [found.apart[name].value > 0.05 for name in PLACES] == [False, True, True, True]
    # A layer that reads from the right parts on the right first.
    at = found.lines[0]
    stretches = at.stretches("0.backward", 0.1)
    assert at.onset("0.backward", 0.1) == stretches[-1][1]
    assert at.onset("1.forward", 0.1) == at.stretches("1.forward", 0.1)[0][0]


def test_rounding_to_int8_costs_little_and_keeps_every_unit(bundled, line, tmp_path):
    found = compare_models(bundled, changed(tmp_path, rounded), [line])
    for place in found.places:
        assert place.matching.identity
        assert place.matching.mean > 0.99
        assert 1e-3 < found.apart[place.name].value < 0.2
    assert found.cost.bits.value < 0.01


def test_a_damaged_glyph_parts_at_its_own_columns(bundled, font_folder):
    image, columns = typeset(font_folder)
    start, stop = columns[TEXT.index("p")]
    damaged = image.copy()
    damaged[:, round(start) : round(stop)] = 255
    one, other = gateviz.record(bundled, [image, damaged])
    found = compare_images(one, other)
    assert found.axis == "column"
    assert all(place.matching.identity for place in found.places)
    (line,) = found.lines
    near = one.grid.stride + one.grid.receptive_field / 2
    for name in ("0.forward", "0.backward"):
        course, at = line.course(name), line.pair.frames.columns
        assert start - one.grid.stride <= at[np.argmax(course)] <= stop + one.grid.stride
        # Before the glyph is seen, the way the layer reads, nothing is apart.
        unseen = at < start - near if name == "0.forward" else at > stop + near
        assert unseen.any()
        assert course[unseen].max() == 0.0
        stretches = line.stretches(name, 0.25)
        assert stretches[0][0] < stop
        assert stretches[-1][1] > start
    worst = max(line.symbols, key=lambda one: one.distance)
    assert worst.start < stop
    assert worst.stop > start
    assert compare_images(one, one).first_apart() is None


def toy(frames, stride, width, labels, *, units=4, symbols="abc", shift=0.0, layers=2, gru=False, image=None):
    """A recording whose series are sines of the column, so that grids of any stride must agree."""
    grid = FrameGrid(frames, stride, stride / 2, 3 * stride, width)
    at = (grid.centers + shift)[:, None]
    quantities = GRU_QUANTITIES if gru else (Quantity.FORGET_GATE, Quantity.CELL_STATE, Quantity.HIDDEN_STATE)
    values = {
        quantity: (0.5 + 0.4 * np.sin(at / (40 + 9 * np.arange(units)) + number)).astype(np.float32)
        for number, quantity in enumerate(quantities)
    }
    traces = tuple(GateTrace(layer, direction, values) for layer in range(layers) for direction in Direction)
    alphabet = Alphabet.from_symbols(symbols, blank=0)
    log_probs = np.full((frames, alphabet.class_count), np.log(0.05 / len(symbols)), np.float32)
    log_probs[np.arange(frames), labels] = np.log(0.95)
    return Recording(image, grid, traces, Emission(log_probs, alphabet), Provenance(image="toy.png"))


def spelled(frames, *spans):
    labels = np.zeros(frames, dtype=int)
    for label, start, stop in spans:
        labels[start:stop] = label
    return labels


def toy_pair(first, second, truth=None, name="toy"):
    return LinePair(name, first, second, by_column(first.grid, second.grid), truth)


def test_other_strides_are_compared_at_their_columns_not_by_frame_number():
    fine = toy(40, 4.0, 160, spelled(40, (1, 4, 8), (2, 20, 24)))
    coarse = toy(20, 8.0, 160, spelled(20, (1, 2, 4), (2, 10, 12)))
    found = compare_pairs([toy_pair(fine, coarse)])
    for place in found.places:
        assert place.matching.identity
        # Linear between frames: a sine of these lengths is met to a hundredth of how much it varies.
        assert found.apart[place.name].value < 0.02
    moved = compare_pairs([toy_pair(fine, toy(20, 8.0, 160, spelled(20), shift=30.0))])
    assert min(estimate.value for estimate in moved.apart.values()) > 0.3


def test_other_sizes_depths_and_alphabets_are_compared_as_far_as_they_go():
    labels = spelled(20, (1, 2, 4), (3, 10, 12))
    small = toy(20, 8.0, 160, labels, units=3, layers=1, symbols="abc")
    large = toy(20, 8.0, 160, labels, units=5, symbols="axcd")
    found = compare_pairs([toy_pair(small, large)])
    assert [place.name for place in found.places] == ["0.forward", "0.backward"]
    assert found.places[0].matching.second.tolist() == [0, 1, 2]
    assert found.places[0].likeness.shape == (3, 5)
    assert found.alone == ("B alone has layer 1 forward, layer 1 backward",)
    assert found.apart["0.forward"].value == pytest.approx(0.0, abs=1e-6)
    # a and c are shared; the posteriors' small rest lies elsewhere.
    assert 0 < found.cost.bits.value < 0.05


def test_a_gru_and_an_lstm_share_their_hidden_state():
    labels = spelled(20, (1, 2, 4))
    found = compare_pairs([toy_pair(toy(20, 8.0, 160, labels), toy(20, 8.0, 160, labels, gru=True))])
    assert [[str(one.quantity) for one in place.quantities] for place in found.places] == [["hidden_state"]] * 4
    assert "layer 0 forward: only one of the two has forget gate, cell state, reset gate, update gate" in found.alone[0]


def test_what_cannot_be_compared_is_said_in_words():
    labels = spelled(20, (1, 2, 4))
    plain = toy(20, 8.0, 160, labels)
    chinese = toy(20, 8.0, 160, labels, symbols="中文字")
    found = compare_pairs([toy_pair(plain, chinese)])
    assert "share none, so their posteriors cannot be compared" in found.alone[0]
    assert found.cost.bits is None
    assert found.lines[0].bits is None
    assert found.cost.edits.value == 1.0
    assert ComparisonFigures(found, {name: {"image": name} for name in ("first", "second")}).bits is None
    with pytest.raises(SelectionError, match=r"A has the layers 0\.forward, .* and B has none; with no layer"):
        compare_pairs([toy_pair(plain, Recording(None, plain.grid, (), plain.emission))])
    with pytest.raises(ImageError, match="there is nothing to compare"):
        compare_pairs([])


def test_the_cost_in_text_is_paired_line_by_line():
    texts = {"abc": ((1, 2, 3), (2, 6, 7), (3, 10, 11)), "ab": ((1, 2, 3), (2, 6, 7))}
    right, short = (toy(20, 8.0, 160, spelled(20, *spans)) for spans in texts.values())
    pairs = [toy_pair(right, right, "abc")] * 3 + [toy_pair(right, short, "abc")] + [toy_pair(right, short)]
    found = compare_pairs(pairs)
    assert (found.cost.first.value, found.cost.second.value) == (0.0, 1 / 12)
    assert found.cost.rise.value == 1 / 12
    assert found.cost.lines == 4
    assert found.cost.edits.value == 2 / 15
    assert found.cost.changed == 2 / 5
    back = compare_pairs([LinePair(one.name, one.second, one.first, one.frames, one.truth) for one in pairs])
    assert back.cost.rise.value == -1 / 12
    assert (back.cost.rise.low, back.cost.rise.high) == (-found.cost.rise.high, -found.cost.rise.low)
    assert found.shown.edits == 1


def test_images_of_other_widths_are_put_together_symbol_by_symbol():
    # The second image has two frames more in front; its series are those of the first, 16 columns on.
    first = toy(20, 8.0, 160, spelled(20, (1, 3, 5), (2, 8, 10), (3, 13, 15)))
    second = toy(22, 8.0, 176, spelled(22, (1, 5, 7), (2, 10, 12), (3, 15, 17)), shift=-16.0)
    found = compare_images(first, second)
    assert found.axis == "symbol"
    assert max(estimate.value for estimate in found.apart.values()) == pytest.approx(0.0, abs=1e-6)
    assert [one.first for one in found.lines[0].symbols] == ["a", "b", "c"]
    # One symbol less: its columns have no counterpart, the others still fit.
    shorter = toy(22, 8.0, 176, spelled(22, (1, 5, 7), (3, 15, 17)), shift=-16.0)
    (line,) = compare_images(first, shorter).lines
    assert [(one.first, one.second) for one in line.symbols] == [("a", "a"), ("b", None), ("c", "c")]
    assert np.isnan(line.symbols[1].distance)
    assert np.isnan(line.bits).sum() == np.isnan(line.course("0.forward")).sum() == 5
    with pytest.raises(GeometryError, match="over 160 columns and over 176"):
        compare_images(first, second, CompareRequest(by="column"))
    with pytest.raises(SelectionError, match="cannot be put together by 'word'; choose column or symbol"):
        CompareRequest(by="word")
    with pytest.raises(AlignmentError, match="'abc' and '' have no symbols to put beside each other"):
        compare_images(first, toy(22, 8.0, 176, spelled(22)))


def test_images_of_one_size_with_other_texts_are_not_put_together_by_column():
    first = toy(20, 8.0, 160, spelled(20, (1, 3, 5), (2, 8, 10)))
    assert compare_images(first, toy(20, 8.0, 160, spelled(20, (1, 3, 5), (3, 8, 10)))).axis == "column"
    assert compare_images(first, toy(20, 8.0, 160, spelled(20, (1, 9, 11), (2, 14, 16)))).axis == "symbol"
    assert compare_images(first, toy(20, 8.0, 160, spelled(20, (3, 9, 11), (2, 12, 13)))).axis == "symbol"


def test_lines_that_one_cannot_read_are_told_and_counted(bundled, line, tmp_path):
    broken, missing = tmp_path / "broken.png", tmp_path / "missing.png"
    broken.write_bytes(b"\x89PNG nothing more")
    seen = []
    sources = [LineSource(broken), line, LineSource(missing)]
    asked = CompareRequest(layers=[0], quantities=["forget_gate"])
    found = compare_models(bundled, bundled, sources, asked, progress=seen.append)
    assert sum(seen) == 6
    assert [one.pair.name for one in found.lines] == ["line.png"]
    assert [(one.source.path.name, one.why[:3]) for one in found.skipped] == [
        ("broken.png", "A: "), ("missing.png", "A: "), ("broken.png", "B: "), ("missing.png", "B: "),
    ]  # fmt: skip
    assert [place.name for place in found.places] == PLACES[:2]
    assert len(document(found)["skipped"]) == 4
    with pytest.raises(ImageError, match="none of the 1 lines of the corpus can be read"):
        compare_models(bundled, bundled, [LineSource(missing)])
    with pytest.raises(ImageError, match="the corpus holds no line"):
        compare_models(bundled, bundled, [])


def test_another_backbone_and_another_recurrent_part(line, tmp_path):
    models = []
    for name, recurrent, symbols, hidden in (("a", "lstm", "gatesopn ", 8), ("b", "gru", "wideates", 5)):
        alphabet = Alphabet.from_symbols(dict.fromkeys(symbols), blank=0)
        torch.manual_seed(1)
        backbone = "vgg_small" if name == "a" else "mobilenet_v3"
        config = CrnnConfig(alphabet.class_count, backbone, recurrent, hidden_size=hidden, depth=1)
        path = Path(tmp_path / f"{name}.safetensors")
        save_crnn(path, CRNN(config), alphabet)
        models.append(gateviz.load(path))
    found = compare_models(*models, [line])
    grids = [found.lines[0].pair.first.grid, found.lines[0].pair.second.grid]
    assert found.places[0].likeness.shape == (8, 5)
    assert len(found.places[0].matching.first) == 5
    assert found.lines[0].pair.frames.count <= min(grid.frame_count for grid in grids)
    numbers = document(found)
    assert numbers["layers"][0]["units"] == [8, 5]
    assert numbers["layers"][0]["matching"]["keeps_numbers"] is False


def test_the_same_comparison_gives_the_same_digits(bundled, line, tmp_path):
    other = changed(tmp_path, rounded)
    documents = [document(compare_models(bundled, other, [line])) for _ in range(2)]
    assert repr(documents[0]) == repr(documents[1])
