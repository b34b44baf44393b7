"""Networks of other shapes, written here and run by the installed Tesseract: its probabilities are ours at every frame.

Tesseract writes them, in whole percent and from 1 on, into its hOCR output. None of these networks
looks past the image, where released versions have other noise than the trained models were read with.
"""

import re
import subprocess

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

import gateviz
from gateviz.capture.recognizer import pixels_of

pytestmark = pytest.mark.system

CHARACTERS = ("NULL", "Joined", "|Broken|0|1", *"abcdefgh")
CODES = ((0,), (9,), (9,), *((label,) for label in range(1, 9)))
CLASSES, NULL_CHAR, HEIGHT = 10, 9, 24
# Tesseract names class i by character i + 2, the last two by nothing.
NAMES = (" ", *CHARACTERS[3:10], "", "")
PLAIN = (
    *("-c", "tessedit_do_invert=0", "-c", "invert_threshold=0"),
    *("-c", "lstm_choice_mode=1", "-c", "tessedit_create_hocr=1"),
)


def network(writer, *children):
    return writer.plumbing("Series", HEIGHT, CLASSES, writer.input(HEIGHT), *children, name="Series")


def ending(writer, inputs):
    # Weights as large as these make up their minds, so that there is text with frames to print.
    weights = 6 * writer.random.normal(size=(CLASSES, inputs + 1))
    return writer.dense("Softmax", inputs, CLASSES, "Output", values=weights)


def beginning(writer):
    return writer.window("Reconfig", 1, 2, 2), writer.dense("Tanh", 4, 5, "N")


def summary(writer, inputs, units):
    lstm = writer.lstm(inputs, units, "SummLSTM", "Lfys")
    return writer.plumbing("XYTranspose", inputs, units, lstm, name="XYTransLSTM")


def backward(writer, inputs, units):
    return writer.plumbing("RTLReversed", inputs, units, writer.lstm(inputs, units, name="Lrx"), name="RevLSTM")


def as_published(w):
    return network(
        w,
        *beginning(w),
        w.window("Maxpool", 5, 2, 2),
        summary(w, 5, 6),
        w.lstm(6, 6, name="Lfx"),
        backward(w, 6, 6),
        ending(w, 6),
    )


def both_ways(w):
    both = w.plumbing("ParBidiLSTM", 6, 10, w.lstm(6, 5, name="Lfx"), backward(w, 6, 5), name="Lbx")
    return network(w, *beginning(w), summary(w, 5, 6), both, w.lstm(10, 6, name="Lfx"), ending(w, 6))


def side_by_side(w):
    deep = w.plumbing("Series", 5, 5, w.dense("Logistic", 5, 3, "G"), w.dense("LinTanh", 3, 5, "LT"), name="S")
    beside = w.plumbing("Parallel", 5, 9, w.dense("Relu", 5, 4, "R"), deep, name="Par")
    return network(
        w,
        *beginning(w),
        beside,
        w.window("Maxpool", 9, 3, 2),
        summary(w, 9, 6),
        w.lstm(6, 6, name="Lfx"),
        ending(w, 6),
    )


def turned(w):
    upward = w.plumbing("TTBReversed", 5, 5, w.lstm(5, 5, name="L"), name="YRev")
    columns = w.plumbing("RTLReversed", 5, 4, w.lstm(5, 4, name="Lr"), name="Rev")
    down = w.plumbing("XYTranspose", 5, 4, columns, name="XYT")
    return network(w, *beginning(w), upward, down, summary(w, 4, 6), w.lstm(6, 8, name="Lfx"), ending(w, 8))


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    path = tmp_path_factory.mktemp("line") / "line.png"
    picture = Image.new("L", (316, 41), 255)
    ImageDraw.Draw(picture).text((6, 2), "The quick brown fox", font=ImageFont.load_default(30), fill=0)
    picture.save(path)
    return path


def printed_by_tesseract(line, folder):
    """Name and whole percent of every class of at least one percent, the largest first, at every frame."""
    command = ["tesseract", str(line), "-", "--psm", "13", "-l", "small", "--tessdata-dir", str(folder), *PLAIN]
    try:
        page = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except OSError:
        pytest.skip("tesseract is not installed (Debian package tesseract-ocr)")
    frames = re.split(r"id='timestep", page)[1:]
    return [
        [(name, int(share)) for share, name in re.findall(r"x_confs (\d+)'>([^<]*)</span>", frame)] for frame in frames
    ]


@pytest.mark.parametrize("weights", ["float64", "int8"])
@pytest.mark.parametrize("make", [as_published, both_ways, side_by_side, turned])
def test_every_frame_has_the_engines_probabilities(writing, tmp_path, line, make, weights):
    compared = 0
    for seed in range(3):
        writer = writing.Writer(weights=weights, seed=seed, scale=2.0)
        content = writer.file(make(writer), CHARACTERS, CODES, null_char=NULL_CHAR, specification="[1,24,0,1 test]")
        (tmp_path / "small.traineddata").write_bytes(content)
        theirs = printed_by_tesseract(line, tmp_path)
        recognizer = gateviz.load(tmp_path / "small.traineddata")
        prepared = recognizer.prepare(np.array(Image.open(line)))
        with torch.no_grad():
            ours = 100 * recognizer.log_probs(pixels_of(prepared)[None])[0].exp().double().numpy()
        # A line without text has no frames to print.
        if not theirs:
            continue
        assert len(theirs) == len(ours)
        for printed, shares in zip(theirs, ours, strict=True):
            near = sorted(((share, NAMES[label]) for label, share in enumerate(shares) if share >= 0.999), reverse=True)
            assert len(printed) in (len(near), sum(share >= 1.001 for share, _ in near))
            for (name, percent), (share, ours_name) in zip(printed, near, strict=False):
                assert percent - 0.002 <= share < percent + 1.002
                assert name == ours_name or any(abs(share - other) < 0.002 for other, _ in near if other != share)
        compared += len(ours)
    assert compared >= 30
