"""Tensors come out of files whole, bare and finite; nothing in a file runs."""

import argparse
import collections
import dataclasses
import hashlib
import os
import pickle
import struct
import warnings
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from gateviz.adapters.core.files import Container
from gateviz.adapters.core.torch_file import wanted_by_pickle
from gateviz.adapters.opening import open_model_file
from gateviz.errors import CheckpointError
from gateviz.files import budget

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.tensor([1.0, -1.0]), "n": torch.tensor(3)}


def read(path):
    return open_model_file(path).checkpoint


@pytest.fixture
def lowered(monkeypatch):
    """Lowers bounds of the budget, by their names."""

    def lower(**bounds):
        for name, most in bounds.items():
            monkeypatch.setattr(budget, name, dataclasses.replace(getattr(budget, name), most=most))

    return lower


def assert_is_state(checkpoint, state=None):
    state = state or STATE
    assert checkpoint.tensors.keys() == state.keys()
    assert all(torch.equal(checkpoint.tensors[name], tensor) for name, tensor in state.items())
    assert checkpoint.shapes == {name: tuple(tensor.shape) for name, tensor in state.items()}


@pytest.mark.parametrize("name", ["model.pth", "model.pt", "model.pth.tar"])
@pytest.mark.parametrize("new", [True, False], ids=["zip", "before 1.6"])
def test_torch_files(tmp_path, name, new):
    path = tmp_path / name
    torch.save(STATE, path, _use_new_zipfile_serialization=new)
    checkpoint = read(path)
    assert_is_state(checkpoint)
    assert checkpoint.name == name
    assert checkpoint.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert open_model_file(path).container is (Container.TORCH_ZIP if new else Container.TORCH_PICKLE)


def test_safetensors_with_metadata(tmp_path):
    save_file(STATE, tmp_path / "m.safetensors", metadata={"note": "x"})
    checkpoint = read(tmp_path / "m.safetensors")
    assert_is_state(checkpoint)
    assert checkpoint.metadata == {"note": "x"}


@pytest.mark.parametrize(
    ("content", "wrapped_in", "beside"),
    [
        ({"state_dict": STATE, "epoch": 3, "best_acc": 0.5}, ("state_dict",), ("epoch", "best_acc")),
        ({"model": STATE, "optimizer": {"state": {0: {"exp_avg": torch.zeros(2)}}}}, ("model",), ("optimizer",)),
        ({"net": {"model_state_dict": STATE}}, ("net", "model_state_dict"), ()),
        ({"my own name": STATE, "epoch": 1}, ("my own name",), ("epoch",)),
        ({"ema": {"w": torch.zeros(1)}, "state_dict": STATE}, ("state_dict",), ("ema",)),
    ],
)
def test_wrapped_weights(tmp_path, content, wrapped_in, beside):
    torch.save(content, tmp_path / "m.pth")
    checkpoint = read(tmp_path / "m.pth")
    assert_is_state(checkpoint)
    assert checkpoint.wrapped_in == wrapped_in
    assert checkpoint.beside == beside
    assert f"weights under {wrapped_in[0]!r}" in checkpoint.unwrapping


@pytest.mark.parametrize(
    "prefix", ["module.", "module.module.", "model.", "net.", "_orig_mod.module.", "module.model."]
)
def test_prefixes(tmp_path, prefix):
    torch.save(collections.OrderedDict((prefix + name, tensor) for name, tensor in STATE.items()), tmp_path / "m.pth")
    checkpoint = read(tmp_path / "m.pth")
    assert_is_state(checkpoint)
    assert checkpoint.prefix == prefix


def test_a_prefix_that_not_all_share_stays(tmp_path):
    state = {"module.a": torch.zeros(1), "b": torch.ones(1)}
    torch.save(state, tmp_path / "m.pth")
    checkpoint = read(tmp_path / "m.pth")
    assert_is_state(checkpoint, state)
    assert checkpoint.prefix == ""


def test_plain_values_among_tensors_become_metadata(tmp_path):
    torch.save({**STATE, "version": 2, "alphabet": "ab"}, tmp_path / "m.pth")
    checkpoint = read(tmp_path / "m.pth")
    assert_is_state(checkpoint)
    assert checkpoint.metadata == {"version": "2", "alphabet": "ab"}


def test_float_types_become_float32(tmp_path):
    state = {
        "h": torch.ones(2).half(),
        "d": torch.ones(2).double(),
        "b": torch.ones(2).bfloat16(),
        "i": torch.tensor(2),
    }
    torch.save(state, tmp_path / "m.pth")
    floats = read(tmp_path / "m.pth").floats()
    assert {name: tensor.dtype for name, tensor in floats.items()} == {
        "h": torch.float32,
        "d": torch.float32,
        "b": torch.float32,
        "i": torch.int64,
    }


class _Wants:
    """Pickled as a call: loading it the ordinary way would make the file ``pwned``."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("new", [True, False], ids=["zip", "before 1.6"])
def test_a_pickle_that_wants_to_run_code_does_not(tmp_path, new):
    mark = tmp_path / "pwned"
    path = tmp_path / "m.pth"
    torch.save({"w": _Wants(os.system, f"touch {mark}")}, path, _use_new_zipfile_serialization=new)
    with pytest.raises(CheckpointError, match=r"wants to run (posix|nt)\.system, and nothing in it was run"):
        read(path)
    assert not mark.exists()


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_what_a_plain_pickle_wants_is_read_at_every_protocol(tmp_path, protocol):
    mark = tmp_path / "pwned"
    path = tmp_path / "m.pth"
    path.write_bytes(pickle.dumps([_Wants(os.system, f"touch {mark}")] * 2, protocol))
    file = open_model_file(path)
    if protocol < 2:
        assert file.refusal
    else:
        assert wanted_by_pickle(file) in (("posix.system",), ("nt.system",))
        with pytest.raises(CheckpointError, match=r"wants to run \w+\.system"):
            read(path)
    assert not mark.exists()


def test_a_whole_pickled_module_is_refused_by_its_class(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "m.pth")
    words = r"wants to run torch\.nn\.modules\.linear\.Linear, .*save the float model's state_dict\(\) alone"
    with pytest.raises(CheckpointError, match=words):
        read(tmp_path / "m.pth")


def test_other_objects_beside_the_weights_are_named(tmp_path):
    torch.save({"state_dict": STATE, "args": argparse.Namespace(lr=1)}, tmp_path / "m.pth")
    with pytest.raises(CheckpointError, match=r"wants to run argparse\.Namespace"):
        read(tmp_path / "m.pth")


def test_a_zip_bomb_is_not_unpacked(tmp_path, lowered):
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data.pkl", b"\x80\x02}q\x00.")
        archive.writestr("bomb/data/0", bytes(50_000_000))
    assert path.stat().st_size < 100_000
    lowered(MODEL_BYTES=10_000_000)
    with pytest.raises(CheckpointError, match=r"unpacked, comes to 50,000,\d+ bytes, and at most 10,000,000 are read"):
        read(path)
    lowered(MODEL_BYTES=100_000_000, UNPACKED_BYTES=1_000_000)
    with pytest.raises(
        CheckpointError, match=r"comes to 49,\d+,\d+ bytes more than it takes on the disk, and at most 1,000,000"
    ):
        read(path)


def test_a_large_plain_file_is_refused_by_its_size(tmp_path, lowered):
    torch.save({"w": torch.zeros(10_000)}, tmp_path / "m.pth", _use_new_zipfile_serialization=False)
    lowered(MODEL_BYTES=1_000)
    with pytest.raises(CheckpointError, match=r"at most 1,000 are read \(the bound on bytes of a model file\)"):
        read(tmp_path / "m.pth")


def test_an_archive_with_an_endless_directory_is_not_read(tmp_path):
    path = tmp_path / "m.pth"
    torch.save(STATE, path)
    content = bytearray(path.read_bytes())
    end = content.rfind(b"PK\x05\x06")
    content[end + 12 : end + 16] = struct.pack("<I", 1 << 30)
    wide = content.rfind(b"PK\x06\x06")
    if wide >= 0:
        content[wide + 40 : wide + 48] = struct.pack("<Q", 1 << 30)
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="comes to 1,073,741,824 bytes, and at most 16,777,216 are read"):
        read(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("kind", ["pth", "safetensors"])
def test_weights_that_are_not_finite_are_named(tmp_path, value, kind):
    state = {"fine": torch.ones(3), "rnn.weight": torch.tensor([1.0, value, value, 2.0])}
    path = tmp_path / f"m.{kind}"
    torch.save(state, path) if kind == "pth" else save_file(state, path)
    with pytest.raises(CheckpointError, match=r"has 2 of 4 numbers in rnn\.weight that are NaN or infinite"):
        read(path)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"w": torch.zeros(1).expand(10**6, 10**6)}, "claims 1,000,000,000,000 numbers for w and stores 4 bytes"),
        ({"w": torch.zeros(3, device="meta")}, "holds w as a torch.strided tensor on meta"),
        ({"w": torch.zeros(3).to_sparse()}, "holds w as a torch.sparse_coo tensor"),
        ({"w": torch.zeros(3, dtype=torch.complex64)}, "holds complex numbers in w"),
        ({"w": torch.zeros(3), "note": [1, 2]}, "holds note of the type list among its tensors"),
        ({"epoch": 3}, "holds a dictionary of epoch and no state_dict"),
        ({}, "holds a dictionary of nothing and no state_dict"),
        ([torch.zeros(2)], "holds a list and no state_dict"),
        (torch.zeros(2), "holds a Tensor and no state_dict"),
        ({"one": STATE, "two": STATE}, "holds a dictionary of one, two and no state_dict"),
    ],
    ids=["expanded", "meta", "sparse", "complex", "list inside", "no tensors", "empty", "list", "tensor", "two"],
)
def test_what_is_no_state_dict_is_refused(tmp_path, state, words):
    torch.save(state, tmp_path / "m.pth")
    with pytest.raises(CheckpointError, match=words):
        read(tmp_path / "m.pth")


def test_quantized_models_are_refused(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tensor = torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.qint8)
        torch.save({"w": tensor}, tmp_path / "tensor.pth")
        dynamic = torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(torch.nn.Linear(2, 2)), {torch.nn.Linear})
        torch.save(dynamic.state_dict(), tmp_path / "linear.pth")
        lstm = torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(torch.nn.LSTM(2, 2)), {torch.nn.LSTM})
        torch.save(lstm.state_dict(), tmp_path / "lstm.pth")
    with pytest.raises(CheckpointError, match=r"holds a quantized model \(w is torch\.qint8\)"):
        read(tmp_path / "tensor.pth")
    with pytest.raises(CheckpointError, match=r"holds a quantized model \(0\._packed_params\.dtype\)"):
        read(tmp_path / "linear.pth")
    with pytest.raises(CheckpointError, match=r"\(a quantized model\), and nothing in it was run"):
        read(tmp_path / "lstm.pth")


def test_torchscript_is_refused(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), str(tmp_path / "m.pt"))
    with pytest.raises(CheckpointError, match="is a TorchScript archive, which carries code of its own"):
        read(tmp_path / "m.pt")


def _truncated(path, state, share, **options):
    torch.save(state, path, **options)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
@pytest.mark.parametrize("new", [True, False], ids=["zip", "before 1.6"])
def test_truncated_torch_files(tmp_path, share, new):
    path = tmp_path / "m.pth"
    _truncated(path, {"w": torch.zeros(3000)}, share, _use_new_zipfile_serialization=new)
    with pytest.raises(CheckpointError, match=r"damaged|truncated"):
        read(path)


def test_a_truncated_safetensors_file(tmp_path):
    path = tmp_path / "m.safetensors"
    save_file({"w": torch.zeros(3000)}, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="is a truncated or damaged safetensors file"):
        read(path)


def _bytes_cases():
    yield b"", r"is empty \(0 bytes\)"
    yield b"epoch 1, loss 2.0\n", "is a text file that begins with 'epoch 1, loss 2.0'; a checkpoint is"
    yield b"<!DOCTYPE html><html><body>Not found", r"\(a web page: the download went wrong\)"
    yield b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "is a Git LFS pointer"
    yield b'{"abcd":{"weights": [1, 2]}}', "is a text file"
    yield b"\x08\x07\x12\x07pytorch\x1a\x051.8.0:", "is ONNX graph, which holds no torch weights"
    yield b"\x89HDF\r\n\x1a\n" + bytes(40), r"is an HDF5 file \(Keras\)"
    yield b"\x89PNG\r\n\x1a\n" + bytes(40), r"is a picture \(PNG\) and no checkpoint"
    yield b"\x00", "begins with the bytes 00"
    yield b"\x80", "begins with the bytes 80"
    yield b"\x08", "begins with the bytes 08"


@pytest.mark.parametrize(("content", "words"), list(_bytes_cases()), ids=lambda value: repr(value)[:24])
def test_other_files_are_named(tmp_path, content, words):
    path = tmp_path / "m.pth"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=words):
        read(path)


def test_other_archives_are_named(tmp_path):
    np.savez(tmp_path / "m.npz", a=np.zeros(2))
    with pytest.raises(CheckpointError, match=r"zip archive of 1 files without torch's data\.pkl \(it holds a\.npy\)"):
        read(tmp_path / "m.npz")


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(CheckpointError, match=r"there is no checkpoint .*none\.pth; check the path"):
        open_model_file(tmp_path / "none.pth")
    (tmp_path / "b.pth").write_text("x")
    with pytest.raises(CheckpointError, match=r"is a folder; name the checkpoint file in it \(b\.pth\)"):
        open_model_file(tmp_path)
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        open_model_file(tmp_path / "b.pth" / "c.pth")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user who may not read everything")
def test_an_unreadable_file(tmp_path):
    path = tmp_path / "m.pth"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(CheckpointError, match="cannot be read: Permission denied"):
        open_model_file(path)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), new=st.booleans())
def test_damaged_bytes_never_crash(tmp_path, data, new):
    """A few bytes changed anywhere: either the weights still come out sound, or a sentence does."""
    path = tmp_path / "m.pth"
    torch.save(STATE, path, _use_new_zipfile_serialization=new)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        checkpoint = read(path)
    except CheckpointError:
        return
    assert all(torch.isfinite(tensor).all() for tensor in checkpoint.tensors.values())


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=200), start=st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02", b"\x10" + bytes(7) + b"{"])
)
def test_any_bytes_are_answered_by_a_sentence(tmp_path, content, start):
    path = tmp_path / "m.pth"
    path.write_bytes(start + content)
    with pytest.raises(CheckpointError):
        read(path)
