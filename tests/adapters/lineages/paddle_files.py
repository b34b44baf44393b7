"""A Paddle parameter file, as paddle.save writes it."""

import importlib.util
import pickle
import re
from functools import partial
from pathlib import Path

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
ports = conformance.load_file(Path(__file__).parent / "paddle.py")


def paddles_arrays(state):
    """A port's tensors as arrays under Paddle's names, its linear layers transposed and its LSTM's named twice."""
    arrays = {}
    for name, tensor in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        array = tensor.numpy()
        if name.endswith(".weight") and array.ndim == 2:
            array = array.T.copy()
        for theirs, port in (
            ("._mean", ".running_mean"),
            ("._variance", ".running_var"),
            ("backbone.", "backbone.block_list."),
        ):
            name = name.replace(port, theirs)
        arrays[name] = array
        if found := re.match(r"(.*\.lstm)\.(\w+)_l(\d)(_reverse)?$", name):
            cell = "cell_bw" if found[4] else "cell_fw"
            arrays[f"{found[1]}.{found[3]}.{cell}.{found[2]}"] = array
    return arrays


def save(folder, state, protocol=4):
    """What paddle.save writes: a pickle of arrays, and of the counters by which Paddle knows them."""
    arrays = paddles_arrays(state)
    table = {"StructuredToParameterName@@": {name: f"parameter_{n}" for n, name in enumerate(arrays)}}
    path = folder / "best_accuracy.pdparams"
    path.write_bytes(pickle.dumps({**arrays, **table}, protocol=protocol))
    return path


CASES = (
    conformance.Case(
        name="pdparams",
        adapter="paddle",
        state=partial(ports.state_of, "resnet34_vd", share=16),
        save=save,
        channels=3,
        height=32,
        narrow=20,
        wide=177,
        blank=0,
        symbols=36,
        layers=ports.TWO_LAYERS,
    ),
)
