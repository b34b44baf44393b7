"""``gateviz explore``: one page a line, two lines in a page, what goes where and what goes wrong."""

import json
import re

import pytest

from gateviz.cli.lines import LineReader


def names(folder) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def document(path) -> dict:
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="gateviz-document"[^>]*>(.*?)</script>', text)[1])


def test_a_page_goes_into_the_working_folder(run, saved, here):
    result = run("explore", saved)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "line.gates.html\n", "")
    assert names(here) == ["line.gates.html"]
    page = document(here / "line.gates.html")
    assert [part["text"] for part in page["recordings"]] == ["ab中"]
    assert (page["exact"], page["live"], page["title"]) == (False, False, "ab中")


def test_options_reach_the_page(run, saved, here):
    assert run("explore", saved, "-o", "a.html", "--exact", "--title", "T").stdout == "a.html\n"
    page = document(here / "a.html")
    assert (page["exact"], page["title"]) == (True, "T")
    values = page["recordings"][0]["traces"][0]["quantities"]["forget_gate"]["values"]
    assert (values["dtype"], values["shape"]) == ("f4", [6, 8])


def test_a_folder_takes_the_page(run, saved, here):
    (here / "pages").mkdir()
    assert run("explore", saved, "-o", "pages").stdout == "pages/line.gates.html\n"


def test_two_recordings_stand_beside_each_other(run, saved, here, recording):
    recording((0, 2, 2, 0, 1, 3, 3, 0), image="other.png").save(here / "other.safetensors")
    assert run("explore", saved, "--versus", "other.safetensors", "-o", "a.html").exit_code == 0
    page = document(here / "a.html")
    assert [part["name"] for part in page["recordings"]] == ["line.png", "other.png"]
    assert [part["text"] for part in page["recordings"]] == ["ab中", "ba中"]
    assert page["comparison"]["difference"] == ["0.forward", "0.backward", "1.forward", "1.backward"]


def test_an_edit_is_shown_beside_the_line_as_it_is(run, here, recording, monkeypatch):
    asked = []

    def read(self, source, edits, engine):
        # The plain run is to come from the engine that does the edits.
        assert engine == ("auto" if edits else "torch")
        asked.append((source.path.name, tuple(edit.sentence() for edit in edits)))
        return recording()

    monkeypatch.setattr(LineReader, "_read", read)
    (here / "line.png").write_bytes(b"an image")
    assert run("explore", "line.png", "--edit", "clamp forget_gate 0 layer=1").stdout == "line.gates.html\n"
    assert asked == [("line.png", ()), ("line.png", ("forget gate in layer 1, every direction, held at 0",))]
    assert len(document(here / "line.gates.html")["recordings"]) == 2


def test_json_says_what_the_page_holds(run, saved, here):
    found = json.loads(run("explore", saved, "--json").stdout)
    assert found == {
        "page": "line.gates.html",
        "bytes": (here / "line.gates.html").stat().st_size,
        "exact": False,
        "lines": [{"image": "line.png", "text": "ab中", "edits": [], "remarks": []}],
    }


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--edit", "clamp forget_gate 0"], 2, "is a saved recording; --edit needs the image, to read it again"),
        (
            ["--edit", "clamp forget_gate 0", "--versus", "../line.safetensors"],
            2,
            "--versus and --edit both ask for the second of two",
        ),
        (["--versus", "nowhere.safetensors"], 1, "there is no recording nowhere.safetensors; check the path"),
        (["--versus", "../line.safetensors", "-o", "../line.safetensors"], 2, "line.safetensors is what is read; name"),
        (["-o", "nowhere/a.html"], 1, "there is no folder nowhere to write a.html in; make it first"),
    ],
)
def test_what_goes_wrong_is_one_line_and_leaves_nothing(run, saved, here, words, status, message):
    result = run("explore", saved, *words)
    assert result.exit_code == status
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert names(here) == []


def test_the_recording_itself_is_never_written_over(run, saved, here):
    result = run("explore", saved, "-o", saved)
    assert result.exit_code == 2
    assert "is what is read; name another output with -o" in result.stderr


def test_a_recording_without_gates_is_refused(run, here, recording):
    from dataclasses import replace

    replace(recording(), traces=()).save(here / "bare.safetensors")
    result = run("explore", "bare.safetensors")
    assert result.exit_code == 1
    assert "has no gates to explore; record it with at least one layer" in result.stderr
    assert names(here) == ["bare.safetensors"]
