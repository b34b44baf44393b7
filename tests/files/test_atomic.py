"""Results appear whole or not at all."""

import os
import resource
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gateviz.errors import ImageError, OutputError
from gateviz.files.atomic import check_output, make_folder, write_whole, written_whole


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_new_file_has_the_content_and_nothing_is_left_beside_it(tmp_path):
    write_whole(tmp_path / "a.bin", b"whole")
    assert (tmp_path / "a.bin").read_bytes() == b"whole"
    assert names(tmp_path) == ["a.bin"]


def test_the_temporary_file_keeps_the_suffix_and_lies_in_the_same_folder(tmp_path):
    with written_whole(tmp_path / "figure.pdf") as temporary:
        assert temporary.suffix == ".pdf"
        assert temporary.parent == tmp_path
        assert not (tmp_path / "figure.pdf").exists()


def test_an_old_file_is_replaced_and_keeps_its_permissions(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    target.chmod(0o640)
    write_whole(target, b"new")
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_text("")
    write_whole(tmp_path / "ours", b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


@pytest.mark.parametrize("error", [ImageError("an image of no use to anyone"), KeyboardInterrupt()])
def test_when_the_block_raises_the_old_file_stays_and_nothing_is_left(tmp_path, error):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def interrupted():
        with written_whole(target) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(type(error)):
        interrupted()
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"there is no folder .*nowhere to write a.txt in; make it first"):
        write_whole(tmp_path / "nowhere" / "a.txt", b"")


def test_a_file_in_the_way_of_the_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file is a file, so a.txt cannot be written in it"):
        write_whole(tmp_path / "file" / "a.txt", b"")
    with pytest.raises(OutputError, match=r"file is a file, and several results need a folder"):
        make_folder(tmp_path / "file")


def test_a_folder_in_the_way_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"is a folder; name the file to write in it"):
        write_whole(tmp_path, b"")


def test_a_device_is_never_replaced():
    with pytest.raises(OutputError, match=r"/dev/null is no regular file and would be replaced by one"):
        write_whole("/dev/null", b"")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_name_that_is_too_long_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match=r"could not be written: File name too long"):
        write_whole(tmp_path / ("a" * 300), b"")
    assert names(tmp_path) == []


@pytest.fixture
def nobodys_folder():
    """A folder in which this process has the rights of an ordinary user; the system's owner may write everywhere."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    owner = os.geteuid()
    if owner == 0:
        os.seteuid(65534)
    yield folder
    os.seteuid(owner)
    shutil.rmtree(folder)


def test_a_folder_without_write_permission_is_named(nobodys_folder):
    (nobodys_folder / "closed").mkdir(mode=0o500)
    with pytest.raises(OutputError, match=r"the folder .*closed cannot be written in: Permission denied"):
        write_whole(nobodys_folder / "closed" / "a.txt", b"")
    with pytest.raises(OutputError, match=r"the folder .*sub could not be made: Permission denied"):
        make_folder(nobodys_folder / "closed" / "sub")


def test_a_write_protected_file_is_not_replaced(nobodys_folder):
    target = nobodys_folder / "a.txt"
    target.write_text("old")
    target.chmod(0o400)
    with pytest.raises(OutputError, match=r"is there and may not be overwritten: Permission denied"):
        write_whole(target, b"new")
    assert target.read_text() == "old"


def test_a_full_disk_leaves_nothing(tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    script = (
        "from gateviz.files.atomic import write_whole\n"
        "from gateviz.errors import OutputError\n"
        "try: write_whole('big', bytes(100_000))\n"
        "except OutputError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", script], cwd=tmp_path, preexec_fn=limit, capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "big could not be written: the disk is full or the file grew past its limit; nothing was left half-written\n"
    )
    assert names(tmp_path) == []


def test_check_output_finds_trouble_before_the_work_and_writes_nothing(tmp_path):
    check_output(tmp_path / "a.txt")
    assert names(tmp_path) == []
    (tmp_path / "a.txt").write_text("old")
    check_output(tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "old"
    with pytest.raises(OutputError, match="there is no folder"):
        check_output(tmp_path / "b" / "a.txt")


def test_make_folder_makes_parents_and_accepts_what_is_there(tmp_path):
    assert make_folder(tmp_path / "a" / "b").is_dir()
    assert make_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
