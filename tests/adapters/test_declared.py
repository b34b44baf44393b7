"""What a user says in NAME.gateviz.toml beside a checkpoint."""

import importlib.util
from pathlib import Path

import pytest
import torch

import gateviz
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.core.sidecar import read_sidecar
from gateviz.errors import AlphabetError, CheckpointError

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parent / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)

SOURCE = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolve = nn.Conv2d(3, 4, 3, 2)
        self.read = nn.GRU(4, 3, bidirectional=True)
        self.head = nn.Linear(6, 4)

    def forward(self, images):
        states, _ = self.read(self.convolve(images).mean(2).permute(2, 0, 1))
        return self.head(states)
"""


@pytest.fixture
def beside(tmp_path):
    """Writes the file beside model.pth."""

    def write(text):
        (tmp_path / "model.gateviz.toml").write_text(text, encoding="utf-8")
        return tmp_path / "model.pth"

    return write


def test_everything_that_can_be_said(beside, tmp_path):
    path = beside(
        'alphabet = "ab中"\nblank = -1\nheight = 48\nwidth = 320\nchannels = 3\nmean = [0.1, 0.2, 0.3]\nstd = 1\n'
    )
    declared = LoadOptions(
        alphabet="ab中", blank=-1, height=48, width=320, channels=3, mean=(0.1, 0.2, 0.3), std=(1.0,)
    )
    assert read_sidecar(path) == declared
    assert declared.only_for("crnn_pytorch") == ("blank", "height", "width", "channels", "mean", "std")
    assert read_sidecar(tmp_path / "other.pth") == LoadOptions()
    assert read_sidecar(beside('variant = "sierkinhane"\nkeep_ratio = true\n')) == LoadOptions(
        variant="sierkinhane", keep_ratio=True
    )


def test_an_option_holds_against_the_file():
    assert LoadOptions(blank=1, height=16).over(LoadOptions(blank=0, channels=1)) == LoadOptions(
        blank=1, height=16, channels=1
    )


def test_an_alphabet_file_is_looked_for_beside_the_toml(beside, tmp_path, monkeypatch):
    path = beside('alphabet = "chars.txt"\n')
    (tmp_path / "chars.txt").write_text("abc", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert read_sidecar(path).alphabet == tmp_path / "chars.txt"
    assert read_sidecar(beside(f'alphabet = "{"a" * 5000}"')).alphabet == "a" * 5000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "heigth = 32\n",
            r"model\.gateviz\.toml has the key 'heigth', which gateviz does not know; there are blank, height",
        ),
        ('factory = "evil.py:build"\n', "names a factory, which is code, and code beside a checkpoint is not run"),
        ('height = "32"\n', "has height = '32', and height is a whole number"),
        ("blank = true\n", "has blank = True, and blank is a whole number"),
        ("mean = [0.5, true]\n", r"has mean = \[0\.5, True\], and mean is a number or a list of them"),
        ("mean = [0.5, 0.5]\n", "2 numbers were declared as mean; give one"),
        ("std = 0\n", "a std of 0 was declared"),
        ("channels = 4\n", "4 channels were declared"),
        ("width = 0\n", "a network input of width 0 was declared; give 1 to 65536"),
        ("alphabet = 3\n", "has alphabet = 3, and alphabet is a text"),
        ("keep_ratio = 1\n", "has keep_ratio = 1, and keep_ratio is true or false"),
        ("height = \n", "is no TOML: Invalid value"),
        ("blank = " + "9" * 5000 + "\n", "is no TOML: Exceeds the limit"),
        ("height = 1" + "0" * 400 + "\n", r"has height = 10*\.\.\. \(401 characters\), and height is a whole number"),
        ("mean = 1" + "0" * 400 + "\n", "and mean is a number or a list of them"),
        (
            "mean = 1e99999\n",
            "mean was declared as inf, and pixels lie between 0 and 1; give finite numbers of at most",
        ),
        ("std = [0.5, nan, 0.5]\n", "std was declared as 0.5, nan, 0.5, and pixels lie between 0 and 1"),
        ("pad_left = 1e9\n", "has the key 'pad_left', which gateviz does not know"),
        ("x." * 100_000 + "y = 1\n", "line 1 of .* comes to 100,000 dots, and at most 16 are read"),
        ("a = " + "[" * 100_000 + "\n", "is no TOML"),
        ("# " + "x" * 1024**2, "at most 1,048,576 are read"),
    ],
)
def test_what_cannot_be_understood_is_named(beside, text, words):
    with pytest.raises(CheckpointError, match=words) as refusal:
        read_sidecar(beside(text))
    assert "\n" not in str(refusal.value)
    assert "model.gateviz.toml" in str(refusal.value)


def test_no_utf8_and_no_file(tmp_path):
    (tmp_path / "model.gateviz.toml").write_bytes(b'alphabet = "\xff"')
    with pytest.raises(CheckpointError, match=r"is not UTF-8 \(byte 12\); save it as UTF-8"):
        read_sidecar(tmp_path / "model.pth")


def test_a_factory_with_everything_beside_its_checkpoint(beside, tmp_path):
    code = tmp_path / "net.py"
    code.write_text(SOURCE, encoding="utf-8")
    path = beside('alphabet = "abc"\nblank = 0\nheight = 32\nmean = [0.5, 0.4, 0.3]\nstd = [0.5, 0.5, 0.25]\n')
    torch.save(gateviz.load(factory=f"{code}:Net", alphabet="abc", blank=0, height=32).module.state_dict(), path)
    recognizer = gateviz.load(path, factory=f"{code}:Net")
    assert recognizer.alphabet.symbols == ("a", "b", "c")
    assert recognizer.card.preprocessing.endswith("(x/255 - 0.5, 0.4, 0.3) / 0.5, 0.5, 0.25")
    assert gateviz.load(path, factory=f"{code}:Net", blank=3).alphabet.blank == 3
    with pytest.raises(AlphabetError, match="has 4 classes, so 3 symbols"):
        gateviz.load(path, factory=f"{code}:Net", alphabet="abcd")


def test_a_known_lineage_takes_its_alphabet_and_refuses_the_rest(beside, tmp_path):
    case = next(case for case in conformance.all_cases() if case.name == "meijieru")
    path = beside(f'alphabet = "{"".join(chr(0x4E00 + n) for n in range(36))}"\nvariant = "sierkinhane"\n')
    assert case.saved(tmp_path) == path
    recognizer = gateviz.load(path)
    assert recognizer.alphabet.symbols[0] == "一"
    assert recognizer.card.details["variant"].startswith("sierkinhane")
    assert gateviz.load(path, variant="meijieru").card.details["variant"].startswith("meijieru")
    with pytest.raises(
        CheckpointError, match="is a checkpoint of crnn_pytorch, which knows its own blank, height; leave"
    ):
        gateviz.load(path, blank=0, height=32)
