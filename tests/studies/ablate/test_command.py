"""``gateviz ablate`` from its command line to its files."""

import json

import numpy as np
import pytest
from PIL import Image

from gateviz.data.gates import Direction, Quantity
from gateviz.measure.jackknife import Estimate
from gateviz.studies.ablate.command import GROUPINGS
from gateviz.studies.ablate.report import ablate_page
from gateviz.studies.ablate.request import AblateRequest, Grouping, Intervention
from gateviz.studies.ablate.results import Ablation, Effect, UnitGroup
from gateviz.studies.account import Account, Truths
from gateviz.studies.page import as_text


@pytest.fixture
def lines(tmp_path):
    folder = tmp_path / "lines"
    folder.mkdir()
    for number in range(2):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 80), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    (folder / "manifest.tsv").write_text("0.png\tone\n1.png\ttwo\n", encoding="utf-8")
    return folder


def test_the_choices_are_the_librarys():
    assert list(Grouping) == list(GROUPINGS)


def test_numbers_figure_and_table(run, lines, tmp_path):
    out = tmp_path / "out"
    words = ["ablate", lines / "manifest.tsv", "--by", "layer", "-o", out]
    done = run(*words, "--hold", "f=0")
    assert done.exit_code == 0
    assert "forget gate held at 0, by layer, 2 of 2 lines" in done.stdout
    assert "character error rate of the model as it is" in done.stdout
    document = json.loads((out / "ablation.json").read_text(encoding="utf-8"))
    assert len(document["groups"]) == 4
    assert document["groups"][0]["divergence"]["value"] >= document["groups"][-1]["divergence"]["value"]
    with Image.open(out / "ablation.png") as figure:
        assert figure.width > 400
    # Once more: nothing is run again, and the numbers are the same.
    before = (out / "ablation.jsonl").read_bytes()
    done = run(*words, "--hold", "f=0", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == document
    assert (out / "ablation.jsonl").read_bytes() == before
    # Another study does not mix with it.
    done = run(*words, "--hold", "f=1")
    assert done.exit_code == 1
    assert "is of another study (its held differ)" in done.stderr


def test_a_line_that_cannot_be_read_is_told(run, lines, tmp_path):
    (lines / "2.png").write_bytes(b"nothing")
    with (lines / "manifest.tsv").open("a", encoding="utf-8") as manifest:
        manifest.write("2.png\ta\n")
    done = run("ablate", lines, "--by", "layer", "--layer", "1", "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert "2.png" in done.stderr
    assert "1 lines could not be read and are left out" in done.stdout


def test_bad_input_is_told_before_anything_runs(run, lines, tmp_path):
    done = run("ablate", lines, "--hold", "z9", "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert "'z9' holds nothing; write QUANTITY=VALUE such as f=0" in done.stderr
    done = run("ablate", lines, "--at", "commas", "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert "there is no event 'commas'" in done.stderr
    assert not (tmp_path / "out").exists()
    done = run("ablate", lines, "--layer", "7", "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert "no recorded layer is of the --layer and --direction given" in done.stderr
    assert run("ablate", tmp_path / "empty", "-o", tmp_path / "out").exit_code == 1


def test_words_without_a_truth():
    effect = Effect(
        UnitGroup((0, Direction.FORWARD), np.ones(1, dtype=bool), "unit 3"), Estimate(0.01234, 1, 0.001, 0.02),
        Estimate(0.1, 1, 0.0, 0.2), None, 0.5, 0.75,
    )  # fmt: skip
    request = AblateRequest(Intervention(Quantity.FORGET_GATE, 0.0))
    told = as_text(ablate_page(Ablation(request, Account(truths=Truths(2)), (effect,) * 16, 2, 0, None), {}))
    assert told.startswith("2 lines, none with a true text; 2 measured on what was read.\n")
    assert "0 forward  unit 3  0.0123 (0.001 to 0.02)  10.00 %       50 %           0.75" in told
    assert "CER" not in told
    assert "and 1 more, with less effect" in told
