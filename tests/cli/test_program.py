"""The program as a whole: help, exit statuses, one line for every error, nothing heavy before it is needed."""

import signal
import subprocess
import sys

import click
import pytest

import gateviz.cli.read
from gateviz.cli.main import COMMANDS, main
from gateviz.errors import ImageError

HEAVY = ("torch", "numpy", "matplotlib", "PIL", "cv2", "scipy", "safetensors", "tqdm")


def started(*words: object, **options) -> subprocess.CompletedProcess:
    """The program in a process of its own."""
    command = [sys.executable, "-m", "gateviz", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def loaded_after(*words: object) -> set[str]:
    """Which heavy libraries a command line has loaded when it ends."""
    script = (
        "import sys\n"
        "from gateviz.cli.main import main\n"
        "try: main(sys.argv[2:])\n"
        "finally: sys.stderr.write('LOADED ' + ' '.join(n for n in sys.argv[1].split() if n in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, " ".join(HEAVY), *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.rpartition("LOADED ")[2].split())


@pytest.mark.parametrize("words", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)])
def test_help_loads_nothing_heavy(words):
    assert loaded_after(*words) == set()


def test_a_saved_recording_is_drawn_and_read_without_torch(saved, tmp_path):
    loaded = loaded_after("plot", saved, "-o", tmp_path / "a.png")
    assert {"matplotlib", "numpy"} <= loaded
    assert "torch" not in loaded
    for words in (["read", saved], ["read", saved, "--beam", 2], ["align", saved, "--text", "ab"], ["info", saved]):
        assert not {"torch", "matplotlib"} & loaded_after(*words)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(run, name):
    result = run(name, "--help")
    assert result.exit_code == 0
    assert "Example" in result.stdout
    assert f"gateviz {name} " in result.stdout
    command = main.get_command(click.Context(main), name)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts} has no help"


def test_without_a_command_the_help_is_shown(run):
    result = run()
    assert result.exit_code == 0
    assert all(f"  {name}  " in result.stdout for name in COMMANDS)


def test_the_version_is_that_of_the_package(run):
    from importlib.metadata import version

    assert run("--version").stdout == f"gateviz, version {version('gateviz')}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["draw"], "gateviz: error: No such command 'draw'"),
        (["plot"], "gateviz: error: Missing argument 'IMAGE...'; see main plot --help\n"),
        (["plot", "a.png", "--colour"], "gateviz: error: No such option"),
        (["plot", "a.png", "--view", "film"], "gateviz: error: Invalid value for '--view': 'film' is not one of"),
        (["plot", "a.png", "--units", "x"], "gateviz: error: Invalid value for '--units': 'x' names no units"),
        (["read", "a.png", "--edit", "hold x"], "gateviz: error: Invalid value for '--edit': 'hold x' begins with"),
        (["read", "a.png", "--max-pixels", "0"], "gateviz: error: Invalid value for '--max-pixels': 0 is not in"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(run, words, message):
    result = run(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_an_error_is_one_line_and_status_1(run, tmp_path):
    result = run("read", tmp_path / "nowhere.safetensors")
    assert result.exit_code == 1
    assert result.stderr == f"gateviz: error: there is no recording {tmp_path}/nowhere.safetensors; check the path\n"
    assert result.stdout == ""


@pytest.mark.parametrize("place", [0, 1, 2])
def test_debug_shows_the_traceback_wherever_it_stands(run, tmp_path, place):
    words = ["read", str(tmp_path / "nowhere.safetensors")]
    words.insert(place, "--debug")
    result = run(*words)
    assert result.exit_code == 1
    assert "Traceback (most recent call last)" in result.stderr
    assert "FileNotFoundError" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("gateviz: error: there is no recording")


def test_a_message_of_several_lines_becomes_one(run, monkeypatch, saved):
    def broken(recording, beam):
        raise ImageError("one line here\nand another there")

    monkeypatch.setattr(gateviz.cli.read, "text_of", broken)
    assert run("read", saved).stderr == "gateviz: error: one line here\\nand another there\n"


def test_an_error_that_nobody_foresaw_is_a_sentence_and_with_debug_all_of_it(run, monkeypatch, saved):
    def broken(recording, beam):
        raise ZeroDivisionError("no number")

    monkeypatch.setattr(gateviz.cli.read, "text_of", broken)
    result = run("read", saved)
    assert result.exit_code == 1
    assert result.stderr.startswith("gateviz: error: ZeroDivisionError in read.py, line ")
    assert result.stderr.endswith(
        ": no number; this is a fault of gateviz, please report it with what the same command says with --debug\n"
    )
    assert result.stderr.count("\n") == 1
    with pytest.raises(ZeroDivisionError):
        run("read", saved, "--debug")


def test_an_interrupted_run_ends_with_130_and_leaves_nothing(saved, tmp_path):
    out = tmp_path / "out.png"
    script = (
        "import signal, sys, time, gateviz.files.tensors as tensors\n"
        "from gateviz.cli.main import main\n"
        "def slow(*arguments, **options):\n"
        "    sys.stdout.write('reading\\n'); sys.stdout.flush(); time.sleep(60)\n"
        "tensors.read_header = slow\n"
        # What a shell starts in the background is born deaf to it.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "main(sys.argv[1:])\n"
    )
    command = [sys.executable, "-c", script, "plot", str(saved), "-o", str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "reading\n"
        process.send_signal(signal.SIGINT)
        _, words = process.communicate()
    assert process.returncode == 130
    assert words.strip() == "gateviz: interrupted; nothing was left half-written"
    assert list(tmp_path.iterdir()) == [saved]


def test_a_closed_pipe_ends_quietly(saved):
    command = [sys.executable, "-m", "gateviz", "info", str(saved), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        words = process.stderr.read()
    assert words == ""


def test_the_module_is_the_program(saved):
    done = started("read", saved)
    assert done.returncode == 0
    assert done.stdout == f"{saved}\t0.9000\tab中\n"
    assert done.stderr == ""
