import numpy as np
import pytest

from gateviz.adapters.tesseract.cursor import Cursor
from gateviz.adapters.tesseract.model import read_container, read_model
from gateviz.adapters.tesseract.records import Kind, read_record
from gateviz.errors import CheckpointError


def matrices_of(record):
    return [*record.matrices, *(matrix for child in record.children for matrix in matrices_of(child))]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("weights", ["float64", "float32", "int8", "old_int8"])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("numbered", [False, True])
def test_every_kind_of_file_is_read_as_it_was_written(writing, order, weights, training, numbered):
    writer = writing.Writer(order=order, weights=weights, training=training, adam=True, numbered=numbered)
    model = read_model(writing.recognizer_file(writer))
    found = matrices_of(model.network)
    assert len(found) == len(writer.matrices) == 18
    tolerance = 1e-6 if weights.endswith("int8") else 0
    for matrix, written in zip(found, writer.matrices, strict=True):
        np.testing.assert_allclose(matrix.dense(), written, rtol=tolerance, atol=0)
    assert model.int8 == weights.endswith("int8")
    assert (model.sample_iteration, model.specification, model.version) == (7, "[1,12,0,1 test]", "5.0")
    assert model.alphabet.symbols == (" ", "a", "b", "字")
    assert model.alphabet.codes == ((0,), (1,), (2,), (3, 1))
    assert (model.alphabet.blank, model.alphabet.class_count) == (4, 5)


def test_the_tree_is_that_of_the_file(writing):
    record = read_model(writing.recognizer_file(writing.Writer())).network
    names = [(child.kind, child.name, child.inputs, child.outputs) for child in record.children]
    assert names == [
        (Kind.INPUT, "Input", 12, 1),
        (Kind.SERIES, "ConvSeries", 1, 3),
        (Kind.MAXPOOL, "Maxpool", 3, 3),
        (Kind.XY_TRANSPOSE, "XYTransLSTM", 3, 4),
        (Kind.LSTM, "Lfx4", 4, 4),
        (Kind.RTL_REVERSED, "RevLSTM", 4, 4),
        (Kind.LSTM, "Lfx4b", 4, 4),
        (Kind.SOFTMAX, "Output", 4, 5),
    ]
    assert record.children[0].numbers == (1, 12, 0, 1, 0)
    assert record.children[2].numbers == (3, 3)


def test_character_list_and_recoder_may_lie_in_the_lstm_part(writing):
    writer = writing.Writer()
    model = read_model(writing.recognizer_file(writer, inside=True))
    assert model.alphabet.symbols == (" ", "a", "b", "字")


def test_without_a_recoder_flag_every_character_is_its_own_class(writing):
    writer = writing.Writer()
    network = writing.recognizer_network(writer, classes=6)
    model = read_model(writer.file(network, ("NULL", "Joined", "|Broken|0|1", "a", "b"), (), null_char=5, flags=0))
    assert dict(zip(model.alphabet.symbols, model.alphabet.codes, strict=True)) == {" ": (0,), "a": (3,), "b": (4,)}


def refusal(data):
    with pytest.raises(CheckpointError) as caught:
        read_record(Cursor(data, "LSTM network"))
    return str(caught.value)


def test_two_dimensional_lstms_are_refused_by_name(writing):
    data = writing.Writer().lstm(3, 4, name="L2xy4", gates=5, feedback=4)
    assert "'L2xy4' is a two-dimensional LSTM" in refusal(data)


@pytest.mark.parametrize("kind", ["LSTMSoftmax", "LSTMBinarySoftmax"])
def test_feedback_lstms_are_refused_by_name(writing, kind):
    assert f"type {kind}; layers that feed their softmax back" in refusal(writing.Writer().header(kind, "x", 1, 1))


def test_tensorflow_graphs_are_refused_by_name(writing):
    assert "layers that hold a TensorFlow graph" in refusal(writing.Writer().header("TensorFlow", "x", 1, 1))


def test_unknown_types_are_refused(writing):
    writer = writing.Writer()
    assert "there is no layer type 'Invalid'" in refusal(writer.header("Invalid", "x", 1, 1))
    assert "there is no layer type 99" in refusal(writer.pack("b", 99))


def test_series_that_do_not_fit_are_refused(writing):
    writer = writing.Writer()
    data = writer.plumbing("Series", 2, 4, writer.dense("Tanh", 2, 3, "one"), writer.dense("Tanh", 4, 4, "two"))
    assert "'one' has 3 outputs and 'two' 4 inputs" in refusal(data)


def test_parallel_parts_need_the_same_inputs(writing):
    writer = writing.Writer()
    data = writer.plumbing("Parallel", 2, 4, writer.dense("Tanh", 2, 3), writer.dense("Tanh", 4, 4), name="both")
    assert "the parts of 'both' have [2, 4] inputs" in refusal(data)


def test_deep_nesting_is_refused_before_python_gives_up(writing):
    writer = writing.Writer()
    data = writer.dense("Tanh", 1, 1)
    for _ in range(3000):
        data = writer.plumbing("RTLReversed", 1, 1)[:-4] + writer.pack("I", 1) + data
    assert "records lie more than 32 deep" in refusal(data)


def test_numbers_that_are_not_finite_are_refused(writing):
    for sick in (float("nan"), float("inf"), -1e300):
        data = writing.Writer().dense("Tanh", 1, 1, "sick", values=[[sick, 0.0]])
        assert "the weights of 'sick' are no weights: their numbers are not finite or beyond 1e+09" in refusal(data)


def test_signaling_nans_are_refused_quietly(writing):
    writer = writing.Writer(weights="float32")
    data = writer.dense("Tanh", 1, 1, "sick", values=[[1.0, 7.0]])
    assert data.count(writer.pack("f", 7.0)) == 1
    data = data.replace(writer.pack("f", 7.0), writer.pack("I", 0x7F800001))
    assert "the weights of 'sick' are no weights" in refusal(data)


def test_a_length_beyond_the_file_is_refused(writing):
    writer = writing.Writer()
    data = (
        writer.header("Tanh", "big", 65_534, 65_535) + writer.pack("B", 128) + writer.pack("IId", 65_535, 65_535, 0.0)
    )
    assert "the weights of 'big' comes to 4,294,836,225 numbers, and at most 16,777,216 are read" in refusal(data)
    data = writer.header("Tanh", "big", 654, 655) + writer.pack("B", 128) + writer.pack("IId", 655, 655, 0.0)
    assert "the weights of 'big' needs 3432200 bytes and 0 are left" in refusal(data)


def test_a_file_without_an_lstm_is_refused_by_name(writing):
    with pytest.raises(
        CheckpointError, match="holds only Tesseract's legacy engine \\(parts 1, 3\\) and no LSTM network"
    ):
        read_model(writing.Writer().container({1: b"x", 3: b"y"}))


def test_offsets_that_leave_the_file_are_refused(writing):
    data = writing.Writer().container({17: b"x" * 50, 23: b"5.0"})
    with pytest.raises(CheckpointError, match=r"part 23 begins at byte 246 of 200 and should end at 200"):
        read_container(data[:200])


def test_a_character_list_without_a_recoder_counts_for_nothing(writing):
    writer = writing.Writer()
    network = writing.recognizer_network(writer)
    data = writer.container({17: network + writer.tail(null_char=4), 21: writer.unicharset(["NULL"])})
    with pytest.raises(
        CheckpointError, match="LSTM network of this traineddata is damaged: the character list does not begin"
    ):
        read_model(data)
