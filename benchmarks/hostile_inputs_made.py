"""The inputs of ``benchmarks.hostile_inputs``: each is written when its turn comes, and named with its command."""

import io
import json
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

import gateviz

ASSETS = Path(gateviz.__file__).parent / "assets"
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Input:
    """One input.

    Attributes:
        name: what is wrong with it.
        arguments: the command line that reads it, from the folder that holds it.
    """

    name: str
    arguments: tuple[str, ...]


def made_inputs(folder: Path) -> Iterator[Input]:
    """Every input in turn, its file written just before."""
    for makers in (_IMAGES, _NAMES, _LISTS):
        for name, (file, content, *command) in makers.items():
            path = folder / file
            path.write_bytes(content())
            yield Input(name, tuple(command or ("read",)) + (() if "--edit" in command else (file,)))
    yield from _recordings(folder)
    yield from _sidecars(folder)
    yield from _command_lines(folder)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, color: int, depth: int, rows: int | None = None) -> bytes:
    samples = {0: 1, 2: 3, 4: 2, 6: 4}[color]
    row = b"\0" + b"\xff" * ((width * samples * depth + 7) // 8)
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return _PNG + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _claiming(width: int, height: int) -> bytes:
    """A small PNG that says it is so large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return _PNG + _chunk(b"IHDR", header) + _png(100, 32, 0, 8)[33:]


def _packed(kind: bytes) -> bytes:
    """A small PNG with 900 MB of zeros packed into a chunk."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(900)) + packer.flush()
    plain = _png(100, 32, 0, 8)
    return plain[:33] + _chunk(kind, b"k\0\0" + packed) + plain[33:]


def _gif(frames: int) -> bytes:
    file = io.BytesIO()
    Image.new("P", (40, 8)).save(file, "GIF")
    return file.getvalue()[:-1] + b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0" * frames + b";"


def _tiff(pages: int, *, loop: bool = False, bits: int = 1) -> bytes:
    size = 2 + 12 * 9 + 4
    pixels = 8 + size * pages
    tags = [(256, 3, 1, 40), (257, 3, 1, 8), (258, 3, bits, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, pixels),
            (277, 3, 1, 1), (278, 3, 1, 8), (279, 4, 1, 320)]  # fmt: skip
    entries = struct.pack("<H", 9) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
    heads = [entries + struct.pack("<I", 8 + size * (page + 1)) for page in range(pages - 1)]
    return b"II*\0" + struct.pack("<I", 8) + b"".join(heads) + entries + struct.pack("<I", 8 * loop) + b"\xff" * 320


def _jpeg(exif: bytes) -> bytes:
    file = io.BytesIO()
    Image.open(ASSETS / "english.png").convert("L").save(file, "JPEG", exif=exif)
    return file.getvalue()


def _english() -> bytes:
    return (ASSETS / "english.png").read_bytes()


_IMAGES: dict[str, tuple[Any, ...]] = {
    "25 million pixels with alpha": ("rgba.png", lambda: _png(158_000, 158, 6, 8)),
    "25 million pixels, 16 bits, with alpha": ("rgba16.png", lambda: _png(158_000, 158, 6, 16)),
    "2^31 x 2^31 pixels": ("huge.png", lambda: _claiming(2**31 - 1, 2**31 - 1)),
    "no pixels": ("none.png", lambda: _png(0, 0, 0, 8)),
    "100,000 columns": ("wide.png", lambda: _png(100_000, 100, 0, 8)),
    "cut after 3 of 100 rows": ("cut.png", lambda: _png(1000, 100, 0, 8, rows=3)),
    "0 bytes": ("empty.png", lambda: b""),
    "zTXt of 900 MB": ("ztxt.png", lambda: _packed(b"zTXt")),
    "iCCP of 900 MB": ("iccp.png", lambda: _packed(b"iCCP")),
    "GIF of 1,500,000 frames": ("frames.gif", lambda: _gif(1_500_000)),
    "TIFF of 300,000 pages": ("pages.tif", lambda: _tiff(300_000)),
    "TIFF whose pages go round": ("loop.tif", lambda: _tiff(2, loop=True)),
    "TIFF of one page": ("one.tif", lambda: _tiff(1)),
    "TIFF tag of 2^31 values": ("count.tif", lambda: _tiff(1, bits=2**31 - 1)),
    "EXIF of noise": ("exif.jpg", lambda: _jpeg(b"Exif\0\0" + bytes(range(256)) * 8)),
    "EXIF that points nowhere": ("exif2.jpg", lambda: _jpeg(b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0\xff\xff\xff\xff" * 9)),
    "EPS, which would start a program": ("a.eps", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 32\n"),
}  # fmt: skip
_NAMES: dict[str, tuple[Any, ...]] = {
    "name with markup": ("<img src=x onerror=alert(1)>.png", _english, "plot", "-o", "a.png"),
    "name of a formula": ("a$\\frac{1}$b$.png", _english, "plot", "-o", "b.svg"),
    "name with %s": ("%s{x}.png", _english),
    "name of 244 letters": ("x" * 240 + ".png", _english, "plot", "-o", "c.png"),
    "name that is no UTF-8": ("latin\udce9.png", _english),
    "name that is no UTF-8, drawn": ("latin\udce8.png", _english, "plot", "-o", "d.pdf"),
    "name that is no UTF-8, recorded": ("latin\udce7.png", _english, "record", "-o", "e.safetensors"),
    "name that is no UTF-8, explored": ("latin\udce6.png", _english, "explore", "-o", "f.html"),
}
_LISTS: dict[str, tuple[Any, ...]] = {
    "manifest with NUL in a path": ("nul.tsv", lambda: b"a\0b.png\ttext\n"),
    "manifest with a lone surrogate": ("surrogate.tsv", lambda: b"a.png\t\xed\xa0\x80\n"),
    "manifest with a text of 100 MB": ("text.tsv", lambda: b"a.png\t" + b"a" * 100_000_000 + b"\n"),
    "manifest with a path of 10 MB": ("path.tsv", lambda: b"a" * 10_000_000 + b".png\ttext\n"),
    "manifest of 3 million tabs": ("tabs.tsv", lambda: b"\t" * 3_000_000),
    "manifest in UTF-16": ("utf16.tsv", lambda: "a.png\ttext\n".encode("utf-16")),
    "claims of 200 KB of dots": ("dots.toml", lambda: b"x." * 100_000 + b"y=1", "claims", str(ASSETS / "english.png"), "--claims"),
    "claims nested 100,000 deep": ("deep.toml", lambda: b"a=" + b"[" * 100_000, "claims", str(ASSETS / "english.png"), "--claims"),
    "claims with 5,000 digits": ("digits.toml", lambda: b"a=" + b"9" * 5000, "claims", str(ASSETS / "english.png"), "--claims"),
    "claims of another kind": ("kind.toml", lambda: b"claim=1", "claims", str(ASSETS / "english.png"), "--claims"),
}  # fmt: skip


def _recordings(folder: Path) -> Iterator[Input]:
    good = folder / "good.safetensors"
    gateviz.record(gateviz.load(), ASSETS / "english.png").save(good)
    raw = good.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header, arrays = json.loads(raw[8 : 8 + size]), raw[8 + size :]
    document = json.loads(header["__metadata__"]["gateviz"])

    def written(name: str, text: str, data: bytes = arrays) -> str:
        head = json.dumps({**header, "__metadata__": {"gateviz": text}}).encode()
        (folder / name).write_bytes(struct.pack("<Q", len(head)) + head + data)
        return name

    for number, (name, change) in enumerate(_CHANGES.items()):
        changed = json.loads(json.dumps(document))
        change(changed)
        file = written(f"r{number}.safetensors", json.dumps(changed))
        yield Input(f"recording: {name}", ("read", file))
        yield Input(f"recording: {name}, drawn", ("plot", file, "-o", f"r{number}.png"))
    yield Input("recording: cut short", ("read", written("cut.safetensors", json.dumps(document), arrays[:1000])))
    yield Input("recording: document of 60 MB of []", ("read", written("lists.safetensors", '{"kind":[' + "[]," * 20_000_000 + "0]}")))  # fmt: skip
    yield Input("recording: document nested 1,000,000 deep", ("read", written("deep.safetensors", "[" * 1_000_000)))
    yield Input("recording: document with 5,000 digits", ("read", written("digits.safetensors", '{"a":' + "9" * 5000 + "}")))  # fmt: skip
    (folder / "head.safetensors").write_bytes(struct.pack("<Q", 2**63) + b"{}")
    yield Input("recording: header of 2^63 bytes", ("read", "head.safetensors"))
    offsets = json.dumps({"image": {"dtype": "U8", "shape": [2**62, 4], "data_offsets": [0, 2**64]}}).encode()
    (folder / "shape.safetensors").write_bytes(struct.pack("<Q", len(offsets)) + offsets)
    yield Input("recording: array of 2^64 bytes", ("read", "shape.safetensors"))


def _change(*keys: str, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for key in keys[:-1]:
            place = place[int(key) if isinstance(place, list) else key]
        place[int(keys[-1]) if isinstance(place, list) else keys[-1]] = to

    return change


_CHANGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "stride of 0": _change("grid", "stride", to=0),
    "stride of 1e300": _change("grid", "stride", to=1e300),
    "stride of 10^400": _change("grid", "stride", to=10**400),
    "center of 1e308": _change("grid", "first_center", to=1e308),
    "width of 10^15": _change("grid", "source_width", to=10**15),
    "width of 10^400": _change("grid", "source_width", to=10**400),
    "true for a number": _change("grid", "frame_count", to=True),
    "10^9 as layer": _change("traces", "0", "layer", to=10**9),
    "10^12 classes": _change("alphabet", "class_count", to=10**12),
    "a code of 100,000 labels": _change("alphabet", "codes", "0", to=[1] * 100_000),
    "a symbol of 100,000 characters": _change("alphabet", "symbols", "0", to="a" * 100_000),
    "a lone surrogate as symbol": _change("alphabet", "symbols", "0", to="\ud800"),
    "NUL as symbol": _change("alphabet", "symbols", "0", to="\0"),
    "a lone surrogate as image": _change("provenance", "image", to="\udcff.png"),
    "markup and escapes as model": _change("provenance", "checkpoint", to="</script>\x1b]0;x\x07"),
    "witness of 10^400": _change("provenance", "witness", to=10**400),
    "remarks that are no list": _change("provenance", "remarks", to={"a": 1}),
    "remark of a million characters": _change("provenance", "remarks", to=["a" * 1_000_000]),
}


def _sidecars(folder: Path) -> Iterator[Input]:
    shutil.copy(ASSETS / "english.png", folder / "line.png")
    for number, (name, content) in enumerate(_TOML.items()):
        model = folder / f"side{number}.safetensors"
        model.symlink_to(ASSETS / "bundled.safetensors")
        (folder / f"side{number}.gateviz.toml").write_bytes(content)
        yield Input(f"sidecar: {name}", ("read", "line.png", "--model", model.name))


_TOML = {
    "5,000 digits": b"blank=" + b"9" * 5000,
    "401 digits": b"height=1" + b"0" * 400,
    "401 digits as mean": b"mean=1" + b"0" * 400,
    "infinite mean": b"mean=1e99999",
    "nan": b"mean=nan\nstd=inf",
    "nested 100,000 deep": b"a=" + b"[" * 100_000,
    "inline tables 100,000 deep": b"a=" + b"{a=" * 100_000,
    "200 KB of dotted keys": b"x." * 100_000 + b"y=1",
    "1 MiB of small keys": b"".join(b"k%d=1\n" % number for number in range(95_000)),
    "1 MiB of escapes": b'alphabet="' + b"\\n" * 520_000 + b'"',
    "2 MiB": b"# " + b"x" * 2**21,
    "a date": b"alphabet=2020-01-01",
    "a factory": b'factory="os:system"',
    "padding of 1e9": b"pad_left=1e9",
    "UTF-16": b"\xff\xfe",
    "a table": b"[mean]\nx=1",
}


def _command_lines(folder: Path) -> Iterator[Input]:
    for words in (
        "clamp forget_gate 1e999", "clamp forget_gate 0 units=0-999999", "scale forget_gate 1 columns=1e308:2e308",
        "patch forget_gate line.png", "clamp forget_gate 0 frames=999999999:999999999", "ablate forget_gate mean=good",
        "clamp forget_gate 0 units=" + "1," * 60_000, "clamp \udce9 0", "clamp 'forget_gate 0", "\0",
    ):  # fmt: skip
        yield Input(f"--edit {words[:40]!r}", ("read", "line.png", "--edit", words))
    yield Input(
        "alphabet file of 5 MB", ("read", "line.png", "--alphabet", _wrote(folder / "big.txt", b"a" * 5_000_000))
    )
    yield Input(
        "alphabet file of noise", ("read", "line.png", "--alphabet", _wrote(folder / "noise.txt", b"\xff\0" * 50))
    )
    for number, (name, document) in enumerate(_WATCHED.items()):
        home = folder / f"run{number}" / "gates"
        home.mkdir(parents=True)
        head = json.dumps({"__metadata__": {"gateviz": document}}).encode()
        (home / "line.safetensors").write_bytes(struct.pack("<Q", len(head)) + head)
        yield Input(f"watched training: {name}", ("watch", home.parent.name))
    pairs = folder / "pairs"
    pairs.mkdir()
    shutil.copy(ASSETS / "english.png", pairs / "a.png")
    (pairs / "a.gt.txt").write_bytes(b"\xed\xa0\x80")
    shutil.copy(ASSETS / "english.png", pairs / "b.png")
    (pairs / "b.gt.txt").write_bytes(b"a" * 50_000_000)
    shutil.copy(ASSETS / "english.png", pairs / "c.png")
    (pairs / "c.gt.txt").write_bytes(b"\0")
    yield Input("texts of half characters, 50 MB and NUL", ("eval", "pairs"))
    lmdb = folder / "lmdb"
    lmdb.mkdir()
    (lmdb / "data.mdb").write_bytes(b"\xde\xc0\xef\xbe" * 4096)
    yield Input("LMDB of noise", ("eval", "lmdb"))


def _wrote(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return path.name


_LINE = '{"kind":"watched line","format_version":1,"grid":%s,"truth":"","name":"","evenly":true}'
_WATCHED = {
    "no JSON": "{",
    "nested 100,000 deep": "[" * 100_000,
    "5,000 digits": '{"kind":' + "9" * 5000 + "}",
    "a grid that is none": _LINE % '{"frame_count": 1}',
    "a grid of 10^400": _LINE
    % ('{"frame_count":1' + "0" * 400 + ',"stride":1,"first_center":0,"receptive_field":1,"source_width":1}'),
}
