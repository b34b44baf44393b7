import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from gateviz.data.gates import GateTrace, Quantity
from gateviz.errors import OutputError
from gateviz.plot import fonts
from gateviz.plot.canvas import GateFigure
from gateviz.plot.export import checked_format, save_figure
from gateviz.plot.figures import gates, overview, saturation
from gateviz.plot.fonts import face_for


@pytest.fixture(scope="module")
def figure(request):
    return gates(request.getfixturevalue("recording"), quantities=["f", "c"])


def test_png_has_the_size_of_the_style_and_says_where_it_comes_from(figure, recording, tmp_path):
    path = tmp_path / "gates.png"
    save_figure(figure, path)
    with Image.open(path) as picture:
        assert picture.size == (1260, round(figure.get_size_inches()[1] * 200))
        facts = json.loads(picture.text["gateviz"])
        assert picture.text["Title"] == recording.text
        assert picture.text["Software"] == "gateviz 0.1.0"
        assert np.asarray(picture.convert("L")).std() > 20
    assert (facts["adapter"], facts["checkpoint"], facts["image"]) == ("synthetic", "random.pt", "line.png")
    assert facts["checkpoint_sha256"] == "00ff"


def test_pdf_keeps_text_and_embeds_fonts(figure, recording, tmp_path):
    path = tmp_path / "gates.pdf"
    save_figure(figure, path, metadata={"remark": "for the paper"})
    reader = PdfReader(path)
    assert len(reader.pages) == 1
    text = reader.pages[0].extract_text()
    for words in (
        "posterior",
        "forget gate",
        "layer 1 backward",
        "column of the line image (px)",
        "covers 99 % of |c|",
    ):
        assert words in text
    assert reader.metadata["/Title"] == recording.text
    facts = json.loads(reader.metadata["/Keywords"])
    assert facts["image"] == "line.png"
    assert facts["remark"] == "for the paper"
    assert float(reader.pages[0].mediabox.width) == pytest.approx(72 * 6.3)
    embedded = [font.get_object() for font in reader.pages[0]["/Resources"]["/Font"].values()]
    assert embedded
    for font in embedded:
        assert font["/Subtype"] == "/Type0"
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert "/FontFile2" in descriptor


def test_svg_keeps_text(figure, recording, tmp_path):
    path = tmp_path / "gates.svg"
    save_figure(figure, path)
    content = path.read_text(encoding="utf-8")
    assert re.search(r"<text[^>]*>forget gate</text>", content)
    assert "line.png" in content
    assert content.count("<image") >= 4


def test_chinese_can_be_copied_from_the_pdf(chinese, tmp_path):
    if face_for("你") is None:
        pytest.skip("this system has no font with Chinese glyphs")
    save_figure(gates(chinese, quantities=["f"]), tmp_path / "zh.pdf")
    text = PdfReader(tmp_path / "zh.pdf").pages[0].extract_text()
    assert all(symbol in text for symbol in chinese.text)


@pytest.mark.parametrize(("kind", "limit"), [("pdf", 1_000_000), ("svg", 3_000_000)])
def test_a_large_figure_stays_small(make, kind, limit, tmp_path):
    recording = make("A balloon committee, 27 Coffee Street. " * 2, stride=2.5, units=8, size=28)
    frames = recording.grid.frame_count
    assert 440 <= frames <= 460
    rng = np.random.default_rng(0)

    def noise(quantity):
        # White noise: nothing packs worse.
        low = 0.0 if quantity.is_gate else -1.0
        return rng.uniform(low, 1.0, (frames, 512)).astype(np.float32)

    quantities = list(Quantity)[:6]
    traces = tuple(
        GateTrace(trace.layer, trace.direction, {quantity: noise(quantity) for quantity in quantities})
        for trace in recording.traces
    )
    large = type(recording)(recording.image, recording.grid, traces, recording.emission, recording.provenance)
    path = tmp_path / f"large.{kind}"
    save_figure(gates(large, layers=[0, 1]), path)
    assert path.stat().st_size < limit


def test_savefig_of_the_figure_does_the_same(recording, tmp_path):
    figure = overview(recording, style="icml")
    figure.savefig(tmp_path / "a.pdf")
    reader = PdfReader(tmp_path / "a.pdf")
    assert json.loads(reader.metadata["/Keywords"])["adapter"] == "synthetic"
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_saving_leaves_the_figure_as_it_was(recording, tmp_path):
    figure = saturation(recording)
    dpi, canvas = figure.dpi, figure.canvas
    save_figure(figure, tmp_path / "a.png", dpi=50)
    assert (figure.dpi, figure.canvas) == (dpi, canvas)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size[0] == 315


def test_formats_go_by_name_or_by_word(figure, tmp_path):
    assert checked_format("a.PDF") == "pdf"
    save_figure(figure, tmp_path / "plain", format="svg")
    assert (tmp_path / "plain").read_bytes().startswith(b"<?xml")
    with pytest.raises(OutputError, match=r"cannot be written by the name 'a.gif'; choose one of png, pdf, svg"):
        save_figure(figure, tmp_path / "a.gif")
    with pytest.raises(OutputError, match="by the format 'eps'"):
        save_figure(figure, tmp_path / "a.png", format="eps")
    assert [entry.name for entry in tmp_path.iterdir()] == ["plain"]


def test_a_failure_leaves_what_was_there(figure, tmp_path, monkeypatch):
    path = tmp_path / "gates.pdf"
    path.write_text("before")
    with monkeypatch.context() as patched:
        patched.setattr(type(figure), "draw", lambda self, renderer: (_ for _ in ()).throw(OSError("no space")))
        with pytest.raises(OutputError):
            save_figure(figure, path)
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["gates.pdf"]
    with pytest.raises(OutputError, match="no folder"):
        save_figure(figure, tmp_path / "missing" / "a.png")


def test_fonts_with_postscript_outlines_are_embedded_as_type_3(chinese, tmp_path, font_list):
    other = fonts.Face("Noto Sans CJK SC")
    if other.name not in {entry.name for entry in fonts.fontManager.ttflist}:
        pytest.skip("this system has no Noto Sans CJK SC")
    font_list(other.path)
    figure = gates(chinese, quantities=["f"])
    save_figure(figure, tmp_path / "zh.pdf")
    page = PdfReader(tmp_path / "zh.pdf").pages[0]
    assert all(symbol in page.extract_text() for symbol in chinese.text)
    kinds = {font.get_object()["/Subtype"] for font in page["/Resources"]["/Font"].values()}
    assert kinds == {"/Type3"}


@pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
@pytest.mark.parametrize("write", [save_figure, GateFigure.savefig], ids=["save", "savefig"])
def test_a_full_disk_is_said_in_one_sentence(figure, tmp_path, no_room, kind, write):
    path = tmp_path / f"gates.{kind}"
    path.write_bytes(b"what was there")
    with pytest.raises(OutputError, match=f"gates.{kind} could not be written: the disk is full"):
        write(figure, path)
    assert path.read_bytes() == b"what was there"
    assert list(tmp_path.iterdir()) == [path]


def test_savefig_takes_streams_and_names_as_matplotlib_does(recording, tmp_path):
    figure = overview(recording, style="icml")
    figure.savefig(tmp_path / "plain")
    assert (tmp_path / "plain.png").read_bytes().startswith(b"\x89PNG")
    stream = io.BytesIO()
    figure.savefig(stream, format="pdf")
    assert stream.getvalue().startswith(b"%PDF")
