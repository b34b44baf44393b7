"""The document of an exported file: every recipe comes back as it was, and nothing that is read is trusted."""

import json
from dataclasses import replace

import pytest

from gateviz.data.alphabet import Alphabet
from gateviz.data.gates import Direction
from gateviz.errors import CheckpointError
from gateviz.geometry.axis_steps import Adaptive, Join, WholeLine, Window
from gateviz.geometry.canvas import Deskew, Normalize, Pad, PadToWidth
from gateviz.geometry.crop_to_ink import CropToInk
from gateviz.geometry.preprocess import Clahe, Color, Gray, Invert, Preprocess, ResizeToHeight, Stretch
from gateviz.geometry.receptive import AxisGeometry
from gateviz.graphs.document import FORMAT_VERSION, GraphDocument, GraphLayer, document_text, read_graph_document

STEPS = (
    CropToInk(),
    Gray("opencv"),
    Color("bgr"),
    Invert(),
    Clahe(3.5, (4, 2)),
    Deskew(1.5),
    Deskew(None),
    ResizeToHeight(32, "opencv area", rounding="down", at_least=8, at_most=200, widen=1.25),
    ResizeToHeight(48),
    Stretch(32, 100, "pillow lanczos"),
    Pad(1, 2, 3, 4, "edge"),
    PadToWidth(640, 127.0),
    Normalize((0.1, 0.2, 0.3), (0.5, 0.25, 1.0), 1.0),
)
SQUEEZED = Join(((), (Adaptive(1),)))
GEOMETRY = AxisGeometry((Window(3, 1, 1, 1), Window(2, 2, ceil_mode=True), SQUEEZED, Window(2, 2)))
DOCUMENT = GraphDocument(
    alphabet=Alphabet(("a", "th"), ((1,), (2, 3)), 0, 4),
    preprocess=Preprocess(STEPS),
    geometry=GEOMETRY,
    layout="TBC",
    output="logits",
    layers=(
        GraphLayer(0, 0, "rnn.0", "lstm", (Direction.FORWARD, Direction.BACKWARD), 16),
        GraphLayer(2, 1, "rnn.1", "gru", (Direction.FORWARD,), 8, True, AxisGeometry((WholeLine(),))),
    ),
    lineage="crnn_pytorch",
    checkpoint="crnn.pth",
    checkpoint_sha256="ab" * 32,
    gates=True,
    quantization="dynamic",
    details={"network": "vgg"},
)


def test_a_document_comes_back_as_it_was():
    assert read_graph_document(document_text(DOCUMENT)) == DOCUMENT


def changed(**fields):
    return json.dumps(json.loads(document_text(DOCUMENT)) | fields)


def with_step(**fields):
    return changed(preprocess=[fields])


def deep(depth):
    inner = []
    for _ in range(depth):
        inner = [{"step": "Join", "branches": [inner]}]
    return changed(geometry=inner)


def without(name):
    found = json.loads(document_text(DOCUMENT))
    del found[name]
    return json.dumps(found)


LAYER = json.loads(document_text(DOCUMENT))["layers"][0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (changed(format_version=FORMAT_VERSION + 1), f"by a later gateviz (format {FORMAT_VERSION + 1}; this one reads"),
        (changed(format_version=0), "the format 0, which never was"),
        (changed(format_version=True), "'format_version' in its document is bool where int belongs"),
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON (RecursionError)"),
        ("[]", "that of no recognizer"),
        (changed(kind="recording"), "that of no recognizer"),
        (without("alphabet"), "has no 'alphabet'"),
        (changed(layout="CTB"), "its layout is 'CTB', and there are BTC, TBC"),
        (changed(gates="yes"), "'gates' in its document is str where bool belongs"),
        (changed(alphabet={"symbols": ["a", "a"], "codes": [[1], [1]], "blank": 0, "class_count": 2}), "stands twice"),
        (changed(alphabet={"symbols": ["a" * 65], "codes": [[1]], "blank": 0, "class_count": 2}), "characters of a symbol"),
        (changed(layers=[LAYER | {"layer": 1}]), "its layers are numbered [1]"),
        (changed(layers=[LAYER | {"directions": ["up"]}]), "a layer that reads ['up']"),
        (changed(layers=[LAYER | {"units": -1}]), "its units is -1"),
        (changed(layers=[LAYER | {"kind": "rnn"}]), "its kind is 'rnn'"),
        (with_step(step="Sharpen"), "'Sharpen' is no step that this gateviz knows"),
        (changed(preprocess=[7]), "7 is no step"),
        (with_step(step="Gray", formula="gimp"), "formula of the step Gray is 'gimp', which cannot be"),
        (with_step(step="Gray", color=1), "the step Gray has 'color'"),
        (with_step(step="Stretch", height=32), "the step Stretch needs width"),
        (with_step(step="Stretch", height=32, width=10**9), "width of the step Stretch is 1000000000"),
        (with_step(step="Pad", left=True), "left of the step Pad is True"),
        (with_step(step="Normalize", mean=[float("nan")]), "mean of the step Normalize is nan"),
        (with_step(step="Clahe", tiles=[8]), "tiles of the step Clahe is [8]"),
        (changed(geometry=[{"step": "Window", "stride": 0}]), "its frames look nowhere"),
        (changed(geometry=[{"step": "WholeLine"}] * 1001), "the bound on steps of a recipe or geometry"),
        (deep(60), "the bound on levels of nesting"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_sentence(text, words):
    with pytest.raises(CheckpointError) as refused:
        read_graph_document(text)
    assert words in str(refused.value)


class Sharpen:
    words = "sharpened"

    def __call__(self, canvas):
        return canvas


def test_a_step_of_somebody_s_own_is_refused_when_it_is_written():
    with pytest.raises(CheckpointError, match=r"the step Sharpen of this recognizer \(sharpened\)"):
        document_text(replace(DOCUMENT, preprocess=Preprocess((Sharpen(),))))
