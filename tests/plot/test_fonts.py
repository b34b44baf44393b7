import pytest

from gateviz.plot import fonts
from gateviz.plot.fonts import (
    base_face,
    code_points,
    face_for,
    has_postscript_outlines,
    running_text,
    running_width,
    shown,
    visible,
)


@pytest.fixture
def no_other_fonts(monkeypatch):
    face_for.cache_clear()
    monkeypatch.setattr(fonts, "_others", lambda: ())
    yield
    face_for.cache_clear()


def test_spaces_become_visible():
    assert visible(" ") == visible("\u3000") == "␣"
    assert visible("a") == "a"
    assert visible("\u200b") == "U+200B"
    assert face_for("␣") is not None


def test_ascii_needs_no_other_font(monkeypatch):
    face_for.cache_clear()
    monkeypatch.setattr(fonts, "_others", lambda: pytest.fail("fonts were scanned for a text that needs none"))
    assert face_for("Hello, 27") == base_face()
    assert running_text("Hello") == ("Hello", [base_face().name])
    face_for.cache_clear()


def test_a_face_covers_what_it_says():
    face = face_for("你")
    if face is None:
        pytest.skip("this system has no font with Chinese glyphs")
    assert face.covers("你好")
    assert not face.covers("\U0001f9ff你\ue000")
    assert face.width("你") == pytest.approx(1.0, abs=0.25)


def test_without_a_font_there_is_never_an_empty_box(no_other_fonts):
    assert face_for("你") is None
    assert shown("你") == ("U+4F60", base_face())
    assert running_text("a你b") == ("a<U+4F60>b", [base_face().name])


def test_code_points_and_widths():
    assert code_points("你a") == "U+4F60 U+0061"
    assert base_face().width("MM") == pytest.approx(2 * base_face().width("M"), rel=0.05)
    assert running_width("a你") == pytest.approx(base_face().width("a") + 1)


def test_outlines_are_told_apart(tmp_path):
    assert not has_postscript_outlines(base_face().path)
    plain, collection = tmp_path / "a.otf", tmp_path / "b.ttc"
    plain.write_bytes(b"OTTO" + bytes(8))
    collection.write_bytes(b"ttcf" + bytes(8) + (16).to_bytes(4, "big") + b"OTTO")
    assert has_postscript_outlines(str(plain))
    assert has_postscript_outlines(str(collection))
