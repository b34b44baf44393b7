"""Commands that read, draw and explore never import torch, whatever they are given that has a graph or is a recording."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import gateviz
from gateviz.exporting import export

ASSETS = Path(gateviz.__file__).parent / "assets"
IMAGE = ASSETS / "english.png"
TEXT = "A balloon committee, 27 Coffee Street."

PROGRAM = """
import json, sys
from gateviz.cli.main import main
try:
    main(json.loads(sys.argv[1]))
except SystemExit as end:
    status = end.code
heavy = [name for name in ("torch", "pandas", "xarray", "IPython") if name in sys.modules]
print(json.dumps([status, heavy]), file=sys.stderr)
"""


def run(*words, cwd):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps([str(word) for word in words])],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )
    return done.stdout, json.loads(done.stderr.strip().splitlines()[-1])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    exported = folder / "plain.onnx"
    with_gates = folder / "gates.onnx"
    export(gateviz.load(), exported)
    export(gateviz.load(), with_gates, gates=True)
    recording = folder / "line.safetensors"
    gateviz.record(gateviz.load(), IMAGE).save(recording)
    own = folder / "own.safetensors"
    own.write_bytes((ASSETS / "bundled.safetensors").read_bytes())
    return {"exported": exported, "gates": with_gates, "recording": recording, "own": own}


@pytest.mark.parametrize("model", [None, "own", "exported", "gates"])
@pytest.mark.parametrize(
    "command", [("read",), ("align",), ("plot", "-o", "out.png"), ("record", "-o", "out.safetensors")]
)
def test_a_line_image_needs_no_torch(files, tmp_path, model, command):
    name, *rest = command
    chosen = () if model is None else ("--model", files[model])
    out, found = run(name, IMAGE, *chosen, *rest, cwd=tmp_path)
    assert found == [0, []]
    assert TEXT in out if name == "read" else out


@pytest.mark.parametrize("command", [("read",), ("align",), ("plot", "-o", "out.png"), ("explore", "-o", "out.html")])
def test_a_recording_needs_no_torch(files, tmp_path, command):
    name, *rest = command
    assert run(name, files["recording"], *rest, cwd=tmp_path)[1] == [0, []]


def test_the_explorer_needs_no_torch(tmp_path):
    assert run("explore", IMAGE, "-o", "out.html", cwd=tmp_path)[1] == [0, []]
    assert (tmp_path / "out.html").stat().st_size > 10_000


def test_edits_and_the_engine_torch_do(tmp_path):
    for words in (("--engine", "torch"), ("--edit", "clamp forget_gate 0 layer=1")):
        status, heavy = run("read", IMAGE, *words, cwd=tmp_path)[1]
        assert status == 0 and "torch" in heavy
