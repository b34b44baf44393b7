"""``gateviz prune``."""

import json

import pytest

import gateviz
from gateviz.cli import prune
from gateviz.data.alphabet import Alphabet
from gateviz.data.crnn import CrnnConfig
from gateviz.training.fine_tuning import FineTune
from gateviz.training.pupil import new_crnn
from gateviz.training.unit_scores import Criterion
from gateviz.typesetting.line_writer import write_lines
from tests.one_thread import one_thread  # noqa: F401
from tests.training.toy_lines import SYMBOLS, ToyLines


@pytest.fixture
def own(tmp_path):
    write_lines(ToyLines(6, 8), tmp_path / "lines")
    return str(tmp_path / "lines")


@pytest.fixture
def model(tmp_path):
    config = CrnnConfig(4, "vgg_narrow", hidden_size=6, backbone_scale=0.1)
    pupil = new_crnn(config, Alphabet.from_symbols(SYMBOLS, blank=0), seed=2)
    path = tmp_path / "model.safetensors"
    pupil.writer(path, pupil.recognizer.module.eval(), {})
    return str(path)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "small.safetensors"


def test_the_choices_and_the_rate_are_those_of_the_library():
    assert tuple(Criterion) == prune.CRITERIA
    assert FineTune(1).rate == prune.DEFAULT_RATE


def test_a_smaller_model_is_written_and_what_that_did_is_told(run, model, own, out):
    done = run("prune", model, "--share", 0.5, "--lines", own, "-o", out)
    assert done.exit_code == 0, done.stderr
    rows = done.stdout.splitlines()
    assert rows[0] == str(out)
    assert rows[1].startswith("before: CER ")
    assert "6 units a layer and direction" in rows[1]
    assert rows[2].startswith("pruned: CER ")
    assert "3 units a layer and direction" in rows[2]
    assert any(row.startswith("  layer 1 backward: input gate ") for row in rows)
    assert gateviz.load(out).alphabet.symbols == tuple(SYMBOLS)


def test_json_has_the_numbers(run, model, own, out):
    done = run("prune", model, "--share", 0.5, "--by", "magnitude", "--lines", own, "-o", out, "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["file"] == str(out)
    before, pruned = found["stages"]
    assert (before["units"], pruned["units"]) == (6, 3)
    assert pruned["bytes"] == out.stat().st_size
    assert pruned["lines"] == 8
    assert set(pruned["cer"]) == {"value", "low", "high"}
    assert before["cer_rise"] is None
    assert len(pruned["gates"]) == 4 * 6
    assert {key: len(units) for key, units in found["kept"].items()} == {
        f"{layer}.{way}": 3 for layer in (0, 1) for way in ("forward", "backward")
    }
    assert found["scored_lines"] == 0


def test_fine_tuning_is_a_third_stage(run, model, own, out):
    words = ("--fine-tune", 2, "--learn", own, "--workers", 0)
    done = run("prune", model, "--share", 0.5, "--lines", own, "-o", out, "--json", *words)
    assert done.exit_code == 0, done.stderr
    assert [stage["name"] for stage in json.loads(done.stdout)["stages"]] == ["before", "pruned", "fine-tuned"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--share", 0.99), "a share of 0.99 of 6 units a layer and direction was to be removed, which leaves none"),
        (("--share", 0.01), "a share of 0.01 of 6 units a layer and direction is not one unit"),
    ],
)
def test_a_share_that_means_nothing_is_one_line_and_no_file(run, model, own, out, words, message):
    done = run("prune", model, *words, "--lines", own, "-o", out)
    assert done.exit_code == 1
    assert message in done.stderr
    assert not out.exists()


def test_a_wrong_command_line_is_told(run, model, own, out, tmp_path):
    asked = ("prune", model, "--share", 0.5, "--lines", own)
    done = run(*asked, "-o", tmp_path / "small.pth")
    assert done.exit_code == 2
    assert "small.pth is to be a model of gateviz's own; name a .safetensors file" in done.stderr
    done = run(*asked, "-o", out, "--rate", 0.1, "--learn", own)
    assert done.exit_code == 2
    assert "without --fine-tune there is no meaning to --learn, --rate" in done.stderr
    done = run(*asked, "-o", model)
    assert done.exit_code == 2
    assert "is what is read; name another output with -o" in done.stderr
    done = run(*asked, "-o", out, "--share", 1.0)
    assert done.exit_code == 2
    done = run("prune", model, "--share", 0.5, "--lines", tmp_path / "nowhere", "-o", out)
    assert done.exit_code == 1
    assert "nowhere" in done.stderr
    assert not out.exists()
