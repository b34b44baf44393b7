"""A network of the user's own code in every command that takes a model."""

import importlib
import inspect
import json
from collections import Counter
from dataclasses import fields

import numpy as np
import pytest
import torch
from PIL import Image

import gateviz
from gateviz.adapters.core.options import SPELLINGS, LoadOptions
from gateviz.cli.main import COMMANDS, home_of
from gateviz.cli.options import DECLARED

SOURCE = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.convolve = nn.Conv2d(1, 4, 3, 2)
        self.read = nn.LSTM(4, 3, bidirectional=True)
        self.head = nn.Linear(6, 4)

    def forward(self, images):
        states, _ = self.read(self.convolve(images).mean(2).permute(2, 0, 1))
        return self.head(states)
"""
KNOWN = ("--alphabet", "abc", "--blank", "-1", "--height", "16", "--mean", "0.4", "--std", "0.2")


@pytest.fixture
def factory(here):
    (here / "net.py").write_text(SOURCE, encoding="utf-8")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 60), dtype=np.uint8)).save(here / "line.png")
    return "net.py:Net"


def test_read_record_and_info(run, factory, here):
    result = run("read", "line.png", "--factory", factory, *KNOWN, "--json")
    assert result.exit_code == 0, result.stderr
    assert run("record", "line.png", "--factory", factory, *KNOWN, "-o", "line.safetensors").exit_code == 0
    assert json.loads(run("info", "line.safetensors", "--json").stdout)["provenance"]["lineage"] == "factory"
    found = json.loads(run("info", "--factory", factory, *KNOWN, "--json").stdout)
    assert found["lineage"] == "factory"
    assert found["preprocessing"].endswith("(x/255 - 0.4) / 0.2")
    assert found["details"]["columns"] == "by the arithmetic of its layers, and the network agrees"
    assert found["alphabet"]["blank"] == 3


def test_a_checkpoint_with_a_toml_beside_it(run, factory, here):
    module = gateviz.load(factory=str(here / factory), alphabet="abc", blank=0, height=16).module
    torch.save(module.state_dict(), here / "mine.pth")
    (here / "mine.gateviz.toml").write_text('alphabet = "xyz"\nblank = 0\nheight = 16\n', encoding="utf-8")
    found = json.loads(run("info", "mine.pth", "--factory", factory, "--json").stdout)
    assert (found["checkpoint"], found["alphabet"]["symbols"]) == ("mine.pth", ["x", "y", "z"])


def test_what_is_missing_is_one_line(run, factory):
    result = run("read", "line.png", "--factory", factory, "--alphabet", "abc", "--blank", "0")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "say how many rows the input of net.py:Net" in result.stderr
    assert "'a' is no number" in run("read", "line.png", "--factory", factory, "--mean", "a").stderr
    assert run("read", "line.png", "--channels", "2").exit_code == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_that_takes_a_model_takes_a_factory(name):
    command = importlib.import_module(home_of(name)).command
    words = Counter(word for parameter in command.params for word in parameter.opts)
    assert max(words.values()) == 1, "two options of one name"
    # A model to train from, or one that a page reads with, is chosen in other ways.
    if "--variant" in words:
        assert {option.name for option in command.params} >= {
            "factory",
            "blank",
            "height",
            "width",
            "channels",
            "mean",
            "std",
        }


def test_what_can_be_said_is_said_once():
    """The keywords of ``load``, the command line's options and the keys beside a checkpoint are those of ``LoadOptions``."""
    keywords = inspect.signature(gateviz.load).parameters.values()
    assert [(each.name, each.default) for each in keywords if each.kind is each.KEYWORD_ONLY] == [
        (each.name, each.default) for each in fields(LoadOptions)
    ]
    given = {parameter.name: parameter for parameter in importlib.import_module("gateviz.cli.read").command.params}
    assert tuple(name for name in SPELLINGS if name != "adapter") == DECLARED
    for name in DECLARED:
        assert (given[name].help, given[name].metavar) == (SPELLINGS[name].help, SPELLINGS[name].metavar)
