"""``gateviz claims``: what it prints, writes and refuses."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

import gateviz.api
from gateviz.data.alphabet import Alphabet
from gateviz.measure.contrast import SHIFTS
from gateviz.networks.crnn import CrnnConfig
from gateviz.studies.claims.command import SHIFTS as TOLD
from gateviz.studies.claims.stated import STATED
from gateviz.training.pupil import new_crnn
from tests.one_thread import one_thread  # noqa: F401

MINE = '[[claim]]\nname = "mine"\ngate = "input_gate"\nwhat = "any"\nat = "onset"\n'


@pytest.fixture(scope="module")
def small():
    """A small network that nobody has trained."""
    config = CrnnConfig(4, "vgg_narrow", "lstm", hidden_size=3, depth=1, backbone_scale=0.1)
    pupil = new_crnn(config, Alphabet.from_symbols("ab,", blank=0), seed=5)
    pupil.recognizer.module.eval()
    return pupil.recognizer


@pytest.fixture(autouse=True)
def loaded(monkeypatch, small):
    monkeypatch.setattr(gateviz.api, "load", lambda checkpoint, **options: small)


@pytest.fixture
def corpus(tmp_path):
    rows = []
    for number in range(8):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 160), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png\tab,ba,ab")
    (tmp_path / "lines.tsv").write_text("\n".join(rows), encoding="utf-8")
    return tmp_path / "lines.tsv"


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "mine.toml").write_text(MINE, encoding="utf-8")
    return tmp_path / "mine.toml"


def test_the_help_tells_what_is_needed(run):
    assert TOLD == SHIFTS
    done = run("claims", "--help")
    assert done.exit_code == 0
    for word in ("[[claim]]", "--claims", "--layer", "--direction", "--shifts", "--json", "keeps"):
        assert word in done.stdout


def test_every_claim_is_told_for_every_layer_and_direction(run, corpus):
    done = run("claims", corpus, "--shifts", 99)
    assert done.exit_code == 0, done.stderr
    parts = done.stdout.strip().split("\n\n")
    assert [part.partition(":")[0] for part in parts[1:-1]] == [claim.name for claim in STATED]
    assert parts[0] == "8 lines, all with a true text (by manifest)."
    first = parts[1].splitlines()
    assert first[1] == (
        "  the forget gate is higher within punctuation than elsewhere in the same lines; "
        "3 symbols at both ends take no part"
    )
    assert first[2].split() == ["d", "95", "%", "p", "frames", "left", "out", "lines", "units", "verdict"]
    assert first[3].startswith("layer 0 forward")
    assert first[4].startswith("layer 0 backward")
    assert first[5].startswith("  layer 0 forward best: ")
    assert "99 shifts a test, seed 0." in parts[-1]


def test_the_document_has_the_numbers(run, corpus, mine):
    words = ["claims", corpus, "--claims", mine, "--shifts", 99, "--direction", "forward", "--json", "--limit", 6]
    done = run(*words)
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["lines"] == 6
    assert document["test"]["shifts"] == 99
    (claim,) = document["claims"]
    assert (claim["name"], claim["gate"], claim["at"]) == ("mine", "input_gate", "onset")
    (outcome,) = claim["outcomes"]
    assert (outcome["layer"], outcome["direction"], outcome["lines"]) == (0, "forward", 6)
    assert outcome["low"] <= outcome["effect"] <= outcome["high"]
    assert 0 < outcome["p"] <= 1
    assert outcome["units"]["total"] == 3
    assert outcome["verdict"] in ("supported", "contradicted", "no evidence")
    assert run(*words).stdout == done.stdout


def test_a_row_an_outcome_for_spreadsheets(run, corpus, mine):
    done = run("claims", corpus, "--claims", mine, "--shifts", 99, "--csv")
    assert done.exit_code == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["claim"], row["layer"], row["direction"]) for row in rows] == [
        ("mine", "0", "forward"), ("mine", "0", "backward"),
    ]  # fmt: skip
    assert all(float(row["low"]) <= float(row["effect"]) <= float(row["high"]) for row in rows)
    assert {row["units"] for row in rows} == {"3"}


def test_a_report_and_a_figure_are_written(run, corpus, mine, tmp_path):
    out, figure = tmp_path / "claims.html", tmp_path / "effects.svg"
    done = run("claims", corpus, "--claims", mine, "--shifts", 99, "-o", out, "--figure", figure)
    assert done.exit_code == 0, done.stderr
    assert "<h2>mine</h2>" in out.read_text(encoding="utf-8")
    assert "<svg" in figure.read_text(encoding="utf-8")


def test_lines_that_cannot_be_read_are_told_and_counted(run, corpus, mine, tmp_path):
    (tmp_path / "3.png").write_bytes(b"no image")
    done = run("claims", corpus, "--claims", mine, "--shifts", 99)
    assert done.exit_code == 1
    assert "3.png" in done.stderr
    assert "1 of 8 lines could not be read" in done.stderr
    assert "7 lines, " in done.stdout
    assert "1 more line could not be read and took no part." in done.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MINE.replace("any", "symbol:x"), "the claim 'mine' is about 'x', not among the 3 symbols of this recognizer"),
        (MINE.replace("input_gate", "memory_gate"), "has the gate 'memory_gate', and there is none of that name"),
        (MINE.replace('"any"', '"comma"'), "there is no event 'comma'"),
        ("", "hold nothing; write one table [[claim]]"),
    ],
)
def test_a_claim_that_cannot_be_tested_is_refused_before_any_line_is_read(run, corpus, mine, text, words):
    mine.write_text(text, encoding="utf-8")
    (corpus.parent / "0.png").unlink()
    done = run("claims", corpus, "--claims", mine)
    assert done.exit_code == 1
    assert words in done.stderr
    assert "0.png" not in done.stderr


def test_what_cannot_be_written_or_read_is_refused(run, corpus, mine, tmp_path):
    done = run("claims", corpus, "-o", tmp_path / "claims.txt")
    assert done.exit_code == 1
    assert "claims cannot be written as claims.txt; end its name in .html for a report" in done.stderr
    done = run("claims", corpus, "--figure", tmp_path / "claims.html")
    assert done.exit_code == 1
    assert "claims.html" in done.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "holds no image" in run("claims", empty, "--claims", mine).stderr
    assert "layer 4 was asked for and did not run" in run("claims", corpus, "--claims", mine, "--layer", 4).stderr
    assert run("claims").exit_code == 2
