"""Graphs made to take memory or time: refused by a bound, in a process that goes on reading what is honest."""

import ast
import copy
import dataclasses
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import gateviz
from gateviz.adapters.onnx import worker_program
from gateviz.adapters.onnx.graph import read_graph
from gateviz.adapters.onnx.runtime import Section
from gateviz.adapters.onnx.worker import loading_time, start_worker, worker
from gateviz.adapters.opening import open_model_file
from gateviz.errors import CheckpointError
from gateviz.files import budget

_spec = importlib.util.spec_from_file_location("onnx_graphs", Path(__file__).parent / "onnx_graphs.py")
graphs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(graphs)
helper = graphs.helper


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.onnx"


@pytest.fixture
def lowered(monkeypatch):
    """Lowers bounds of the budget, by their names."""

    def lower(**bounds):
        for name, most in bounds.items():
            monkeypatch.setattr(budget, name, dataclasses.replace(getattr(budget, name), most=most))

    return lower


def refused(path, words):
    with pytest.raises(CheckpointError, match=words) as refusal:
        gateviz.load(path, alphabet=graphs.ALPHABET)
    assert "\n" not in str(refusal.value)
    assert "m.onnx" in str(refusal.value)


def before(path, nodes, stored=(), functions=()):
    """The simple recognizer, whose image goes through other nodes first: they make ``fed`` of ``images``."""
    inner, weights = graphs.simple_nodes(graphs.drawn())
    inner[0].input[0] = "fed"
    made = graphs.model(
        [*nodes, *inner],
        [*weights, *stored],
        [graphs.port("images", ("n", 1, graphs.HEIGHT, "w"))],
        [graphs.port("scores", None)],
        extra_domains=("f",) if functions else (),
        functions=functions,
    )
    return graphs.saved(made, path)


def behind(path, nodes, stored=()):
    """The simple recognizer, whose output goes through more nodes: they make ``scores`` of ``made``."""
    inner, weights = graphs.simple_nodes(graphs.drawn())
    inner[-1].output[0] = "made"
    made = graphs.model(
        [*inner, *nodes],
        [*weights, *stored],
        [graphs.port("images", ("n", 1, graphs.HEIGHT, "w"))],
        [graphs.port("scores", None)],
    )
    return graphs.saved(made, path)


def added(big):
    """Nodes that add the sum of a value, times nothing, to the image."""
    return [
        helper.make_node("ReduceSum", [big], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "nothing"], ["zero"]),
        helper.make_node("Add", ["images", "zero"], ["fed"]),
    ], [graphs.floats("nothing", np.zeros(1))]


# Time and memory of what runs.


def endless_loop():
    value = graphs.port("v", None)
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c2"]), helper.make_node("Identity", ["v"], ["v2"])],
        "body",
        [graphs.port("i", [], 7), graphs.port("c", [], 9), value],
        [graphs.port("c2", [], 9), graphs.port("v2", None)],
    )
    always = graphs.numpy_helper.from_array(np.array(True), "always")
    often = graphs.numpy_helper.from_array(np.array(2**62), "often")
    return [helper.make_node("Loop", ["often", "always", "images"], ["fed"], body=body)], [often, always]


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on processor time there")
def test_a_loop_without_end_is_ended_and_reading_goes_on(path, tmp_path, lowered):
    honest = gateviz.load(graphs.saved(graphs.simple_model(), tmp_path / "honest.onnx"), alphabet=graphs.ALPHABET)
    with torch.inference_mode():
        expected = honest.log_probs(graphs.image(40))
    first = worker().process.pid
    lowered(RUN_SECONDS=1)
    refused(
        before(path, *endless_loop()),
        r"cannot be built: .*the graph takes more than 1 seconds of processor time \(the bound on seconds of a run\)",
    )
    # The other recognizer's graph is opened anew in the process that comes after.
    with torch.inference_mode():
        assert torch.allclose(honest.log_probs(graphs.image(40)), expected, atol=1e-5)
    assert worker().process.pid != first


def test_what_all_runs_of_a_loading_take_is_bounded(path, lowered):
    lowered(LOADING_SECONDS=0)
    refused(
        graphs.saved(graphs.simple_model(), path),
        r"takes more than 0 seconds .*the bound on seconds of loading a graph",
    )
    with loading_time():
        assert worker().allowance is not None
    assert worker().allowance is None


@pytest.mark.parametrize("count", [2**34, 2**62, 3 * 2**28])
@pytest.mark.parametrize("folded", [True, False], ids=["constant", "of the image"])
def test_values_larger_than_the_memory(path, count, folded):
    nodes, stored = added("big")
    one = [] if folded else [helper.make_node("ReduceSum", ["images"], ["one"], keepdims=0)]
    stored += [graphs.integers("shape", [count]), *([graphs.floats("one", np.ones(1))] if folded else [])]
    before(path, [*one, helper.make_node("Expand", ["one", "shape"], ["big"]), *nodes], stored)
    started = os.times().children_user
    refused(path, r"m\.onnx cannot be built: (the graph does not run|ONNX Runtime does not run)")
    assert os.times().children_user - started < 60


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")
def test_the_process_holds_no_more_than_its_bound(path, lowered):
    """Forty values of 32 MiB each: together they pass the bound, none does so alone."""
    lowered(WORKER_BYTES=256 * budget.MEBIBYTE)
    worker().close()
    try:
        nodes, stored = added("all")
        values = [f"big{n}" for n in range(40)]
        sums = [helper.make_node("Add", ["more", f"part{n}"], [value]) for n, value in enumerate(values)]
        stored += [graphs.integers("shape", [2**23])]
        stored += [graphs.floats(f"part{n}", np.full(1, n)) for n in range(40)]
        first = [
            helper.make_node("ReduceSum", ["images"], ["one"], keepdims=0),
            helper.make_node("Expand", ["one", "shape"], ["more"]),
        ]
        before(path, [*first, *sums, helper.make_node("Concat", values, ["all"], axis=0), *nodes], stored)
        assert set(worker().limits) >= {"memory", "seconds"}
        refused(path, r"m\.onnx cannot be built")
    finally:
        worker().close()


def test_a_process_that_comes_to_its_end_is_replaced(path):
    recognizer = gateviz.load(graphs.saved(graphs.simple_model(), path), alphabet=graphs.ALPHABET)
    with torch.inference_mode():
        expected = recognizer.log_probs(graphs.image(30))
        # Once it has died, ``worker()`` is another one, which nobody ends.
        running = worker().process
        running.kill()
        running.wait()
        assert torch.allclose(recognizer.log_probs(graphs.image(30)), expected, atol=1e-6)


def test_a_copy_opens_its_own_graph(path):
    graph = read_graph(open_model_file(graphs.saved(graphs.simple_model(), path)))
    section = Section(graph, ["m"])
    images = graphs.image(20).numpy()
    expected = section.run({"images": images})["m"]
    other = copy.deepcopy(section)
    del section
    assert np.allclose(other.run({"images": images})["m"], expected)
    assert np.allclose(other.run({"images": images})["m"], images_of(graph, images))


def images_of(graph, images):
    """What the section computes, in torch."""
    with torch.no_grad():
        convolved = torch.nn.functional.conv2d(
            torch.from_numpy(images),
            torch.from_numpy(graph.stored["conv.weight"].copy()),
            torch.from_numpy(graph.stored["conv.bias"].copy()),
            padding=1,
        )
    return convolved.tanh().mean(2).numpy()


def test_the_reading_process_never_loads_the_runtime(path):
    graphs.saved(graphs.simple_model(), path)
    script = (
        "import sys, gateviz\n"
        f"gateviz.load({str(path)!r}, alphabet={graphs.ALPHABET!r})\n"
        "sys.exit('onnxruntime' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_program_knows_two_packages():
    tree = ast.parse(Path(worker_program.__file__).read_text(encoding="utf-8"))
    found = {
        alias.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    found |= {node.module.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert found - set(sys.stdlib_module_names) == {"numpy", "onnxruntime"}


def test_what_is_not_bounded_is_said(path, monkeypatch):
    graphs.saved(graphs.simple_model(), path)
    assert "limits" not in gateviz.load(path, alphabet=graphs.ALPHABET).card.details
    monkeypatch.setattr(worker(), "limits", ("seconds", "process"))
    said = gateviz.load(path, alphabet=graphs.ALPHABET).card.details["limits"]
    assert said == "none on memory here: open only graphs from people you trust"


def test_the_process_is_started_once():
    start_worker()
    first = worker()
    start_worker()
    assert worker() is first
    assert time.process_time() > 0
    assert first.alive


# Functions, nodes, depth, numbers.


def function(number, calls):
    nodes = [
        helper.make_node(name, [given], [made], domain="f" if name != "Identity" else "") for name, given, made in calls
    ]
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    return helper.make_function("f", f"f{number}", ["a"], ["b"], nodes, domains)


def test_functions_that_double_at_every_level(path):
    functions = [
        function(n, [(f"f{n + 1}", "a", "m"), (f"f{n + 1}", "m", "b")] if n < 25 else [("Identity", "a", "b")])
        for n in range(26)
    ]
    before(path, [helper.make_node("f0", ["images"], ["fed"], domain="f")], functions=functions)
    assert path.stat().st_size < 5000
    refused(path, r"it, its functions written out, comes to 33,554,\d+ nodes, and at most 10,000 are read")


def test_functions_that_call_themselves(path):
    functions = [function(0, [("f1", "a", "b")]), function(1, [("f0", "a", "b")])]
    before(path, [helper.make_node("f0", ["images"], ["fed"], domain="f")], functions=functions)
    refused(path, r"its function 'f0' calls itself; the file is damaged or malicious")


def test_functions_are_still_written_out(path):
    functions = [function(0, [("f1", "a", "m"), ("f1", "m", "b")]), function(1, [("Identity", "a", "b")])]
    before(path, [helper.make_node("f0", ["images"], ["fed"], domain="f")], functions=functions)
    assert gateviz.load(path, alphabet=graphs.ALPHABET).card.lineage == "onnx"


def test_nodes_without_end(path, lowered):
    lowered(NODES=30)
    chain = [helper.make_node("Identity", ["images" if n == 0 else f"i{n}"], [f"i{n + 1}"]) for n in range(30)]
    before(path, [*chain, helper.make_node("Identity", ["i30"], ["fed"])])
    refused(
        path,
        r"it, functions and inner graphs included, comes to 31 nodes, and at most 30 are read \(the bound on nodes",
    )


def test_graphs_inside_graphs(path, lowered):
    def nested(depth):
        inner = helper.make_node("Identity", ["images"], ["o"])
        if depth:
            inner = helper.make_node("If", ["c"], ["o"], then_branch=nested(depth - 1), else_branch=nested(0))
        return helper.make_graph([inner], "n", [], [graphs.port("o", None)])

    always = graphs.numpy_helper.from_array(np.array(True), "c")
    before(path, [helper.make_node("If", ["c"], ["fed"], then_branch=nested(6), else_branch=nested(0))], [always])
    lowered(DEPTH=5)
    refused(path, r"the nesting of its graphs comes to 6 levels, and at most 5 are read")


def test_numbers_that_take_more_than_their_bytes(path, lowered):
    made = graphs.simple_model()
    tensor = made.graph.initializer.add(name="packed", data_type=3, dims=[5000])
    tensor.int32_data.extend([0] * 5000)
    lowered(PACKED_BYTES=4000)
    refused(graphs.saved(made, path), r"what it packs comes to 5,\d+ bytes, and at most 4,000 are read")


@pytest.mark.parametrize("field", ["nodes", "axes", "texts"])
def test_fields_without_end(path, lowered, field):
    made = graphs.simple_model()
    for _ in range(3000):
        if field == "nodes":
            made.graph.node.add()
        elif field == "axes":
            made.graph.input[0].type.tensor_type.shape.dim.add()
        else:
            made.graph.initializer[0].string_data.append(b"")
    lowered(FIELDS=2500)
    refused(graphs.saved(made, path), r"the ONNX graph of this file comes to 2,501 fields")


@pytest.mark.parametrize("dims", [[2**62] * 300, [2**62] * 5])
def test_axes_of_a_stored_tensor(path, dims):
    made = graphs.simple_model()
    made.graph.initializer.add(name="big", data_type=1, dims=dims, raw_data=bytes(8))
    refused(graphs.saved(made, path), r"big comes to 300 axes|big claims [\d,]+ numbers and 8 bytes are there")


@pytest.mark.parametrize("dims", [("n", 1, 2**40, "w"), ("n", 1, graphs.HEIGHT, 2**31), ("n", 3, 65_536, 65_536)])
def test_inputs_that_no_line_has(path, dims):
    refused(
        graphs.saved(graphs.simple_model(dims=dims), path),
        r"a line of .* comes to [\d,]+ numbers, and at most 16,777,216 are read",
    )


# What is rebuilt here.


def test_values_that_a_few_nodes_blow_up(path):
    ones = [graphs.floats("tall", np.zeros((1, 30_000, 1)))]
    spread = [helper.make_node("Add", ["made", "tall"], ["scores"])]
    refused(behind(path, spread, ones), r"what it makes of a line comes to [\d,]+ numbers")
    joined = [helper.make_node("Concat", ["made"] * 20_000, ["scores"], axis=0)]
    refused(behind(path, joined), r"what it makes of a line comes to [\d,]+ numbers")
    places = [graphs.integers("places", np.zeros(200_000, np.int64))]
    picked = [helper.make_node("Gather", ["made", "places"], ["scores"], axis=2)]
    refused(behind(path, picked, places), r"what it makes of a line comes to [\d,]+ numbers")


def test_products_that_take_long(path):
    square = graphs.floats("square", np.zeros((graphs.CLASSES, 300_000)))
    tall = graphs.floats("tall", np.zeros((300_000, graphs.CLASSES)))
    nodes = [
        helper.make_node("MatMul", ["tall", "square"], ["far"]),
        helper.make_node("MatMul", ["made", "far"], ["scores"]),
    ]
    refused(behind(path, nodes, [square, tall]), r"m\.onnx cannot be built")


def test_many_small_values_count_together(path, lowered):
    lowered(GRAPH_NUMBERS=1000)
    chain = [helper.make_node("Tanh", ["made" if n == 0 else f"t{n}"], [f"t{n + 1}"]) for n in range(2000)]
    refused(
        behind(path, [*chain, helper.make_node("Identity", ["t2000"], ["scores"])]),
        r"what it makes of a line comes to [\d,]+ numbers \(without those its input pays for\)",
    )


def test_more_frames_than_columns(path):
    inner, weights = graphs.simple_nodes(graphs.drawn())
    inner[3].output[0] = "x0"
    inner.insert(4, helper.make_node("Expand", ["x00", "often"], ["x1"]))
    inner.insert(4, helper.make_node("Unsqueeze", ["x0", "first"], ["x00"]))
    inner.insert(6, helper.make_node("Reshape", ["x1", "flat"], ["x"]))
    stored = [
        graphs.integers("often", [50, 1, 1, 1]),
        graphs.integers("first", [0]),
        graphs.integers("flat", [-1, 1, 4]),
    ]
    made = graphs.model(
        inner,
        [*weights, *stored],
        [graphs.port("images", ("n", 1, graphs.HEIGHT, "w"))],
        [graphs.port("scores", None)],
    )
    refused(graphs.saved(made, path), r"it makes 8,000 frames of 160 columns, and at most 4 a column are read")


# Weights beside the graph.


def outside(path, location):
    made = graphs.simple_model()
    tensor = made.graph.initializer.add(name="e", data_type=1, dims=[2], data_location=1)
    for key, value in (("location", location), ("length", "8")):
        tensor.external_data.add(key=key, value=value)
    return graphs.saved(made, path)


def test_weights_beside_it_are_no_links_to_elsewhere(path, tmp_path):
    (tmp_path / "model").mkdir()
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(8))
    here = tmp_path / "model" / "m.onnx"
    (tmp_path / "model" / "link.bin").symlink_to(secret)
    refused(outside(here, "link.bin"), r"should lie in link\.bin, which is a link into another folder")
    (tmp_path / "model" / "link.bin").unlink()
    (tmp_path / "model" / "own.bin").write_bytes(bytes(8))
    (tmp_path / "model" / "link.bin").symlink_to(tmp_path / "model" / "own.bin")
    assert gateviz.load(outside(here, "link.bin"), alphabet=graphs.ALPHABET).card.lineage == "onnx"


@pytest.mark.parametrize("location", ["sub/x", "x\0y", "." * 300, "..", "/dev/zero", "a" * 5000])
def test_places_that_hold_no_weights(path, location):
    refused(outside(path, location), r"m\.onnx cannot be read")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_weights_in_a_pipe_are_not_waited_for(path):
    os.mkfifo(path.with_name("pipe"))
    refused(outside(path, "pipe"), "its weights should lie in pipe beside it, and there is no such file")
