"""Tesseract's models, written by the tests' own writer: floating-point and int8, LSTMs in a row and side by side."""

import importlib.util
from functools import partial
from pathlib import Path

import torch

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
writing = conformance.load_file(Path(__file__).parents[1] / "tesseract" / "traineddata_writer.py")

NO_NAMES = "a traineddata has no tensors with names; tesseract/test_fuzz.py damages its records"
WITHOUT = {
    "columns_are_where_the_gradient_is": "its poolings are its own; tesseract/test_network.py holds the columns against the gradient",
    "traces_are_in_reading_order": "its preparation stretches by the line's ink; tesseract/test_recognizer.py has the order",
    "another_alphabet": "a traineddata has its own alphabet and takes no other; tesseract/test_recognizer.py",
    "a_missing_tensor_is_named": NO_NAMES,
    "a_vector_off_by_one_is_named": NO_NAMES,
    "a_matrix_off_by_one_is_refused": NO_NAMES,
    "a_tensor_too_many_is_named": NO_NAMES,
    "float16_weights": NO_NAMES,
}


def _both_ways(writer, height=12, units=4, classes=5):
    backward = writer.plumbing("RTLReversed", units, units, writer.lstm(units, units, name="Lrx"), name="RevLSTM")
    return writer.plumbing(
        "Series",
        height,
        classes,
        writer.input(height),
        writer.window("Reconfig", 1, 2, 2),
        writer.plumbing("XYTranspose", 4, units, writer.lstm(4, units, "SummLSTM", "Lfys"), name="XYTransLSTM"),
        writer.plumbing("ParBidiLSTM", units, 2 * units, writer.lstm(units, units, name="Lfx"), backward, name="Lbx"),
        writer.dense("Softmax", 2 * units, classes, "Output"),
        name="Series",
    )


def _state():
    """The weights are the writer's own, by its seed."""
    return {"seed": torch.zeros(1)}


def _save(make, weights, folder, state):
    writer = writing.Writer(weights=weights, scale=2.0)
    content = writer.file(make(writer), writing.CHARACTERS, writing.CODES, null_char=4)
    (folder / "line.traineddata").write_bytes(content)
    return folder / "line.traineddata"


def _case(name, make, weights, layers):
    return conformance.Case(
        name=f"tesseract_{name}",
        adapter="tesseract",
        state=_state,
        save=partial(_save, make, weights),
        channels=1,
        height=12,
        narrow=12,
        wide=61,
        blank=4,
        symbols=4,
        layers=layers,
        without=WITHOUT,
    )


_IN_A_ROW = ("0.forward", "1.backward", "2.forward")
CASES = (
    _case("float64", writing.recognizer_network, "float64", _IN_A_ROW),
    _case("int8", writing.recognizer_network, "int8", _IN_A_ROW),
    _case("both_ways", _both_ways, "float64", ("0.forward", "1.backward")),
)
