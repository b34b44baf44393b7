"""A corpus recorded: order, texts, and every line that could not be read."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import gateviz
from gateviz.capture.edits import clamp
from gateviz.errors import CheckpointError, ImageError, OutputError
from gateviz.files.folders import LineSource
from gateviz.studies.account import CorpusLine, Skipped
from gateviz.studies.corpus import Wanted, record_corpus, study, study_chunk
from gateviz.studies.kept import KeptOutcomes


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
    corpus = record_corpus(
        recognizer, [LineSource(folder / "0.png")], wanted=Wanted(layers=[1], quantities=["forget_gate"])
    )
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
    corpus = record_corpus(recognizer, sources, wanted=Wanted(edits=[edit]))
    assert [line.source.path.name for line in corpus.lines] == ["1.png"]
    assert f"goes beyond this line's {frames} frames" in corpus.skipped[0].why


def test_an_empty_corpus_and_one_without_a_readable_line(recognizer, folder):
    with pytest.raises(ImageError, match="the corpus holds no line; name a folder of line images, a manifest, or"):
        record_corpus(recognizer, [])
    with pytest.raises(ImageError, match=r"none of the 1 lines of the corpus can be read; the first: .*broken\.png"):
        record_corpus(recognizer, [LineSource(folder / "broken.png")])


class Widths:
    """Frames of every line, and their numbers."""

    def __init__(self):
        self.found = {}

    def add(self, line):
        assert line.prepared().pixels.shape[2] > 0
        self.found[line.number] = line.recording.grid.frame_count

    def merge(self, later):
        self.found |= later.found


def test_chunks_add_up_to_the_whole_wherever_they_are_cut(recognizer, folder):
    sources = [
        LineSource(folder / name, text) for name, text in (("0.png", "a"), ("broken.png", None), ("1.png", None))
    ]
    seen = []
    whole = study(recognizer, sources, Widths, progress=seen.append)
    numbered = list(enumerate(sources))
    parts = study_chunk(recognizer, numbered[:1], Widths)
    for chunk in (numbered[1:2], numbered[2:]):
        parts.merge(study_chunk(recognizer, chunk, Widths))
    # They were recorded at another second.
    assert replace(parts.account, origin=whole.account.origin) == whole.account
    assert whole.tally.found == parts.tally.found
    assert sorted(whole.tally.found) == [0, 2]
    assert seen == [1, 1, 1]
    account = whole.account
    assert (account.lines, account.truths.told, [one.source.path.name for one in account.skipped]) == (
        2,
        1,
        ["broken.png"],
    )
    assert [source.path.name for source in account.by_reading] == ["1.png"]
    assert list(account.remarks) == [str(folder / "0.png"), str(folder / "1.png")]
    with pytest.raises(ImageError, match="none of the 1 lines of the corpus can be read; the first: "):
        study(recognizer, sources[1:2], Widths)


def test_a_skipped_line_is_named_once(folder):
    assert Skipped(LineSource(folder / "a.png"), f"{folder / 'a.png'} is empty").words == f"{folder / 'a.png'} is empty"
    assert Skipped(LineSource(folder / "a.png"), "too few frames").words == f"{folder / 'a.png'}: too few frames"


def test_a_line_of_which_only_the_recording_is_at_hand_cannot_be_read_anew(recognizer, folder):
    line = CorpusLine(LineSource(folder / "0.png"), gateviz.record(recognizer, folder / "0.png"))
    with pytest.raises(CheckpointError, match=r"only the recording of .* is at hand; give the recognizer that read it"):
        line.prepared()
    with pytest.raises(ImageError, match="1,920 pixels, over the limit of 10"):
        replace(line, recognizer=recognizer, max_pixels=10).prepared()


def test_outcomes_are_kept_and_gone_on_with(tmp_path):
    path = tmp_path / "study" / "outcomes.jsonl"
    kept = KeptOutcomes(path, {"model": "a"})
    kept.add({"line": "0.png", "value": float("inf")})
    with path.open("a", encoding="utf-8") as handle:
        handle.write('{"line": "1.p')
    again = KeptOutcomes(path, {"model": "a"})
    assert again.outcomes == [{"line": "0.png", "value": float("inf")}]
    again.add({"line": "1.png", "value": 2})
    assert [one["line"] for one in KeptOutcomes(path, {"model": "a"}).outcomes] == ["0.png", "1.png"]
    with pytest.raises(
        OutputError, match=r"is of another study \(its model differ\); name another folder or remove it"
    ):
        KeptOutcomes(path, {"model": "b"})
    path.write_text("nothing\n", encoding="utf-8")
    with pytest.raises(OutputError, match="is no file of outcomes"):
        KeptOutcomes(path, {"model": "a"})
