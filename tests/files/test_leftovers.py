"""What killed processes leave behind goes with the next run that writes there, and nothing else does."""

import os
import signal
import subprocess
import sys
import time

import pytest

from gateviz.files import atomic
from gateviz.files.atomic import UNTOUCHED, check_output, marked, swept, write_whole

TOKEN = "0123456789ab"


@pytest.fixture(autouse=True)
def forget():
    """A folder is swept once a process; each test is a process of its own in this respect."""
    swept.cache_clear()


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def dead():
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    return process.pid


def of(process, name="figure.png"):
    return marked(name, TOKEN).replace(f"-{os.getpid()}-", f"-{process}-")


def test_a_killed_process_leaves_a_file_and_the_next_one_removes_it(tmp_path):
    script = (
        "import sys, time\n"
        "from gateviz.files.atomic import written_whole\n"
        "with written_whole(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    print('writing', flush=True)\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "figure.png")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "writing\n"
        [left] = names(tmp_path)
        assert left.startswith(".figure.gateviz-")
        swept(tmp_path)
        assert names(tmp_path) == [left], "a living process writes it"
        process.send_signal(signal.SIGKILL)
    assert names(tmp_path) == [left]
    swept.cache_clear()
    write_whole(tmp_path / "other.txt", b"")
    assert names(tmp_path) == ["other.txt"]


def test_looking_whether_a_file_can_be_written_sweeps_too(tmp_path):
    (tmp_path / of(dead())).write_text("half")
    check_output(tmp_path / "a.png")
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["a.b.png", "no_suffix", ".hidden", "x" * 200 + ".png", "new\nline.png", "中文.pdf"])
def test_a_temporary_of_any_name_is_told(tmp_path, name):
    left = of(dead(), name)
    assert len(left) < 255
    (tmp_path / left).write_text("half")
    swept(tmp_path)
    assert names(tmp_path) == []


def test_what_is_somebody_elses_stays(tmp_path):
    gone = dead()
    kept = [
        of(os.getpid()),
        of(os.getppid()),
        of(gone).removeprefix("."),
        of(gone).replace(TOKEN, "0123"),
        of(gone).replace("gateviz", "another"),
        ".figure.0123456789ab.png",
        "notes.txt",
    ]
    for name in kept:
        (tmp_path / name).write_text("mine")
    (tmp_path / of(gone, "folder.png")).mkdir()
    (tmp_path / of(gone, "link.png")).symlink_to(tmp_path / "notes.txt")
    before = names(tmp_path)
    swept(tmp_path)
    assert names(tmp_path) == before


def test_a_file_of_another_machine_stays_for_a_week(tmp_path, monkeypatch):
    name = of(dead())
    (tmp_path / name).write_text("half")
    monkeypatch.setattr(atomic, "_place", lambda: "ffffffff")
    swept(tmp_path)
    assert names(tmp_path) == [name]
    before = time.time() - UNTOUCHED - 60
    os.utime(tmp_path / name, (before, before))
    swept.cache_clear()
    swept(tmp_path)
    assert names(tmp_path) == []
