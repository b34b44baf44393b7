"""``python -m benchmarks explorer``: the recording it shows, its summaries, and what it says without Chromium."""

from pathlib import Path

import pytest

from benchmarks import explorer
from benchmarks.explorer import browser, recording_of, spread
from gateviz.errors import MissingExtraError


def test_the_recording_is_of_the_size_that_is_claimed():
    recording = recording_of(40)
    assert [(trace.name, trace.unit_count, trace.frame_count) for trace in recording.traces] == [
        (f"{layer}.{direction}", 512, 40) for layer in range(2) for direction in ("forward", "backward")
    ]
    assert recording.text == "abcd"
    assert [span.start for span in recording.alignment.spans] == [4, 14, 24, 34]


def test_times_are_told_by_median_tail_and_worst():
    assert spread([*map(float, range(1, 101))]) == {"median": 50.5, "p95": pytest.approx(95.05), "worst": 100.0}


def test_without_chromium_it_says_what_to_install(monkeypatch):
    pytest.importorskip("playwright", reason="needs playwright, which pip installs")
    monkeypatch.setattr(explorer, "CHROMIUM", Path("/nowhere/chromium"))
    with (
        pytest.raises(MissingExtraError, match=r"/nowhere/chromium, which is not there; apt install chromium"),
        browser(),
    ):
        pass
