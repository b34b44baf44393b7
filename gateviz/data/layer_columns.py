"""In words: that layers do not look where the output's frames look."""

from collections.abc import Mapping

from gateviz.data.frames import FrameGrid

_SAME = 1e-6
"""Columns by which two places may lie apart and be one: they went through the same map of floating-point numbers."""


def same_columns(one: FrameGrid, other: FrameGrid) -> bool:
    """Whether frame by frame both look at the same columns.

    Example:
        >>> grid = FrameGrid(3, 4.0, 2.0, 10.0, 12)
        >>> same_columns(grid, grid), same_columns(grid, FrameGrid(3, 4.0, 6.0, 10.0, 12))
        (True, False)
    """
    return (
        one.frame_count == other.frame_count
        and abs(one.first_center - other.first_center) <= _SAME
        and abs(one.stride - other.stride) * one.frame_count <= _SAME
        and abs(one.receptive_field - other.receptive_field) <= _SAME
    )


def columns_apart(layers: Mapping[int, FrameGrid], output: FrameGrid, *, unit: str = "columns") -> str:
    """One sentence that says which layers look elsewhere than the output's frames, and where; empty if none does.

    Args:
        layers: the grid of every layer, by its number.
        output: the grid of the frames of the posteriors.
        unit: what the grids count in.

    Example:
        >>> output = FrameGrid(30, 4.0, 2.0, 34.0, 120)
        >>> columns_apart({0: FrameGrid(30, 4.0, 14.0, 10.0, 120), 1: output}, output)
        "Layer 0 looks elsewhere than the output: 12 columns further right, each frame seeing 10 columns (the output's 34)"
    """
    groups: dict[str, list[int]] = {}
    for layer, grid in sorted(layers.items()):
        if not same_columns(grid, output):
            groups.setdefault(_apart(grid, output, unit), []).append(layer)
    if not groups:
        return ""
    parts = []
    for words, numbers in groups.items():
        who = f"layer {numbers[0]} looks" if len(numbers) == 1 else f"layers {_listed(numbers)} look"
        parts.append(f"{who} elsewhere than the output: {words}")
    sentence = "; ".join(parts)
    return sentence[0].upper() + sentence[1:]


def _apart(grid: FrameGrid, output: FrameGrid, unit: str) -> str:
    off = grid.first_center - output.first_center
    words = []
    if abs(off) > _SAME:
        words.append(f"{abs(off):.4g} {unit} further {'right' if off > 0 else 'left'}")
    if abs(grid.stride - output.stride) * grid.frame_count > _SAME:
        words.append(f"a frame every {grid.stride:.4g} {unit} (the output's {output.stride:.4g})")
    if abs(grid.receptive_field - output.receptive_field) > _SAME:
        words.append(f"each frame seeing {_field(grid)} {unit} (the output's {_field(output)})")
    return ", ".join(words)


def _field(grid: FrameGrid) -> str:
    return "all" if grid.receptive_field >= 2 * grid.source_width else f"{grid.receptive_field:.4g}"


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}"
