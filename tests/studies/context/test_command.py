"""``gateviz context`` from its command line to its figure."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from gateviz.studies.context import command
from gateviz.studies.context.request import DISTANCES, ContextRequest

QUICK = ("--frames", 1, "--probes", 1, "--symbols", 1, "--at", "0,2,500")


@pytest.fixture(scope="module")
def lines(tmp_path_factory, font_folder):
    folder = tmp_path_factory.mktemp("lines")
    font = ImageFont.truetype(str(font_folder / "DejaVuSans.ttf"), 26)
    for number, text in enumerate(("cat", "dogs")):
        image = Image.new("L", (int(font.getlength(text)) + 20, 40), 255)
        ImageDraw.Draw(image).text((10, 4), text, fill=0, font=font)
        image.save(folder / f"{number}.png")
    (folder / "manifest.tsv").write_text("0.png\tcat\n1.png\tdogs\n", encoding="utf-8")
    return folder


def test_the_defaults_are_the_requests():
    given = {option.name: option.default for option in command.command.params}
    asked = ContextRequest()
    assert (given["frames"], given["probes"], given["symbols"], given["seed"]) == (
        asked.frames, asked.probes, asked.symbols, asked.seed,
    )  # fmt: skip
    assert tuple(float(each) for each in given["distances"].split(",")) == DISTANCES


def test_numbers_table_and_figure(run, lines, tmp_path):
    out = tmp_path / "context.png"
    result = run("context", lines / "manifest.tsv", *QUICK, "-o", out, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert (document["lines"], document["aligned_to_truth"], document["skipped"]) == (2, 2, [])
    assert [row["of"] for row in document["gradient"]["image"]][-1] == "posterior"
    assert len(document["gradient"]["input"]) == 4
    for row in document["gradient"]["input"]:
        side = np.array(row["distances"]) * (1 if row["direction"] == "forward" else -1)
        assert not np.array(row["share"])[side > 0].any()
        assert sum(row["share"]) == pytest.approx(1.0)
    assert [row["taken"] for row in document["blank"]["taken"]] == ["left", "right", "both"]
    assert all(row["reached"][2] == row["fall"][2]["value"] == 0 for row in document["reset"]["taken"])
    with Image.open(out) as figure:
        assert figure.width > 400
    printed = run("context", lines / "manifest.tsv", *QUICK).stdout
    assert "effective context over 2 lines: within it lies 90 %" in printed
    assert "by gradient, on the image (the receptive field is 34 columns)" in printed
    assert "beyond 500 symbols nothing lies on any line" in printed
    # The same seed, the same digits.
    again = run("context", lines / "manifest.tsv", *QUICK, "--by", "reset", "--json")
    assert json.loads(again.stdout)["reset"] == document["reset"]


def test_a_page_and_rows(run, lines, tmp_path):
    out = tmp_path / "context.html"
    done = run("context", lines / "manifest.tsv", *QUICK, "--by", "blank", "--csv", "-o", out)
    assert done.exit_code == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["by"], row["of"], row["distance"]) for row in rows[:4]] == [
        ("blank", "left", "0.0"), ("blank", "left", "2.0"), ("blank", "left", "500.0"), ("blank", "right", "0.0"),
    ]  # fmt: skip
    assert float(rows[0]["fall_low"]) <= float(rows[0]["fall"]) <= float(rows[0]["fall_high"])
    page = out.read_text(encoding="utf-8")
    assert "<p>2 lines, all with a true text (by manifest).</p>" in page
    assert "<h2>Model-free: columns further away blanked</h2>" in page
    assert page.count("data:image/png;base64,") == 1


def test_a_line_that_cannot_be_read_is_told(run, lines, tmp_path):
    (tmp_path / "2.png").write_bytes(b"nothing")
    result = run("context", lines / "0.png", tmp_path / "2.png", *QUICK, "--by", "blank")
    assert result.exit_code == 1
    assert "2.png" in result.stderr
    assert "1 line could not be read and took no part" in result.stdout
    assert "columns further away blanked" in result.stdout


def test_what_cannot_be_measured_is_one_line(run, lines, tmp_path):
    for words, said in (
        (("--layer", 7), "the context of layer 7 was asked for; recorded are 0, 1"),
        (("--at", "1,2"), "the distances 1, 2 were asked for; they begin with 0"),
        (("-o", tmp_path / "a.txt"), "a.txt"),
    ):
        result = run("context", lines / "0.png", "--by", "blank", *words)
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert said in result.stderr
    assert run("context", lines / "0.png", "--at", "one").exit_code == 2
    (tmp_path / "empty").mkdir()
    assert "holds no" in run("context", tmp_path / "empty").stderr
