"""``gateviz watch``."""

import dataclasses
import json

import pytest

from gateviz.data.gate_health import GateHealth
from gateviz.files.watch_files import FOLDER, write_line, write_step
from tests.panels.watched import history


@pytest.fixture
def watched(tmp_path):
    """A run folder that was watched at four steps."""
    told = history()
    folder = tmp_path / "run" / FOLDER
    folder.mkdir(parents=True)
    write_line(folder, told.line)
    for record in told.records:
        write_step(folder, record)
    return tmp_path / "run"


def test_it_prints_a_row_a_record(run, watched):
    done = run("watch", watched)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines() == [
        "4 records of line.png, 10 frames, written is '好ab'",
        "step  blank    CER      stuck shut  stuck open  only add up  99.9 % |c|  saturated  f = 0 changes  reading",
        "0     100.0 %  125.0 %  0 of 60     0 of 60",
        "10    100.0 %  125.0 %  0 of 60     0 of 60",
        "20    70.0 %   50.0 %   0 of 60     12 of 60                                                       好b",
        "30    70.0 %   50.0 %   0 of 60     12 of 60                                                       好b",
    ]


def test_the_health_of_the_cells_stands_in_its_row(run, watched):
    told = history()
    health = GateHealth(60, 0.25, 70.04, 0.4, (0.0, 1.0))
    write_step(watched / FOLDER, dataclasses.replace(told.records[-1], health=health))
    write_step(
        watched / FOLDER,
        dataclasses.replace(told.records[-2], health=dataclasses.replace(health, forgetful=(0.0, 0.0))),
    )
    rows = run("watch", watched).stdout.splitlines()
    assert rows[-1].split()[-8:] == ["25.0", "%", "70.0", "40.0", "%", "layer", "1", "好b"]
    assert rows[-2].split()[-2:] == ["nothing", "好b"]
    found = json.loads(run("watch", watched, "--json").stdout)["records"]
    assert found[0]["health"] is None
    assert found[-1]["health"] == {
        "units": 60, "accumulators": 0.25, "cell_quantile": 70.04, "saturated_cells": 0.4, "forgetful": [0.0, 1.0],
    }  # fmt: skip


def test_json_has_every_number(run, watched):
    document = json.loads(run("watch", watched, "--json").stdout)
    assert document["line"] == {"name": "line.png", "truth": "好ab", "frames": 10}
    record = document["records"][2]
    assert record["step"] == 20
    assert record["reading"] == {"text": "好b", "cer": 0.5, "blank_share": 0.7, "blank_posterior": pytest.approx(2 / 3)}
    layer = record["layers"][1]
    assert (layer["layer"], layer["direction"]) == (0, "backward")
    assert layer["timescale"] == [0.0, 1.0, 10.0, 50.0, "inf"]
    assert layer["gates"]["forget_gate"]["right"] == [0, 0.25, 0.5, 0.75, 1]
    assert layer["gates"]["forget_gate"]["stuck_open"] == 1


@pytest.mark.parametrize(
    ("name", "options", "begins"),
    [
        ("a.png", [], b"\x89PNG"),
        ("a.pdf", ["--show", "saturation", "--style", "icml"], b"%PDF"),
        ("a.gif", ["--dpi", "50", "--fps", "2"], b"GIF8"),
    ],
)
def test_it_draws(run, watched, tmp_path, name, options, begins):
    done = run("watch", watched, "-o", tmp_path / name, *options)
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / name).read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none"], "none holds no watched training: neither it nor gates in it has a line.safetensors"),
        (["run", "-o", "a.bmp"], "a figure cannot be written by the name 'a.bmp'"),
        (["run", "-o", "none/a.png"], "there is no folder none to write a.png in"),
    ],
)
def test_what_cannot_be_is_one_line(run, watched, monkeypatch, words, message):
    monkeypatch.chdir(watched.parent)
    done = run("watch", *words)
    assert done.exit_code == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
