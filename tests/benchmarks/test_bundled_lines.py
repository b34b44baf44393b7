"""What the bundled model is tested on: paper around lines, and letters that are lost beside their like."""

import numpy as np

from benchmarks.bundled_lines import Margined, doubled_lost
from gateviz.measure.evaluation import ReadLine
from gateviz.typesetting.lines import TrainingLine


def test_paper_stands_on_all_four_sides_and_columns_move_with_it():
    image = np.full((10, 20), 200, np.uint8)
    image[4:6, 5:8] = 10
    columns = np.array([[5, 8]], np.float32)
    (wide,) = [Margined([TrainingLine(image, "-", columns)], 0.3)[0]]
    assert wide.image.shape == (16, 26)
    np.testing.assert_array_equal(wide.image[3:13, 3:23], image)
    assert set(np.unique(wide.image[:3])) == {200}
    np.testing.assert_array_equal(wide.columns, [[8, 11]])
    assert Margined([TrainingLine(image, "-")], 0.0)[0].image.shape == (10, 20)


def test_a_pair_is_lost_where_one_of_its_letters_is_missing():
    read = [
        ReadLine("committee", "comitee"),  # m is not narrow; t is lost, e is wide
        ReadLine("will all", "will al"),
        ReadLine("off", "otf"),  # wrong, and both there
        ReadLine("11", ""),
        ReadLine("moon", "mon"),
    ]
    assert doubled_lost(tuple(read)) == (3, 5)
