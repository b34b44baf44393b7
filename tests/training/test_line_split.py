"""The side a line is on hangs on its name alone."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from gateviz.errors import TrainingError
from gateviz.training.line_files import LineFiles
from gateviz.training.line_split import LineSubset, split_lines


def lines_of(folder, names):
    (folder / "manifest.tsv").write_text("".join(f"{name}.png\ttext\n" for name in names))
    return LineFiles(folder)


def sides(folder, names, share):
    lines = lines_of(folder, names)
    train, held = split_lines(lines, share)
    return tuple({lines.key(int(index)) for index in side.indices} for side in (train, held))


def test_the_parts_are_the_whole_and_about_the_share(tmp_path):
    lines = lines_of(tmp_path, range(4000))
    train, held = split_lines(lines, 0.1)
    assert sorted([*train.indices, *held.indices]) == list(range(4000))
    # Five standard deviations of a binomial count: sqrt(4000 x 0.1 x 0.9) = 19.
    assert abs(len(held) - 400) < 95
    assert (np.diff(train.indices) > 0).all()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(0, 10_000), min_size=1, max_size=60), st.floats(0.2, 0.8))
def test_lines_that_come_or_go_move_no_other(tmp_path, added, share):
    names = [f"line {number}" for number in range(300)]
    train, held = sides(tmp_path, names, share)
    more_train, more_held = sides(tmp_path, [*(f"new {number}" for number in added), *names[50:]], share)
    kept = {f"{name}.png" for name in names[50:]}
    assert more_train & kept == train & kept
    assert more_held & kept == held & kept


def test_the_sides_of_these_names_stay_what_they_are_in_every_version(tmp_path):
    _, held = sides(tmp_path, range(20), 0.2)
    # By coreutils: `printf 2.png | b2sum -l 48` begins with less than a fifth of ffffffffffff.
    assert held == {f"{number}.png" for number in (2, 4, 6, 10, 11, 14)}


def test_the_pictures_of_one_line_and_an_image_named_twice_stay_together(tmp_path):
    names = [f"{number}.{kind}" for number in range(100) for kind in ("bin", "nrm")]
    for name in names:
        (tmp_path / f"{name}.png").touch()
    for number in range(100):
        (tmp_path / f"{number}.gt.txt").write_text("text")
    lines = LineFiles(tmp_path)
    train, held = (
        {Path(lines.name(int(index))).name.split(".")[0] for index in side.indices} for side in split_lines(lines, 0.3)
    )
    assert train.isdisjoint(held)
    assert train | held == set(map(str, range(100)))
    twice = tmp_path / "twice"
    twice.mkdir()
    train_keys, held_keys = sides(twice, [*range(50), *range(50)], 0.3)
    assert train_keys.isdisjoint(held_keys)


@pytest.mark.parametrize("share", [1e-9, 0.5, 1 - 1e-9])
def test_a_handful_of_lines_has_both_sides(tmp_path, share):
    for count in range(2, 8):
        train, held = sides(tmp_path, range(count), share)
        assert train
        assert held


def test_only_the_chosen_lines_are_split(tmp_path):
    lines = lines_of(tmp_path, range(200))
    train, held = split_lines(lines, 0.3, among=range(0, 200, 2))
    whole_train, whole_held = split_lines(lines, 0.3)
    assert [i for i in whole_train.indices if i % 2 == 0] == train.indices.tolist()
    assert [i for i in whole_held.indices if i % 2 == 0] == held.indices.tolist()


def test_what_cannot_be_split_is_an_error(tmp_path):
    lines = lines_of(tmp_path, ["a", "a", "b"])
    for share in (0.0, 1.0, -0.1, float("nan")):
        with pytest.raises(TrainingError, match=rf"a share of {share} was asked for to validate on; it lies between"):
            split_lines(lines, share)
    for among in ([], [2], [0, 1]):
        with pytest.raises(TrainingError, match=rf"{len(among)} lines with fewer than two names cannot be split"):
            split_lines(lines, 0.5, among=among)


def test_a_subset_gives_the_lines_it_names(tmp_path):
    for name in range(10):
        Image.fromarray(np.full((8, 8), name, np.uint8)).save(tmp_path / f"{name}.png")
    subset = LineSubset(lines_of(tmp_path, range(10)), [7, 2, 2])
    for found in (subset, pickle.loads(pickle.dumps(subset))):  # noqa: S301
        assert [int(found[index].image[0, 0]) for index in range(len(found))] == [7, 2, 2]
        with pytest.raises(IndexError, match="out of bounds"):
            found[3]
