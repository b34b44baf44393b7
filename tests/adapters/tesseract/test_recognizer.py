import hashlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

import gateviz
from gateviz.capture.recognizer import Recognizer, pixels_of
from gateviz.capture.recorder import record_lines
from gateviz.data.gates import Direction
from gateviz.data.reading_order import standing_order
from gateviz.errors import AlphabetError, CheckpointError, GeometryError
from gateviz.recording import align


@pytest.fixture
def path(writing, tmp_path):
    """A model file; its eight-unit networks spell a, b and 字."""
    place = tmp_path / "small.traineddata"
    place.write_bytes(writing.recognizer_file(writing.Writer(weights="int8", scale=2.0)))
    return place


def line(width=90, height=24):
    gray = np.full((height, width), 240, np.uint8)
    gray[4:-4, 6::7] = 20
    return gray


def test_a_traineddata_becomes_a_recognizer(path):
    recognizer = gateviz.load(path)
    assert isinstance(recognizer, Recognizer)
    assert recognizer.alphabet.symbols == (" ", "a", "b", "字")
    assert not recognizer.module.training
    card = recognizer.card
    assert (card.lineage, card.checkpoint) == ("tesseract", "small.traineddata")
    assert card.checkpoint_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "LSTM network [1,12,0,1 test]" in card.evidence
    assert card.details["specification"] == "[1,12,0,1 test]"
    assert card.details["frames"] == "W/3"
    assert card.details["codes"] == "1 to 2 classes a character"
    assert card.details["vertical"] == "layers.3_XYTransLSTM.layer.lstm"
    assert card.preprocessing.startswith("height 12 by Leptonica's scaling, gray")
    prepared = recognizer.prepare(line())
    log_probs = recognizer.log_probs(pixels_of(prepared)[None])
    assert log_probs.shape == (1, 15, 5)
    torch.testing.assert_close(log_probs.exp().sum(-1), torch.ones(1, 15))
    grid = recognizer.frame_grid(45)
    assert (grid.frame_count, grid.first_center, grid.stride) == (15, 1.5, 3.0)
    with pytest.raises(GeometryError):
        recognizer.frame_grid(2)


def test_recorded_traces_are_those_of_the_network_in_reading_order(path):
    recognizer = gateviz.load(path)
    (recording,) = record_lines(recognizer, [(line(), "line.png")])
    assert [trace.direction for trace in recording.traces] == [Direction.FORWARD, Direction.BACKWARD, Direction.FORWARD]
    assert [trace.module for trace in recording.traces] == list(recognizer.traced_modules)
    assert recording.provenance.witness < 1e-6
    kept = []
    module = dict(recognizer.module.named_modules())[recognizer.traced_modules[1]]
    handle = module.register_forward_hook(lambda module, given, result: kept.append(result[0][0].flip(0)))
    recognizer.log_probs(pixels_of(recognizer.prepare(line()))[None])
    handle.remove()
    np.testing.assert_array_equal(recording.traces[1].hidden_state, kept[0].float().numpy())
    # 90 columns became 45, a frame every three of them; halving begins new columns where old ones begin.
    assert (recording.grid.first_center, recording.grid.stride, recording.grid.source_width) == (3.0, 6.0, 90)


def test_alphabets_and_variants_have_no_place(path):
    with pytest.raises(AlphabetError, match="is a traineddata and has its own alphabet; leave the other one out"):
        gateviz.load(path, alphabet="abc")
    with pytest.raises(CheckpointError, match=r"the variant 'x' was asked for .* which has none; leave it out"):
        gateviz.load(path, variant="x")


def test_damage_names_the_file(path):
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(
        CheckpointError, match=r"small\.traineddata cannot be loaded: the .* of this traineddata is damaged"
    ):
        gateviz.load(path)


@pytest.mark.system
def test_the_installed_orientation_model_is_refused_by_name(tessdata):
    with pytest.raises(CheckpointError, match=r"only Tesseract's legacy engine .* and no LSTM network"):
        gateviz.load(tessdata("osd"))


@pytest.mark.system
def test_light_text_on_a_dark_ground_is_read(tessdata):
    recognizer = gateviz.load(tessdata("eng"))
    picture = Image.new("L", (350, 48), 255)
    ImageDraw.Draw(picture).text((8, 6), "Quiet rivers run deep", font=ImageFont.load_default(30), fill=0)
    image = np.array(picture)
    dark, light = (record_lines(recognizer, [(each, "x")])[0].text.replace(" ", "") for each in (255 - image, image))
    # The font sets its words so close that spaces are a matter of taste.
    assert dark == light
    assert dark.startswith("Quietriversrundeep")


@pytest.mark.system
def test_chinese_characters_are_spelled_with_several_classes(tessdata):
    recognizer = gateviz.load(tessdata("chi_sim"))
    alphabet = recognizer.alphabet
    assert alphabet.class_count == 224
    assert len(alphabet.symbols) > 4000
    assert alphabet.longest_code > 1
    text = "我们的老师"
    assert alphabet.text(alphabet.encode(text)) == text


@pytest.mark.system
def test_hebrew_is_aligned_as_it_is_typed(tessdata, font_folder):
    text = "הצייר הצעיר מדד 16 כיסאות"
    face = ImageFont.truetype(str(font_folder / "DejaVuSans.ttf"), 30, layout_engine=ImageFont.Layout.BASIC)
    # This layout draws from left to right whatever it is given.
    shown = "".join(text[place] for place in standing_order(text))
    picture = Image.new("L", (int(face.getlength(shown)) + 16, 48), 255)
    ImageDraw.Draw(picture).text((8, 6), shown, font=face, fill=0)
    (recording,) = record_lines(gateviz.load(tessdata("heb")), [(np.array(picture), "x")])
    assert recording.text == text
    found = align(recording, text)
    assert (found.path == recording.alignment.path).all()
    # The first letter that is read is the last on the line.
    last = found.spans[-1]
    assert (last.symbol, found.spans[0].symbol) == (text[0], text[-1])
    right = 8 + face.getlength(shown)
    low, high = recording.grid.columns(last.start, last.stop)
    assert right - 25 < (low + high) / 2 < right + 5
