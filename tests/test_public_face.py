"""The public names: few, light, resolved on first use, and all of them there."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import gateviz

MOST_NAMES = 28
HEAVY = ("torch", "numpy", "matplotlib", "scipy", "PIL", "cv2", "jaxtyping", "click")


def in_a_fresh_process(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_after(script: str) -> set[str]:
    tail = f"\nimport sys; sys.stdout.write(' '.join(n for n in {HEAVY!r} if n in sys.modules))"
    return set(in_a_fresh_process(script + tail).split())


def test_there_are_few_names_and_dir_shows_them():
    assert len(gateviz.__all__) <= MOST_NAMES
    assert dir(gateviz) == sorted(gateviz.__all__)
    assert gateviz.__all__ == sorted(gateviz.__all__)


def test_no_function_has_the_name_of_a_room():
    """Importing the room would put it in the function's place."""
    rooms = {path.parent.name for path in Path(gateviz.__file__).parent.glob("*/__init__.py")}
    assert rooms & set(gateviz.__all__) == {"plot"}


@pytest.mark.parametrize("name", gateviz.__all__)
def test_every_name_is_there_and_is_what_its_home_has(name):
    found = getattr(gateviz, name)
    if name == "__version__":
        assert found == importlib.metadata.version("gateviz")
    elif name == "plot":
        assert found is importlib.import_module("gateviz.plot")
    else:
        assert found.__name__ == name
        assert getattr(importlib.import_module(found.__module__), name) is found
        assert found.__doc__


def test_type_checkers_are_told_the_same_names_from_the_same_homes():
    tree = ast.parse(Path(gateviz.__file__).read_text(encoding="utf-8"))
    [block] = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    told = {alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert told.pop("plot") == "gateviz"
    assert told == gateviz._HOMES
    assert {*told, "plot", "__version__"} == set(gateviz.__all__)


def test_importing_the_face_loads_nothing():
    assert loaded_after("import gateviz; dir(gateviz)") == set()


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        ("gateviz.GatevizError", set(HEAVY)),
        ("gateviz.__version__", set(HEAVY)),
        ("gateviz.plot", {"torch", "matplotlib"}),
        ("gateviz.open_recording; gateviz.Recording; gateviz.align; gateviz.Quantity", {"torch", "matplotlib", "PIL"}),
        ("gateviz.plot.gates", {"torch"}),
        ("gateviz.load; gateviz.record; gateviz.trace_gates; gateviz.clamp", {"matplotlib"}),
        ("gateviz.instrument; gateviz.restore; gateviz.InstrumentedLSTM; gateviz.InstrumentedGRUCell", {"matplotlib"}),
    ],
)
def test_a_name_loads_only_what_it_needs(words, absent):
    assert not loaded_after(f"import gateviz\n{words}") & absent


def test_a_wrong_name_is_an_attribute_error_that_lists_the_right_ones():
    with pytest.raises(AttributeError, match=r"gateviz has no 'plott'; its public names are Alphabet, .*trace_gates"):
        _ = gateviz.plott
    with pytest.raises(ImportError):
        exec("from gateviz import plott", {})


def test_star_import_brings_exactly_the_names():
    names = in_a_fresh_process("from gateviz import *\nprint(*sorted(n for n in dir() if n[:2] != '__'))").split()
    assert names == sorted(name for name in gateviz.__all__ if name != "__version__")
