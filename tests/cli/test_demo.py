"""``gateviz demo`` and ``gateviz sample``: the first things that somebody tries."""

import json

import pytest

import gateviz
from gateviz.files.models import default_model
from gateviz.files.samples import SAMPLES, sample
from tests.one_thread import one_thread  # noqa: F401


def test_the_figure_is_drawn_here_and_the_reading_said(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("demo")
    assert done.exit_code == 0, done.stderr
    text = gateviz.record(gateviz.load(), sample()).text
    assert done.stdout.splitlines() == [f"read: {text}", f"figure: {tmp_path / 'gateviz-demo.png'}"]
    assert [path.name for path in tmp_path.iterdir()] == ["gateviz-demo.png"]
    assert (tmp_path / "gateviz-demo.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_that_comes_with_gateviz_is_written_over(run):
    line, model = sample(), default_model()
    before = line.read_bytes(), model.read_bytes()
    assert f"{line} is what is read" in run("demo", "-o", line).stderr
    assert "a figure cannot be written by the name" in run("demo", "-o", model).stderr
    assert f"{line} is what is read" in run("sample", "english", "-o", line).stderr
    assert (line.read_bytes(), model.read_bytes()) == before


def test_lines_are_listed_and_copied(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    listed = run("sample").stdout
    assert all(f"\n{name} " in listed and words in listed for name, words in SAMPLES.items())
    done = run("sample", "chinese")
    assert (done.exit_code, done.stdout) == (0, "chinese.png\n")
    assert (tmp_path / "chinese.png").read_bytes() == sample("chinese").read_bytes()
    assert run("sample", "english", "-o", "line.png").exit_code == 0
    assert json.loads(run("read", "line.png", "--json").stdout)[0]["image"] == "line.png"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["german"], 2, "'german' is not one of"),
        (["-o", "a.png"], 2, "-o is of one line; name it: english, chinese"),
        (["english", "-o", "none/a.png"], 1, "there is no folder none to write a.png in"),
    ],
)
def test_what_cannot_be_is_one_line(run, tmp_path, monkeypatch, words, status, message):
    monkeypatch.chdir(tmp_path)
    done = run("sample", *words)
    assert done.exit_code == status
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
