"""``gateviz train`` and ``gateviz synth``."""

import json

import pytest

from gateviz.training.line_writer import write_lines
from tests.training.toy_lines import ToyLines

FAST = (
    "--steps",
    "4",
    "--columns",
    "800",
    "--validate-every",
    "2",
    "--workers",
    "0",
    "--hidden",
    "4",
    "--scale",
    "0.1",
)


@pytest.fixture
def own(tmp_path):
    write_lines(ToyLines(6, 60), tmp_path / "lines")
    return str(tmp_path / "lines")


def test_a_run_leaves_its_config_log_state_model_and_curves(run, own, tmp_path):
    folder = tmp_path / "run"
    done = run("train", own, "-o", str(folder), *FAST)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.strip() == str(folder / "best.safetensors")
    assert {entry.name for entry in folder.iterdir()} == {
        "config.json",
        "log.jsonl",
        "last.pt",
        "best.safetensors",
        "curves.png",
    }
    assert "60 lines looked at: 60 can be trained on" in done.stderr
    assert "step 4: CER" in done.stderr
    assert json.loads((folder / "config.json").read_text())["settings"]["steps"] == 4


def test_a_run_that_is_there_is_not_written_over_and_goes_on_with_resume(run, own, tmp_path):
    folder = str(tmp_path / "run")
    assert run("train", own, "-o", folder, *FAST).exit_code == 0
    again = run("train", own, "-o", folder, *FAST)
    assert again.exit_code == 1
    assert "holds a run already; go on with --resume" in again.stderr
    more = run("train", "-o", folder, "--resume", "--rate", "0.1")
    assert more.exit_code == 2
    assert "goes on as it was told at its start; leave --rate out" in more.stderr
    assert run("train", "-o", folder, "--resume").exit_code == 0


def test_lines_that_are_not_there_are_named_and_no_run_is_begun(run, tmp_path):
    done = run("train", str(tmp_path / "none.tsv"), "-o", str(tmp_path / "run"), *FAST)
    assert done.exit_code == 1
    assert "none.tsv" in done.stderr
    assert not (tmp_path / "run" / "config.json").exists()


@pytest.mark.parametrize("told", ["greek=1", "latin=x", "latin=-1"])
def test_a_script_that_cannot_be_is_a_wrong_command_line(run, told, tmp_path):
    done = run("train", "-o", str(tmp_path / "run"), "--script", told)
    assert done.exit_code == 2
    assert told in done.stderr


def test_synth_writes_lines_that_train_and_eval_read(run, tmp_path, font_folder):
    out = tmp_path / "lines"
    done = run("synth", "-n", "12", "-o", str(out), "--alphabet", "ascii", "--fonts", str(font_folder), "--seed", "3")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.strip() == str(out / "manifest.tsv")
    assert len((out / "manifest.tsv").read_text(encoding="utf-8").splitlines()) == 12
    known = [json.loads(line) for line in (out / "columns.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all(len(entry["columns"]) >= 1 and entry["font"].startswith("DejaVu") for entry in known)
    again = run("synth", "-n", "12", "-o", str(out), "--alphabet", "ascii", "--fonts", str(font_folder))
    assert again.exit_code == 1
    assert "is not empty" in again.stderr


def test_synth_without_a_font_for_its_symbols_names_the_package(run, tmp_path, font_folder):
    done = run("synth", "-n", "2", "-o", str(tmp_path / "lines"), "--alphabet", "好中国", "--fonts", str(font_folder))
    assert done.exit_code == 1
    assert "fonts-noto-cjk" in done.stderr
    assert not (tmp_path / "lines" / "manifest.tsv").exists()
