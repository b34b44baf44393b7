"""The model that reads where nobody named one."""

import pytest

from gateviz.errors import CheckpointError
from gateviz.files import models
from gateviz.files.models import default_model


def test_it_comes_with_the_package():
    assert default_model().is_file()
    assert default_model().parent.name == "assets"


def test_an_installation_without_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "BUNDLED", tmp_path / "bundled.safetensors")
    with pytest.raises(CheckpointError, match=r"the model that comes with gateviz is missing .*--model"):
        default_model()
