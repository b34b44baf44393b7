import importlib.util
from pathlib import Path

import pytest
import torch

TESSDATA = Path("/usr/share/tesseract-ocr/5/tessdata")
PACKAGES = {
    "eng": "tesseract-ocr-eng",
    "chi_sim": "tesseract-ocr-chi-sim",
    "osd": "tesseract-ocr-osd",
    "heb": "tesseract-ocr-heb",
}


@pytest.fixture(scope="session")
def writing():
    """The module ``traineddata_writer`` beside this file."""
    place = Path(__file__).with_name("traineddata_writer.py")
    specification = importlib.util.spec_from_file_location("traineddata_writer", place)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _one_thread():
    """Small matrices gain nothing from two threads, and lose much where other tests run beside this one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tessdata():
    """From a language to the path of its installed model."""

    def path(language):
        model = TESSDATA / f"{language}.traineddata"
        if not model.is_file():
            pytest.skip(f"{model} is not there (Debian package {PACKAGES[language]})")
        return model

    return path
