"""Lines made up from fonts and text."""

import pickle

import numpy as np
import pytest

from gateviz.errors import AlphabetError, TrainingError
from gateviz.typesetting.alphabets import named_symbols
from gateviz.typesetting.synthetic import SyntheticLines, SyntheticStyle

ASCII = named_symbols("ascii")


@pytest.fixture(scope="module")
def lines(faces):
    return SyntheticLines(ASCII, seed=3, count=10_000, fonts=faces)


def same(one, other):
    return (one.text, one.font, one.script) == (other.text, other.font, other.script) and np.array_equal(
        one.image, other.image
    )


def test_a_line_depends_on_the_seed_and_its_number_alone(lines, faces):
    again = SyntheticLines(ASCII, seed=3, count=10_000, fonts=faces)
    numbers = [5, 900, 17]
    forward = [lines[number] for number in numbers]
    backward = [again[number] for number in reversed(numbers)][::-1]
    assert all(same(one, other) for one, other in zip(forward, backward, strict=True))
    assert not same(lines[5], SyntheticLines(ASCII, seed=4, count=10_000, fonts=faces)[5])


def test_it_can_be_sent_to_another_process(lines):
    lines[0]
    sent = pickle.loads(pickle.dumps(lines))  # noqa: S301  (our own bytes)
    assert len(pickle.dumps(lines)) < 20_000
    assert same(sent[8], lines[8])


def test_every_line_is_what_a_training_line_has_to_be(lines):
    for number in range(150):
        line = lines[number]
        assert line.image.shape[0] == 32
        assert line.image.dtype == np.uint8
        assert set(line.text) <= set(ASCII)
        assert line.text == line.text.strip() != ""
        assert line.columns.shape == (len(line.text), 2)
        assert (line.columns[:, 0] <= line.columns[:, 1]).all()
        # Slanted letters may reach over each other, and turned lines over the border.
        assert line.columns.min() > -6
        assert line.columns.max() < line.image.shape[1] + 6
        assert line.script in ("latin", "number")
        assert line.font.startswith("DejaVu")


def test_clean_lines_have_their_ink_in_their_columns(faces):
    """Between the columns of neighbors and outside them there is paper only."""
    style = SyntheticStyle(hardness="clean", height=64)
    clean = SyntheticLines(ASCII, seed=5, count=200, style=style, fonts=faces)
    checked = 0
    for number in range(60):
        line = clean[number]
        image = line.image.astype(int)
        paper = int(np.median(image))
        ink = np.abs(image - paper).max(axis=0) > 120
        inside = np.zeros(len(ink), bool)
        for left, right in line.columns:
            inside[max(0, int(left) - 2) : int(np.ceil(right)) + 2] = True
        assert not (ink & ~inside).any(), line.text
        for symbol, (left, right) in zip(line.text, line.columns, strict=True):
            if symbol != " ":
                assert ink[max(0, int(left) - 1) : int(np.ceil(right)) + 1].any(), (symbol, line.text)
                checked += 1
    assert checked > 300


def test_scripts_come_in_their_weights(faces):
    style = SyntheticStyle(scripts={"latin": 1, "number": 3, "chinese": 5})
    lines = SyntheticLines(ASCII, seed=1, count=400, style=style, fonts=faces)
    found = [lines[number].script for number in range(300)]
    assert set(found) == {"latin", "number"}
    assert 0.66 < found.count("number") / 300 < 0.84


def test_the_longest_line_is_as_long_as_was_asked(faces):
    style = SyntheticStyle(longest=6, scripts={"latin": 1})
    short = SyntheticLines(ASCII, seed=1, count=200, style=style, fonts=faces)
    lengths = [len(short[number].text) for number in range(150)]
    assert max(lengths) <= 6 * 1.6
    assert max(lengths) >= 8


def test_some_lines_are_as_long_as_those_of_a_page(faces):
    style = SyntheticStyle(longest=10, long_share=0.3, scripts={"latin": 1})
    lines = SyntheticLines(ASCII, seed=1, count=200, style=style, fonts=faces)
    lengths = [len(lines[number].text) for number in range(150)]
    assert 0.05 < np.mean([length > 16 for length in lengths]) < 0.3
    assert max(lengths) <= 48


def test_small_alphabets_are_written_with_their_own_symbols_only(faces):
    digits = SyntheticLines("0123456789X", seed=1, count=50, fonts=faces)
    assert all(set(digits[number].text) <= set("0123456789X") for number in range(40))


def test_symbols_no_font_has_are_named(faces):
    with pytest.raises(AlphabetError, match=r"no font at hand has '好'.*fonts-noto-cjk"):
        SyntheticLines("ab好", seed=1, count=1, fonts=faces)


def test_a_script_the_symbols_cannot_write_is_refused(faces):
    with pytest.raises(
        TrainingError, match=r"lines of chinese were asked for, and these 95 symbols can write latin, number"
    ):
        SyntheticLines(ASCII, seed=1, count=1, style=SyntheticStyle(scripts={"chinese": 1}), fonts=faces)


def test_a_line_that_is_not_there_is_an_index_error(lines):
    with pytest.raises(IndexError):
        lines[10_000]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"hardness": "wet"}, "cannot be 'wet'; they can be clean, mixed, noisy, touching"),
        ({"longest": 1}, "of 2 to 1 code points"),
    ],
)
def test_a_style_that_cannot_be_is_named(told, words):
    with pytest.raises(TrainingError, match=words):
        SyntheticStyle(**told)


@pytest.mark.system
def test_chinese_lines_of_the_bundled_alphabet_in_fonts_of_the_system():
    try:
        lines = SyntheticLines(
            named_symbols("bundled"), seed=1, count=500, style=SyntheticStyle(scripts={"chinese": 1})
        )
    except AlphabetError as error:
        pytest.skip(f"needs fonts-noto-cjk: {error}")
    made = [lines[number] for number in range(60)]
    assert {line.script for line in made} == {"chinese"}
    assert sum("\u4e00" <= symbol <= "\u9fff" for line in made for symbol in line.text) > 200
    assert len({line.font for line in made}) >= 3
