"""Reading, recording, aligning and drawing line images with a model, as the command line does it."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

import gateviz
from gateviz.ctc.confidence import text_confidence
from gateviz.data.alphabet import Alphabet
from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.networks.crnn_file import save_crnn
from gateviz.recording import open_recording

SYMBOLS = "abcdé "


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A small untrained model that reads something else on every line."""
    torch.manual_seed(2)
    config = CrnnConfig(class_count=len(SYMBOLS) + 1, backbone="vgg_small", hidden_size=6, backbone_scale=0.25)
    network = CRNN(config).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.startswith(("head", "recurrent.weight")):
                parameter.mul_(6)
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_crnn(path, network, Alphabet.from_symbols(SYMBOLS, blank=0))
    return path


def line(seed: int, width: int = 96) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (32, width), dtype=np.uint8)


@pytest.fixture
def lines(tmp_path):
    """A folder of two line images, and between them a file that is none."""
    folder = tmp_path / "lines"
    folder.mkdir()
    Image.fromarray(line(1)).save(folder / "line1.png")
    (folder / "line2.png").write_text("no picture at all")
    Image.fromarray(line(2, 128)).save(folder / "line10.png")
    return folder


@pytest.fixture
def expected(model, lines):
    """What the library reads on the two images."""
    return gateviz.record(gateviz.load(model), [lines / "line1.png", lines / "line10.png"])


def test_the_model_reads_different_texts(expected):
    assert len({recording.text for recording in expected}) == 2
    assert all(recording.text for recording in expected)


def test_read_prints_path_confidence_and_text(run, model, lines, expected):
    result = run("read", lines, "--model", model)
    assert result.exit_code == 1
    rows = [row.split("\t") for row in result.stdout.splitlines()]
    assert [row[0] for row in rows] == [str(lines / "line1.png"), str(lines / "line10.png")]
    assert [row[2] for row in rows] == [recording.text for recording in expected]
    for row, recording in zip(rows, expected, strict=True):
        assert float(row[1]) == pytest.approx(text_confidence(recording.emission, recording.alignment), abs=1e-4)
    assert result.stderr.splitlines() == [
        f"gateviz: error: the image {lines}/line2.png is no picture gateviz can read; "
        "it reads PNG, JPEG, TIFF, BMP, GIF, WebP, PNM and JPEG 2000",
        "gateviz: 1 of 3 lines failed",
    ]


def test_read_as_json_has_the_failures_too(run, model, lines, expected):
    result = run("read", lines, "--model", model, "--json")
    assert result.exit_code == 1
    first, second, third = json.loads(result.stdout)
    assert (first["text"], third["text"]) == (expected[0].text, expected[1].text)
    assert first["confidence_rule"] == "span_mean"
    assert second["image"] == str(lines / "line2.png")
    assert "is no picture gateviz can read" in second["error"]


def test_read_with_a_beam_prints_the_best_texts_first(run, model, lines):
    result = run("read", lines / "line1.png", "-m", model, "--beam", 3)
    rows = [row.split("\t") for row in result.stdout.splitlines()]
    assert len(rows) == 3
    assert len({row[2] for row in rows}) == 3
    numbers = [float(row[1]) for row in rows]
    assert numbers == sorted(numbers, reverse=True)
    [found] = json.loads(run("read", lines / "line1.png", "-m", model, "--beam", 3, "--json").stdout)
    assert [hypothesis["text"] for hypothesis in found["hypotheses"]] == [row[2] for row in rows]


def test_record_writes_what_the_library_records(run, model, lines, expected, here):
    result = run("record", lines / "line1.png", "-m", model)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "line1.safetensors\n", "")
    found = open_recording(here / "line1.safetensors")
    assert found.provenance.image == "line1.png"
    assert found.provenance.checkpoint == "model.safetensors"
    np.testing.assert_array_equal(found.image, line(1))
    for trace in expected[0].traces:
        for quantity, values in trace.values.items():
            np.testing.assert_allclose(found.trace(trace.layer, trace.direction)[quantity], values, atol=1e-6)


def test_record_keeps_only_what_was_asked_for(run, model, lines, here):
    run("record", lines / "line1.png", "-m", model, "--layer", 1, "-q", "forget_gate", "-o", "a.safetensors")
    found = open_recording(here / "a.safetensors")
    assert {trace.layer for trace in found.traces} == {1}
    assert {tuple(trace.values) for trace in found.traces} == {("forget_gate",)}


def test_record_goes_on_past_a_bad_image_and_leaves_no_half_file(run, model, lines, here):
    result = run("record", lines, "-m", model, "-o", "out")
    assert result.exit_code == 1
    assert result.stdout == "out/line1.safetensors\nout/line10.safetensors\n"
    assert sorted(entry.name for entry in (here / "out").iterdir()) == ["line1.safetensors", "line10.safetensors"]


def test_a_recording_is_not_recorded_again(run, saved):
    result = run("record", saved)
    assert result.exit_code == 2
    assert "is a recording already; name an image" in result.stderr


def test_align_tells_frames_columns_and_confidence(run, model, lines, expected):
    text = expected[0].text[:2]
    found = json.loads(run("align", lines / "line1.png", "-m", model, "--text", text, "--json").stdout)
    spans = gateviz.align(expected[0], text).spans
    grid = expected[0].grid
    assert found["text"] == text
    assert found["source_width"] == 96
    assert [symbol["frames"] for symbol in found["symbols"]] == [[span.start, span.stop] for span in spans]
    for symbol, span in zip(found["symbols"], spans, strict=True):
        assert symbol["columns"] == pytest.approx(grid.columns(span.start, span.stop))
        assert symbol["confidence"] == pytest.approx(np.exp(span.log_prob), rel=1e-4)


def test_align_as_a_table_has_a_row_a_symbol(run, saved):
    result = run("align", saved, "--text", "a b")
    assert result.stdout.splitlines()[0].split() == ["symbol", "frames", "columns", "confidence"]
    assert [row.split()[0] for row in result.stdout.splitlines()[1:]] == ["a", "␣", "b"]
    assert run("align", saved).stdout.splitlines()[1].split() == ["a", "1:3", "4.0:12.0", "0.9000"]


@pytest.mark.parametrize(
    ("text", "words"),
    [("xyz", "the text 'xyz' has 'x', 'y', 'z', not among the alphabet's 6 symbols"), ("a" * 80, "frames")],
)
def test_a_text_that_cannot_be_aligned_is_one_line(run, model, lines, text, words):
    result = run("align", lines / "line1.png", "-m", model, "--text", text)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_edit_changes_the_run_and_is_told(run, model, lines, here):
    edit = "clamp forget_gate 0 layer=1 columns=16:64"
    run("record", lines / "line1.png", "-m", model, "--edit", edit, "-o", "a.safetensors")
    found = open_recording(here / "a.safetensors")
    start, stop = found.grid.frames_between(16.0, 64.0)
    assert stop > start
    assert (found.trace(1).forget_gate[start:stop] == 0).all()
    assert (found.trace(1).forget_gate[:start] != 0).any()
    assert found.provenance.edits == ("forget gate in layer 1, every direction, held at 0 in columns [16, 64)",)
    [told] = json.loads(run("read", lines / "line1.png", "-m", model, "--edit", edit, "--json").stdout)
    assert told["edits"] == list(found.provenance.edits)


def test_an_edit_that_means_nothing_is_one_line(run, model, lines):
    result = run("read", lines / "line1.png", "-m", model, "--edit", "clamp forget_gate 0 layer=7")
    assert result.exit_code == 1
    assert result.stderr.startswith("gateviz: error: the edit 'forget gate in layer 7")
    assert result.stderr.count("\n") == 1


def test_plot_draws_an_image_and_keeps_its_recording(run, model, lines, here):
    result = run("plot", lines / "line1.png", "-m", model, "--save-recording", "a.safetensors")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "line1.gates.png\n", "")
    run("plot", "a.safetensors", "-o", "again.png")
    with Image.open("line1.gates.png") as first, Image.open("again.png") as second:
        np.testing.assert_array_equal(np.asarray(first), np.asarray(second))


def test_a_manifest_is_read_with_its_images(run, model, lines):
    (lines / "truth.tsv").write_text("line1.png\tab\nline10.png\tcd\n")
    result = run("read", lines / "truth.tsv", "-m", model)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 2


def test_max_pixels_is_a_limit(run, model, lines):
    result = run("read", lines / "line1.png", "-m", model, "--max-pixels", 3071)
    assert result.exit_code == 1
    assert "is 96 x 32 = 3,072 pixels, over the limit of 3,071" in result.stderr
    assert run("read", lines / "line1.png", "-m", model, "--max-pixels", 3072).exit_code == 0


def test_a_missing_model_stops_a_batch_with_one_line(run, lines, tmp_path):
    result = run("read", lines, "-m", tmp_path / "nowhere.pth")
    assert result.exit_code == 1
    assert result.stderr == f"gateviz: error: there is no checkpoint {tmp_path}/nowhere.pth; check the path\n"


def test_the_wrong_alphabet_is_named_with_both_numbers(run, model, lines):
    result = run("read", lines / "line1.png", "-m", model, "--alphabet", "abc")
    assert result.exit_code == 1
    assert "3" in result.stderr
    assert "6" in result.stderr or "7" in result.stderr
