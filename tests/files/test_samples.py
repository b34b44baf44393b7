"""The line images that come with gateviz."""

import numpy as np
import pytest

from gateviz.errors import ImageError
from gateviz.files import samples
from gateviz.files.images import read_line_image
from gateviz.files.samples import SAMPLES, sample


def test_every_line_that_is_shipped_has_a_name_and_reads():
    assert {path.stem for path in samples.FOLDER.glob("*.png")} == set(SAMPLES)
    for name in SAMPLES:
        image = read_line_image(sample(name))
        assert image.ndim == 2
        assert np.ptp(image) > 100
    assert sample() == sample("english")


def test_what_is_not_there_is_said(monkeypatch, tmp_path):
    with pytest.raises(ImageError, match="comes with no line 'german'; there are english, chinese,"):
        sample("german")
    monkeypatch.setattr(samples, "FOLDER", tmp_path)
    with pytest.raises(ImageError, match=r"'english' that comes with gateviz is missing .*; install gateviz again"):
        sample()
