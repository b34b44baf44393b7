"""A corpus recorded: order, texts, and every line that could not be read."""

import numpy as np
import pytest
from PIL import Image

import gateviz
from gateviz.capture.edits import clamp
from gateviz.errors import ImageError
from gateviz.files.folders import LineSource
from gateviz.survey.record_corpus import record_corpus


@pytest.fixture(scope="module")
def recognizer():
    return gateviz.load()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    for number, width in enumerate((60, 90, 60)):
        pixels = np.random.default_rng(number).integers(0, 256, (32, width), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    (folder / "broken.png").write_bytes(b"\x89PNG nothing more")
    return folder


def test_every_line_in_order_with_its_text(recognizer, folder):
    sources = [LineSource(folder / f"{number}.png", f"text {number}") for number in range(3)]
    seen = []
    corpus = record_corpus(recognizer, sources, progress=seen.append)
    assert [line.source for line in corpus.lines] == sources
    assert sum(seen) == 3
    assert corpus.skipped == ()
    for line, recording in zip(corpus.lines, corpus.recordings, strict=True):
        alone = gateviz.record(recognizer, line.source.path)
        assert recording.text == alone.text
        for trace, same in zip(recording.traces, alone.traces, strict=True):
            assert np.allclose(trace.forget_gate, same.forget_gate, atol=1e-5)


def test_what_is_not_asked_for_is_not_kept(recognizer, folder):
    corpus = record_corpus(recognizer, [LineSource(folder / "0.png")], layers=[1], quantities=["forget_gate"])
    assert {(trace.layer, tuple(trace.values)) for trace in corpus.recordings[0].traces} == {(1, ("forget_gate",))}


def test_lines_that_cannot_be_read_are_told_with_the_reason(recognizer, folder):
    sources = [LineSource(folder / name) for name in ("0.png", "broken.png", "1.png", "missing.png")]
    corpus = record_corpus(recognizer, sources)
    assert [line.source.path.name for line in corpus.lines] == ["0.png", "1.png"]
    assert [line.source.path.name for line in corpus.skipped] == ["broken.png", "missing.png"]
    assert "missing.png is not there" in corpus.skipped[1].why


def test_a_line_that_fails_takes_no_other_with_it(recognizer, folder):
    # The first line has too few frames for the edit, the second has enough.
    sources = [LineSource(folder / "0.png"), LineSource(folder / "1.png")]
    frames = gateviz.record(recognizer, folder / "0.png").grid.frame_count
    edit = clamp("forget_gate", 0.0, frames=(0, frames + 1))
    corpus = record_corpus(recognizer, sources, edits=[edit])
    assert [line.source.path.name for line in corpus.lines] == ["1.png"]
    assert f"goes beyond this line's {frames} frames" in corpus.skipped[0].why


def test_an_empty_corpus_and_one_without_a_readable_line(recognizer, folder):
    with pytest.raises(ImageError, match="the corpus holds no line; name a folder of line images, a manifest, or"):
        record_corpus(recognizer, [])
    with pytest.raises(ImageError, match=r"none of the 1 lines of the corpus can be read; the first: .*broken\.png"):
        record_corpus(recognizer, [LineSource(folder / "broken.png")])
