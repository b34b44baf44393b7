"""Shared by the tests of typesetting: faces to set lines in."""

import pytest

from gateviz.typesetting.fonts import FontFace, find_fonts


@pytest.fixture(scope="session")
def faces(font_folder) -> tuple[FontFace, ...]:
    """DejaVu's faces."""
    return tuple(face for face in find_fonts(font_folder) if face.family.startswith("DejaVu"))
