"""Files made to take memory or time: each is refused by the bound that it passes, before anything of its size is made."""

import dataclasses
import importlib.util
import io
import json
import os
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import gateviz
from gateviz.adapters.core.alphabets import find_alphabet
from gateviz.adapters.core.files import reading
from gateviz.adapters.core.protobuf import Message
from gateviz.adapters.core.sidecar import read_sidecar
from gateviz.adapters.kraken.vgsl import parse
from gateviz.adapters.opening import open_model_file
from gateviz.adapters.paddle.pickled import read_pickled
from gateviz.adapters.paddle.program import read_program
from gateviz.adapters.tesseract.cursor import Cursor
from gateviz.adapters.tesseract.matrix import read_matrix
from gateviz.adapters.tesseract.model import read_recoder, read_unicharset
from gateviz.errors import AlphabetError, CheckpointError, SelectionError, ShapeError
from gateviz.files import budget

_spec = importlib.util.spec_from_file_location("core_ml_writer", Path(__file__).parent / "core_ml_writer.py")
core_ml = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(core_ml)


@pytest.fixture
def lowered(monkeypatch):
    """Lowers bounds of the budget, by their names."""

    def lower(**bounds):
        for name, most in bounds.items():
            monkeypatch.setattr(budget, name, dataclasses.replace(getattr(budget, name), most=most))

    return lower


def refused(path, words, most_bytes=40_000_000):
    """The one sentence with which a file is refused; what is made on the way stays small."""
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match=words) as refusal:
            gateviz.load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 1600
    assert peak < most_bytes
    return str(refusal.value)


# The bounds themselves.


BOUNDS = {name: bound for name, bound in vars(budget).items() if isinstance(bound, budget.Bound)}


@pytest.mark.parametrize("name", BOUNDS)
def test_every_bound_says_what_it_is_and_why(name):
    bound = BOUNDS[name]
    assert len(bound.reason.split()) > 3
    bound.check(bound.most, "a file")
    with pytest.raises(CheckpointError, match=rf"a file comes to {bound.most + 1:,} .*at most {bound.most:,} are read"):
        bound.check(bound.most + 1, "a file")
    assert len({each.name for each in BOUNDS.values()}) == len(BOUNDS)


def test_a_bound_holds_numbers_that_are_none_and_numbers_without_end():
    bound = budget.PICKLE_OPCODES
    assert bound.passed_by(float("nan"))
    assert bound.passed_by(float("inf"))
    assert not bound.passed_by(0)
    with pytest.raises(ShapeError, match=r"x comes to some 10\^4999 opcodes"):
        bound.check(10**4999, "x", error=ShapeError)


# The one door.


def test_whatever_is_raised_behind_the_door_is_said_of_the_file():
    causes = (
        *(RecursionError("deep"), MemoryError(), KeyError("a"), OverflowError("big"), struct.error("short")),
        *(zipfile.BadZipFile("no"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")),
    )
    for cause in causes:
        words = rf"^m\.pth cannot be read \({type(cause).__name__}"
        with pytest.raises(CheckpointError, match=words) as refusal, reading("m.pth"):
            raise cause
        assert refusal.value.__cause__ is cause
        assert "\n" not in str(refusal.value)


def test_the_door_leaves_the_programs_own_errors_and_interruptions_alone():
    own = SelectionError("there is no layer 7")
    with pytest.raises(SelectionError) as refusal, reading("m.pth"):
        raise own
    assert refusal.value is own
    for error in (KeyboardInterrupt(), SystemExit(3)):
        with pytest.raises(type(error)), reading("m.pth"):
            raise error
    with pytest.raises(AlphabetError, match=r"^a{750} \.\.\. a{750}$"), reading("m.pth"):
        raise AlphabetError("a" * 10_000)


def test_a_bug_in_a_factory_keeps_its_own_words(tmp_path):
    code = tmp_path / "net.py"
    code.write_text("def build():\n    raise MemoryError('the user ran out')\n", encoding="utf-8")
    torch.save({"w": torch.zeros(3)}, tmp_path / "m.pth")
    with pytest.raises(Exception, match="the user ran out") as refusal:
        gateviz.load(tmp_path / "m.pth", factory=f"{code}:build")
    assert "cannot be read" not in str(refusal.value)


def test_an_adapters_own_failure_is_said_of_the_file(tmp_path, monkeypatch):
    torch.save({"w": torch.zeros(3)}, tmp_path / "m.pth")

    def broken(self, file):
        return {}["conv0.weight"]

    monkeypatch.setattr("gateviz.adapters.core.lineage.LineageAdapter.sniff", broken)
    words = refused(tmp_path / "m.pth", r"m\.pth cannot be read \(KeyError: 'conv0\.weight'\); it is damaged")
    assert words.count("m.pth") == 1


# torch.


class _Call:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("new", [True, False], ids=["zip", "before 1.6"])
def test_a_bytearray_of_numbers_that_are_not_there(tmp_path, new):
    path = tmp_path / "m.pth"
    torch.save({"a": torch.zeros(3), "b": _Call(bytearray, 10**8)}, path, _use_new_zipfile_serialization=new)
    refused(path, "asks for a bytearray of 100000000 bytes that are not in the file")


def test_a_bytearray_of_a_tensor_that_is_rebuilt_by_its_type(tmp_path):
    path = tmp_path / "m.pth"
    call = _Call(torch._tensor._rebuild_from_type_v2, bytearray, torch.Tensor, (10**8,), {})
    torch.save({"a": torch.zeros(3), "b": call}, path)
    refused(path, "asks for a bytearray of 100000000 bytes")


def test_a_tensor_that_is_asked_for_by_its_size(tmp_path):
    torch.save({"a": torch.zeros(3), "b": _Call(torch.Tensor, 10**8)}, tmp_path / "m.pth")
    refused(tmp_path / "m.pth", r"is a pickle that wants to run torch\.Tensor, and nothing in it was run")


def rezipped(path, change=None, names=lambda names: names, kind=zipfile.ZIP_STORED):
    """The archive with its pickle changed, or its files in another order or number."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name in names(list(files)):
            content = files.get(name, b"x")
            archive.writestr(name, change(content) if change and name.endswith("data.pkl") else content)
    return path


def test_a_storage_of_more_numbers_than_the_file_holds(tmp_path):
    path = tmp_path / "m.pth"
    torch.save({"w": torch.zeros(16)}, path)
    rezipped(path, lambda pickled: pickled.replace(b"K\x10", b"\x8a\x05" + (2 * 10**8).to_bytes(5, "little")))
    refused(path, "claims 200,000,000 numbers of 4 bytes for its storage '0' and has 64 bytes there")


def test_a_tensor_that_reaches_past_its_storage(tmp_path):
    path = tmp_path / "m.pth"
    torch.save({"w": torch.zeros(16)}, path)
    # The size, a tuple of one, comes after the storage's own count.
    rezipped(path, lambda pickled: pickled.replace(b"K\x10\x85", b"M\xe8\x03\x85"))
    refused(path, "has a tensor that reaches up to number 1,000 of 16")


def test_a_storage_before_1_6_of_more_numbers_than_the_file_holds(tmp_path):
    path = tmp_path / "m.pth"
    torch.save({"w": torch.zeros(200)}, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    assert content.count(b"K\xc8") == 2
    path.write_bytes(content.replace(b"K\xc8", b"J" + (10**9).to_bytes(4, "little")))
    refused(path, r"claims 1,000,000,000 numbers of 4 bytes for its storage '\d+' and has [\d,]+ bytes there")


def test_many_views_of_the_same_few_numbers(tmp_path, lowered):
    wide = torch.zeros(10_000)
    torch.save({f"w{number}": wide.view(100, 100) for number in range(50)}, tmp_path / "m.pth")
    lowered(UNPACKED_BYTES=100_000)
    refused(
        tmp_path / "m.pth", r"claims 2,000,000 bytes of numbers in 50 tensors and has \d\d,\d+ bytes; it is damaged"
    )
    torch.save({"one": wide, "other": wide}, tmp_path / "m.pth")
    assert open_model_file(tmp_path / "m.pth").checkpoint.shapes == {"one": (10_000,), "other": (10_000,)}


def test_keys_without_end_are_told_in_short(tmp_path):
    torch.save({"k" * 100_000: 3}, tmp_path / "m.pth")
    assert " ... " in refused(tmp_path / "m.pth", r"m\.pth holds a dictionary of k+ \.\.\. ")


def test_a_pickle_of_opcodes_without_end(tmp_path, lowered):
    path = tmp_path / "m.pth"
    torch.save([[] for _ in range(5000)], path)
    lowered(PICKLE_OPCODES=2000)
    refused(
        path,
        r"the pickle of .*m\.pth comes to 2,001 opcodes, and at most 2,000 are read \(the bound on pickle opcodes\)",
    )


def test_a_pickle_that_is_packed(tmp_path, lowered):
    path = tmp_path / "m.pth"
    torch.save({"w": torch.zeros(3)}, path)
    rezipped(path, lambda pickled: pickled[:2] + b"N0" * 500_000 + pickled[2:], kind=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10_000
    lowered(PICKLE_BYTES=100_000)
    refused(
        path,
        r"the pickle of .* comes to 1,000,\d+ bytes, and at most 100,000 are read \(the bound on bytes of a pickle\)",
    )


def test_text_that_is_encoded_again_and_again(tmp_path, lowered):
    path = tmp_path / "m.pth"
    again = b"c_codecs\nencode\nh\x01X\x06\x00\x00\x00latin1\x86R" * 200
    made = b"\x80\x02X\xe8\x03\x00\x00" + b"a" * 1000 + b"q\x01(" + again + b"l."
    torch.save({"w": torch.zeros(3)}, path)
    rezipped(path, lambda pickled: made)
    lowered(PICKLE_BYTES=100_000)
    refused(path, r"what the pickle of .* copies comes to 10\d,\d+ bytes, and at most 100,000")


def test_keys_of_tuples_inside_tuples(tmp_path):
    """The hash of forty levels that each hold the one below twice takes 2^40 steps."""
    path = tmp_path / "m.pth"
    doubled = b"".join(
        b"h" + bytes([level]) + b"h" + bytes([level]) + b"\x86q" + bytes([level + 1]) for level in range(60)
    )
    torch.save({"w": torch.zeros(3)}, path)
    rezipped(path, lambda pickled: b"\x80\x02K\x01q\x00" + doubled + b"}h\x3cNs.")
    refused(path, "has a dictionary with a key that is a tuple, and checkpoints have names and numbers")


def test_dictionaries_inside_dictionaries(tmp_path):
    """Each holds the one below twice, and none a tensor: every one is looked at once."""
    content = {}
    for _ in range(25):
        content = {"a": content, "b": content}
    torch.save(content, tmp_path / "m.pth")
    refused(tmp_path / "m.pth", "holds a dictionary of a, b and no state_dict of tensors")
    endless = {}
    endless["self"] = endless
    torch.save(endless, tmp_path / "m.pth")
    refused(tmp_path / "m.pth", "holds a dictionary of self and no state_dict of tensors")


def test_archives_that_two_programs_read_differently(tmp_path):
    path = tmp_path / "m.pth"
    torch.save({"w": torch.zeros(3)}, path)
    with pytest.warns(UserWarning, match="Duplicate name"):
        rezipped(path, names=lambda names: [*names, names[-1]])
    refused(path, "is an archive with two files of one name")
    torch.save({"w": torch.zeros(3)}, path)
    refused(
        rezipped(path, names=lambda names: [*names, "other/data.pkl"]),
        "is an archive of 2 folders, and torch writes one",
    )


# safetensors.


def test_a_header_without_end(tmp_path, lowered):
    path = tmp_path / "m.safetensors"
    save_file({"w": torch.zeros(2)}, path, metadata={"note": "a" * 5000})
    lowered(HEADER_BYTES=4000)
    refused(path, r"its header comes to 5,\d+ bytes, and at most 4,000 are read \(the bound on bytes of a safetensors")


@pytest.mark.parametrize("length", [0x0280, 0x0380, 0x0480, 0x0580])
def test_a_header_whose_length_begins_as_a_pickle_does(tmp_path, length):
    path = tmp_path / "m.safetensors"
    header = b'{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'.ljust(length)
    path.write_bytes(struct.pack("<Q", length) + header + bytes(8))
    assert path.read_bytes()[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
    assert open_model_file(path).checkpoint.shapes == {"t": (2,)}


@pytest.mark.parametrize(
    "shape", [f"[0,{2**63 - 1},{2**63 - 1}]", "[" + "1," * 1000 + "2]", "[-1]", "[1e400]", "[" + "9" * 5000 + "]"]
)
def test_shapes_that_no_tensor_has(tmp_path, shape):
    header = f'{{"t":{{"dtype":"F32","shape":{shape},"data_offsets":[0,0]}}}}'.encode()
    path = tmp_path / "m.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    refused(path, r"m\.safetensors")


# Protocol buffers: Paddle's programs and Core ML.


def test_fields_and_packed_numbers_without_end(lowered):
    lowered(FIELDS=1000)
    with pytest.raises(CheckpointError, match=r"the program of this file comes to 1,001 fields"):
        list(Message(memoryview(b"\x08\x00" * 2000), "program").fields())
    packed = core_ml.piece(20, b"\0" * 2000)
    with pytest.raises(CheckpointError, match=r"comes to 1,001 fields, and at most 1,000 .*damaged or malicious"):
        Message(memoryview(packed), "layer").integers(20)
    # What lies inside counts too, however often it is looked at.
    inner = Message(memoryview(core_ml.piece(1, b"\x08\x00" * 300)), "message")
    with pytest.raises(CheckpointError, match="comes to 1,001 fields"):
        for _ in range(9):
            [each.integer(1) for each in inner.messages(1, "layer")]


def test_operators_that_put_parameters_together_without_end(lowered):
    """Each of them gives twice what the one before has: 2^40 names of one parameter."""
    operators = [{"#": "0.p", "A": ["w"], "O": {"%": 1}}]
    operators += [{"#": "1.combine", "I": [{"%": n}, {"%": n}], "O": [{"%": n + 1}]} for n in range(1, 41)]
    program = {"base_code": {"magic": "pir"}, "program": {"regions": [{"blocks": [{"ops": operators}]}]}}
    lowered(TENSORS=1000)
    with pytest.raises(CheckpointError, match=r"what its operators use comes to 1,022 tensors, and at most 1,000"):
        read_program(json.dumps(program).encode(), "a.json")


def test_an_array_of_axes_without_end(tmp_path):
    described = core_ml.integer(1, 5) + core_ml.integer(2, 2**31 - 1) * 1000
    content = struct.pack("<IQI", 0, 0, 0) + struct.pack("<i", len(described)) + described
    variable = core_ml.piece(1, "w") + core_ml.piece(2, core_ml.integer(1, 7)) + core_ml.integer(3, 1)
    operator = core_ml.piece(3, "rnn") + core_ml.piece(1, core_ml.piece(1, "WeightList") + core_ml.piece(2, "w"))
    (tmp_path / "a.pdmodel").write_bytes(core_ml.piece(1, core_ml.piece(3, variable) + core_ml.piece(4, operator)))
    (tmp_path / "a.pdiparams").write_bytes(content)
    refused(tmp_path / "a.pdmodel", r"an array of .* comes to 1,000 axes, and at most 16 are read")


def test_pickles_of_paddles_that_no_program_wrote():
    array = b"cnumpy.core.multiarray\n_reconstruct\n)R"
    for content in (
        b"\x80\x02}X\x01\0\0\0a" + array + b"(K\x01(K\x02tNNC\x08" + b"\0" * 8 + b"tbs.",
        b"\x80\x02}X\x01\0\0\0acnumpy\ndtype\nX\x02\0\0\0f4\x85R(K\x01]tbs.",
        b"\x80\x02}X\x01\0\0\0acnumpy\ndtype\n]\x85Rs.",
        b"\x80\x02}q\x00X\x01\0\0\0ah\x00s.",
    ):
        with pytest.raises(CheckpointError, match=r"a\.pdparams"):
            read_pickled(memoryview(content), "a.pdparams")


def test_a_pickle_of_paddles_without_end(lowered):
    lowered(PICKLE_OPCODES=100)
    with pytest.raises(CheckpointError, match=r"a\.pdparams comes to 101 opcodes, and at most 100 are read"):
        read_pickled(memoryview(pickle.dumps([None] * 200, 2)), "a.pdparams")


# kraken.


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1,48,0,1 Cr3,3," + "9" * 5000 + " O1c2]", r"a number of the VGSL specification comes to 5,000 digits"),
        ("[1,48,0," + "9" * 5000 + " O1c2]", "comes to 5,000 digits, and at most 18 are read"),
        ("[1,48,0,1 " + "[]" * 50_000 + " O1c2]", r"comes to 100,\d+ characters, and at most 65,536 are read"),
        ("[1,48,0,1 W{" + "a" * 60_000 + "} O1c2]", "is no layer of kraken's"),
        ("[1,48,0,1 " + "(" * 60_000 + "]", "its brackets lie more than 8 deep"),
    ],
)
def test_vgsl_without_end(text, words):
    with pytest.raises(CheckpointError, match=words) as refusal:
        parse(text)
    assert len(str(refusal.value)) < 400


@pytest.mark.parametrize(("label", "words"), [(10**400, "a number of more than 18 digits"), (10**6, r"with 1e\+06")])
def test_labels_that_no_network_has(tmp_path, label, words):
    entry = {"_tasks": ["recognition"], "_model": "TorchVGSLModel", "vgsl": "[1,48,0,1 O1c2]", "codec": {"a": [label]}}
    save_file({"m.nn.w": torch.zeros(4)}, tmp_path / "m.safetensors", {"kraken_meta": json.dumps({"m": entry})})
    refused(
        tmp_path / "m.safetensors",
        rf"its codec spells 'a' {words if words.startswith('with') else 'with ' + words}, and labels are numbers from 1 to 200,000",
    )


# Tesseract.


def test_characters_and_codes_without_end(lowered):
    lowered(SYMBOLS=100)
    with pytest.raises(CheckpointError, match="its character list comes to 999,999,999 symbols, and at most 100"):
        read_unicharset(Cursor(b"999999999\na\n", "character list"))
    with pytest.raises(CheckpointError, match=r"its recoder comes to 4,294,967,295 symbols"):
        read_recoder(Cursor(b"\xff\xff\xff\xff", "recoder"))


def test_matrices_without_end(lowered):
    lowered(WEIGHTS=1000)
    head = struct.pack("<Bii", 1, 60_000, 60_000) + b"\0"
    with pytest.raises(CheckpointError, match=r"the weights comes to 3,600,000,000 numbers, and at most 1,000"):
        read_matrix(Cursor(head, "LSTM network"), training=False, what="the weights")
    # Many small ones count together.
    one = struct.pack("<Bii", 128, 20, 20) + bytes(8) + bytes(8 * 400)
    cursor = Cursor(one * 3, "LSTM network")
    read_matrix(cursor, training=False, what="a matrix")
    read_matrix(cursor, training=False, what="a matrix")
    with pytest.raises(CheckpointError, match=r"a matrix comes to 1,200 numbers"):
        read_matrix(cursor, training=False, what="a matrix")


# Files of no kind, and what lies beside.


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "m.pth")
    with pytest.raises(CheckpointError, match="is a pipe or a device, and a checkpoint is a file"):
        open_model_file(tmp_path / "m.pth")


def test_a_name_that_no_file_has():
    with pytest.raises(CheckpointError, match=r"cannot be read: embedded null"):
        open_model_file("a\0b.pth")


@pytest.fixture
def secret(tmp_path):
    """A file of somebody's outside the checkpoint's folder."""
    path = tmp_path / "secret.txt"
    path.write_text("x\ny\nz\n", encoding="utf-8")
    (tmp_path / "model").mkdir()
    return path


def sidecar(folder, alphabet):
    (folder / "m.gateviz.toml").write_text(f"alphabet = {json.dumps(alphabet)}\n", encoding="utf-8")
    return folder / "m.pth"


def test_a_sidecars_alphabet_stays_in_the_checkpoints_folder(tmp_path, secret):
    folder = tmp_path / "model"
    for outside in (str(secret), "../secret.txt", "../model/../secret.txt"):
        with pytest.raises(
            CheckpointError, match=r"m\.gateviz\.toml names the alphabet .* outside the checkpoint's folder"
        ):
            read_sidecar(sidecar(folder, outside))
    (folder / "link.chars").symlink_to(secret)
    with pytest.raises(CheckpointError, match=r"'link\.chars', which lies outside"):
        read_sidecar(sidecar(folder, "link.chars"))
    with pytest.raises(CheckpointError, match=r"'none\.txt', and there is no such file beside the checkpoint"):
        read_sidecar(sidecar(folder, "none.txt"))
    (folder / "lists").mkdir()
    (folder / "lists" / "own.txt").write_text("abc", encoding="utf-8")
    assert read_sidecar(sidecar(folder, "lists/own.txt")).alphabet == folder / "lists" / "own.txt"


def test_a_sidecars_symbols_are_never_a_file_of_the_working_folder(tmp_path, secret, monkeypatch):
    """``secret`` is a file where the program runs, and not beside the checkpoint: here it is six symbols."""
    (tmp_path / "secret").write_text("x\ny\nz\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    given = read_sidecar(sidecar(tmp_path / "model", "secrtz")).alphabet
    (tmp_path / "secrtz").write_text("1\n2\n3\n4\n5\n6\n", encoding="utf-8")
    found = find_alphabet(given, 7, blank=0, checkpoint=tmp_path / "model" / "m.pth")
    assert found.alphabet.symbols == tuple("secrtz")
    # The user's own word may be any file.
    assert find_alphabet("secrtz", 7, blank=0, checkpoint=tmp_path / "m.pth").alphabet.symbols == tuple("123456")


def test_the_alphabet_beside_a_checkpoint_is_no_link_to_elsewhere(tmp_path, secret):
    folder = tmp_path / "model"
    (folder / "m.alphabet.txt").symlink_to(secret)
    with pytest.raises(AlphabetError, match=r"m\.alphabet\.txt is a link to a file outside the checkpoint's folder"):
        find_alphabet(None, 4, blank=0, checkpoint=folder / "m.pth")


def test_links_of_a_download_cache_are_followed(tmp_path):
    """A cache keeps every file under its digest in one folder, and links to them in another."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots"
    blobs.mkdir()
    snapshot.mkdir()
    (blobs / "0a").write_bytes(b"weights")
    (blobs / "0b").write_text("x\ny\nz\n", encoding="utf-8")
    (snapshot / "m.pth").symlink_to(blobs / "0a")
    (snapshot / "m.alphabet.txt").symlink_to(blobs / "0b")
    assert find_alphabet(None, 4, blank=0, checkpoint=snapshot / "m.pth").alphabet.symbols == ("x", "y", "z")


def test_an_alphabet_file_without_end(tmp_path, lowered):
    (tmp_path / "a.txt").write_text("abc" * 100, encoding="utf-8")
    lowered(ALPHABET_BYTES=200)
    with pytest.raises(AlphabetError, match=r"a\.txt comes to 300 bytes, and at most 200 are read"):
        find_alphabet(tmp_path / "a.txt", 4, blank=0, checkpoint=tmp_path / "m.pth")


def test_ordinary_checkpoints_pass(tmp_path):
    """What training scripts save: an optimizer's state beside the weights, views, parameters, half precision."""
    layer = torch.nn.LSTM(4, 3)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.zeros(2, 1, 4))[0].sum().backward()
    optimizer.step()
    wide = torch.arange(12.0)
    content = {
        "state_dict": {
            **layer.state_dict(),
            "view": wide[2:8].view(2, 3).t(),
            "half": wide.half(),
            "empty": torch.zeros(0, 4),
        },
        "optimizer": optimizer.state_dict(),
        "epoch": 3,
        "config": {"name": "x", "sizes": (1, 2), "set": {1, 2}, "bytes": b"\xff", "more": bytearray(b"ab")},
    }
    for new in (True, False):
        torch.save(content, tmp_path / "m.pth", _use_new_zipfile_serialization=new)
        checkpoint = open_model_file(tmp_path / "m.pth").checkpoint
        assert torch.equal(checkpoint.tensors["view"], wide[2:8].view(2, 3).t())
        assert torch.equal(checkpoint.tensors["weight_hh_l0"], layer.weight_hh_l0)
        assert checkpoint.beside == ("optimizer", "epoch", "config")
    stream = io.BytesIO()
    torch.save(torch.nn.Parameter(torch.zeros(2)), stream)
    np.testing.assert_equal(torch.load(io.BytesIO(stream.getvalue()), weights_only=True).detach().numpy(), np.zeros(2))
