"""Every reader of files, as a function of a path: what ``fuzz_readers`` hands made-up bytes to.

What is imported stands inside the functions, since only what is imported after atheris is seen by it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import fuzz_seeds

# Bytes of the storages of the first seed, so that its pickle is read to its end as long as it is whole.
_STORAGES = (24, 4, 8)


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


def _checkpoint(path: Path) -> object:
    from gateviz.adapters.opening import open_model_file

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
            ("version", b"3\n"),
            *((f"data/{number}", bytes(size)) for number, size in enumerate(_STORAGES)),
        ):
            archive.writestr(f"archive/{name}", data)
    return _checkpoint(archive_path)


def _crnn_document(path: Path) -> object:
    from gateviz.networks.crnn_file import read_document

    return read_document(path.read_bytes().decode("utf-8", "surrogateescape"))


def _onnx(path: Path) -> object:
    from gateviz.adapters.core.files import reading
    from gateviz.adapters.onnx.division import divided, obstacles
    from gateviz.adapters.onnx.graph import read_graph
    from gateviz.adapters.opening import open_model_file

    file = open_model_file(path)
    with reading(path):
        graph = read_graph(file)
        return obstacles(graph) or divided(graph)


def _program(path: Path) -> object:
    from gateviz.adapters.paddle.program import read_program

    return read_program(path.read_bytes(), path.name)


def _kraken(path: Path) -> object:
    from gateviz.adapters.core.files import reading
    from gateviz.adapters.kraken.adapter import ADAPTER
    from gateviz.adapters.opening import open_model_file

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
    from gateviz.adapters.core.alphabets import find_alphabet

    return find_alphabet(path, 4, blank=0, checkpoint=path.with_suffix(".pth"))


def _sidecar(path: Path) -> object:
    from gateviz.adapters.core.sidecar import read_sidecar

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


READERS: dict[str, Reader] = {
    "torch": Reader(".pth", _checkpoint, fuzz_seeds.torch_seeds),
    "torch-legacy": Reader(".pt", _checkpoint, fuzz_seeds.legacy_seeds),
    "pickle": Reader(".bin", _pickle, fuzz_seeds.pickle_seeds),
    "safetensors": Reader(".safetensors", _checkpoint, fuzz_seeds.safetensors_seeds),
    "crnn-document": Reader(".json", _crnn_document, fuzz_seeds.document_seeds),
    "onnx": Reader(".onnx", _onnx, fuzz_seeds.onnx_seeds),
    "paddle-parameters": Reader(".pdparams", _checkpoint, fuzz_seeds.paddle_seeds),
    "paddle-program": Reader(".pdmodel", _program, fuzz_seeds.program_seeds),
    "kraken": Reader(".safetensors", _kraken, fuzz_seeds.kraken_seeds),
    "vgsl": Reader(".txt", _vgsl, lambda: [b"[1,12,0,1 Cr{C_0}3,3,4 Do0.1,2 Mp2,2 S1(1x0)1,3 Lbx5 (Lfx3 [Lbx2 A3,2]) O1c7]"]),
    "core-ml": Reader(".mlmodel", _kraken, fuzz_seeds.core_ml_seeds),
    "traineddata": Reader(".traineddata", _traineddata, fuzz_seeds.traineddata_seeds),
    "alphabet": Reader(".txt", _alphabet, lambda: [b"a\nb\nc\n", b"abc", b"<blank>\na\nb\nc\n", "中\r\n文\n".encode()]),
    "sidecar": Reader(".gateviz.toml", _sidecar, fuzz_seeds.sidecar_seeds),
    "manifest": Reader(".tsv", _manifest, lambda: [b"a.png\ttext\nb.png\tmore\n", b'"a b.png"\t\n', b"\xef\xbb\xbfc.png\tx\r\n"]),
    "recording": Reader(".safetensors", _recording, fuzz_seeds.recording_seeds),
    "image": Reader(".png", _image, fuzz_seeds.image_seeds),
}  # fmt: skip
