"""Recordings on disk: exact round trips, one array without the rest, one sentence for everything else."""

import json
import math
import os
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import GRU_QUANTITIES, LSTM_QUANTITIES, Direction, GateTrace, Quantity
from gateviz.data.provenance import Provenance
from gateviz.errors import GatevizError, MissingExtraError, OutputError, RecordingFileError, SelectionError, ShapeError
from gateviz.files.tensors import TensorFile, opened_tensors, write_tensors
from gateviz.recording import Recording, open_recording

SAME_FOLDER = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def small(frames: int = 5, units: int = 3, seed: int = 1) -> Recording:
    rng = np.random.default_rng(seed)
    traces = tuple(
        GateTrace(
            layer,
            direction,
            {quantity: rng.random((frames, units), dtype=np.float32) for quantity in LSTM_QUANTITIES},
            f"rnn.{layer}",
        )
        for layer in (0, 1)
        for direction in Direction
    )
    log_probs = np.log(rng.dirichlet(np.ones(3), frames)).astype(np.float32)
    return Recording(
        rng.integers(0, 256, (6, 20), dtype=np.uint8),
        FrameGrid(frames, 4.0, 2.0, 10.0, 20),
        traces,
        Emission(log_probs, Alphabet.from_symbols("aé", blank=0)),
        Provenance(
            adapter="crnn",
            checkpoint="a.pth",
            witness=1e-7,
            edits=("clamped",),
            remarks=("odd: 1",),
            versions={"torch": "2"},
        ),
    )


def assert_same(ours: Recording, theirs: Recording) -> None:
    """Every field equal, arrays bit by bit."""
    assert ours.grid == theirs.grid
    assert ours.provenance == theirs.provenance or math.isnan(ours.provenance.witness or 0)
    assert (ours.image is None) == (theirs.image is None)
    if ours.image is not None and theirs.image is not None:
        np.testing.assert_array_equal(ours.image, theirs.image)
    assert (ours.emission is None) == (theirs.emission is None)
    if ours.emission is not None and theirs.emission is not None:
        assert ours.emission.alphabet == theirs.emission.alphabet
        assert ours.emission.log_probs.tobytes() == theirs.emission.log_probs.tobytes()
    assert [(t.layer, t.direction, t.module) for t in ours.traces] == [
        (t.layer, t.direction, t.module) for t in theirs.traces
    ]
    for mine, yours in zip(ours.traces, theirs.traces, strict=True):
        assert list(mine.values) == list(yours.values)
        for quantity in mine.values:
            assert mine[quantity].dtype == yours[quantity].dtype == np.float32
            assert mine[quantity].shape == yours[quantity].shape
            assert mine[quantity].tobytes() == yours[quantity].tobytes()


# Round trips

words = st.text(max_size=8)
finite = st.floats(-1e8, 1e8)
positive = st.floats(0, 1e8, exclude_min=True)


@st.composite
def matrices(draw, frames: int, columns: int) -> np.ndarray:
    # Any bit pattern: NaN payloads, infinities and subnormal numbers too.
    return draw(hnp.arrays(np.uint32, (frames, columns))).view(np.float32)


@st.composite
def parts(draw) -> dict:
    """Everything that makes a recording; the nouns are built outside, for their run-time checks draw random numbers."""
    frames, units, width = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 9))
    places = draw(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(Direction)), unique=True, max_size=3))
    traces = []
    for layer, direction in places:
        family = draw(st.sampled_from([LSTM_QUANTITIES, GRU_QUANTITIES]))
        quantities = draw(st.lists(st.sampled_from(family), unique=True, min_size=1))
        values = {
            quantity: draw(matrices(frames, 2 if quantity is Quantity.HIDDEN_STATE else units))
            for quantity in quantities
        }
        traces.append((layer, direction, values, draw(words)))
    emission = None
    if not traces or draw(st.booleans()):
        symbols = draw(st.lists(st.text(min_size=1, max_size=3), unique=True, max_size=4))
        emission = (draw(matrices(frames, len(symbols) + 1)), symbols, draw(st.integers(0, len(symbols))))
    shape = draw(st.sampled_from([(3, width), (3, width, 3)]))
    return {
        "image": draw(st.none() | hnp.arrays(np.uint8, shape)),
        "grid": (frames, draw(positive), draw(finite), draw(positive | st.just(math.inf)), width),
        "traces": traces,
        "emission": emission,
        "names": [draw(words) for _ in range(7)],
        "engine": draw(st.dictionaries(words, words, max_size=2)),
        "witness": draw(st.none() | st.floats()),
        "edits": tuple(draw(st.lists(words, max_size=2))),
        "versions": draw(st.dictionaries(words, words, max_size=2)),
    }


def built(parts: dict) -> Recording:
    emission = None
    if parts["emission"]:
        log_probs, symbols, blank = parts["emission"]
        emission = Emission(log_probs, Alphabet.from_symbols(symbols, blank=blank))
    provenance = Provenance(
        *parts["names"], **{name: parts[name] for name in ("engine", "witness", "edits", "versions")}
    )
    traces = tuple(GateTrace(*trace) for trace in parts["traces"])
    return Recording(parts["image"], FrameGrid(*parts["grid"]), traces, emission, provenance)


@SAME_FOLDER
@given(parts=parts())
def test_a_recording_comes_back_exactly(tmp_path, parts):
    recording = built(parts)
    recording.save(tmp_path / "a.safetensors")
    assert_same(recording, open_recording(tmp_path / "a.safetensors"))


def test_strided_arrays_are_stored_by_their_values_not_their_memory(tmp_path):
    values = np.arange(24, dtype=np.float32).reshape(4, 6)
    recording = Recording(
        np.arange(48, dtype=np.uint8).reshape(6, 8).T[:4, :6:2],
        FrameGrid(6, 1.0, 0.5, 1.0, 3),
        (GateTrace(0, Direction.FORWARD, {Quantity.CELL_STATE: values.T, Quantity.HIDDEN_STATE: values.T[::-1]}),),
    )
    recording.save(tmp_path / "a.safetensors")
    assert_same(recording, open_recording(tmp_path / "a.safetensors"))


def test_an_alphabet_of_longer_codes_comes_back(tmp_path):
    alphabet = Alphabet(("a", "ab", "中"), ((0,), (0, 1), (1, 2, 0)), 3, 4)
    recording = Recording(
        None, FrameGrid(2, 1.0, 0.5, 1.0, 2), (), Emission(np.full((2, 4), -1.5, np.float32), alphabet)
    )
    recording.save(tmp_path / "a.safetensors")
    assert open_recording(tmp_path / "a.safetensors").emission.alphabet == alphabet


def test_the_names_in_the_file_are_those_that_are_documented(tmp_path):
    small().save(tmp_path / "a.safetensors")
    with opened_tensors(tmp_path / "a.safetensors") as file:
        assert set(file.names) == {"image", "emission.log_probs"} | {
            f"trace.{layer}.{direction}.{quantity}"
            for layer in (0, 1)
            for direction in ("forward", "backward")
            for quantity in LSTM_QUANTITIES
        }
        assert file.document["format_version"] == 1
        assert file.document["grid"]["stride"] == 4.0
        assert file.document["alphabet"]["symbols"] == ["a", "é"]
        assert file.document["provenance"]["edits"] == ["clamped"]


def test_the_derived_text_survives(tmp_path):
    recording = small()
    recording.save(tmp_path / "a.safetensors")
    assert open_recording(tmp_path / "a.safetensors").alignment.spans == recording.alignment.spans


# One array without the rest


def test_only_what_was_asked_for_is_read(tmp_path, monkeypatch):
    recording = small()
    recording.save(tmp_path / "a.safetensors")
    read = []
    whole = TensorFile.read
    monkeypatch.setattr(TensorFile, "read", lambda file, name: (read.append(name), whole(file, name))[1])
    part = open_recording(tmp_path / "a.safetensors", layers=[1], quantities=["forget_gate"])
    assert sorted(read) == [
        "emission.log_probs",
        "image",
        "trace.1.backward.forget_gate",
        "trace.1.forward.forget_gate",
    ]
    assert [list(trace.values) for trace in part.traces] == [[Quantity.FORGET_GATE]] * 2
    np.testing.assert_array_equal(part.trace(1).forget_gate, recording.trace(1).forget_gate)


def test_a_single_quantity_may_be_named_without_a_list(tmp_path):
    small().save(tmp_path / "a.safetensors")
    part = open_recording(tmp_path / "a.safetensors", quantities="cell_state")
    assert {tuple(trace.values) for trace in part.traces} == {(Quantity.CELL_STATE,)}


def test_one_gate_of_a_large_file_costs_the_memory_of_one_gate(tmp_path):
    big = np.zeros((2000, 1000), np.float32)
    traces = dict.fromkeys(LSTM_QUANTITIES, big)
    Recording.of_traces([GateTrace(0, Direction.FORWARD, traces)]).save(tmp_path / "a.safetensors")
    script = (
        "import resource, sys\n"
        "from gateviz.files.tensors import opened_tensors\n"
        "with opened_tensors(sys.argv[1]) as file:\n"
        "    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "    for name in sys.argv[2:]: file.read(name)\n"
        "sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "a.safetensors"), "trace.0.forward.forget_gate"]
    grown = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    # Mapped pages and their copy: 2 x 8 MB of the file's 48 MB.
    assert grown < 20_000


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (
            {"layers": [2]},
            r"no trace was recorded of layers 2 and quantities all; there are layer 0 forward: input_gate",
        ),
        ({"quantities": ["reset_gate"]}, r"no trace was recorded of layers all and quantities reset_gate"),
        ({"quantities": ["forget"]}, r"there is no quantity forget; there are input_gate, forget_gate"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(tmp_path, choice, words):
    small().save(tmp_path / "a.safetensors")
    with pytest.raises(SelectionError, match=words):
        open_recording(tmp_path / "a.safetensors", **choice)


# What cannot be opened


def test_missing_empty_and_foreign_files_are_told_apart(tmp_path):
    with pytest.raises(RecordingFileError, match=r"there is no recording .*a.safetensors; check the path"):
        open_recording(tmp_path / "a.safetensors")
    with pytest.raises(RecordingFileError, match=r"is no file, and a recording is one .safetensors file"):
        open_recording(tmp_path)
    (tmp_path / "a.safetensors").touch()
    with pytest.raises(RecordingFileError, match=r"a.safetensors is empty \(0 bytes\); record the line again"):
        open_recording(tmp_path / "a.safetensors")
    (tmp_path / "a.safetensors").write_text("just some text, but long enough for a header")
    with pytest.raises(RecordingFileError, match=r"is no recording: it is no whole safetensors file"):
        open_recording(tmp_path / "a.safetensors")


def test_a_truncated_file_is_no_whole_file(tmp_path):
    path = tmp_path / "a.safetensors"
    small().save(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RecordingFileError, match=r"is no whole safetensors file"):
        open_recording(path)


def test_a_checkpoint_is_no_recording(tmp_path):
    from safetensors.numpy import save_file

    save_file({"weight": np.zeros(3, np.float32)}, tmp_path / "model.safetensors")
    with pytest.raises(RecordingFileError, match=r"without a recording in it .* a checkpoint goes to --model"):
        open_recording(tmp_path / "model.safetensors")


def written(path, change) -> None:
    """A recording whose document was changed by ``change``."""
    small().save(path)
    with opened_tensors(path) as file:
        document = json.loads(json.dumps(dict(file.document)))
        tensors = {name: file.read(name) for name in file.names}
    change(document, tensors)
    write_tensors(path, tensors, document)


def test_a_later_version_asks_for_an_update(tmp_path):
    path = tmp_path / "a.safetensors"
    written(path, lambda document, tensors: document.update(format_version=3))
    with pytest.raises(
        RecordingFileError,
        match=r"a.safetensors was written by a later gateviz \(format 3; this one reads up to 2\); update gateviz",
    ):
        open_recording(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d, t: d.update(kind="checkpoint"), "is no recording but a 'checkpoint' of gateviz"),
        (lambda d, t: d.update(format_version=0), "has the format 0, which never was"),
        (lambda d, t: d.update(format_version=True), "'format_version' in its document is bool where int belongs"),
        (lambda d, t: d.pop("grid"), "its document has no 'grid'"),
        (lambda d, t: d["grid"].update(stride=-1.0), "does not fit together: a frame grid needs a positive stride"),
        (lambda d, t: d["grid"].update(stride=10**400), "'stride' in its document is int where float belongs"),
        (lambda d, t: d["grid"].update(stride="4"), "'stride' in its document is str where float belongs"),
        (lambda d, t: d["grid"].update(frame_count=6), "does not fit together: a recording of 6 frames was given"),
        (lambda d, t: d["grid"].update(source_width=21), "does not fit together: the image has 20 columns"),
        (lambda d, t: d["alphabet"].update(blank=9), "does not fit together: the blank 9 is no class of 3"),
        (lambda d, t: d["alphabet"]["symbols"].append("b"), "does not fit together: an alphabet of 3 symbols"),
        (lambda d, t: d["alphabet"]["codes"].append([True]), "'codes' in its document is bool where int belongs"),
        (lambda d, t: d["traces"][0].update(direction="up"), "it names a trace 'up' of input_gate"),
        (lambda d, t: d["traces"][0].update(quantities=[]), "it names a trace 'forward' of nothing"),
        (lambda d, t: d["traces"].append(d["traces"][0]), "one stands twice"),
        (lambda d, t: d["traces"].append(5), "'traces' in its document is int where dict belongs"),
        (lambda d, t: d["provenance"].update(engine={"a": 1}), "'engine' in its document is int where str belongs"),
        (lambda d, t: t.pop("image"), "holds no readable image"),
        (lambda d, t: t.pop("trace.0.forward.cell_state"), "holds no readable trace.0.forward.cell_state"),
        (lambda d, t: t.update(image=np.zeros((4, 20, 4), np.uint8)), r"its image is uint8 \(4, 20, 4\)"),
        (lambda d, t: t.update(image=np.zeros(4, np.uint8)), r"its image is uint8 \(4,\)"),
        (
            lambda d, t: t.update({"emission.log_probs": np.zeros((5, 0), np.float32)}),
            r"emission.log_probs is float32 \(5, 0\), not a float32 matrix",
        ),
        (
            lambda d, t: t.update({"trace.0.forward.cell_state": np.zeros((5, 3), np.uint8)}),
            "cell_state is uint8",
        ),
        (lambda d, t: d.update(traces=[], alphabet=None), "needs at least one trace or an emission"),
    ],
)
def test_a_damaged_recording_is_named_with_the_damage(tmp_path, change, words):
    path = tmp_path / "a.safetensors"
    written(path, change)
    with pytest.raises(RecordingFileError, match=words) as caught:
        open_recording(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "1" * 5000, '"text"', "[]"])
def test_a_document_that_is_no_object_is_named(tmp_path, text):
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(1, np.float32)}, tmp_path / "a.safetensors", metadata={"gateviz": text})
    with pytest.raises(RecordingFileError, match=r"has a document that is"):
        open_recording(tmp_path / "a.safetensors")


def test_a_foreign_number_type_is_named(tmp_path):
    from safetensors.numpy import save_file

    path = tmp_path / "a.safetensors"
    small().save(path)
    with opened_tensors(path) as file:
        tensors = {name: file.read(name) for name in file.names}
        text = json.dumps(dict(file.document))
    tensors["emission.log_probs"] = tensors["emission.log_probs"].astype(np.float64)
    save_file(tensors, path, metadata={"gateviz": text})
    with pytest.raises(
        RecordingFileError, match=r"emission.log_probs has the type F64, and a recording holds F32 and U8"
    ):
        open_recording(path)


def test_a_header_that_promises_more_than_the_file_holds_allocates_nothing(tmp_path):
    header = json.dumps({"image": {"dtype": "U8", "shape": [2**40], "data_offsets": [0, 2**40]}}).encode()
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(RecordingFileError, match="is no whole safetensors file"):
        open_recording(tmp_path / "a.safetensors")
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", 2**60) + header)
    with pytest.raises(RecordingFileError, match="is no whole safetensors file"):
        open_recording(tmp_path / "a.safetensors")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "a.safetensors"
    small(frames=2, units=1).save(path)
    return path.read_bytes()


@settings(SAME_FOLDER, max_examples=400)
@given(data=st.data())
def test_mutated_bytes_give_a_recording_or_one_sentence(tmp_path, whole, data):
    content = bytearray(whole)
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), min_size=1, max_size=4)
    ):
        content[place] = value
    cut = data.draw(st.just(len(content)) | st.integers(0, len(content)))
    path = tmp_path / "mutated.safetensors"
    path.write_bytes(content[:cut])
    try:
        recording = open_recording(path)
    except GatevizError as error:
        assert isinstance(error, RecordingFileError)
        assert "\n" not in str(error)
    else:
        assert recording.grid.frame_count == 2


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(SAME_FOLDER, max_examples=300)
@given(data=st.data(), value=json_values)
def test_any_value_anywhere_in_the_document_gives_a_recording_or_one_sentence(tmp_path, data, value):
    def replaced(document, tensors):
        place = document
        while True:
            keys = sorted(place) if isinstance(place, dict) else range(len(place))
            key = data.draw(st.sampled_from(keys))
            if not (isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans())):
                place[key] = value
                return
            place = place[key]

    path = tmp_path / "replaced.safetensors"
    written(path, replaced)
    try:
        recording = open_recording(path)
    except GatevizError as error:
        assert isinstance(error, RecordingFileError)
    else:
        assert recording.grid.frame_count == 5


# What cannot be saved


def test_two_traces_of_one_name_cannot_be_told_apart(tmp_path):
    trace = small().traces[0]
    with pytest.raises(ShapeError, match=r"of the traces 0.forward, 0.forward one stands twice"):
        Recording.of_traces([trace, trace]).save(tmp_path / "a.safetensors")


def test_arrays_of_another_type_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ShapeError, match=r"float32 and uint8 arrays only, not \{'a': 'float64'\}"):
        write_tensors(tmp_path / "a.safetensors", {"a": np.zeros(3)}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="there is no folder"):
        small().save(tmp_path / "nowhere" / "a.safetensors")


def test_a_recording_may_be_read_by_whoever_may_read_any_new_file(tmp_path):
    (tmp_path / "plain").write_text("")
    small().save(tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").stat().st_mode == (tmp_path / "plain").stat().st_mode


# xarray


def test_the_tree_holds_the_numbers_under_names(tmp_path):
    recording = small()
    tree = recording.to_xarray()
    for trace in recording.traces:
        for quantity, values in trace.values.items():
            node = tree[f"trace/{trace.layer}/{trace.direction}/{quantity}"]
            np.testing.assert_array_equal(node.values, values)
            assert node.dims == ("time", "unit")
            np.testing.assert_array_equal(node.coords["column"].values, recording.grid.centers)
    np.testing.assert_array_equal(tree["image"].values, recording.image)
    np.testing.assert_array_equal(tree["log_probs"].values, recording.emission.log_probs)
    labels = recording.alignment.path
    symbols = tree["trace/0/forward"].coords["symbol"].values
    assert symbols.tolist() == [("", "a", "é")[label] for label in labels]
    assert json.loads(tree.attrs["grid"])["stride"] == 4.0
    assert json.loads(tree.attrs["provenance"])["edits"] == ["clamped"]


def test_projected_states_have_a_dimension_of_their_own():
    values = {
        Quantity.FORGET_GATE: np.zeros((2, 4), np.float32),
        Quantity.HIDDEN_STATE: np.zeros((2, 3), np.float32),
    }
    tree = Recording.of_traces([GateTrace(0, Direction.FORWARD, values)]).to_xarray()
    assert tree["trace/0/forward/hidden_state"].dims == ("time", "projected")


def test_without_xarray_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(MissingExtraError, match=r"to_xarray needs xarray.*pip install 'gateviz\[xarray\]'"):
        small().to_xarray()


def test_the_tidy_table_has_a_row_a_number():
    recording = small()
    table = recording.to_frame()
    assert list(table.columns) == ["layer", "direction", "quantity", "unit", "frame", "column", "symbol", "value"]
    assert len(table) == sum(values.size for trace in recording.traces for values in trace.values.values())
    symbols = [("", "a", "é")[label] for label in recording.alignment.path]
    for trace in recording.traces:
        for quantity, values in trace.values.items():
            mine = table[
                table.layer.eq(trace.layer)
                & table.direction.eq(str(trace.direction))
                & table.quantity.eq(str(quantity))
            ]
            back = mine.pivot(index="frame", columns="unit", values="value")
            np.testing.assert_array_equal(back.to_numpy(), values)
            first = mine[mine.unit == 0]
            np.testing.assert_array_equal(first.column, recording.grid.centers)
            assert first.symbol.tolist() == symbols


def test_the_table_of_some_quantities_and_of_none():
    recording = small()
    table = recording.to_frame(quantities=[Quantity.FORGET_GATE])
    assert set(table.quantity) == {"forget_gate"}
    assert recording.to_frame(quantities=[]).empty
    assert list(recording.to_frame(quantities=[]).columns) == list(table.columns)


def test_a_recording_of_before_remarks_has_none(tmp_path):
    path = tmp_path / "a.safetensors"
    small().save(path)
    assert open_recording(path).remarks == ("odd: 1",)
    with opened_tensors(path) as file:
        tensors, document = {name: file.read(name) for name in file.names}, json.loads(json.dumps(dict(file.document)))
    del document["provenance"]["remarks"]
    write_tensors(path, tensors, document)
    assert open_recording(path).remarks == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda d: d["grid"].update(source_width=10**15),
            r"comes to 1,000,000,000,000,000 pixels, and at most 178,956,970",
        ),
        (lambda d: d["grid"].update(source_width=10**400), r"comes to some 10\^400 pixels"),
        (lambda d: d["grid"].update(first_center=-1e308), r"its first_center comes to 1e\+308 pixels, and at most"),
        (lambda d: d["grid"].update(stride=1e300), r"its stride comes to 1e\+300 pixels, and at most"),
        (
            lambda d: d["alphabet"]["symbols"].__setitem__(0, "a" * 65),
            "the symbol 'a{20}' of its alphabet comes to 65 char",
        ),
        (lambda d: d["alphabet"]["codes"].__setitem__(0, [1] * 65), "a code of its alphabet comes to 65 labels"),
        (
            lambda d: d["provenance"].update(remarks=["a" * 10_001]),
            "what is said of its line comes to 10,001 characters",
        ),
        (lambda d: d["provenance"].update(remarks=[1]), "'remarks' in its document is int where str belongs"),
        (lambda d: d["provenance"].update(witness=10**400), "'witness' in its document is int where float belongs"),
    ],
)
def test_a_document_beyond_its_bounds_is_one_sentence(tmp_path, change, words):
    path = tmp_path / "a.safetensors"
    small().save(path)
    with opened_tensors(path) as file:
        tensors, document = {name: file.read(name) for name in file.names}, json.loads(json.dumps(dict(file.document)))
    change(document)
    write_tensors(path, tensors, document)
    with pytest.raises(RecordingFileError, match=words):
        open_recording(path)


def test_headers_and_documents_beyond_their_bounds_are_not_parsed(tmp_path):
    path = tmp_path / "a.safetensors"
    document = '{"a":[' + "[]," * 1_400_000 + "0]}"
    write_tensors(path, {}, {"a": document})
    with pytest.raises(RecordingFileError, match=r"its header comes to .* bytes, and at most 4,194,304 are read"):
        open_recording(path)
    path.write_bytes(struct.pack("<Q", 2**62) + bytes(100))
    with pytest.raises(RecordingFileError, match="it is no whole safetensors file"):
        open_recording(path)
    with pytest.raises(RecordingFileError, match="cannot be read: embedded null byte"):
        open_recording(tmp_path / "a\0b")


def test_an_open_recording_no_longer_depends_on_its_file(tmp_path):
    path = tmp_path / "line.safetensors"
    small().save(path)
    found = open_recording(path)
    with path.open("r+b") as handle:
        handle.write(b"\x3f" * path.stat().st_size)
    assert_same(found, small())
    os.truncate(path, 0)
    assert_same(found, small())


def test_a_recording_that_is_cut_short_while_it_is_read_is_an_error_and_not_the_end_of_the_process(tmp_path):
    path = tmp_path / "line.safetensors"
    small().save(path)
    with opened_tensors(path) as file:
        os.truncate(path, path.stat().st_size // 2)
        with pytest.raises(RecordingFileError, match="cut short while it was read"):
            for name in file.names:
                file.read(name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda header: header["image"].update(shape=[6, 21]),
            r"of 'image' U8 \[6, 21\] in 120 bytes, which do not go",
        ),
        (lambda header: header["image"].update(data_offsets=[0, -1]), "no type, shape and place that can be read"),
        (lambda header: header["image"].update(shape=[2] * 40), "no type, shape and place that can be read"),
        (lambda header: header["image"].update(shape=[True, 120]), "no type, shape and place that can be read"),
        (lambda header: header.update(image=7), "of 'image' a int, and not type, shape and place"),
        (lambda header: header.pop("image"), "begins at byte .* where .* is due|its arrays take"),
        (lambda header: header["image"].update(data_offsets=[8, 128]), "begins at byte .* where .* is due"),
        (lambda header: header["__metadata__"].update(gateviz=7), "metadata in its header are not texts"),
    ],
)
def test_a_header_that_does_not_go_with_the_file_is_refused(tmp_path, change, words):
    path = tmp_path / "line.safetensors"
    small().save(path)
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length :])
    with pytest.raises(RecordingFileError, match=words):
        open_recording(path)


def test_numbers_of_any_length_are_an_error(tmp_path):
    from safetensors.numpy import save_file

    path = tmp_path / "line.safetensors"
    document = '{"kind": "recording", "format_version": ' + "9" * 5000 + "}"
    save_file({"image": np.zeros((4, 4), np.uint8)}, str(path), metadata={"gateviz": document})
    with pytest.raises(RecordingFileError, match="has a document that is no JSON"):
        open_recording(path)
