"""The adapter in docs/adapters.md works, installed as another package would install it."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gateviz.adapters.core.sidecar import read_sidecar
from gateviz.adapters.registry import ENTRY_POINT_GROUP

DOCUMENT = Path(__file__).parents[2] / "docs" / "adapters.md"
MOST_LINES = 40

# Runs in a process of its own: the package is on its path from the start, as an installed one is.
SCRIPT = """
import json, sys
import numpy as np, torch
import acme_gateviz, gateviz
from gateviz.adapters.registry import adapter_names

torch.manual_seed(0)
network = acme_gateviz.AcmeNet(4, 5, 8).eval()
torch.save({f"module.{name}": tensor for name, tensor in network.state_dict().items()}, "theirs.pth")
recognizer = gateviz.load("theirs.pth", alphabet="abcdefg")
recording = gateviz.record(recognizer, np.random.default_rng(0).integers(0, 256, (32, 90), dtype=np.uint8))
pixels = torch.rand(1, 1, 32, 60)
counts = {width: recognizer.log_probs(torch.zeros(1, 1, 32, width)).shape[1] for width in range(30, 70)}
state = network.state_dict()
del state["out.bias"]
torch.save(state, "less.pth")
try:
    gateviz.load("less.pth", alphabet="abcdefg")
    refusal = ""
except gateviz.errors.CheckpointError as error:
    refusal = str(error)
print(json.dumps({
    "names": adapter_names(),
    "lineage": recognizer.card.lineage,
    "evidence": recognizer.card.evidence,
    "same": bool(torch.allclose(recognizer.log_probs(pixels), network(pixels).log_softmax(-1), atol=1e-6)),
    "layers": [f"{trace.layer}.{trace.direction}" for trace in recording.traces],
    "witness": recording.provenance.witness,
    "frames": all(recognizer.frame_grid(width).frame_count == count for width, count in counts.items()),
    "refusal": refusal,
}))
"""


def blocks(language):
    """The fenced blocks of a language in the document."""
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


def test_the_adapter_is_short_and_works_where_it_is_installed(tmp_path):
    (code,) = blocks("python")
    assert len(code.splitlines()) < MOST_LINES
    (registered,) = (tomllib.loads(block) for block in blocks("toml") if "entry-points" in block)
    points = registered["project"]["entry-points"][ENTRY_POINT_GROUP]
    site = tmp_path / "site"
    (site / "acme_gateviz-1.0.dist-info").mkdir(parents=True)
    (site / "acme_gateviz.py").write_text(code, encoding="utf-8")
    info = site / "acme_gateviz-1.0.dist-info"
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-gateviz\nVersion: 1.0\n", encoding="utf-8")
    lines = "\n".join(f"{name} = {value}" for name, value in points.items())
    (info / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\n{lines}\n", encoding="utf-8")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": f"{site}:{root}", "OMP_NUM_THREADS": "1", "PATH": ""},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["names"][-1] == found["lineage"] == "acme"
    assert found["evidence"] == ["keys cnn, lstm and out, 5 units", "prefix 'module.' on every key"]
    assert found["same"]
    assert found["frames"]
    assert found["layers"] == ["0.forward", "0.backward"]
    assert found["witness"] < 1e-5
    assert "acme (" in found["refusal"]
    assert "misses out.bias [8]" in found["refusal"]


def test_the_toml_is_one_that_gateviz_reads(tmp_path):
    (text,) = (block for block in blocks("toml") if "entry-points" not in block)
    (tmp_path / "mine.gateviz.toml").write_text(text, encoding="utf-8")
    (tmp_path / "chars.txt").write_text("ab\n", encoding="utf-8")
    beside = read_sidecar(tmp_path / "mine.pth")
    assert (beside.alphabet, beside.blank, beside.height) == (tmp_path / "chars.txt", 0, 32)
    assert beside.std == pytest.approx((0.229, 0.224, 0.225))
