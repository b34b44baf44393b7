"""True texts beside images count in every study, and its first line says of how many lines they are known."""

import json

import numpy as np
import pytest
from PIL import Image

import gateviz.api
from gateviz.data.alphabet import Alphabet
from gateviz.networks.crnn import CrnnConfig
from gateviz.training.pupil import new_crnn
from tests.one_thread import one_thread  # noqa: F401

FIRST = "6 lines, 5 with a true text (by .gt.txt); 1 measured on what was read"
COMPARED = "6 lines, 5 with a true text (by .gt.txt)"


@pytest.fixture(autouse=True)
def loaded(monkeypatch):
    """A small network that nobody has trained."""
    config = CrnnConfig(4, "vgg_narrow", "lstm", hidden_size=3, depth=1, backbone_scale=0.1)
    pupil = new_crnn(config, Alphabet.from_symbols("ab,", blank=0), seed=5)
    pupil.recognizer.module.eval()
    monkeypatch.setattr(gateviz.api, "load", lambda checkpoint, **options: pupil.recognizer)


@pytest.fixture
def folder(tmp_path):
    """Six images; all but the last have their text beside them."""
    home = tmp_path / "scans"
    home.mkdir()
    for number in range(6):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 160), dtype=np.uint8)
        Image.fromarray(pixels).save(home / f"{number}.png")
        if number < 5:
            (home / f"{number}.gt.txt").write_text("ab,ba,ab\n", encoding="utf-8")
    return home


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (["measure"], FIRST),
        (["claims", "--shifts", 99, "--layer", 0], FIRST),
        (["context", "--by", "blank", "--symbols", 1, "--at", "0,1"], FIRST),
        (["ablate", "--by", "layer"], FIRST),
        (["compare", "bundled", "bundled"], COMPARED),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_the_first_line_says_how_many_true_texts_there_are(run, folder, tmp_path, words, first):
    out = ["-o", tmp_path / "held"] if words[0] == "ablate" else []
    done = run(*words, folder, *out)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"{first}."
    found = json.loads(run(*words, folder, *out, "--json").stdout)["truths"]
    assert (found["lines"], found["with_true_text"], found["by"]) == (6, 5, [".gt.txt"])
    assert found["words"] == first


def test_a_page_says_it_too_and_strays_are_told(run, folder, tmp_path):
    (folder / "9.gt.txt").write_text("ab", encoding="utf-8")
    page = tmp_path / "measures.html"
    done = run("measure", folder, "-o", page)
    assert done.exit_code == 0, done.stderr
    assert "9.gt.txt has no image beside it" in done.stderr
    assert f"<p>{FIRST}.</p>" in page.read_text(encoding="utf-8")
