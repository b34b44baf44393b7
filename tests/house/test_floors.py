"""The floors hold: imports go downward, rooms of one floor are strangers, libraries stay in their rooms."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "gateviz"

# Room -> floor. A file of the package's top level is a room of its own.
FLOORS = {
    "errors": 1,
    "data": 2,
    "ctc": 3,
    "measure": 3,
    "files": 3,
    "recording": 4,
    "geometry": 4,
    "capture": 5,
    "networks": 5,
    "panels": 5,
    "typesetting": 5,
    "adapters": 6,
    "survey": 6,
    "plot": 7,
    "widget": 7,
    "service": 7,
    "training": 7,
    "api": 8,
    "exploring": 8,
    "__init__": 9,
    "cli": 10,
    "__main__": 11,
}

# Library -> the rooms, or files, that may know it.
LIBRARY_ROOMS = {
    "torch": {"capture", "networks", "adapters", "training"},
    "matplotlib": {"plot"},
    "seaborn": {"plot"},
    "anywidget": {"widget"},
    "ipywidgets": {"widget"},
    "traitlets": {"widget"},
    "click": {"cli"},
    "tqdm": {"cli", "training", "survey"},
    "dask": {"survey"},
    "cv2": {"files", "geometry", "typesetting"},
    "PIL": {"files", "geometry", "typesetting", "training"},
    "safetensors": {"files", "networks", "adapters", "training"},
    "scipy": {"panels", "measure", "capture", "adapters"},
    "xarray": {"files", "recording"},
    "fontTools": {"typesetting"},
    "onnx": {"adapters"},
    "onnxruntime": {"adapters"},
    "wordfreq": {"typesetting"},
    "lmdb": {"files"},
}


def is_module(dotted: str) -> bool:
    """Whether a dotted name is a module or sub-package of the package."""
    path = PACKAGE.parent.joinpath(*dotted.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def imported_modules(source: str) -> list[str]:
    """Every absolute dotted module that a source file imports, wherever in the file."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            base = node.module or ""
            # ``from gateviz.room import module`` names the module, not the room's face.
            found += [f"{base}.{alias.name}" if is_module(f"{base}.{alias.name}") else base for alias in node.names]
    return found


def room_of(relative: str) -> str:
    head = relative.split("/")[0]
    return head.removesuffix(".py")


def violations(relative: str, source: str) -> list[str]:
    """What the file at ``relative`` (to the package) imports against the floors."""
    room = room_of(relative)
    found = []
    for module in imported_modules(source):
        top, *rest = module.split(".")
        if top == "gateviz":
            if not rest:
                found.append(f"{relative} imports the package's face")
                continue
            target = rest[0]
            if target != room and FLOORS[target] >= FLOORS[room]:
                found.append(f"{relative} (floor {FLOORS[room]}) imports {module} (floor {FLOORS[target]})")
            # The package's face hands out the plot room's face; nobody else touches one.
            if (PACKAGE / target).is_dir() and len(rest) == 1 and room != "__init__":
                found.append(f"{relative} imports the face of {target}")
        elif top in LIBRARY_ROOMS:
            allowed = LIBRARY_ROOMS[top]
            if room not in allowed and relative not in allowed:
                found.append(f"{relative} imports {top}, which lives in {sorted(allowed)}")
    return found


def package_files() -> list[str]:
    return sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def test_imports_go_downward():
    # The faces resolve their names on first use and may look at anything below them.
    found = {
        relative: violations(relative, (PACKAGE / relative).read_text(encoding="utf-8")) for relative in package_files()
    }
    assert [each for offenders in found.values() for each in offenders] == []


def test_every_room_has_a_floor():
    assert {room_of(relative) for relative in package_files()} <= set(FLOORS)


@pytest.mark.parametrize(
    ("relative", "source", "words"),
    [
        ("data/frames.py", "from gateviz.ctc.greedy import greedy", "(floor 2) imports gateviz.ctc.greedy (floor 3)"),
        (
            "panels/build.py",
            "def f():\n    from gateviz.capture.edits import Edit",
            "(floor 5) imports gateviz.capture",
        ),
        ("panels/build.py", "import torch", "imports torch"),
        ("ctc/beam.py", "import gateviz", "imports the package's face"),
        ("plot/style.py", "from gateviz.data import Quantity", "imports the face of data"),
        ("capture/recorder.py", "import cv2", "imports cv2"),
    ],
)
def test_the_proof_can_fail(relative, source, words):
    assert any(words in found for found in violations(relative, source))
