"""Every gate of every LSTM and GRU node of an ONNX graph as a further output, by standard operators alone.

The nodes of ONNX (https://onnx.ai/onnx/operators/onnx__LSTM.html, .../onnx__GRU.html) give their hidden states and
nothing else. From these and the node's own input all gates follow without a loop: a gate at frame t is a function of
x at t and h at t - 1, which are there. Only the cell state needs one, elementwise, with which the hidden state then can be
compared: h = o tanh(c) is what the node computed, from numbers that went another way.
"""

from collections.abc import Collection

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from gateviz.data.gates import Direction, Quantity
from gateviz.errors import CheckpointError
from gateviz.graphs.node_writer import NodeWriter
from gateviz.graphs.recurrent_kinds import gate_output
from gateviz.graphs.recurrent_nodes import RecurrentNode, recurrent_nodes
from gateviz.graphs.rounding import WEIGHT_SCALES, rounded_frames, rounded_whole, weights_again

_LAST = np.iinfo(np.int64).max


def with_gates(
    model: onnx.ModelProto,
    *,
    layers: Collection[int] | None = None,
    quantities: Collection[Quantity | str] | None = None,
) -> onnx.ModelProto:
    """A copy of a graph that gives, besides what it gives, every series of its recurrent nodes.

    The outputs are named ``lstm.0.forward.forget_gate`` (``graphs.recurrent_kinds.gate_output``), of shape (T, B, H),
    row t for frame t in reading order, for the backward direction too.

    Args:
        model: of opset 13 or later; it is not changed.
        layers: numbers of the recurrent nodes, in the order they run; None for all.
        quantities: of each; None for all that it computes.

    Raises:
        CheckpointError: the graph has no recurrent node, or one that does what gateviz does not follow.
    """
    found = recurrent_nodes(model)
    if not found:
        raise CheckpointError(
            "the graph has no LSTM or GRU node, and without one there are no gates; export it without gates"
        )
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    given = {each.name for each in copy.graph.output}
    # The nodes of the copy, whose missing outputs are named below.
    for node in recurrent_nodes(copy):
        if layers is not None and node.layer not in layers:
            continue
        asked = [each for each in node.quantities if quantities is None or each in quantities]
        _add(copy.graph, node, [each for each in asked if not _is_given(given, node, each)])
    return copy


def _is_given(outputs: Collection[str], node: RecurrentNode, quantity: Quantity) -> bool:
    return all(gate_output(node.kind, node.layer, way, quantity) in outputs for way in node.directions)


def _add(graph: onnx.GraphProto, node: RecurrentNode, asked: Collection[Quantity]) -> None:
    if not asked:
        return
    _require_float32(graph, node)
    if not node.node.output or not node.node.output[0]:
        del node.node.output[:1]
        node.node.output.insert(0, f"{node.kind}.{node.layer}.states")
    for place, way in enumerate(node.directions):
        side = _Side(graph, node, place)
        series = side.lstm() if node.kind == "lstm" else side.gru()
        for quantity in asked:
            name = side.write.node("Identity", series[quantity], name=gate_output(node.kind, node.layer, way, quantity))
            side.write.output(name, ("frames", "batch", node.units))


def _require_float32(graph: onnx.GraphProto, node: RecurrentNode) -> None:
    kinds = {each.name: each.data_type for each in graph.initializer}
    kind = kinds.get(node.node.input[1], TensorProto.FLOAT)
    if not node.rounded and kind != TensorProto.FLOAT:
        raise CheckpointError(
            f"{node.words} has weights of the type {TensorProto.DataType.Name(kind)}, and gates are added to those of "
            f"FLOAT; export the network in float32"
        )


class _Side:
    """One direction of one node: what it is given, and the nodes that work out its gates."""

    def __init__(self, graph: onnx.GraphProto, node: RecurrentNode, place: int) -> None:
        self.node = node
        self.backward = node.directions[place] is Direction.BACKWARD
        self.write = NodeWriter(graph, f"{node.kind}.{node.layer}.{node.directions[place]}/")
        self._place = self.write.constant(np.array(place, np.int64))
        self._front = self.write.constant([0])
        self.x = node.node.input[0]
        self.h = self.write.node("Gather", node.node.output[0], self._place, axis=1)
        self._zero = self._zeros()
        self.before = self._shifted()
        if node.rounded:
            self.x, self.before = rounded_whole(self.write, self.x), rounded_frames(self.write, self.before)

    def lstm(self) -> dict[Quantity, str]:
        """The names of an LSTM's series."""
        write = self.write
        from_x = write.node("MatMul", self.x, self._weights(1))
        from_h = write.node("MatMul", self.before, self._weights(2))
        summed = write.node("Add", from_x, from_h)
        in_x, in_h = self._biases()
        # The order of ONNX: input, output, forget, cell.
        i, o, f, g = self._parts(self._plus(self._plus(summed, in_x), in_h), 4)
        series = {
            Quantity.INPUT_GATE: write.node("Sigmoid", i),
            Quantity.FORGET_GATE: write.node("Sigmoid", f),
            Quantity.OUTPUT_GATE: write.node("Sigmoid", o),
            Quantity.CANDIDATE: write.node("Tanh", g),
        }
        added = write.node("Mul", series[Quantity.INPUT_GATE], series[Quantity.CANDIDATE])
        cell = self._cells(series[Quantity.FORGET_GATE], added)
        return {**series, Quantity.CELL_STATE: cell, Quantity.HIDDEN_STATE: self.h}

    def gru(self) -> dict[Quantity, str]:
        """The names of a GRU's series; whether the reset comes before or after the product is the node's attribute."""
        write = self.write
        of_z, of_r, of_n = self._parts(self._weights(2), 3)
        in_x, in_h = self._biases()
        # The order of ONNX: update, reset, hidden.
        z_x, r_x, n_x = self._parts(self._plus(write.node("MatMul", self.x, self._weights(1)), in_x), 3)
        z_b, r_b, n_b = self._parts(in_h, 3) if in_h else ("", "", "")
        z, r = (
            write.node("Sigmoid", write.node("Add", x, self._plus(write.node("MatMul", self.before, weights), bias)))
            for x, weights, bias in ((z_x, of_z, z_b), (r_x, of_r, r_b))
        )
        if self.node.attribute("linear_before_reset", 0):
            from_h = write.node("Mul", r, self._plus(write.node("MatMul", self.before, of_n), n_b))
        else:
            from_h = self._plus(write.node("MatMul", write.node("Mul", r, self.before), of_n), n_b)
        return {
            Quantity.RESET_GATE: r,
            Quantity.UPDATE_GATE: z,
            Quantity.CANDIDATE: write.node("Tanh", write.node("Add", n_x, from_h)),
            Quantity.HIDDEN_STATE: self.h,
        }

    def _plus(self, value: str, bias: str) -> str:
        return self.write.node("Add", value, bias) if bias else value

    def _biases(self) -> tuple[str, str]:
        if not self.node.bias:
            return "", ""
        count = 4 if self.node.kind == "lstm" else 3
        in_x, in_h = self._parts(self._own(self.node.bias), 2, size=count * self.node.units)
        return in_x, in_h

    def _parts(self, value: str, count: int, *, size: int = 0, axis: int = -1) -> list[str]:
        """Equal parts of a value along an axis, each of one gate's units where no size is given."""
        sizes = self.write.constant([size or self.node.units] * count)
        return self.write.nodes("Split", [value, sizes], [self.write.fresh() for _ in range(count)], axis=axis)

    def _own(self, stacked: str) -> str:
        """This direction's part of what the node holds for all."""
        return self.write.node("Gather", stacked, self._place, axis=0)

    def _weights(self, place: int) -> str:
        """Weights as a product with rows of frames takes them."""
        if self.node.rounded:
            scale, zero = (self.node.input(each) for each in WEIGHT_SCALES[place])
            return weights_again(self.write, (self.node.input(place), scale, zero), self._place)
        return self.write.node("Transpose", self._own(self.node.node.input[place]), perm=[1, 0])

    def _zeros(self) -> str:
        """The state of all zeros before the first frame, shape (1, B, H)."""
        write = self.write
        row = write.node("Slice", self.h, self._front, write.constant([1]), self._front)
        zero = numpy_helper.from_array(np.zeros(1, np.float32))
        return write.node("ConstantOfShape", write.node("Shape", row), value=zero)

    def _shifted(self) -> str:
        """The hidden state that each frame is given: that of the frame before it in the order of steps."""
        write = self.write
        first = self._zero
        if self.node.first_state:
            first = write.node("Unsqueeze", self._own(self.node.first_state), self._front)
        start, stop = (1, _LAST) if self.backward else (0, -1)
        others = write.node("Slice", self.h, write.constant([start]), write.constant([stop]), self._front)
        return write.node("Concat", *((others, first) if self.backward else (first, others)), axis=0)

    def _cells(self, forget: str, added: str) -> str:
        """c of every frame: f c' + i g, from step to step."""
        write = self.write
        first = write.node("Squeeze", self._zero, self._front)
        if self.node.first_cell:
            first = self._own(self.node.first_cell)
        rows = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", self.node.units]) for name in "cfa"]
        body = helper.make_graph(
            [
                helper.make_node("Mul", ["c", "f"], ["kept"]),
                helper.make_node("Add", ["kept", "a"], ["next"]),
                helper.make_node("Identity", ["next"], ["row"]),
            ],
            "cell",
            rows,
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", self.node.units])
                for name in ("next", "row")
            ],
        )
        way = int(self.backward)
        _, cells = write.nodes(
            "Scan",
            [first, forget, added],
            [write.fresh(), write.fresh()],
            body=body,
            num_scan_inputs=2,
            scan_input_directions=[way, way],
            scan_output_directions=[way],
        )
        return cells
