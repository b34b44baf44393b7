"""``gateviz ablate`` from its command line to its files."""

import json

import numpy as np
import pytest
from PIL import Image

from gateviz.cli.ablate import GROUPINGS, in_words
from gateviz.cli.main import main
from gateviz.survey.interventions import Grouping


@pytest.fixture
def lines(tmp_path):
    folder = tmp_path / "lines"
    folder.mkdir()
    for number in range(2):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 80), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    (folder / "manifest.tsv").write_text("0.png\tone\n1.png\ttwo\n", encoding="utf-8")
    return folder


def run(*arguments):
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return left.value.code


def test_the_choices_are_the_librarys():
    assert list(Grouping) == list(GROUPINGS)


def test_numbers_figure_and_table(lines, tmp_path, capsys):
    out = tmp_path / "out"
    status = run("ablate", lines / "manifest.tsv", "--hold", "f=0", "--by", "layer", "-o", out)
    printed = capsys.readouterr().out
    assert status == 0
    assert "forget gate held at 0, by layer, 2 of 2 lines" in printed
    assert "character error rate of the model as it is" in printed
    document = json.loads((out / "ablation.json").read_text(encoding="utf-8"))
    assert len(document["groups"]) == 4
    assert document["groups"][0]["divergence"]["value"] >= document["groups"][-1]["divergence"]["value"]
    with Image.open(out / "ablation.png") as figure:
        assert figure.width > 400
    # Once more: nothing is run again, and the numbers are the same.
    before = (out / "ablation.jsonl").read_bytes()
    assert run("ablate", lines / "manifest.tsv", "--hold", "f=0", "--by", "layer", "-o", out, "--json") == 0
    assert json.loads(capsys.readouterr().out) == document
    assert (out / "ablation.jsonl").read_bytes() == before
    # Another study does not mix with it.
    assert run("ablate", lines / "manifest.tsv", "--hold", "f=1", "--by", "layer", "-o", out) == 1
    assert "is of another study (its held differ)" in capsys.readouterr().err


def test_a_line_that_cannot_be_read_is_told(lines, tmp_path, capsys):
    (lines / "2.png").write_bytes(b"nothing")
    with (lines / "manifest.tsv").open("a", encoding="utf-8") as manifest:
        manifest.write("2.png\ta\n")
    status = run("ablate", lines, "--by", "layer", "--layer", "1", "-o", tmp_path / "out")
    printed = capsys.readouterr()
    assert status == 1
    assert "2.png" in printed.err
    assert "1 lines could not be read and are left out" in printed.out


def test_bad_input_is_told_before_anything_runs(lines, tmp_path, capsys):
    assert run("ablate", lines, "--hold", "z9", "-o", tmp_path / "out") == 1
    assert "'z9' holds nothing; write QUANTITY=VALUE such as f=0" in capsys.readouterr().err
    assert run("ablate", lines, "--at", "commas", "-o", tmp_path / "out") == 1
    assert "there is no event 'commas'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert run("ablate", lines, "--layer", "7", "-o", tmp_path / "out") == 2
    assert "no recorded layer is of the --layer and --direction given" in capsys.readouterr().err
    assert run("ablate", tmp_path / "empty", "-o", tmp_path / "out") == 1


def test_words_without_a_truth():
    group = {
        "layer": 0,
        "direction": "forward",
        "units": "unit 3",
        "divergence": {"value": 0.01234, "low": 0.001, "high": 0.02},
        "text_changed": {"value": 0.1, "low": 0.0, "high": 0.2},
        "error_rate_rise": None,
        "lines_changed": 0.5,
        "selectivity": 0.75,
    }
    document = {
        "held": "forget gate held at 0",
        "by": "unit",
        "selectivity_for": "within blank",
        "truths": {"words": "2 lines, none with a true text; 2 measured on what was read"},
        "lines": 2,
        "lines_held": 2,
        "plain_error_rate": None,
        "skipped": [],
        "groups": [group] * 16,
    }
    told = in_words(document)
    assert "0 forward  unit 3  0.0123 (0.001 to 0.02)  10.00 %       50 %           0.75" in told
    assert "CER" not in told
    assert "and 1 more, with less effect" in told
