"""Which model reads where nobody named one."""

import pytest

from gateviz.errors import CheckpointError
from gateviz.files import models
from gateviz.files.models import default_model


@pytest.fixture
def nowhere(monkeypatch):
    """A system without Tesseract."""
    monkeypatch.setattr(models, "_FOLDERS", ())
    monkeypatch.delenv("TESSDATA_PREFIX", raising=False)


@pytest.mark.parametrize("folder", [".", "tessdata"])
def test_the_models_folder_may_be_named_by_the_environment(nowhere, monkeypatch, tmp_path, folder):
    (tmp_path / folder).mkdir(exist_ok=True)
    model = tmp_path / folder / "eng.traineddata"
    model.touch()
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    assert default_model() == model


def test_the_usual_folders_come_after_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path / "empty"))
    (tmp_path / "eng.traineddata").touch()
    monkeypatch.setattr(models, "_FOLDERS", (str(tmp_path / "missing"), str(tmp_path)))
    assert default_model() == tmp_path / "eng.traineddata"


def test_a_missing_model_names_the_package_that_brings_it(nowhere):
    with pytest.raises(
        CheckpointError,
        match=r"eng.traineddata is not installed; name a checkpoint \(--model\), or .* tesseract-ocr-eng",
    ):
        default_model()
