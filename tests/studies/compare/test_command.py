"""``gateviz compare`` from its command line to its words, numbers and figure."""

import csv
import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from gateviz.data.alphabet import Alphabet
from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.networks.crnn_file import save_crnn
from gateviz.studies.compare import command
from gateviz.studies.compare.report import marked
from gateviz.studies.compare.request import AXES, THRESHOLD
from tests.studies.compare.changed_models import changed_model, noisy


@pytest.fixture
def lines(tmp_path):
    folder = tmp_path / "lines"
    folder.mkdir()
    for number in range(2):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 80), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    (folder / "manifest.tsv").write_text("0.png\tone\n1.png\ttwo\n", encoding="utf-8")
    return folder


@pytest.fixture
def models(tmp_path):
    """Two small models of one alphabet that differ in their seed."""
    paths = []
    for seed in range(2):
        alphabet = Alphabet.from_symbols("onetw", blank=0)
        torch.manual_seed(seed)
        network = CRNN(CrnnConfig(alphabet.class_count, "vgg_small", "lstm", hidden_size=6, depth=1))
        paths.append(tmp_path / f"{'ab'[seed]}.safetensors")
        save_crnn(paths[-1], network, alphabet)
    return paths


def test_the_choices_are_the_requests():
    given = {option.name: option for option in command.command.params}
    assert (given["threshold"].default, tuple(given["axis"].type.choices)) == (THRESHOLD, AXES)
    assert (THRESHOLD, AXES) == (0.25, ("column", "symbol"))


def test_two_models_on_a_manifest(run, lines, models, tmp_path):
    figure = tmp_path / "figure.png"
    result = run("compare", *models, lines / "manifest.tsv", "-o", figure)
    assert result.exit_code == 0
    for words in (
        "A: a.safetensors   B: b.safetensors",
        "2 lines, frames put together by column",
        "character error rate: A ",
        "layer 0 backward",
        "6 units",
        "the first layer apart: layer 0 forward",
    ):
        assert words in result.output
    with Image.open(figure) as picture:
        assert picture.width > 400
        assert json.loads(json.loads(picture.text["gateviz"])["first"])["checkpoint"] == "a.safetensors"
    numbers = json.loads(run("compare", *models, lines / "manifest.tsv", "--json").stdout)
    assert numbers["first"]["sha256"] != numbers["second"]["sha256"]
    assert numbers["cost"]["lines_with_truth"] == 2
    assert [one["truth"] for one in numbers["line_by_line"]] == ["one", "two"]
    assert [(one["layer"], one["direction"]) for one in numbers["layers"]] == [(0, "forward"), (0, "backward")]
    assert [one["quantity"] for one in numbers["layers"][0]["quantities"]] == [
        "input_gate", "forget_gate", "candidate", "output_gate", "cell_state", "hidden_state",
    ]  # fmt: skip


def test_a_page_and_rows_for_a_spreadsheet(run, lines, models, tmp_path):
    out = tmp_path / "page.html"
    result = run("compare", *models, lines / "manifest.tsv", "--csv", "-o", out)
    assert result.exit_code == 0
    numbers = json.loads(run("compare", *models, lines / "manifest.tsv", "--json").stdout)
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    series = [one for place in numbers["layers"] for one in place["quantities"]]
    assert [row["quantity"] for row in rows] == [one["quantity"] for one in series]
    assert [float(row["apart"]) for row in rows] == [one["apart"] for one in series]
    assert [float(row["mean_second"]) for row in rows] == [one["mean"][1] for one in series]
    page = out.read_text(encoding="utf-8")
    assert "<h1>Where two part: A: a.safetensors   B: b.safetensors</h1>" in page
    assert page.count("<img ") == 1


def test_a_model_and_itself_say_that_nothing_parts(run, lines, models):
    result = run("compare", models[0], models[0], lines, "--layer", 0, "-q", "forget_gate", "--direction", "forward")
    assert result.exit_code == 0
    assert "nothing parts: all series are the same, but for rounding" in result.output
    assert "text changed: A reads nothing, 0 of 2 lines" in result.output
    assert "backward" not in result.output
    assert "input gate" not in result.output


def test_the_bundled_model_by_its_name_and_the_layer_that_parts(run, lines, tmp_path):
    with torch.no_grad():
        other = changed_model(tmp_path / "noisy.safetensors", noisy("l1", 1.0))
    result = run("compare", "bundled", other, lines, "--limit", 1, "--threshold", 0.1)
    assert result.exit_code == 0
    assert "A: bundled.safetensors   B: noisy.safetensors" in result.output
    assert "the first layer apart: layer 1 forward" in result.output
    assert "layer 1 forward parts at column " in result.output
    assert "layer 1 backward parts" not in result.output


def test_two_images_of_one_model(run, lines, models, tmp_path):
    figure = tmp_path / "two.png"
    images = lines / "0.png", lines / "1.png"
    result = run("compare", *images, "--model", models[0], "--by", "column", "-o", figure)
    assert result.exit_code == 0
    assert "A: 0.png   B: 1.png, read by a.safetensors" in result.output
    assert "6 units keep their numbers" in result.output
    assert figure.stat().st_size > 10_000
    same = json.loads(run("compare", images[0], images[0], "--model", models[0], "--json").stdout)
    assert same["frames_by"] == "column"
    assert same["model"]["checkpoint"] == "a.safetensors"
    assert same["first_apart"] is None
    assert same["line_by_line"][0]["edits"] == 0


def test_lines_that_cannot_be_read_are_told_and_counted(run, lines, models):
    (lines / "2.png").write_bytes(b"nothing")
    with (lines / "manifest.tsv").open("a", encoding="utf-8") as manifest:
        manifest.write("2.png\ta\n")
    result = run("compare", *models, lines)
    assert result.exit_code == 1
    assert "2.png" in result.stderr
    assert "1 line could not be read by both and is left out" in result.stdout


def test_what_does_not_go_together_is_told_before_anything_runs(run, lines, models, tmp_path):
    image = lines / "0.png"

    def error(*words, status=2):
        result = run("compare", *words)
        assert result.exit_code == status
        assert result.stdout == ""
        return result.stderr

    assert "name A and B, two models or two images" in error(models[0])
    assert f"{models[0]} and {models[1]} are to read something; name line images after them" in error(*models)
    assert f"{image} is an image and bundled is none; name two models and then images" in error("bundled", image)
    assert "3 images were named; two images are compared" in error(image, image, image)
    assert "--by is of two images, and two models were named" in error(*models, image, "--by", "symbol")
    assert "--model is of two images" in error(*models, image, "--model", models[0])
    assert "--limit is of lines that two models read" in error(image, image, "--limit", 1)
    assert "the comparison cannot be written as x.docx; end its name in .html" in error(
        *models, image, "-o", tmp_path / "x.docx", status=1
    )
    (tmp_path / "empty").mkdir()
    assert "holds no image" in error(*models, tmp_path / "empty", status=1)
    assert "missing.png is not there; check its path" in error(*models, tmp_path / "missing.png", status=1)
    assert error("bundled", tmp_path / "missing.pt", image, status=1)


def test_texts_are_marked_where_they_part():
    assert marked("cold", "cold") == ["A  cold", "B  cold", ""]
    assert marked("cold", "c0d") == ["A  cold", "B  c0·d", "    ^^"]
    # A wide symbol takes two cells, and so does what stands for it.
    assert marked("你好a", "你a") == ["A  你好a", "B  你· a", "     ^^"]
    assert marked("", "a") == ["A  ·", "B  a", "   ^"]
