"""Lines written to a folder and read back."""

import dataclasses

import numpy as np
import pytest

from gateviz.errors import OutputError, TrainingError
from gateviz.training.line_files import LineFiles
from gateviz.typesetting import line_writer
from gateviz.typesetting.line_writer import MANIFEST, write_lines
from tests.training.toy_lines import ToyLines


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_was_written_is_what_is_read(tmp_path, jobs):
    lines, told = ToyLines(4, 70), []
    manifest = write_lines(lines, tmp_path / "out", jobs=jobs, on_line=lambda: told.append(1))
    assert manifest == tmp_path / "out" / MANIFEST
    assert len(told) == 70
    back = LineFiles(tmp_path / "out")
    assert len(back) == 70
    for number in (0, 33, 69):
        one, other = lines[number], back[number]
        assert (one.text, one.script, one.font) == (other.text, other.script, other.font)
        assert np.array_equal(one.image, other.image)
        assert other.columns == pytest.approx(one.columns, abs=0.005)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(TrainingError, match="is not empty; name another one"):
        write_lines(ToyLines(4, 3), tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_was_not_finished_has_no_manifest(tmp_path, monkeypatch):
    monkeypatch.setattr(line_writer.cv2, "imencode", lambda kind, image: (False, None))
    with pytest.raises(OutputError, match="could not be encoded; the folder has no manifest yet"):
        write_lines(ToyLines(4, 3), tmp_path / "out")
    assert not (tmp_path / "out" / MANIFEST).exists()


def test_a_text_that_a_manifest_cannot_hold_is_refused(tmp_path):
    class Tabbed(ToyLines):
        def __getitem__(self, index):
            return dataclasses.replace(super().__getitem__(index), text="a\tb", columns=None)

    with pytest.raises(TrainingError, match=r"the text 'a\\tb' of images/000/0000000.png has a tab"):
        write_lines(Tabbed(4, 3), tmp_path / "out")
