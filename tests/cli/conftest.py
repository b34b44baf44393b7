"""Shared by the tests of the command line: a way to run it, and recordings that need no model."""

from inspect import signature

import numpy as np
import pytest
from click.testing import CliRunner, Result
from matplotlib.font_manager import fontManager

from gateviz.cli.main import main
from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import LSTM_QUANTITIES, Direction, GateTrace
from gateviz.data.provenance import Provenance
from gateviz.recording import Recording
from tests.plot.made_fonts import make_font, own_box

# Before click 8.2 a runner mixes both streams unless it is told not to, and since then it cannot be told.
RUNNER = CliRunner(**({"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}))
LABELS = (0, 1, 1, 0, 2, 3, 3, 0)


def recording(labels=LABELS, *, image: str = "line.png") -> Recording:
    """A line of 8 frames, 4 columns each, that reads ``ab 中`` less its space: ``a``, ``b``, ``中``."""
    rng = np.random.default_rng(3)
    log_probs = np.full((len(labels), 5), np.log(0.025), np.float32)
    log_probs[np.arange(len(labels)), labels] = np.log(0.9)
    traces = tuple(
        GateTrace(
            layer, direction, {quantity: rng.random((len(labels), 6), dtype=np.float32) for quantity in LSTM_QUANTITIES}
        )
        for layer in (0, 1)
        for direction in Direction
    )
    return Recording(
        rng.integers(0, 256, (16, 4 * len(labels)), dtype=np.uint8),
        FrameGrid(len(labels), 4.0, 2.0, 10.0, 4 * len(labels)),
        traces,
        Emission(log_probs, Alphabet.from_symbols(("a", "b", "中", " "), blank=0)),
        Provenance(adapter="crnn", checkpoint="a.pth", image=image),
    )


@pytest.fixture(scope="session", autouse=True)
def chinese_letters(tmp_path_factory):
    """The Chinese letters of these tests have a font wherever they run, so that no command warns that they have none."""
    letters = make_font(tmp_path_factory.mktemp("fonts") / "chinese.ttf", "Made Chinese", map(ord, "中你国好"), own_box)
    fontManager.addfont(letters)


@pytest.fixture(name="recording")
def recording_fixture():
    """Makes a recording that needs no model."""
    return recording


@pytest.fixture
def saved(tmp_path):
    """Path of a saved recording."""
    path = tmp_path / "line.safetensors"
    recording().save(path)
    return path


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def run(*words: object) -> Result:
    """The outcome of a command line; an error that nobody foresaw is raised."""
    result = RUNNER.invoke(main, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(name="run")
def run_fixture():
    """Runs a command line in this process."""
    return run
