"""What onnxruntime's int8 LSTM computes with, by standard operators: its rounded weights, input and hidden states.

``DynamicQuantizeLSTM`` (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md) keeps its weights in
int8, rounds its whole input to uint8 once, and the hidden state it hands on at every step, each by the smallest and the
largest number there. Sums of such products are exact, so that the gates follow from the rounded numbers as a float LSTM's
follow from its own.

With several lines in a call and several threads, onnxruntime gives each thread some of the lines, and a thread rounds its
hidden states by the range of its own. Then no graph can follow, and the gates are true to a hundredth only: run one line
a call, or one thread (found by trying onnxruntime 1.32).
"""

import numpy as np
from onnx import TensorProto

from gateviz.graphs.node_writer import NodeWriter

WEIGHT_SCALES = {1: (8, 9), 2: (10, 11)}
"""Places of the scales and zero points among the node's inputs, of the weights in a place."""

_MOST = np.float32(255)


def rounded_whole(write: NodeWriter, value: str) -> str:
    """A value rounded to uint8 by its own range, as numbers again."""
    codes, scale, zero = write.nodes("DynamicQuantizeLinear", [value], [write.fresh() for _ in range(3)])
    return write.node("DequantizeLinear", codes, scale, zero)


def rounded_frames(write: NodeWriter, series: str) -> str:
    """A series (T, B, H), each frame of which is rounded to uint8 by its own range over all lines, as numbers again."""
    # A pool over a frame's numbers, since ReduceMax takes its axes in one way before opset 18 and in another since.
    frames = write.node("Reshape", series, write.constant([0, 1, -1]))
    nothing, most = write.constant(np.float32(0)), write.constant(_MOST)
    # The range holds zero, as the operator DynamicQuantizeLinear has it.
    lowest = write.node("Neg", write.node("GlobalMaxPool", write.node("Neg", frames)))
    low = write.node("Min", lowest, nothing)
    high = write.node("Max", write.node("GlobalMaxPool", frames), nothing)
    span = write.node("Div", write.node("Sub", high, low), most)
    scale = write.node("Where", write.node("Equal", high, low), write.constant(np.float32(1)), span)
    zero = write.node("Round", write.node("Clip", write.node("Neg", write.node("Div", low, scale)), nothing, most))
    codes = write.node("Add", write.node("Round", write.node("Div", series, scale)), zero)
    return write.node("Mul", write.node("Sub", write.node("Clip", codes, nothing, most), zero), scale)


def weights_again(write: NodeWriter, inputs: tuple[str, str, str], place: str) -> str:
    """One direction's weights as numbers again, (rows, 4 H).

    Args:
        write: appends to the graph.
        inputs: the int8 weights of all directions, their scales and their zero points.
        place: the constant that holds the direction's number.
    """
    codes, scale, zero = (write.node("Gather", each, place, axis=0) for each in inputs)
    # By Cast and not by DequantizeLinear, behind which onnxruntime would put a product of its own, rounded otherwise.
    steps = write.node("Sub", *(write.node("Cast", each, to=TensorProto.FLOAT) for each in (codes, zero)))
    return write.node("Mul", steps, scale)
