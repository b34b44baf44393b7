"""``gateviz export`` on the command line: other lineages, and int8."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

import gateviz
from gateviz.adapters.crnn_pytorch import CrnnPytorch, CrnnPytorchShape
from gateviz.data.alphabet import Alphabet
from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.networks.crnn_file import save_crnn


@pytest.fixture
def lines(tmp_path):
    folder = tmp_path / "lines"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number, width in enumerate((90, 130, 200)):
        pixels = np.where(rng.random((40, width)) < 0.3, 20, 240).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_int8_is_calibrated_on_a_folder_of_lines_and_says_what_it_moved(run, tmp_path, lines):
    torch.manual_seed(1)
    network = CRNN(CrnnConfig(class_count=4, backbone="vgg_small", hidden_size=6, backbone_scale=0.25)).eval()
    save_crnn(tmp_path / "model.safetensors", network, Alphabet.from_symbols("a中 ", blank=0))
    out = tmp_path / "small.onnx"
    asked = ("export", tmp_path / "model.safetensors", "-o", out, "--gates", "--quantize", "static")
    result = run(*asked, "--calibrate", lines, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["bytes"] == out.stat().st_size
    assert found["int8"]["witness"] <= 1e-5
    assert found["int8"]["frames"] == sum(
        each.emission.log_probs.shape[0] for each in gateviz.record(gateviz.load(out), sorted(lines.glob("*.png")))
    )
    refused = run(*asked)
    assert refused.exit_code == 1
    assert "no line was given; give some dozens of the kind that will be read (--calibrate LINES)" in refused.stderr
    missing = run(*asked, "--calibrate", tmp_path / "nowhere")
    assert missing.exit_code == 1
    assert "nowhere" in missing.stderr


def test_a_checkpoint_of_another_lineage_becomes_a_file_that_says_itself_how_it_reads(run, tmp_path, lines):
    torch.manual_seed(2)
    network = CrnnPytorch(CrnnPytorchShape(1, (2, 2, 2, 3, 3, 3, 4), (5, 6), (5, 37))).eval()
    torch.save(network.state_dict(), tmp_path / "crnn.pth")
    out = tmp_path / "crnn.onnx"
    result = run("export", tmp_path / "crnn.pth", "-o", out, "--gates")
    assert result.exit_code == 0, result.stderr
    assert "the same as torch: log posteriors within" in result.stdout
    by_torch = gateviz.record(gateviz.load(tmp_path / "crnn.pth"), lines / "1.png")
    by_graph = gateviz.record(gateviz.load(out), lines / "1.png", engine="onnx")
    assert by_graph.text == by_torch.text
    assert np.abs(by_graph.emission.log_probs - by_torch.emission.log_probs).max() <= 1e-4
    read = run("read", lines / "1.png", "--model", out)
    assert read.exit_code == 0, read.stderr
