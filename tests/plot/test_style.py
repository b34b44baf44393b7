import dataclasses

import pytest

from gateviz.errors import SelectionError
from gateviz.plot.style import STYLES, style_named


def test_widths_are_those_of_the_venues():
    widths = {name: style.width for name, style in STYLES.items()}
    assert widths == {
        "a4": 6.3,
        "icml": 3.25,
        "icml-wide": 6.75,
        "acl": 3.03,
        "acl-wide": 6.3,
        "ieee": 3.49,
        "ieee-wide": 7.16,
        "slide": 12.0,
    }


def test_a_style_by_name_or_of_ones_own():
    assert style_named("icml_wide") is STYLES["icml-wide"]
    own = dataclasses.replace(STYLES["a4"], width=5.0)
    assert style_named(own) is own
    with pytest.raises(SelectionError, match="no figure style 'nature'; choose one of a4, icml"):
        style_named("nature")


def test_type_is_readable_at_paper_size():
    for style in STYLES.values():
        assert min(style.font_size, style.small_size) >= 6
        assert style.least_symbol_size >= 5
