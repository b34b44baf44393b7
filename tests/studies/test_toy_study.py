"""The study that docs/studies.md shows: built in a temporary package, run, rendered in all four ways, cut in two."""

import csv
import importlib
import io
import json
import re
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import gateviz.api
from gateviz.data.alphabet import Alphabet
from gateviz.errors import SelectionError
from gateviz.files.true_lines import true_lines
from gateviz.networks.crnn import CrnnConfig
from gateviz.studies.corpus import study, study_chunk
from gateviz.training.pupil import new_crnn
from tests.house.test_floors import violations

PAGE = Path(__file__).parents[2] / "docs" / "studies.md"
FILES = dict(
    re.findall(r"^`(\w+\.py)`:.*?```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
)


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """The five files as a package of its own."""
    home = tmp_path_factory.mktemp("package")
    (home / "toy_openness").mkdir()
    for name, text in FILES.items():
        own = text.replace("gateviz.studies.openness", "toy_openness")
        (home / "toy_openness" / name).write_text(own, encoding="utf-8")
    sys.path.insert(0, str(home))
    yield lambda name: importlib.import_module(f"toy_openness.{name}")
    sys.path.remove(str(home))


@pytest.fixture
def model(monkeypatch):
    config = CrnnConfig(4, "vgg_narrow", "lstm", hidden_size=3, depth=1, backbone_scale=0.1)
    recognizer = new_crnn(config, Alphabet.from_symbols("ab,", blank=0), seed=5).recognizer
    recognizer.module.eval()
    monkeypatch.setattr(gateviz.api, "load", lambda checkpoint, **options: recognizer)
    return recognizer


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "lines"
    home.mkdir()
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 80 + 20 * number), dtype=np.uint8)
        Image.fromarray(pixels).save(home / f"{number}.png")
    (home / "0.gt.txt").write_text("ab", encoding="utf-8")
    (home / "broken.png").write_bytes(b"no image")
    return home


def run(toy, *words):
    return CliRunner().invoke(toy("command").command, [str(word) for word in words], standalone_mode=False)


def test_it_is_five_short_files_that_keep_the_floors():
    assert list(FILES) == ["request.py", "run.py", "report.py", "figure.py", "command.py"]
    for name, text in FILES.items():
        assert violations(f"studies/openness/{name}", text) == []
        assert len(text.splitlines()) < 60


def test_all_four_renderings_say_the_same(toy, model, folder, tmp_path):
    document = json.loads(run(toy, folder, "--json").stdout)
    assert (document["lines"], document["truths"]["with_true_text"]) == (4, 1)
    assert [Path(one["path"]).name for one in document["skipped"]] == ["broken.png"]
    values = {
        f"layer {trace.layer} {trace.direction}": np.concatenate(
            [gateviz.record(model, folder / f"{number}.png").trace(trace.layer, trace.direction).forget_gate for number in range(4)]
        ).mean(dtype=float)
        for trace in gateviz.record(model, folder / "0.png").traces
    }  # fmt: skip
    assert document["means"] == pytest.approx(values, abs=1e-6)
    rows = list(csv.DictReader(io.StringIO(run(toy, folder, "--csv").stdout)))
    assert {row["place"]: float(row["mean"]) for row in rows} == document["means"]
    out = tmp_path / "toy.html"
    told = run(toy, folder, "-o", out, "-o", tmp_path / "toy.png")
    page = out.read_text(encoding="utf-8")
    for place, mean in document["means"].items():
        assert f"<td>{place}</td><td>{mean:.3f}</td>" in page
        assert f"{place}  {mean:.3f}" in re.sub(" +", "  ", told.stdout).replace("layer  0  ", "layer 0 ")
    assert "4 lines, 1 with a true text (by .gt.txt); 3 measured on what was read." in page
    assert "broken.png" in page
    assert "data:image/png;base64," in page
    assert (tmp_path / "toy.png").read_bytes().startswith(b"\x89PNG")
    assert "1 of 5 lines could not be read" in told.stderr
    assert told.stderr.count("broken.png") == 1


def test_it_adds_up_wherever_the_corpus_is_cut(toy, model, folder):
    begin = partial(toy("run").OpennessTally, toy("request").OpennessRequest("input_gate"))
    lines = true_lines([folder]).lines
    whole = study(model, lines, begin)
    numbered = list(enumerate(lines))
    parts = study_chunk(model, numbered[:2], begin)
    parts.merge(study_chunk(model, numbered[2:], begin))
    assert replace(parts.account, origin=whole.account.origin) == whole.account
    for place, (total, count) in whole.tally.sums.items():
        assert parts.tally.sums[place] == (pytest.approx(total, rel=1e-9), count)


def test_what_cannot_be_asked_is_refused_by_name(toy):
    with pytest.raises(SelectionError, match="there is no gate 'memory'; choose one of input_gate, forget_gate"):
        toy("request").OpennessRequest("memory")
