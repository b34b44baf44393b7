"""What speaks against a reading is said, and nothing else."""

import re
from dataclasses import astuple

import numpy as np
import pytest

from gateviz.ctc.greedy import greedy
from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.data.frames import ColumnMap
from gateviz.lines.recognizer import PreparedLine
from gateviz.lines.remarks import Fit, fit_of, line_remarks

LETTERS = Alphabet.from_symbols("ab", blank=0)
WELL = Fit(share=1.0, frames=40.0)


def emission_of(labels, sure=0.99):
    """One frame a label, whose class has the posterior ``sure``."""
    posteriors = np.full((len(labels), 3), (1 - sure) / 2)
    posteriors[np.arange(len(labels)), labels] = sure
    return Emission(np.log(posteriors).astype(np.float32), LETTERS)


def remarks(image, labels, *, sure=0.99, fit=WELL):
    emission = emission_of(labels, sure)
    return line_remarks(image, fit, emission, greedy(emission))


def line(*bands, height=40, width=120, paper=230, ink=20):
    image = np.full((height, width), paper, np.uint8)
    for start, stop in bands:
        image[start:stop, 10 : width - 10 : 2] = ink
    return image


GOOD = line((8, 32))


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.full((40, 120), 250, np.uint8), "hardly any ink: all levels of gray lie between 250 and 250"),
        (line((30, 90), height=120, width=40), "higher than wide: 40 x 120 pixels; is the text vertical, or the image rotated?"),
        (line((4, 18), (22, 36)), r"several lines of text in one image: ink in 2 bands of rows \(4 to 17, 22 to 35\); cut"),
        (
            line((4, 18), (22, 36), (44, 58), (64, 78), height=90),
            r"ink in 4 bands of rows \(4 to 17, 22 to 35, 44 to 57, ...\); cut the image into lines",
        ),
        (line((40, 52), height=130), "mostly margin: ink in 12 of 130 rows; crop the image to the line"),
        (line((8, 20), height=90), "mostly margin: ink in 12 of 90 rows; crop the image to the line"),
        (line((2, 8), height=10), "very small: the ink is 6 pixels high; scan it at a higher resolution"),
        (255 - GOOD, r"light text on a dark ground: most pixels are near 25 of 255; try --invert \(invert=True\)"),
    ],
)  # fmt: skip
def test_an_odd_image_is_said_where_the_reading_is_empty_or_not_sure(image, words):
    [unsure] = remarks(image, [1, 0, 2], sure=0.7)
    [empty] = remarks(image, [0, 0, 0])
    assert empty == f"nothing was read: {unsure}"
    assert re.search(words, unsure)
    assert remarks(image, [1, 0, 2], sure=0.95) == ()


def test_a_line_that_looks_well_is_not_remarked_on_however_unsure_it_is_read():
    assert remarks(GOOD, [1, 0, 2], sure=0.5) == ()


def test_an_empty_reading_without_a_reason_says_what_the_blank_has():
    [empty] = remarks(GOOD, [0, 0, 0, 0], sure=0.8)
    assert empty == (
        "nothing was read: the image shows no reason, and the blank is the best class of all 4 frames (posterior 0.80); "
        "is it a line of text in the alphabet and style of this model?"
    )


def test_several_reasons_stand_in_one_sentence():
    [empty] = remarks(255 - line((2, 8), height=40), [0])
    assert [words.split(":")[0] for words in empty.split("; ")] == [
        "nothing was read", "crop the image to the line", "very small", "scan it at a higher resolution",
        "light text on a dark ground", "try --invert (invert=True)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fit", "said"),
    [(Fit(0.4, 6.9), True), (Fit(0.4, 7.0), False), (Fit(0.8, 5.0), False), (Fit(1.0, 2.0), False)],
)
def test_a_squeezed_line_is_said_by_the_frames_its_symbols_have(fit, said):
    found = remarks(GOOD, [1, 0, 2, 0], fit=fit, sure=0.97)
    assert bool(found) == said
    if said:
        assert found[0] == (
            "squeezed: 7 frames for the 2 symbols read, since the line has 40 % of its own width in the network's input; "
            "read it with --keep-ratio (keep_ratio=True), or cut it into pieces"
        )


def test_a_squeezed_line_that_is_not_read_surely_is_said_however_many_frames_its_few_symbols_have():
    [unsure] = remarks(GOOD, [1, 0, 2, 0], fit=Fit(0.2, 60.0), sure=0.7)
    assert unsure.startswith("squeezed: 60 frames for the 2 symbols read, since the line has 20 % of its own width")
    [empty] = remarks(GOOD, [0, 0], fit=Fit(0.2, 60.0))
    assert empty.startswith("nothing was read: squeezed: 60 frames for the 0 symbols read")
    assert remarks(GOOD, [1, 0, 2, 0], fit=Fit(0.8, 60.0), sure=0.7) == ()


def test_the_fit_is_the_width_in_the_input_for_one_of_the_aspects():
    image = np.zeros((50, 800), np.uint8)
    squeezed = PreparedLine(np.zeros((1, 32, 100), np.float32), ColumnMap(8.0), 800, 100)
    assert astuple(fit_of(image, squeezed, 26)) == (pytest.approx(100 / 512), 26.0)
    padded = PreparedLine(np.zeros((1, 32, 1024), np.float32), ColumnMap(1.5625), 800, 512)
    assert astuple(fit_of(image, padded, 256)) == (pytest.approx(1.0), 128.0)
