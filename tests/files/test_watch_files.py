"""A watched training on disk: it comes back as it was, and what is damaged is named."""

import json
import struct

import numpy as np
import pytest

from gateviz.data.alignment import Span
from gateviz.data.frames import FrameGrid
from gateviz.data.gate_health import GateHealth
from gateviz.data.gates import Direction, Quantity
from gateviz.data.watch import LayerWatch, ReadingWatch, WatchedLine, WatchRecord
from gateviz.errors import OutputError, RecordingFileError
from gateviz.files.watch_files import FOLDER, forget_from, read_watch, steps_in, write_line, write_step

GRID = FrameGrid(5, 4.0, 2.0, 9.5, 20)
LINE = WatchedLine(GRID, np.arange(160, dtype=np.uint8).reshape(8, 20), "好a", "a.png", True)


def record(step, *, with_reading=True):
    rng = np.random.default_rng(step)

    def gates(size):
        return {gate: rng.random(size, np.float32) for gate in (Quantity.INPUT_GATE, Quantity.FORGET_GATE)}

    times = np.array([1.5, np.inf, 0.0], np.float32)
    layers = tuple(LayerWatch(2, way, gates(3), gates(3), gates(5), times) for way in Direction)
    reading = ReadingWatch(
        "好", (Span("好", 1, 3, -0.25),), rng.random(5, np.float32), rng.random(5, np.float32), 0.6, 0.5
    )
    health = GateHealth(6, 0.5, 3.25, 0.125, (0.0, 1.0))
    return WatchRecord(step, layers, reading if with_reading else None, health if with_reading else None)


def same(one, other):
    """Whether two nouns hold the same, arrays bit for bit."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if hasattr(one, "__dataclass_fields__"):
        return all(same(getattr(one, name), getattr(other, name)) for name in one.__dataclass_fields__)
    return one == other


@pytest.fixture
def folder(tmp_path):
    """A run folder with records 0, 5 and 20."""
    path = tmp_path / FOLDER
    path.mkdir()
    write_line(path, LINE)
    for step in (0, 5, 20):
        write_step(path, record(step, with_reading=step != 5))
    return path


def test_it_comes_back_as_it_was_from_either_folder(folder):
    for path in (folder, folder.parent, str(folder)):
        history = read_watch(path)
        assert same(history.line, LINE)
        assert same(history.records, (record(0), record(5, with_reading=False), record(20)))


def test_a_line_without_an_image_comes_back(tmp_path):
    line = WatchedLine(FrameGrid(5, 1.0, 0.5, 1.0, 5))
    write_line(tmp_path, line)
    assert read_watch(tmp_path).line == line
    assert read_watch(tmp_path).records == ()


def test_later_steps_can_be_forgotten(folder):
    (folder / "00000020.layers.safetensors").write_bytes(b"x")
    assert steps_in(folder) == [0, 5, 20]
    forget_from(folder, 6)
    assert [entry.name for entry in sorted(folder.iterdir())] == [
        "00000000.safetensors",
        "00000005.safetensors",
        "line.safetensors",
    ]


def test_a_file_that_is_being_written_is_no_record(folder):
    (folder / ".00000030.abc.safetensors").write_bytes(b"half")
    assert len(read_watch(folder).records) == 3


def test_a_folder_without_a_watch_is_named(tmp_path):
    with pytest.raises(RecordingFileError, match=r"holds no watched training: neither it nor gates in it has a line"):
        read_watch(tmp_path)


def test_a_damaged_record_is_named(folder):
    path = folder / "00000005.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    with pytest.raises(RecordingFileError, match=r"00000005\.safetensors is no recording: it is no whole safetensors"):
        read_watch(folder)
    size = struct.unpack("<Q", whole[:8])[0]
    header = json.loads(whole[8 : 8 + size])
    document = json.loads(header["__metadata__"]["gateviz"])
    for wrong, words in (
        ({**document, "layers": [{"layer": 0}]}, r"00000005\.safetensors is damaged: KeyError"),
        ({**document, "kind": "recording"}, r"is no watched step of this gateviz \(format 1\) but 'recording'"),
        ({**document, "format_version": 9}, r"of format 9"),
        ({**document, "layers": [{"layer": 7, "direction": "forward", "gates": []}]}, r"no readable 7\.forward"),
    ):
        header["__metadata__"]["gateviz"] = json.dumps(wrong)
        told = json.dumps(header).encode()
        path.write_bytes(struct.pack("<Q", len(told)) + told + whole[8 + size :])
        with pytest.raises(RecordingFileError, match=words):
            read_watch(folder)


def test_a_folder_that_is_gone_is_an_output_error(folder):
    with pytest.raises(OutputError, match="there is no folder"):
        write_step(folder / "none", record(1))
