"""``gateviz export`` and ``--engine``: what is written, what is printed, and what is refused."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from gateviz.data.alphabet import Alphabet
from gateviz.data.crnn import CrnnConfig
from gateviz.networks.crnn import CRNN
from gateviz.networks.crnn_file import save_crnn


@pytest.fixture
def model(here):
    def saved(**fields):
        torch.manual_seed(0)
        config = CrnnConfig(5, **{"backbone": "vgg_small", "hidden_size": 4, "backbone_scale": 0.1} | fields)
        save_crnn(here / "own.safetensors", CRNN(config).eval(), Alphabet.from_symbols("abcd", blank=0))
        return "own.safetensors"

    return saved


@pytest.fixture
def line(here):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 120), dtype=np.uint8)).save(here / "line.png")
    return "line.png"


def test_the_file_is_named_and_the_proof_said(run, model, here):
    done = run("export", model(), "-o", "own.onnx")
    path, proof = done.stdout.splitlines()
    assert path == "own.onnx" and (here / "own.onnx").is_file()
    assert proof.startswith("the same as torch: log posteriors within ")
    assert proof.endswith("(on inputs of 1 x 1 x 32 x 101, 3 x 1 x 32 x 101, 1 x 1 x 32 x 320, 3 x 1 x 32 x 320)")
    found = json.loads(run("export", model(), "-o", "own.onnx", "--gates", "--json").stdout)
    assert found["bytes"] == (here / "own.onnx").stat().st_size
    assert 0 < found["gates"] <= 1e-5 and 0 < found["posteriors"] <= 1e-5
    assert found["inputs"][1] == [3, 1, 32, 101]


def test_an_exported_file_reads_as_its_model_does_by_either_engine(run, model, line):
    run("export", model(), "-o", "own.onnx")
    texts = {
        run("read", line, "--model", name, "--engine", engine).stdout
        for name in ("own.safetensors", "own.onnx")
        for engine in ("auto", "torch", "onnx")
    }
    assert len(texts) == 1


def test_info_says_which_engine_reads_and_why(run, model):
    own = json.loads(run("info", model(), "--json").stdout)
    assert own["reads"] == "ONNX Runtime: its graph is at hand, made from the weights of the file, and needs no torch"
    mobile = json.loads(run("info", model(backbone="mobilenet_v3"), "--json").stdout)
    assert mobile["reads"] == "torch: there is no ONNX graph of own.safetensors (gateviz)"


def test_what_cannot_be_is_one_line(run, model, line):
    edited = run("read", line, "--model", model(), "--engine", "onnx", "--edit", "clamp forget_gate 0")
    assert edited.exit_code == 1
    assert edited.stderr == (
        "gateviz: error: edits were asked of the engine onnx, whose gates can be seen and not changed; leave the engine "
        "out, or take torch\n"
    )
    mobile = run("read", line, "--model", model(backbone="mobilenet_v3"), "--engine", "onnx")
    assert mobile.stderr.startswith(
        "gateviz: error: the engine onnx was asked for, and gateviz has no ONNX graph of own.sa"
    )
    assert run("export", model()).exit_code == 2
    onto_itself = run("export", model(), "-o", "own.safetensors")
    assert onto_itself.exit_code != 0 and "own.safetensors" in onto_itself.stderr
