"""The state of a run in one file."""

import pickle

import pytest
import torch

from gateviz.errors import CheckpointError, OutputError
from gateviz.training.checkpoints import TrainingState, read_state, write_state


def state(value=1.0):
    tensors = {name: {"x": torch.full((3,), value)} for name in ("model", "average", "optimizer", "schedule")}
    return TrainingState(tensors, {"step": 7, "best": 0.25}, torch.get_rng_state())


def test_what_was_written_is_read(tmp_path):
    write_state(tmp_path / "last.pt", state())
    back = read_state(tmp_path / "last.pt")
    assert back.numbers == {"step": 7, "best": 0.25}
    assert torch.equal(back.tensors["optimizer"]["x"], torch.ones(3))
    assert torch.equal(back.random, state().random)


def test_a_disk_that_fills_up_leaves_the_state_that_was_there(tmp_path, monkeypatch):
    """torch's archive writer reports a full disk as a RuntimeError, after some bytes."""
    path = tmp_path / "last.pt"
    write_state(path, state(1.0))

    def full(document, target):
        target.write_bytes(b"half")
        raise RuntimeError("[enforce fail at inline_container.cc] . PytorchStreamWriter failed writing file")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OutputError, match=r"last\.pt could not be written.*the state before it stays"):
        write_state(path, state(2.0))
    monkeypatch.undo()
    assert read_state(path).tensors["model"]["x"][0] == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.pt"]


def test_a_missing_a_damaged_and_a_foreign_file_are_told_apart(tmp_path):
    with pytest.raises(CheckpointError, match=r"there is no training state .*start without --resume"):
        read_state(tmp_path / "last.pt")
    damaged = tmp_path / "damaged.pt"
    write_state(damaged, state())
    damaged.write_bytes(damaged.read_bytes()[:200])
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_state(damaged)
    torch.save({"weights": torch.zeros(2)}, tmp_path / "foreign.pt")
    with pytest.raises(CheckpointError, match="is no training state"):
        read_state(tmp_path / "foreign.pt")


def test_a_file_that_would_run_code_is_refused(tmp_path):
    class Attack:
        def __reduce__(self):
            return (print, ("ran",))

    path = tmp_path / "attack.pt"
    path.write_bytes(pickle.dumps(Attack(), protocol=2))
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_state(path)
