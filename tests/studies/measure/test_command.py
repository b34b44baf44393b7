"""``gateviz measure``: what it prints, writes and refuses."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

import gateviz.api
from gateviz.data.alphabet import Alphabet
from gateviz.networks.crnn import CrnnConfig
from gateviz.training.pupil import new_crnn
from tests.one_thread import one_thread  # noqa: F401


def network(rnn):
    """A small network that nobody has trained."""
    config = CrnnConfig(4, "vgg_narrow", rnn, hidden_size=3, depth=1, backbone_scale=0.1)
    pupil = new_crnn(config, Alphabet.from_symbols("ab,", blank=0), seed=5)
    pupil.recognizer.module.eval()
    return pupil.recognizer


@pytest.fixture(scope="module")
def small():
    return network("lstm")


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


def test_the_help_tells_what_is_needed(run):
    done = run("measure", "--help")
    assert done.exit_code == 0
    for word in ("--event", "--gate", "--unit", "--layer", "--json", "--csv", "--limit", "word@onset", "measures.html"):
        assert word in done.stdout


def test_tables_for_people(run, corpus):
    done = run("measure", corpus)
    assert done.exit_code == 0, done.stderr
    heads = [part.splitlines()[0] for part in done.stdout.split("\n\n")]
    assert heads[:5] == [
        "8 lines, all with a true text (by manifest).",
        "Saturation and memory (gates: mean % of frames below 0.1|above 0.9)",
        "Forward against backward (medians over units; Cliff's delta, above 0: forward has more)",
        "The 4 events that a unit of each layer tells best",
        "Agreement of units",
    ]
    assert "layer 0 backward  3" in done.stdout
    assert "Not tested, within digit: no such frames." in done.stdout
    assert "3 symbols at both ends of each text take no part" in done.stdout


def test_the_document_has_the_numbers_and_the_same_twice(run, corpus):
    words = [
        "measure",
        corpus,
        "--json",
        "--limit",
        6,
        "--event",
        "symbol:,@onset",
        "--gate",
        "input_gate",
        "--unit",
        2,
    ]
    # Texts of eight symbols have their marks within three symbols of an end.
    words += ["--margin", 0]
    done = run(*words)
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["lines"] == 6
    assert [(place["layer"], place["direction"]) for place in document["places"]] == [(0, "forward"), (0, "backward")]
    first = document["places"][0]
    assert (first["course"]["event"], first["course"]["series"], first["course"]["unit"]) == (
        "onset of ,",
        "input_gate",
        2,
    )
    assert first["course"]["count"][10] == 12
    assert first["course"]["columns"][11] == pytest.approx(document["columns_a_frame"])
    assert len(first["every_unit"]) == 3
    assert first["memory"]["gate"] == "forget_gate"
    assert {row["layer"] for row in document["directions"]} == {0}
    assert run(*words).stdout == done.stdout


def test_a_row_a_unit_for_spreadsheets(run, corpus):
    done = run("measure", corpus, "--csv", "-q", "forget_gate")
    assert done.exit_code == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 6
    assert [row["unit"] for row in rows] == ["0", "1", "2"] * 2
    assert {row["direction"] for row in rows} == {"forward", "backward"}
    for row in rows:
        assert 0 <= float(row["forget_gate_above_0.9"]) <= 1
        assert float(row["timescale_frames"]) > 0
        assert row["series"] == "forget_gate"
        assert 0 <= float(row["low"]) <= float(row["auc"]) <= float(row["high"]) <= 1
    assert "input_gate_above_0.9" not in rows[0]


def test_a_report_and_figures_are_written(run, corpus, tmp_path):
    outs = [tmp_path / name for name in ("m.html", "m.png", "m.pdf")]
    done = run("measure", corpus, *(word for out in outs for word in ("-o", out)))
    assert done.exit_code == 0, done.stderr
    starts = [out.read_bytes()[:9] for out in outs]
    assert starts[0] == b"<!doctype"
    assert starts[1].startswith(b"\x89PNG")
    assert starts[2].startswith(b"%PDF")


def test_lines_that_cannot_be_read_are_told_and_counted(run, corpus, tmp_path):
    (tmp_path / "3.png").write_bytes(b"no image")
    done = run("measure", corpus)
    assert done.exit_code == 1
    assert "3.png" in done.stderr
    assert "1 of 8 lines could not be read" in done.stderr
    assert "1 more line could not be read and took no part." in done.stdout
    for number in range(8):
        (tmp_path / f"{number}.png").write_bytes(b"no image")
    done = run("measure", corpus)
    assert done.exit_code == 1
    assert "none of the 8 lines of the corpus can be read; the first: " in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--event", "comma"], "there is no event 'comma'; choose one of any, line, blank"),
        (["--event", "symbol:x"], "'x', not among the 3 symbols of this recognizer"),
        (["--gate", "memory_gate"], "there is no series 'memory_gate' to measure; choose one of input_gate"),
        (["-o", "measures.txt"], "measures cannot be written as measures.txt; end its name in .html for a report"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_any_line_is_read(run, corpus, options, words):
    (corpus.parent / "0.png").unlink()
    done = run("measure", corpus, *options)
    assert done.exit_code == 1
    assert words in done.stderr
    assert "0.png" not in done.stderr


def test_what_the_model_does_not_have_is_refused_by_name(run, corpus, tmp_path):
    assert (
        "layer 0 forward has no unit 3 in its forget gate; units are 0 to 2"
        in run("measure", corpus, "--unit", 3).stderr
    )
    assert "layer 0 forward has no update_gate" in run("measure", corpus, "--gate", "update_gate").stderr
    assert "layer 4 was asked for and did not run" in run("measure", corpus, "--layer", 4).stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "holds no image" in run("measure", empty).stderr
    assert run("measure").exit_code == 2
    assert run("measure", corpus, "--csv", "--json").exit_code == 2


def test_a_gru_has_no_forget_gate_and_is_measured_by_its_update_gate(run, corpus, monkeypatch):
    gru = network("gru")
    monkeypatch.setattr(gateviz.api, "load", lambda checkpoint, **options: gru)
    done = run("measure", corpus, "--json")
    assert done.exit_code == 0, done.stderr
    place = json.loads(done.stdout)["places"][0]
    assert place["memory"]["gate"] == place["course"]["series"] == "update_gate"
    assert set(place["saturation"]) == {"reset_gate", "update_gate"}
    done = run("measure", corpus, "--gate", "forget_gate")
    assert "layer 0 forward has no forget_gate; recorded are reset_gate, update_gate" in done.stderr
