"""Claims written down: five lines are enough, and what is wrong is told by name."""

import pytest

from gateviz.errors import SelectionError
from gateviz.studies.claims.request import Claim
from gateviz.studies.claims.stated import read_claims

FIVE = """[[claim]]
name = "commas-open-the-input-gate"
gate = "input_gate"
what = "symbol:,，"
sign = "higher"
"""


def written(folder, text):
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_five_lines_are_a_claim(tmp_path):
    (claim,) = read_claims(written(tmp_path, FIVE))
    assert claim == Claim("commas-open-the-input-gate", "input_gate", "symbol:,，")
    assert claim.words == "the input gate is higher within ,， than elsewhere in the same lines"


def test_every_key_is_an_attribute(tmp_path):
    more = FIVE + (
        'at = "end"\nstatistic = "step"\nsays = "so"\nborders = "emitted"\nas_met = false\noffset = -2\nmargin = 4\n'
        "least_effect = 1\nshare = 0.25\nsymbols = 2.5\n"
    )
    (claim,) = read_claims(written(tmp_path, more))
    assert claim == Claim(
        "commas-open-the-input-gate", "input_gate", "symbol:,，", "end", "higher", "step", "so", "emitted", False, -2,
        4, 1.0, 0.25, 2.5,
    )  # fmt: skip
    assert claim.words == (
        "the input gate's step |i(t) - i(t-1)| is higher 2 frames before the end of ,， than elsewhere in the same lines"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"hold nothing; write one table \[\[claim\]\]"),
        ("claim = 3", r"hold claim; write one table"),
        (FIVE + "[other]\n", r"hold claim, other; write one table"),
        ("[[claim", "is no TOML"),
        ('[[claim]]\nname = "x"\n', "the claim 'x' has no gate; give it"),
        ('[[claim]]\ngate = "input_gate"\n', "claim 1 has no name"),
        (FIVE + 'where = "here"\n', "has 'where'; a claim knows name, gate, what"),
        (FIVE + "margin = true\n", "has margin = True, which is no int"),
        (FIVE + "margin = 1.5\n", "has margin = 1.5, which is no int"),
        (FIVE + FIVE, "two claims are named 'commas-open-the-input-gate'"),
        (FIVE.replace("input_gate", "remember_gate"), "has the gate 'remember_gate', and there is none of that name"),
        (
            FIVE.replace("higher", "up"),
            "has the sign 'up', and there is none of that name; choose one of higher, lower",
        ),
        (FIVE.replace("symbol:,，", "comma"), "there is no event 'comma'"),
        (FIVE + 'at = "start"\n', "there is no part 'start' of an event"),
        (FIVE + 'statistic = "variance"\n', "has the statistic 'variance'"),
        (FIVE + 'borders = "ink"\n', "has the borders 'ink'"),
        (FIVE + 'statistic = "timescale"\n', "memory is kept by forget_gate or update_gate"),
        (FIVE + "share = 1.0\n", "a share lies between 0 and 1"),
        (FIVE + "margin = -1\n", "no margin or effect is below 0"),
        (FIVE.replace("commas-open-the-input-gate", " "), "a claim needs a name"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, text, words):
    path = written(tmp_path, text)
    with pytest.raises(SelectionError, match=words) as caught:
        read_claims(path)
    assert "mine.toml" in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(SelectionError, match="there is no file of claims"):
        read_claims(tmp_path / "none.toml")
    with pytest.raises(SelectionError, match="cannot be read: Is a directory"):
        read_claims(tmp_path)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SelectionError, match="is not UTF-8"):
        read_claims(tmp_path / "bytes.toml")
