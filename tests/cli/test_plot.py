"""``gateviz plot`` on saved recordings: which figure goes where, and what happens to the lines that fail."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from gateviz.cli.plot import ORDERS, STYLES, VIEWS
from gateviz.panels.choice import Order
from gateviz.plot import figures
from gateviz.plot.fonts import face_for
from gateviz.plot.style import STYLES as LIBRARY_STYLES
from gateviz.recording import open_recording


def names(folder) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_the_lists_are_those_of_the_library():
    assert list(ORDERS) == list(Order)
    assert list(STYLES) == list(LIBRARY_STYLES)
    assert all(callable(getattr(figures, view)) for view in VIEWS)


def test_a_figure_goes_beside_nobody_but_into_the_working_folder(run, saved, here):
    result = run("plot", saved)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "line.gates.png\n", "")
    assert names(here) == ["line.gates.png"]
    with Image.open(here / "line.gates.png") as picture:
        assert picture.width > 800
        assert json.loads(picture.info["gateviz"])["checkpoint"] == "a.pth"


@pytest.mark.parametrize(("name", "head"), [("a.pdf", b"%PDF"), ("a.svg", b"<?xml"), ("a.png", b"\x89PNG")])
def test_the_name_says_the_format(run, saved, here, name, head):
    assert run("plot", saved, "-o", name).exit_code == 0
    assert (here / name).read_bytes().startswith(head)


def test_a_given_format_goes_before_the_name(run, saved, here):
    assert run("plot", saved, "-o", "figure.tmp", "--format", "svg").exit_code == 0
    assert (here / "figure.tmp").read_bytes().startswith(b"<?xml")
    assert run("plot", saved, "--format", "pdf").stdout == "line.gates.pdf\n"


def test_a_folder_as_output_takes_the_figure(run, saved, here):
    (here / "figures").mkdir()
    assert run("plot", saved, "-o", "figures").stdout == "figures/line.gates.png\n"


def drawn(run, monkeypatch, *words) -> tuple[str, dict]:
    """Which figure function a command line calls, with which options."""
    called = []
    for view in VIEWS:
        whole = getattr(figures, view)

        def spy(recording, _view=view, _whole=whole, **options):
            called.append((_view, options))
            return _whole(recording, **options)

        monkeypatch.setattr(figures, view, spy)
    result = run("plot", *words)
    assert result.exit_code == 0, result.stderr
    [(view, options)] = called
    return view, options


def test_the_options_reach_the_figure(run, saved, here, monkeypatch):
    words = [
        "--text",
        "ab",
        "--layer",
        "1",
        "--layer",
        "0",
        "--direction",
        "backward",
        "-q",
        "forget_gate",
        "-q",
        "cell_state",
        "--units",
        "0-2,5",
    ]
    words += ["--order", "peak", "--frame", "3", "--mark-saturation", "--style", "icml", "--title", "T"]
    assert drawn(run, monkeypatch, saved, *words) == (
        "gates",
        {
            "text": "ab",
            "layers": (1, 0),
            "directions": ("backward",),
            "quantities": ("forget_gate", "cell_state"),
            "units": (0, 1, 2, 5),
            "order": "peak",
            "frames": (3,),
            "mark_saturation": True,
            "style": "icml",
            "title": "T",
        },
    )


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_drawn_under_its_name(run, saved, here, monkeypatch, view):
    words = ["--units", "3"] if view == "units" else []
    assert drawn(run, monkeypatch, saved, "--view", view, *words)[0] == view
    assert names(here) == [f"line.{view}.png"]


def test_an_old_figure_is_replaced(run, saved, here):
    (here / "a.svg").write_text("old")
    assert run("plot", saved, "-o", "a.svg").exit_code == 0
    assert (here / "a.svg").read_bytes().startswith(b"<?xml")


def test_a_recording_can_be_kept(run, saved, here):
    assert run("plot", saved, "--save-recording", "kept.safetensors").exit_code == 0
    assert open_recording(here / "kept.safetensors").text == "ab中"


# Several lines


@pytest.fixture
def folder(tmp_path, recording):
    """A folder with three recordings, the middle one broken."""
    folder = tmp_path / "lines"
    folder.mkdir()
    recording(image="1").save(folder / "line1.safetensors")
    (folder / "line2.safetensors").write_bytes(b"broken, and long enough to have a header")
    recording(image="10").save(folder / "line10.safetensors")
    return folder


def test_one_bad_line_is_reported_and_the_others_are_drawn(run, folder, here):
    result = run("plot", folder)
    assert result.exit_code == 1
    assert result.stdout == "gates/line1.gates.png\ngates/line10.gates.png\n"
    first, last = result.stderr.splitlines()
    assert first.startswith(f"gateviz: error: {folder}/line2.safetensors is no recording")
    assert last == "gateviz: 1 of 3 lines failed"
    assert names(here / "gates") == ["line1.gates.png", "line10.gates.png"]


def test_several_lines_go_into_the_named_folder_with_their_recordings(run, folder, here):
    (folder / "line2.safetensors").unlink()
    result = run("plot", folder, "-o", "a/b", "--format", "svg", "--save-recording", "kept", "--view", "overview")
    assert result.exit_code == 0
    assert names(here / "a" / "b") == ["line1.overview.svg", "line10.overview.svg"]
    assert names(here / "kept") == ["line1.safetensors", "line10.safetensors"]


def test_a_manifest_brings_the_texts(run, folder, here, monkeypatch):
    (folder / "m.tsv").write_text("line1.safetensors\tab\n")
    assert drawn(run, monkeypatch, folder / "m.tsv", "-o", "out")[1]["text"] == "ab"
    assert drawn(run, monkeypatch, folder / "m.tsv", "-o", "out", "--view", "saturation")[1].get("text") is None


# What goes wrong


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "figure"], "figure does not say which format; end it in .png, .pdf or .svg, or give --format"),
        (["-o", "figure.jpg"], "figure.jpg does not say which format"),
        (["--view", "overview", "--order", "peak", "--layer", "0"], "--layer, --order mean nothing to --view overview"),
        (["--view", "units"], "--view units draws single units; name them with --units"),
        (["--view", "saturation", "--text", "ab"], "--text mean nothing to --view saturation"),
        (["--edit", "clamp forget_gate 0"], "is a saved recording; --edit needs the image, to read it again"),
    ],
)
def test_a_wrong_wish_is_a_wrong_command_line(run, saved, here, words, message):
    result = run("plot", saved, *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert names(here) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "nowhere/a.png"], "there is no folder nowhere to write a.png in; make it first"),
        (["--layer", "7"], "there is no trace of layer 7; recorded are 0.forward"),
        (["-q", "reset_gate"], "there is no quantity reset_gate; recorded are"),
        (["--units", "6"], "has no unit 6 in its"),
        (["--text", "abx"], "the text 'abx' has 'x', not among the alphabet's 4 symbols"),
        (["--text", "abababababab"], "frames"),
    ],
)
def test_what_cannot_be_drawn_leaves_nothing(run, saved, here, words, message):
    result = run("plot", saved, *words)
    assert result.exit_code == 1
    assert result.stderr.startswith("gateviz: error: ")
    assert message in result.stderr
    assert names(here) == []


def test_a_text_belongs_to_one_line(run, folder):
    result = run("plot", folder, "--text", "ab")
    assert result.exit_code == 2
    assert "--text is the text of one line and there are 3; name them in a manifest" in result.stderr


def test_several_lines_do_not_fit_one_file(run, folder, here):
    result = run("plot", folder, "-o", "all.pdf")
    assert result.exit_code == 2
    assert "-o all.pdf names one file and there are 3 lines; name a folder" in result.stderr
    result = run("plot", folder, "--save-recording", "all.safetensors", "-o", "a")
    assert "--save-recording all.safetensors names one file" in result.stderr


def test_two_lines_of_one_name_are_refused(run, saved, here, recording):
    (here / "sub").mkdir()
    recording().save(here / "sub" / "line.safetensors")
    result = run("plot", saved, "sub/line.safetensors", "-o", "out")
    assert result.exit_code == 2
    assert f"{saved} and sub/line.safetensors would both be written to line.gates.png" in result.stderr


def test_what_is_read_is_not_overwritten(run, saved):
    before = saved.read_bytes()
    result = run("plot", saved, "-o", saved, "--format", "png")
    assert result.exit_code == 2
    assert "line.safetensors is what is read; name another output with -o" in result.stderr
    assert saved.read_bytes() == before


def test_an_unwritable_output_stops_before_the_work(run, folder, here):
    (here / "out").write_text("a file")
    result = run("plot", folder, "-o", "out")
    assert result.exit_code == 1
    assert result.stderr == "gateviz: error: out is a file, and several results need a folder; name a folder\n"


def test_a_name_that_is_not_utf_8_is_drawn_and_printed(run, saved, here):
    name = os.fsdecode(b"l\xe9.safetensors")
    saved.rename(saved.with_name(name))
    result = run("plot", saved.with_name(name))
    assert result.exit_code == 0
    assert result.stdout == "l\\xe9.gates.png\n"


def test_the_picture_shows_the_recording(run, saved, here, recording):
    """The forget gate in the picture is the forget gate in the file: the figure of another recording differs."""
    run("plot", saved, "-o", "a.png")
    other = recording()
    other.traces[-1].forget_gate[:] = 0.5
    other.save(here / "other.safetensors")
    run("plot", "other.safetensors", "-o", "b.png")
    with Image.open("a.png") as first, Image.open("b.png") as second:
        assert np.any(np.asarray(first) != np.asarray(second))


def test_letters_that_no_font_has_are_said_in_one_line(run, saved, here):
    # Of the scripts of Unicode this one has no font on most systems; where one is, another title would do.
    result = run("plot", saved, "--title", "\U0001e900\U0001e901 \U0001e900")
    if face_for("\U0001e900") is not None:
        pytest.skip("this system has a font with Adlam letters")
    assert result.exit_code == 0
    assert result.stderr == (
        "gateviz: no font here has U+1E900, U+1E901 (Adlam): code points or the line's own pixels stand for them; "
        "install a font that has them (Debian: fonts-noto-core)\n"
    )
