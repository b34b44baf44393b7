"""Every reader of files against bytes that a fuzzer makes up: ``python -m benchmarks fuzz-readers [READER ...]``.

It stands here and not among the tests, since it runs for as long as one lets it and needs atheris
(``pip install atheris``), which nothing else does. Each reader starts from small files that the project's own
writers make, and runs in a process of its own, with what atheris itself limits (memory, seconds for one input).
An input after which a reader raises anything but a ``GatevizError`` is a finding, kept in ``--keep``; what was
caught at the one door is listed too, since such a message says less than one of the reader's own.
"""

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ADAPTER_TESTS = Path(__file__).parents[1] / "tests" / "adapters"
_LARGEST = 65_536
_SLOWEST = 25
_MEMORY = 2048
_DOOR = re.compile(r"cannot be read \((\w+): ")


@dataclass(frozen=True)
class Reader:
    """One reader.

    Attributes:
        suffix: of the file that it reads.
        read: reads it.
        seeds: small files of that kind, by what their writers make.
    """

    suffix: str
    read: Callable[[Path], object]
    seeds: Callable[[], list[bytes]]


def main(arguments: Sequence[str]) -> int:
    """Runs the readers one after the other and prints a table; the exit status is 1 where there was a finding."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks fuzz-readers", description=_first_line())
    parser.add_argument("readers", nargs="*", help=f"which; all without a name ({', '.join(_readers())})")
    parser.add_argument("--seconds", type=int, default=60, help="for each reader (60)")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"), help="folder of what is found and learned")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.readers) - set(_readers())):
        parser.error(f"there is no reader {unknown[0]!r}; there are {', '.join(_readers())}")
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed, and it is what makes the files up; pip install atheris", file=sys.stderr)
        return 2
    if options.inside:
        return _fuzzed(options.readers[0], options.seconds, options.keep)
    findings = 0
    print("| reader | executions | processor seconds | findings | caught at the door |\n|---|---:|---:|---:|---|")
    for name in options.readers or _readers():
        found, row = _ran(name, options.seconds, options.keep)
        findings += found
        print(row, flush=True)
    return 1 if findings else 0


def _first_line() -> str:
    return (__doc__ or "").partition("\n")[0]


def _ran(name: str, seconds: int, keep: Path) -> tuple[int, str]:
    """The findings of a reader, and its row of the table."""
    folder = keep / name
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    started = os.times()
    command = [sys.executable, "-m", "benchmarks", "fuzz-readers", "--inside", "--seconds", str(seconds)]
    log = folder / "log.txt"
    with log.open("wb") as stream:
        before = set(folder.iterdir())
        subprocess.run([*command, "--keep", str(keep), name], stdout=stream, stderr=stream, check=False)
    ended = os.times()
    worked = ended.children_user + ended.children_system - started.children_user - started.children_system
    told = log.read_text(encoding="utf-8", errors="replace")
    executions = max(
        (int(each) for each in re.findall(r"#(\d+)\s|executed_units: (\d+)", told) for each in each if each), default=0
    )
    found = sorted(
        path.name for path in set(folder.iterdir()) - before if path.name.startswith(("crash-", "timeout-", "oom-"))
    )
    caught = Counter(re.findall(r"AT THE DOOR (.*)", told))
    words = "; ".join(f"{kind} ({count})" for kind, count in caught.most_common(6))
    ending = "" if executions else f" (it did not start: see {log})"
    return len(found) + (not executions), f"| {name}{ending} | {executions:,} | {worked:.0f} | {len(found)} | {words} |"


def _fuzzed(name: str, seconds: int, keep: Path) -> int:
    """Fuzzes one reader; atheris leaves the process itself when the time is over."""
    import atheris

    with atheris.instrument_imports(include=["gateviz"]):
        reader = _readers()[name]
        folder = keep / name
        for number, seed in enumerate(reader.seeds()):
            (folder / "corpus" / f"seed-{number}").write_bytes(seed)
        # The modules that a reader imports when it reads are instrumented too.
        target = _target(reader, Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)))
        for seed in sorted((folder / "corpus").glob("seed-*")):
            target(seed.read_bytes())
    limits = (f"-max_total_time={seconds}", f"-rss_limit_mb={_MEMORY}", f"-timeout={_SLOWEST}", f"-max_len={_LARGEST}")
    options = [sys.argv[0], *limits, "-print_final_stats=1", f"-artifact_prefix={folder}/", str(folder / "corpus")]
    atheris.Setup(options, target)
    atheris.Fuzz()
    return 0


def _target(reader: Reader, folder: Path) -> Callable[[bytes], None]:
    from gateviz.errors import GatevizError

    path = folder / f"model{reader.suffix}"
    known: set[str] = set()

    def target(data: bytes) -> None:
        path.write_bytes(data)
        try:
            reader.read(path)
        except GatevizError as error:
            if (caught := _DOOR.search(str(error))) is not None and (place := _place(error)) not in known:
                known.add(place)
                print(f"AT THE DOOR {caught[1]} in {place}", file=sys.stderr, flush=True)

    return target


def _place(error: BaseException) -> str:
    """Where in gateviz the cause of an error was raised."""
    trace, found = (error.__cause__ or error).__traceback__, "?"
    while trace is not None:
        code = trace.tb_frame.f_code
        if "gateviz" in code.co_filename:
            found = f"{Path(code.co_filename).name}:{code.co_name}"
        trace = trace.tb_next
    return found


# The readers and what they start from.


def _readers() -> dict[str, Reader]:
    return {
        "torch": Reader(".pth", _checkpoint, _torch_seeds),
        "torch-legacy": Reader(".pt", _checkpoint, _legacy_seeds),
        "pickle": Reader(".bin", _pickle, _pickle_seeds),
        "safetensors": Reader(".safetensors", _checkpoint, _safetensors_seeds),
        "crnn-document": Reader(".json", _crnn_document, _document_seeds),
        "onnx": Reader(".onnx", _onnx, _onnx_seeds),
        "paddle-parameters": Reader(".pdparams", _checkpoint, _paddle_seeds),
        "paddle-program": Reader(".pdmodel", _program, _program_seeds),
        "kraken": Reader(".safetensors", _kraken, _kraken_seeds),
        "vgsl": Reader(".txt", _vgsl, lambda: [b"[1,12,0,1 Cr{C_0}3,3,4 Do0.1,2 Mp2,2 S1(1x0)1,3 Lbx5 (Lfx3 [Lbx2 A1,2]) O1c7]"]),
        "core-ml": Reader(".mlmodel", _kraken, _core_ml_seeds),
        "traineddata": Reader(".traineddata", _traineddata, _traineddata_seeds),
        "alphabet": Reader(".txt", _alphabet, lambda: [b"a\nb\nc\n", b"abc", b"<blank>\na\nb\nc\n", "中\r\n文\n".encode()]),
        "sidecar": Reader(".gateviz.toml", _sidecar, _sidecar_seeds),
        "manifest": Reader(".tsv", _manifest, lambda: [b"a.png\ttext\nb.png\tmore\n", b'"a b.png"\t\n', b"\xef\xbb\xbfc.png\tx\r\n"]),
        "recording": Reader(".safetensors", _recording, _recording_seeds),
        "image": Reader(".png", _image, _image_seeds),
    }  # fmt: skip


def _checkpoint(path: Path) -> object:
    from gateviz.adapters.model_file import open_model_file

    return open_model_file(path).checkpoint


def _pickle(path: Path) -> object:
    """The pickle alone, in the archive that torch writes around it."""
    import zipfile

    content = path.read_bytes()
    archive_path = path.with_suffix(".pth")
    with zipfile.ZipFile(archive_path, "w") as archive:
        for name, data in (
            ("data.pkl", content),
            ("byteorder", b"little"),
            ("data/0", bytes(256)),
            ("version", b"3\n"),
        ):
            archive.writestr(f"archive/{name}", data)
    return _checkpoint(archive_path)


def _crnn_document(path: Path) -> object:
    from gateviz.networks.crnn_file import read_document

    return read_document(path.read_bytes().decode("utf-8", "surrogateescape"))


def _onnx(path: Path) -> object:
    from gateviz.adapters.door import reading
    from gateviz.adapters.model_file import open_model_file
    from gateviz.adapters.onnx.division import divided, obstacles
    from gateviz.adapters.onnx.graph import read_graph

    file = open_model_file(path)
    with reading(path):
        graph = read_graph(file)
        return obstacles(graph) or divided(graph)


def _program(path: Path) -> object:
    from gateviz.adapters.paddle_program import read_program

    return read_program(path.read_bytes(), path.name)


def _kraken(path: Path) -> object:
    from gateviz.adapters.door import reading
    from gateviz.adapters.kraken.adapter import ADAPTER
    from gateviz.adapters.model_file import open_model_file

    file = open_model_file(path)
    with reading(path):
        return ADAPTER.sniff(file)


def _vgsl(path: Path) -> object:
    import torch

    from gateviz.adapters.kraken.network import VgslNetwork
    from gateviz.adapters.kraken.vgsl import parse

    with torch.device("meta"):
        return VgslNetwork(parse(path.read_bytes().decode("utf-8", "replace")))


def _traineddata(path: Path) -> object:
    from gateviz.adapters.tesseract.model import read_model
    from gateviz.adapters.tesseract.network import build_network

    model = read_model(path.read_bytes())
    return build_network(model.network, int8=model.int8, sample_iteration=model.sample_iteration)


def _alphabet(path: Path) -> object:
    from gateviz.adapters.alphabet_source import find_alphabet

    return find_alphabet(path, 4, blank=0, checkpoint=path.with_suffix(".pth"))


def _sidecar(path: Path) -> object:
    from gateviz.adapters.declared import read_sidecar

    return read_sidecar(path.with_name("model.pth"))


def _manifest(path: Path) -> object:
    from gateviz.files.folders import read_manifest

    return read_manifest(path)


def _recording(path: Path) -> object:
    from gateviz.recording import open_recording

    recording = open_recording(path)
    return recording.image, recording.alignment


def _image(path: Path) -> object:
    from gateviz.files.images import read_line_image

    return read_line_image(path)


def _module(path: Path) -> object:
    """A file of the tests that writes models."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _saved(content: object, **options: object) -> bytes:
    import io

    import torch

    stream = io.BytesIO()
    torch.save(content, stream, **options)
    return stream.getvalue()


def _contents() -> list[object]:
    import torch

    state = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2).half(), "n": torch.tensor(3)}
    return [
        state,
        {"state_dict": state, "epoch": 3, "names": ["a", "b"], "set": {1, 2}, "data": bytearray(b"ab"), "b": b"\xff"},
        torch.nn.LSTM(2, 2).state_dict(),
        {"w": torch.nn.Parameter(torch.zeros(4)), "s": torch.zeros(3).to_sparse(), "m": torch.zeros(3, device="meta")},
    ]


def _torch_seeds() -> list[bytes]:
    return [_saved(content) for content in _contents()]


def _legacy_seeds() -> list[bytes]:
    return [_saved(content, _use_new_zipfile_serialization=False) for content in _contents()]


def _pickle_seeds() -> list[bytes]:
    import io
    import zipfile

    return [zipfile.ZipFile(io.BytesIO(seed)).read("archive/data.pkl") for seed in _torch_seeds()]


def _safetensors_seeds() -> list[bytes]:
    import torch
    from safetensors.torch import save

    return [
        save({"a": torch.zeros(2, 3), "b": torch.ones(2, dtype=torch.bfloat16)}, {"note": "x"}),
        save({"w": torch.zeros(1)}, {"kraken_meta": '{"m": {"vgsl": "[1,12,0,1 O1c3]"}}'}),
        save({}),
    ]


def _document_seeds() -> list[bytes]:
    import json

    from safetensors import safe_open

    from gateviz.files.models import default_model

    with safe_open(str(default_model()), "np") as handle:
        document = json.loads(handle.metadata()["gateviz_crnn"])
    document["config"]["class_count"] = 4
    document["alphabet"] = {"symbols": ["a", "b", "中"], "codes": [[1], [2], [3]], "blank": 0}
    return [json.dumps(document, ensure_ascii=False).encode()]


def _onnx_seeds() -> list[bytes]:
    graphs = _module(ADAPTER_TESTS / "onnx_graphs.py")
    return [
        graphs.simple_model().SerializeToString(),  # type: ignore[attr-defined]
        graphs.simple_model(metadata={"character": "a\nb"}, direction="reverse").SerializeToString(),  # type: ignore[attr-defined]
    ]


def _paddle_seeds() -> list[bytes]:
    import pickle

    import numpy as np

    arrays = {
        "head.fc.weight": np.ones((2, 3), np.float32),
        "x": ("x", np.arange(4, dtype=">f8")),
        "StructuredToParameterName@@": {"a": "b"},
    }
    return [pickle.dumps(arrays, protocol) for protocol in (2, 4)]


def _program_seeds() -> list[bytes]:
    import json

    core_ml = _module(ADAPTER_TESTS / "core_ml_writer.py")
    piece, integer = core_ml.piece, core_ml.integer  # type: ignore[attr-defined]
    variable = piece(1, "w") + piece(2, integer(1, 7)) + integer(3, 1)
    operator = piece(3, "rnn") + piece(1, piece(1, "WeightList") + piece(2, "w"))
    operators = [
        {"#": "0.p", "A": [0, "w"], "O": {"%": 1}},
        {"#": "1.combine", "I": [{"%": 1}, {"%": 1}], "O": [{"%": 2}]},
        {"#": "1.rnn", "I": [{"%": 9}, {"%": 9}, {"%": 2}]},
    ]
    program = {"base_code": {"magic": "pir"}, "program": {"regions": [{"blocks": [{"ops": operators}]}]}}
    return [piece(1, piece(3, variable) + piece(4, operator)), json.dumps(program).encode()]


def _kraken_seeds() -> list[bytes]:
    import json

    import torch
    from safetensors.torch import save

    meta = {
        "_tasks": ["recognition"],
        "_model": "TorchVGSLModel",
        "vgsl": "[1,12,0,1 Cr3,3,4 Lbx5 O1c3]",
        "codec": {"a": [1]},
    }
    return [save({"m.nn.C_0.co.weight": torch.zeros(4, 1, 3, 3)}, {"kraken_meta": json.dumps({"m": meta})})]


def _core_ml_seeds() -> list[bytes]:
    core_ml = _module(ADAPTER_TESTS / "core_ml_writer.py")
    piece, integer, floats = core_ml.piece, core_ml.integer, core_ml.floats  # type: ignore[attr-defined]
    weights = (
        integer(1, 2) + integer(2, 1) + integer(20, 1) + integer(20, 2) + floats(90, [1, 2, 3, 4]) + floats(91, [0, 0])
    )
    texts = piece(100, piece(1, "vgsl") + piece(2, "[1,12,0,1 Cr1,2,2 O1c3]")) + piece(
        100, piece(1, "codec") + piece(2, '{"a": [1]}')
    )
    layers = core_ml.layer("C_0_conv", 100, weights)  # type: ignore[attr-defined]
    return [integer(1, 4) + piece(2, piece(1, piece(1, "input")) + piece(100, texts)) + piece(500, layers)]


def _traineddata_seeds() -> list[bytes]:
    writing = _module(ADAPTER_TESTS / "tesseract" / "traineddata_writer.py")
    kinds = (("float64", "<", False), ("int8", "<", True), ("float32", ">", False))
    return [
        writing.recognizer_file(writing.Writer(weights=weights, order=order), inside=inside)  # type: ignore[attr-defined]
        for weights, order, inside in kinds
    ]


def _sidecar_seeds() -> list[bytes]:
    return [
        b'alphabet = "abc"\nblank = 0\nheight = 32\nmean = [0.5, 0.4, 0.3]\nstd = 0.5\n',
        b'variant = "rgb"\nkeep_ratio = true\nalphabet = "chars.txt"\n[other]\na.b.c = 1\n',
    ]


def _recording_seeds() -> list[bytes]:
    import numpy as np

    import gateviz

    line = np.full((32, 64), 255, np.uint8)
    line[8:24, 10:50:7] = 0
    with tempfile.TemporaryDirectory() as folder:
        gateviz.record(gateviz.load(), line, layers=[0], quantities=["forget_gate"]).save(
            Path(folder) / "a.safetensors"
        )
        return [(Path(folder) / "a.safetensors").read_bytes()]


def _image_seeds() -> list[bytes]:
    import cv2
    import numpy as np

    line = np.full((12, 40, 3), 255, np.uint8)
    line[3:9, 4:30:5] = 0
    return [cv2.imencode(ending, line)[1].tobytes() for ending in (".png", ".jpg", ".bmp", ".tiff", ".webp", ".pgm")]
