"""Which engine reads: ONNX Runtime where nothing needs torch, and torch where something does."""

import pickle

import numpy as np
import pytest

import gateviz
from gateviz.errors import SelectionError
from gateviz.runtime.choice import chosen_engine
from gateviz.runtime.session import GraphSession, thread_count

EDIT = gateviz.clamp("forget_gate", 0.0, layer=1)


@pytest.fixture
def image():
    return np.random.default_rng(3).integers(0, 256, (32, 90), dtype=np.uint8)


def engine_of(recording):
    (engine,) = recording.provenance.engine.values()
    return "onnx" if engine.startswith("onnxruntime ") else "torch"


def test_auto_takes_the_graph_until_something_needs_torch(image):
    recognizer = gateviz.load()
    assert engine_of(gateviz.record(recognizer, image)) == "onnx"
    assert engine_of(gateviz.record(recognizer, image, crop=False)) == "onnx"
    assert engine_of(gateviz.record(recognizer, image, edits=[EDIT])) == "torch"
    assert engine_of(gateviz.record(recognizer, image)) == "torch"
    assert engine_of(gateviz.record(recognizer, image, engine="onnx")) == "onnx"


def test_what_was_done_to_the_network_is_what_is_recorded(image):
    recognizer = gateviz.load()
    before = gateviz.record(recognizer, image)
    recognizer.module.head.bias.data[0] += 3.0
    after = gateviz.record(recognizer, image, crop=False)
    assert engine_of(after) == "torch"
    assert not np.allclose(before.emission.log_probs, after.emission.log_probs, atol=0.1)
    again = gateviz.record(gateviz.load(), image)
    assert np.array_equal(again.emission.log_probs, before.emission.log_probs)


def test_the_words_say_why(image):
    recognizer = gateviz.load()
    assert chosen_engine(recognizer).words == (
        "ONNX Runtime: its graph is at hand, made from the weights of the file, and needs no torch"
    )
    assert chosen_engine(recognizer, edited=True).words == "torch: edits change the run from step to step"
    assert chosen_engine(recognizer, "torch").words == "torch: it was asked for"
    _ = recognizer.module
    assert chosen_engine(recognizer).words.startswith("torch: its torch network is in use")
    bare = recognizer.with_torch()
    assert chosen_engine(bare).words == "torch: there is no ONNX graph of bundled.safetensors (gateviz)"


def test_what_an_engine_cannot_do_is_said_in_one_sentence(image):
    recognizer = gateviz.load()
    with pytest.raises(
        SelectionError, match="edits were asked of the engine onnx, whose gates can be seen and not changed"
    ):
        gateviz.record(recognizer, image, engine="onnx", edits=[EDIT])
    with pytest.raises(SelectionError, match=r"gateviz has no ONNX graph of bundled.safetensors \(gateviz\)"):
        gateviz.record(recognizer.with_torch(), image, engine="onnx")
    with pytest.raises(SelectionError, match="the engine 'mxnet' was asked for, and there are auto, torch, onnx"):
        chosen_engine(recognizer, "mxnet")


@pytest.mark.parametrize(("said", "threads"), [("3", 3), ("2,1", 2), ("", None), ("0", None), ("many", None)])
def test_threads_are_those_that_torch_is_told(monkeypatch, said, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert thread_count() == threads if threads else thread_count() >= 1


def test_a_graph_that_is_none_is_a_checkpoint_error():
    with pytest.raises(gateviz.GatevizError, match=r"ONNX Runtime \S+ does not take the graph: "):
        GraphSession(b"no graph at all")


def test_an_input_that_the_graph_does_not_take_is_a_checkpoint_error():
    session = GraphSession(gateviz.load().graph.content((), ()))
    with pytest.raises(
        gateviz.GatevizError, match=r"does not run on lines of 1 x 1 x 30 x 90 \(lines, channels, rows, columns\)"
    ):
        session.run(np.zeros((1, 1, 30, 90), np.float32))


@pytest.mark.parametrize("opened", [False, True])
def test_a_deferred_recognizer_goes_to_another_process(image, opened):
    recognizer = gateviz.load()
    before = gateviz.record(recognizer, image)
    if opened:
        recognizer.module.head.bias.data[0] += 3.0
    again = pickle.loads(pickle.dumps(recognizer))  # noqa: S301  (what was just written)
    assert again.torch_opened is opened
    found = gateviz.record(again, image)
    assert engine_of(found) == ("torch" if opened else "onnx")
    assert np.array_equal(found.emission.log_probs, before.emission.log_probs) is not opened


def test_selections_are_opened_a_few_at_a_time(image):
    recognizer = gateviz.load()
    for quantity in ("input_gate", "forget_gate", "output_gate", "candidate", "cell_state", "hidden_state"):
        recording = gateviz.record(recognizer, image, quantities=[quantity], witness=False)
        assert {name for trace in recording.traces for name in trace.values} == {quantity}
    assert len(recognizer.graph.opened) == 4
