"""What a run reads is kept in mind, and nothing is written over it."""

import hashlib
import os

import pytest

from gateviz.errors import OutputError
from gateviz.files.atomic import check_not_read, check_output, write_whole, written_whole
from gateviz.files.inputs import is_read, keeping_inputs, opened_input, read_input, read_with_digest, will_read


@pytest.fixture
def line(tmp_path):
    path = tmp_path / "line.png"
    path.write_bytes(b"ink")
    return path


def names_of(path):
    """The file itself, and every other way to it."""
    folder = path.parent
    (folder / "inner").mkdir()
    (folder / "soft.png").symlink_to(path)
    os.link(path, folder / "hard.png")
    (folder / "other").symlink_to(folder, target_is_directory=True)
    return [path, folder / "soft.png", folder / "hard.png", folder / "other" / path.name, folder / "inner" / ".." / path.name]  # fmt: skip


def opened(path):
    with opened_input(path) as handle:
        handle.read(1)


@pytest.mark.parametrize("read", [read_input, read_with_digest, opened, lambda path: will_read([path])])
def test_no_name_of_an_input_is_written(line, read):
    others = names_of(line)
    with keeping_inputs():
        assert not is_read(line)
        read(line)
        for name in others:
            assert is_read(name), name
            for write in (check_output, check_not_read, lambda path: write_whole(path, b"other")):
                with pytest.raises(OutputError, match="is what is read, and would be replaced; name another output"):
                    write(name)
        write_whole(line.with_name("another.png"), b"fine")
    assert line.read_bytes() == b"ink"
    assert not [entry for entry in line.parent.iterdir() if entry.name.startswith(".")]


def test_what_is_read_while_an_output_is_made_is_spared_too(line):
    def late():
        with written_whole(line) as temporary:
            temporary.write_bytes(b"other")
            read_input(line)

    with keeping_inputs(), pytest.raises(OutputError, match="is what is read"):
        late()
    assert line.read_bytes() == b"ink"


def test_a_file_put_in_the_place_of_an_input_is_spared(line):
    with keeping_inputs():
        read_input(line)
        line.unlink()
        line.write_bytes(b"a new scan")
        with pytest.raises(OutputError, match="is what is read"):
            write_whole(line, b"other")
    assert line.read_bytes() == b"a new scan"


def test_runs_do_not_know_of_each_other_and_python_alone_is_free(line):
    with keeping_inputs():
        read_input(line)
    write_whole(line, b"drawn over")
    with keeping_inputs():
        write_whole(line, b"and again")
    assert line.read_bytes() == b"and again"


def test_what_is_not_there_and_folders_are_no_inputs(tmp_path):
    with keeping_inputs():
        will_read([tmp_path, tmp_path / "nothing", "\0"])
        assert not is_read(tmp_path)
        assert not is_read(tmp_path / "nothing")
        write_whole(tmp_path / "nothing", b"new")


def test_the_digest_is_that_of_the_bytes(line):
    content, digest = read_with_digest(line)
    line.write_bytes(b"other")
    assert bytes(content) == b"ink"
    assert digest == hashlib.sha256(b"ink").hexdigest()
    assert read_input(line, most=2) == b"ot"
