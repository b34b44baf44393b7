"""Symbols that stand from left to right, as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateviz.data.reading_order import reading_order, reading_text, standing_order


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ("", ""),
        ("abc, 25!", "abc, 25!"),
        ("אבג"[::-1], "אבג"),
        # Numbers run to the right inside, with their separators and signs.
        (".25 גבא", "אבג 25."),
        ("9:45 גבא", "אבג 9:45"),
        ("24.50₪ גבא", "אבג 24.50₪"),
        ("%16 גבא", "אבג %16"),
        # Two numbers beside each other stand in the order of the line.
        ("25 16 גבא", "אבג 16 25"),
        ("1987, גבא", "אבג ,1987"),
        # Symbols carry their mirror images as the network writes them.
        (".)גבא( דה", "הד (אבג)."),
        (".בא Gate 2 חזוהדג", "גדהוזח Gate 2 אב."),
        # A line that runs to the right, with a word that does not.
        ("We say םולש twice", "We say שלום twice"),
        ("We say בוט םולש 3 times", "We say 3 שלום טוב times"),
        ("We say 3 בוט times", "We say 3 טוב times"),
        ("ابحرم"[::1], "مرحبا"),
    ],
)
def test_text_as_it_is_read(shown, read):
    assert reading_text(list(shown)) == read
    if read != "We say 3 שלום טוב times":
        # A number that was typed before a word would stand on its other side.
        assert "".join(read[place] for place in standing_order(read)) == shown


@given(st.text(alphabet="אבגד 12", max_size=12) | st.text(alphabet="אבג ab", max_size=12))
def test_what_was_read_stands_where_it_stood(shown):
    read = reading_text(shown)
    assert "".join(read[place] for place in standing_order(read)) == shown


def test_symbols_of_several_code_points_stay_whole():
    assert reading_order(["b\u0301", "\u05d1\u05bc", "\u05d0"]) == (2, 1, 0)
    assert reading_text(["\u05d1\u05bc", "\u05d0"]) == "\u05d0\u05d1\u05bc"


def test_the_order_is_one_of_all_places():
    shown = list("a1%ג 2.3 בא(x)")
    assert sorted(reading_order(shown)) == list(range(len(shown)))
