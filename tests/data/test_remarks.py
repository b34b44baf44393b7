"""Remarks of many lines in few sentences."""

from gateviz.data.remarks import counted, kind_of


def test_the_kind_of_a_remark_has_none_of_its_values():
    assert kind_of("squeezed: 26 frames: too few; read it with --keep-ratio") == "squeezed"


def test_a_line_that_is_alone_is_told_whole_and_many_are_counted():
    said = {
        "a.png": ["higher than wide: 3 x 9 pixels", "nothing was read: dark"],
        "b.png": ["nothing was read: no ink"],
        "c.png": ["nothing was read: 4 x 8"],
    }
    assert counted(said, 1400) == [
        "3 of 1,400 lines: nothing was read; the first is a.png: dark",
        "a.png: higher than wide: 3 x 9 pixels",
    ]


def test_two_remarks_of_one_kind_on_one_line_are_one_line():
    assert counted({"a.png": ["odd: 1", "odd: 2"]}, 5) == ["a.png: odd: 1"]


def test_nothing_to_say_is_nothing_said():
    assert counted({"a.png": []}, 3) == []
