"""The small grammars: edits, units, spans, tables."""

from pathlib import Path

import click
import pytest

from gateviz.capture.edits import ablate, clamp, patch, scale
from gateviz.cli import options, outputs
from gateviz.cli.edits import GRAMMAR, EditRequest, parse_edit
from gateviz.cli.selection import DIRECTIONS, QUANTITIES, parse_number, parse_span, parse_units, parse_whole
from gateviz.data.gates import Direction, Quantity
from gateviz.files import images
from gateviz.files.printable import table, visible
from gateviz.plot.export import FORMATS
from gateviz.recording import open_recording


def test_the_lists_are_those_of_the_library():
    assert list(QUANTITIES) == list(Quantity)
    assert list(DIRECTIONS) == list(Direction)
    assert outputs.FIGURE_FORMATS == FORMATS
    assert options.DEFAULT_MAX_PIXELS == images.DEFAULT_MAX_PIXELS
    assert options.LARGEST_MAX_PIXELS == images.LARGEST_MAX_PIXELS


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("clamp forget_gate 0", clamp("forget_gate", 0.0)),
        (
            "clamp forget_gate 0.5 layer=1 direction=backward units=3,5-7 columns=120:160.5",
            clamp("forget_gate", 0.5, layer=1, direction="backward", units=[3, 5, 6, 7], columns=(120.0, 160.5)),
        ),
        ("layer=0 scale frames=10:20 cell_state -1e3", scale("cell_state", -1000.0, layer=0, frames=(10, 20))),
        ("ablate update_gate units=4", ablate("update_gate", units=[4])),
    ],
)
def test_an_edit_in_words_is_the_librarys_edit(words, expected):
    assert parse_edit(words).built() == expected


def test_a_patch_takes_its_values_from_a_saved_recording(saved):
    built = parse_edit(f"patch cell_state '{saved}' layer=1").built()
    assert built.sentence() == patch("cell_state", open_recording(saved), layer=1).sentence()
    assert (built.change.series[1, Direction.FORWARD] == open_recording(saved).trace(1).cell_state).all()


def test_an_ablation_takes_its_mean_from_a_saved_recording(saved):
    built = parse_edit(f"ablate forget_gate mean={saved}").built()
    expected = open_recording(saved).trace(0).forget_gate.mean(0)
    assert built.change.means[0, Direction.FORWARD] == pytest.approx(expected)


def test_a_path_with_spaces_is_quoted():
    assert parse_edit("patch cell_state 'my line.safetensors'").recording == Path("my line.safetensors")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", r"'' begins with ''; an edit is one of clamp, scale, ablate, patch"),
        ("hold forget_gate 0", r"begins with 'hold'; an edit is one of clamp, scale, ablate, patch"),
        ("clamp forget_gate", r"has 1 words after clamp; write clamp QUANTITY VALUE"),
        ("ablate forget_gate 0", r"has 2 words after ablate; write ablate QUANTITY$"),
        ("patch cell_state", r"write patch QUANTITY FILE"),
        ("clamp forget 0", r"names 'forget', which is no quantity; there are input_gate, forget_gate"),
        ("clamp forget_gate shut", r"'shut' is no finite number"),
        ("clamp forget_gate nan", r"'nan' is no finite number"),
        ("clamp forget_gate 0 unit=3", r"has unit=, which is none of layer=, direction=, units=, frames=, columns="),
        ("clamp forget_gate 0 mean=a", r"has mean=, which is none of layer="),
        ("clamp forget_gate 0 layer=1 layer=2", r"has layer= twice; give two edits"),
        ("clamp forget_gate 0 layer=-1", r"'-1' is no whole number from 0"),
        ("clamp forget_gate 0 units=5-3", r"'5-3' names no units; write them as 3,5 or 0-15,20"),
        ("clamp forget_gate 0 columns=120", r"'120' names no span; write START:STOP, STOP excluded"),
        ("clamp forget_gate 0 columns=160:120", r"'160:120' names no span"),
        ("clamp forget_gate 0 frames=1.5:2", r"'1.5' is no whole number"),
        ("clamp forget_gate 0 frames=3", r"'3' names no span; write START:STOP, STOP excluded, such as 10:20"),
        ("clamp forget_gate 0 direction=up", r"'up' is no direction; there are forward, backward"),
        ("clamp 'forget_gate 0", r"has a quotation mark without its partner"),
    ],
)
def test_a_wrong_edit_is_named_with_what_belongs_there(words, message):
    with pytest.raises(click.BadParameter, match=message):
        parse_edit(words)


def test_the_grammar_in_the_help_is_the_grammar():
    examples = [
        "clamp forget_gate 0",
        "scale cell_state 2",
        "ablate forget_gate",
        "ablate forget_gate mean=a.safetensors",
        "patch cell_state a.safetensors",
        "clamp forget_gate 0 layer=1 units=3,5 columns=120:160",
    ]
    for example in examples:
        assert isinstance(parse_edit(example), EditRequest)
        assert f'"{example.split()[0]} ' in GRAMMAR
    assert examples[-1] in GRAMMAR
    for name in ("layer=1", "direction=forward", "units=3,5-7", "frames=10:20", "columns=120:160"):
        assert name in GRAMMAR
        parse_edit(f"ablate forget_gate {name}")


def test_units_spans_and_numbers():
    assert parse_units("0-3, 2,9") == (0, 1, 2, 3, 9)
    assert parse_span("-1.5:2") == (-1.5, 2.0)
    assert parse_number("1e-3") == 0.001
    assert parse_whole("12") == 12
    for words in ("", "a", "3,", "1-2-3", "-1"):
        with pytest.raises(click.BadParameter, match="names no units"):
            parse_units(words)


def test_a_table_counts_wide_symbols_as_two_cells_and_marks_as_none():
    lines = table(["s", "x"], [["中", "1"], ["e\u0301", "2"], ["abc", "3"]]).split("\n")
    assert lines == ["s    x", "中   1", "e\u0301    2", "abc  3"]


def test_what_cannot_be_seen_is_named():
    assert visible(" ") == "␣"
    assert visible("a\u200b") == "aU+200B"
    assert visible("中") == "中"
