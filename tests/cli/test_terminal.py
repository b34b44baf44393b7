"""What reaches the terminal, a pipe and a table: no escape of a stranger's, no traceback, nothing lost in silence."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.data.provenance import Provenance
from gateviz.files.printable import table
from gateviz.recording import Recording, open_recording

ESCAPE = "\x1b]0;pwn\x07\x1b[31m"
STRANGE = (f"{ESCAPE}\u202e", "\n\t\r", "\udcff", "\ud800", "\x9b31m", "א", "ب", "中")
RAW = {ord(c) for c in "\x1b\x07\r\u202e\x9b"}


def program(*words, stdin=None, **options):
    """The program in a process of its own, its output as bytes."""
    command = [sys.executable, "-m", "gateviz", *words]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, **options)


@pytest.fixture
def strange(tmp_path):
    """A recording whose symbols, image and model hold what a terminal would obey."""
    frames = 2 * len(STRANGE)
    log_probs = np.full((frames, len(STRANGE) + 1), np.log(0.01), np.float32)
    log_probs[np.arange(frames), [label for n in range(len(STRANGE)) for label in (n + 1, 0)]] = np.log(0.9)
    trace = GateTrace(0, Direction.FORWARD, {Quantity.FORGET_GATE: np.full((frames, 2), 0.5, np.float32)}, ESCAPE)
    made = Recording(
        np.full((8, 4 * frames), 200, np.uint8),
        FrameGrid(frames, 4.0, 2.0, 8.0, 4 * frames),
        (trace,),
        Emission(log_probs, Alphabet.from_symbols(STRANGE, blank=0)),
        Provenance(
            adapter=ESCAPE, checkpoint=f"a\n{ESCAPE}.pth", image=f"new\nline{ESCAPE}\udce9.png", edits=(ESCAPE,)
        ),
    )
    path = tmp_path / f"new\nline\t{ESCAPE}.safetensors"
    made.save(path)
    return path


def test_a_recording_of_strange_symbols_comes_back_as_it_was(strange):
    found = open_recording(strange)
    assert found.emission.alphabet.symbols == STRANGE
    assert found.provenance.image == f"new\nline{ESCAPE}\udce9.png"


@pytest.mark.parametrize("words", [["read"], ["read", "--beam", "2"], ["align"], ["info"]])
def test_nothing_that_steers_reaches_the_terminal(run, strange, words):
    result = run(words[0], strange, *words[1:])
    assert result.exit_code == 0
    assert not RAW & set(map(ord, result.stdout + result.stderr))
    assert all(letter in result.stdout for letter in "אب中"), "text of any script stays as it is"


def test_a_row_of_a_reading_is_one_row_of_three_fields(run, strange):
    [row] = run("read", strange).stdout.splitlines()
    name, confidence, text = row.split("\t")
    assert name.endswith("/new\\nline\\t\\x1b]0;pwn\\x07\\x1b[31m.safetensors")
    assert float(confidence) == pytest.approx(0.9, abs=1e-3)
    for shown in ("\\x1b]0;pwn\\x07\\x1b[31m\\u202e", "\\n\\t\\r", "\\ud800", "\\xff", "\\x9b31m"):
        assert shown in text


@pytest.mark.parametrize("command", ["read", "align", "info"])
def test_json_says_exactly_what_was_found(run, strange, command):
    result = run(command, strange, "--json")
    assert not RAW & set(map(ord, result.stdout))
    found = json.loads(result.stdout)
    found = found[0] if command == "read" else found
    assert sorted(found["text"]) == sorted("".join(STRANGE))
    if command == "read":
        assert found["image"] == str(strange)
    if command == "info":
        assert found["alphabet"]["symbols"] == list(STRANGE)
        assert found["provenance"]["image"] == f"new\nline{ESCAPE}\udce9.png"


@pytest.mark.parametrize("command", ["read", "plot", "align", "info", "explore", "record", "eval", "measure", "claims"])
def test_a_name_that_steers_is_told_by_its_code(run, tmp_path, command):
    path = tmp_path / f"a\nb{ESCAPE}\udce9.png"
    result = run(command, path)
    assert result.exit_code == 1
    assert result.stderr.startswith("gateviz: error: ")
    assert f"{tmp_path}/a\\nb\\x1b]0;pwn\\x07\\x1b[31m\\xe9.png" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_file_whose_name_is_no_utf_8_is_read(saved, tmp_path):
    path = os.fsencode(tmp_path) + b"/latin\xe9.safetensors"
    saved.rename(os.fsdecode(path))
    done = program("read", os.fsdecode(path))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == os.fsencode(tmp_path) + b"/latin\\xe9.safetensors\t0.9000\tab\xe4\xb8\xad\n"
    done = program("read", os.fsdecode(path), "--json")
    assert os.fsencode(json.loads(done.stdout)[0]["image"]) == path


def test_a_table_keeps_its_rows():
    assert table(["a", "b"], [["new\nline", "x"]]) == "a          b\nnew\\nline  x"


# Terminals and pipes


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_without_the_characters_gets_their_codes(saved, encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = program("read", str(saved), env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode("ascii") == f"{saved}\t0.9000\tab\\u4e2d\n"
    done = program("read", str(saved), "--json", env=environment)
    assert json.loads(done.stdout.decode("ascii"))[0]["text"] == "ab中"


def test_the_c_locale_reads_too(saved):
    done = program("read", str(saved), env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\t0.9000\tab" in done.stdout


@pytest.mark.parametrize("words", [["read"], ["read", "--json"], ["info"], ["align"]])
def test_a_pipe_that_nobody_reads_ends_the_program_quietly(saved, words):
    command = [sys.executable, "-m", "gateviz", words[0], str(saved), *words[1:]]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_help_into_a_closed_pipe_is_quiet_too():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "gateviz"], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_closed_output_is_an_error_and_takes_no_file_with_it(saved, tmp_path):
    script = 'exec "$0" -m gateviz "$@" >&-'
    done = subprocess.run(["sh", "-c", script, sys.executable, "read", str(saved)], capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(
        b"gateviz: error: the standard output is closed, so what was found could not be printed"
    )
    page = tmp_path / "page.html"
    words = ["explore", str(saved), "-o", str(page)]
    done = subprocess.run(["sh", "-c", script, sys.executable, *words], capture_output=True, check=False)
    assert done.returncode == 1
    assert page.read_bytes().startswith(b"<!doctype html>"), (
        "what was asked for is there, and nothing was printed into it"
    )
    assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_behind_the_output_is_an_error(saved):
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "gateviz", "read", str(saved)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr == b"gateviz: error: what was found could not be printed: the disk is full\n"


# Progress


class Screen(io.StringIO):
    """A standard error that somebody watches, or not."""

    def __init__(self, watched):
        super().__init__()
        self.watched = watched

    def isatty(self):
        return self.watched


@pytest.mark.parametrize("watched", [True, False])
def test_reading_many_lines_shows_how_far_it_is_where_somebody_watches(monkeypatch, saved, tmp_path, watched):
    from gateviz.cli.main import main

    many = tmp_path / "many"
    many.mkdir()
    for number in range(3):
        os.link(saved, many / f"{number}.safetensors")
    screen, told = Screen(watched), io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(sys, "stdout", told)
    with pytest.raises(SystemExit) as end:
        main(["read", str(many)])
    assert end.value.code == 0
    assert told.getvalue().count("\tab中\n") == 3
    assert ("3/3" in screen.getvalue()) is watched
