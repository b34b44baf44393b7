"""Graphs written without the package onnx are what that package reads, field by field."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from gateviz.graphs.plain_writer import IR_VERSION, OPSET, GraphWriter


def test_what_is_written_is_what_onnx_itself_makes():
    weights = np.arange(200 * 3, dtype=np.float32).reshape(200, 3) / 7
    write = GraphWriter("toy/")
    write.input("x", ("batch", 3, 300))
    shape = write.constant([-1, 3])
    kept = write.constant(weights, "weights")
    flat = write.node("Reshape", "x", shape)
    write.node("Gemm", flat, kept, name="y", transB=1)
    write.node("Conv", "x", "", kept, name="z", kernel_shape=[3, 1], pads=[1, 0, 200, 0], auto_pad="NOTSET")
    write.output("y", ("rows", 200))
    expected = helper.make_model(
        helper.make_graph(
            [
                helper.make_node("Reshape", ["x", shape], [flat]),
                helper.make_node("Gemm", [flat, kept], ["y"], transB=1),
                helper.make_node(
                    "Conv", ["x", "", kept], ["z"], kernel_shape=[3, 1], pads=[1, 0, 200, 0], auto_pad="NOTSET"
                ),
            ],
            "toy",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, 300])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 200])],
            [numpy_helper.from_array(np.array([-1, 3]), shape), numpy_helper.from_array(weights, kept)],
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="gateviz",
    )
    # The order of a node's attributes says nothing.
    for node in expected.graph.node:
        node.attribute.sort(key=lambda each: each.name)
    found = onnx.load_from_string(write.content())
    for node in found.graph.node:
        node.attribute.sort(key=lambda each: each.name)
    assert found == expected


def test_other_types_of_numbers_become_those_two():
    write = GraphWriter("toy/")
    names = [write.constant(np.array(each)) for each in (np.float64([1.5, 2.5]), np.int32([3, -4]))]
    found = {
        each.name: numpy_helper.to_array(each) for each in onnx.load_from_string(write.content()).graph.initializer
    }
    assert found[names[0]].dtype == np.float32 and found[names[0]].tolist() == [1.5, 2.5]
    assert found[names[1]].dtype == np.int64 and found[names[1]].tolist() == [3, -4]
