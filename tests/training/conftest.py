"""Fonts that every machine with matplotlib has."""

from pathlib import Path

import matplotlib as mpl
import pytest

from gateviz.training.fonts import FontFace, find_fonts


@pytest.fixture(scope="session")
def font_folder() -> Path:
    """matplotlib's own fonts: DejaVu Sans, Sans Mono and Serif, and fonts of symbols."""
    return Path(mpl.get_data_path(), "fonts", "ttf")


@pytest.fixture(scope="session")
def faces(font_folder) -> tuple[FontFace, ...]:
    return tuple(face for face in find_fonts(font_folder) if face.family.startswith("DejaVu"))
