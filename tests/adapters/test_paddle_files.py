"""Paddle's own files: what is read out of them is what Paddle computed with, and nothing in them is run."""

import base64
import importlib.util
import json
import pickle
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

import gateviz
from gateviz.adapters.core.files import Container
from gateviz.adapters.opening import open_model_file
from gateviz.adapters.paddle.pickled import read_pickled
from gateviz.adapters.paddle.program import read_parameters, read_program
from gateviz.errors import CheckpointError
from tests import rounding

FOLDER = Path(__file__).parent


def load_file(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


formula = load_file(FOLDER / "golden" / "formula.py")
compare = load_file(FOLDER / "golden" / "compare.py")
maker = load_file(FOLDER / "golden" / "make_paddle_files.py")
lineage = load_file(FOLDER / "lineages" / "paddle_files.py")
GOLDEN = json.loads((FOLDER / "golden" / "paddle_files.json").read_text(encoding="utf-8"))
VERSIONS = ("Paddle 2", "Paddle 3")
SMALL = "mobilenet_v3_small"


def unpacked(text):
    return zlib.decompress(base64.b85decode(text))


def arrays_of(case):
    """The weights that Paddle was given, under Paddle's names."""
    keys = GOLDEN["cases"][case]["keys"]
    return {name: maker.values(name, seed, tuple(keys[name])) for seed, name in enumerate(sorted(keys))}


def written(arrays):
    """Arrays as a .pdiparams holds them, one behind the other."""
    content = b""
    for array in arrays:
        sizes = b"".join(b"\x10" + varint(size) for size in array.shape)
        description = b"\x08\x05" + sizes
        content += struct.pack("<IQI i", 0, 0, 0, len(description)) + description + array.tobytes()
    return content


def varint(number):
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


def exported(folder, case, version):
    """An inference model in a folder: the program as Paddle exported it, and the parameters that Paddle was given."""
    part = GOLDEN[version]["inference"][case]
    program = folder / f"inference{part['program']}"
    program.write_bytes(unpacked(part["content"]))
    by_counter = {part["counters"][name]: array for name, array in arrays_of(case).items()}
    content = written([by_counter[name] for name in sorted(by_counter)])
    assert len(content) == part["parameters_size"]
    (folder / "inference.pdiparams").write_bytes(content)
    return program


def assert_paddles_numbers(path, case):
    recognizer = gateviz.load(path)
    image = formula.image(2, 3, 32, GOLDEN["width"])
    compare.assert_original(
        lambda module, pixels: module(pixels).transpose(0, 1), recognizer.module, image, GOLDEN["cases"][case]
    )
    return recognizer


@pytest.mark.parametrize("case", GOLDEN["cases"])
def test_parameters_give_paddles_numbers(tmp_path, case):
    path = tmp_path / "best_accuracy.pdparams"
    arrays = arrays_of(case)
    path.write_bytes(pickle.dumps({**arrays, "StructuredToParameterName@@": dict.fromkeys(arrays, "w_0")}, protocol=4))
    card = assert_paddles_numbers(path, case).card
    assert card.details["weights"] == "Paddle parameters (.pdparams)"
    assert card.details["architecture"] == case


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", ["mobilenet_v3_small", "mobilenet_v3_large"])
def test_inference_models_give_paddles_numbers(tmp_path, case, version):
    program = exported(tmp_path, case, version)
    one = assert_paddles_numbers(program, case)
    other = assert_paddles_numbers(tmp_path / "inference.pdiparams", case)
    assert one.card.checkpoint_sha256 == other.card.checkpoint_sha256
    assert one.card.details["weights"] == "a Paddle inference model (.pdiparams)"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_resnets_program_is_read_in_the_order_it_runs(tmp_path, version):
    part = GOLDEN[version]["inference"]["resnet34_vd"]
    uses = read_program(unpacked(part["content"]), "inference")
    counters = part["counters"]
    blocks = ["backbone.bb_0_0.conv0", "backbone.bb_0_0.conv1", "backbone.bb_0_0.short", "backbone.bb_0_1.conv0"]
    assert uses.convolutions[3:7] == [counters[f"{block}._conv.weight"] for block in blocks]
    norm = tuple(counters[f"backbone.conv1_1._batch_norm.{part}"] for part in ("weight", "bias", "_mean", "_variance"))
    assert uses.norms[0] == norm
    assert uses.recurrent[0][2] == counters["neck.encoder.lstm.weight_ih_l0_reverse"]
    assert uses.recurrent[0][8] == counters["neck.encoder.lstm.bias_ih_l0"]
    assert uses.stored == sorted(counters.values())


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_paddles_own_pickles(tmp_path, version, protocol):
    """Files that paddle.save wrote, by every protocol that it has."""
    golden = GOLDEN[version]["small"]
    content = unpacked(golden[f"protocol {protocol}"])
    arrays = read_pickled(memoryview(content), "small.pdparams")
    sums = {name: float(array.sum(dtype=np.float64)) for name, array in arrays.items() if ".cell_" not in name}
    assert sums == pytest.approx(golden["sums"], abs=1e-9)
    # Paddle's gates stand in torch's order, and its matrices as torch's.
    lstm = torch.nn.LSTM(3, 2, 2, batch_first=True, bidirectional=True)
    state = {name.removeprefix("lstm."): array for name, array in arrays.items() if name.startswith("lstm.weight")}
    state |= {name.removeprefix("lstm."): array for name, array in arrays.items() if name.startswith("lstm.bias")}
    lstm.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in state.items()})
    with torch.inference_mode():
        output, _ = lstm(torch.from_numpy(formula.noise(2 * 7 * 3, 999).reshape(2, 7, 3)).float())
    assert np.allclose(output.numpy(), golden["lstm_output"], atol=1e-6)
    path = tmp_path / "small.bin"
    path.write_bytes(content)
    assert open_model_file(path).container is Container.PADDLE_PARAMETERS


def test_every_way_a_pickle_breaks_off():
    content = unpacked(GOLDEN["Paddle 3"]["small"]["protocol 4"])
    for length in range(0, len(content), 7):
        with pytest.raises(CheckpointError, match=r"a\.pdparams is a truncated or damaged parameter file"):
            read_pickled(memoryview(content[:length]), "a.pdparams")


def test_bytes_changed_anywhere_are_no_traceback():
    content = unpacked(GOLDEN["Paddle 2"]["small"]["protocol 2"])
    rng = np.random.default_rng(0)
    for _ in range(1500):
        changed = bytearray(content)
        for place in rng.integers(0, 600, 3):
            changed[place] = rng.integers(0, 256)
        try:
            read_pickled(memoryview(bytes(changed)), "a.pdparams")
        except CheckpointError as refusal:
            assert "\n" not in str(refusal)


class Evil:
    def __reduce__(self):
        return (print, ("this must never be run",))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            pickle.dumps({"w": Evil()}, protocol=4),
            "is a pickle that wants to run builtins.print, and nothing in it was run",
        ),
        (pickle.dumps({"w": Evil()}, protocol=2), "is a pickle that wants to run __builtin__.print"),
        (pickle.dumps({"w": "text"}, protocol=4), "is a pickle without arrays"),
        (pickle.dumps([1, 2], protocol=4), "has the pickle opcode b'e' at byte"),
        (pickle.dumps({"w": np.zeros(2, np.complex64)}, protocol=4), "an array of the numpy type 'c8'"),
        (pickle.dumps({"w": np.array(["a"], object)}, protocol=4), "has the pickle opcode b'a'|numpy type 'O"),
        (b"\x80\x04\x8e" + (10 * 1024**3).to_bytes(8, "little"), "it claims 10,737,418,240 bytes at byte"),
        (b"\x80\x04" + b"}" * 400_001, "comes to 400,001 opcodes, and at most 400,000 are read"),
        (b"\x80\x04.", "is a truncated or damaged parameter file"),
    ],
)
def test_pickles_that_are_no_parameters(capsys, content, words):
    with pytest.raises(CheckpointError, match=words):
        read_pickled(memoryview(content), "a.pdparams")
    assert capsys.readouterr().out == ""


def test_text_asked_for_again_and_again_is_counted():
    text = b"X" + (1000).to_bytes(4, "little") + b"a" * 1000 + b"q\x00"
    again = b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R0"
    content = b"\x80\x02" + text + again.replace(b"0", b"") * 200 + b"."
    with pytest.raises(CheckpointError, match="text that comes to more than the file"):
        read_pickled(memoryview(content), "a.pdparams")


def test_one_array_under_many_names_is_bounded(tmp_path):
    array = np.zeros(2000, np.float32)
    path = tmp_path / "a.pdparams"
    path.write_bytes(pickle.dumps({f"w{n}": array for n in range(100)}, protocol=4))
    assert path.stat().st_size < 20_000
    with pytest.raises(CheckpointError, match=r"claims 800,000 bytes of parameters.*damaged or malicious"):
        gateviz.load(path)


def test_numbers_that_are_none(tmp_path):
    state = lineage.CASES[0].state()
    state["head.fc.bias"][3] = np.nan
    with pytest.raises(CheckpointError, match=r"has 1 of 37 numbers in head\.fc\.bias that are NaN or infinite"):
        gateviz.load(lineage.save(tmp_path, state))


def test_other_byte_orders_and_protocols(tmp_path):
    state = lineage.CASES[0].state()
    one = gateviz.load(lineage.save(tmp_path, state, protocol=2))
    arrays = {
        name: array.astype(array.dtype.newbyteorder(">")) for name, array in lineage.paddles_arrays(state).items()
    }
    (tmp_path / "big.pdparams").write_bytes(pickle.dumps(arrays, protocol=4))
    other = gateviz.load(tmp_path / "big.pdparams")
    image = formula.image(1, 3, 32, 100)
    rounding.assert_same_network(one.module, other.module, image)


def test_later_networks_are_refused_by_their_keys(tmp_path):
    path = tmp_path / "a.pdparams"
    path.write_bytes(
        pickle.dumps({"neck.encoder.svtr_block.0.mixer.qkv.weight": np.zeros((2, 2), np.float32)}, protocol=4)
    )
    with pytest.raises(CheckpointError, match=r"a\.pdparams cannot be shown: it has SVTR"):
        gateviz.load(path)


def test_half_an_inference_model(tmp_path):
    program = exported(tmp_path, SMALL, "Paddle 3")
    (tmp_path / "alone").mkdir()
    alone = tmp_path / "alone" / "inference.pdiparams"
    alone.write_bytes((tmp_path / "inference.pdiparams").read_bytes())
    with pytest.raises(
        CheckpointError, match=r"without their names, which are in inference\.pdmodel or inference\.json"
    ):
        gateviz.load(alone)
    (tmp_path / "inference.pdiparams").unlink()
    with pytest.raises(
        CheckpointError, match=r"inference\.pdiparams of a Paddle inference model cannot be read: No such file"
    ):
        gateviz.load(program)


def test_parameters_of_another_export(tmp_path):
    program = exported(tmp_path, SMALL, "Paddle 2")
    path = tmp_path / "inference.pdiparams"
    whole = path.read_bytes()
    path.write_bytes(whole + written([np.zeros(2, np.float32)]))
    with pytest.raises(
        CheckpointError, match=r"arrays, and the program beside it has \d+ parameters; both have to come"
    ):
        gateviz.load(program)
    path.write_bytes(written([np.zeros(2, np.float32)]))
    with pytest.raises(CheckpointError, match=r"holds 1 arrays, and the program beside it has \d+ parameters"):
        gateviz.load(program)
    for share in (0.001, 0.3, 0.999):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(CheckpointError, match="truncated or damaged Paddle parameter file: it claims"):
            gateviz.load(program)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (struct.pack("<IQ", 7, 0), "no Paddle parameter file of version 0"),
        (struct.pack("<IQ", 0, 99), "and 99 levels"),
        (struct.pack("<IQI i", 0, 0, 0, -5), "it claims -5 bytes"),
        (struct.pack("<IQI i", 0, 0, 0, 2) + b"\x08\x16", "an array of the type 22"),
        (struct.pack("<IQI i", 0, 0, 0, 13) + b"\x08\x05\x10" + b"\xff" * 9 + b"\x01", "and the shape"),
        (struct.pack("<IQI i", 0, 0, 0, 8) + b"\x08\x05\x10\x80\x80\x80\x80\x04", "it claims 4,294,967,296 bytes"),
    ],
)
def test_parameter_files_that_claim_too_much(content, words):
    with pytest.raises(CheckpointError, match=words):
        read_parameters(memoryview(content), ["w"], "inference.pdiparams")


@pytest.mark.parametrize("version", VERSIONS)
def test_programs_broken_off_or_changed(version):
    content = unpacked(GOLDEN[version]["inference"][SMALL]["content"])
    rng = np.random.default_rng(0)
    for length in rng.integers(1, len(content), 20):
        with pytest.raises(CheckpointError, match="inference is"):
            read_program(content[:length], "inference")
    for _ in range(30):
        changed = bytearray(content)
        changed[rng.integers(0, len(content))] = rng.integers(0, 256)
        try:
            read_program(bytes(changed), "inference")
        except CheckpointError as refusal:
            assert "\n" not in str(refusal)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\n", "inference.pdmodel is"),
        (b'{"program": []}', "is no program as Paddle exports them"),
        (b"[" * 100_000, "inference.pdmodel is"),
        (b'{"a":' * 100_000, "is no program as Paddle exports them"),
        (b"\x0a\x00", "without a recurrent layer"),
        (b"", "is"),
    ],
)
def test_what_is_no_program(tmp_path, content, words):
    (tmp_path / "inference.pdmodel").write_bytes(content)
    with pytest.raises(CheckpointError, match=words):
        gateviz.load(tmp_path / "inference.pdmodel")


def test_another_network_in_a_program(tmp_path):
    program = exported(tmp_path, SMALL, "Paddle 3")
    document = json.loads(program.read_text(encoding="utf-8"))
    operators = document["program"]["regions"][0]["blocks"][0]["ops"]
    operators.remove(next(operator for operator in operators if operator["#"].endswith("conv2d")))
    program.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")
    with pytest.raises(
        CheckpointError, match="of 52 convolutions, 35 batch norms, 1 recurrent layers of 16 parameters"
    ):
        gateviz.load(program)
