"""The floors hold: imports go downward, rooms of one floor are strangers, libraries stay in their rooms."""

import ast
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "gateviz"

# Room -> floor. A file of the package's top level is a room of its own, and so is each study; a study's command.py is of the
# command line. What studies share stands in the folder itself, below them.
FLOORS = {
    "errors": 1,
    "data": 2,
    "ctc": 3,
    "measure": 3,
    "files": 3,
    "recording": 4,
    "geometry": 4,
    # Between geometry and what runs networks: what all of those do with a line before and after.
    "lines": 4.5,
    "capture": 5,
    "graphs": 5,
    "networks": 5,
    "panels": 5,
    "typesetting": 5,
    "adapters": 6,
    "conversion": 6,
    "plot": 6,
    "runtime": 6,
    "studies": 6,
    "widget": 6,
    # Between adapters and studies: it goes on from checkpoints of any lineage, and gateviz eval is a study of what it trained.
    "training": 6.5,
    "studies/*": 7,
    "api": 8,
    "exploring": 8,
    "exporting": 8,
    "service": 8,
    "__init__": 9,
    "cli": 10,
    "__main__": 11,
}

# Library -> the rooms, or files, that may know it.
LIBRARY_ROOMS = {
    "torch": {"capture", "networks", "adapters", "training", "conversion"},
    "matplotlib": {"plot", "studies/*/figure.py"},
    "seaborn": {"plot", "studies/*/figure.py"},
    "anywidget": {"widget"},
    "ipywidgets": {"widget"},
    "traitlets": {"widget"},
    "click": {"cli"},
    "tqdm": {"cli", "training"},
    "dask": {"studies/corpus.py"},
    "cv2": {"files", "geometry", "typesetting"},
    "PIL": {"files", "geometry", "typesetting", "training"},
    "safetensors": {"files", "networks", "adapters", "training"},
    "scipy": {"panels", "measure", "capture", "adapters", "geometry/straighten.py"},
    "xarray": {"files", "recording"},
    "pandas": {"files", "recording"},
    "fontTools": {"typesetting"},
    "onnx": {"adapters", "graphs", "conversion", "exporting.py"},
    "onnxruntime": {"adapters", "runtime", "conversion"},
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
    """The room of a file, or of a module written as one: ``measure/events.py``, ``studies/ablate/run.py``."""
    parts = relative.removesuffix(".py").split("/")
    if parts[0] == "studies" and len(parts) > 2:
        return "cli" if parts[2] == "command" else f"studies/{parts[1]}"
    return parts[0]


def floor_of(room: str) -> float:
    return FLOORS["studies/*" if room.startswith("studies/") else room]


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
            target = room_of("/".join(rest))
            if target != room and floor_of(target) >= floor_of(room):
                found.append(f"{relative} (floor {floor_of(room)}) imports {module} (floor {floor_of(target)})")
            # The package's face hands out the plot room's face; nobody else touches one.
            if PACKAGE.joinpath(*rest).is_dir() and room != "__init__":
                found.append(f"{relative} imports the face of {'/'.join(rest)}")
            # In a study only its figures know how anything is drawn.
            if room.startswith("studies/") and target == "plot" and not relative.endswith("/figure.py"):
                found.append(f"{relative} imports {module}, which is for figure.py")
        elif top in LIBRARY_ROOMS:
            allowed = LIBRARY_ROOMS[top]
            if room not in allowed and not any(fnmatch(relative, one) for one in allowed):
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


def circle_in(graph: dict[str, list[str]]) -> list[str]:
    """Modules that import each other in a loop; none if there is no loop."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_file_comes_back_to_itself_by_imports():
    """Also not by those inside functions; what is imported for type checkers alone is no import."""
    graph = {}
    for relative in package_files():
        tree = ast.parse((PACKAGE / relative).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                node.body = [ast.Pass()]
        own = f"gateviz/{relative}".removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        imported = imported_modules(ast.unparse(tree))
        graph[own] = [name for name in imported if name.startswith("gateviz.") and name != own]
    assert circle_in(graph) == []


def test_a_circle_is_found():
    assert set(circle_in({"a": ["b"], "b": ["c"], "c": ["a"], "d": []})) == {"a", "b", "c"}


def test_every_room_has_a_floor():
    rooms = {room_of(relative) for relative in package_files()}
    assert {room for room in rooms if not room.startswith("studies/")} <= set(FLOORS)


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
        (
            "studies/claims/run.py",
            "from gateviz.studies.measure.run import measured",
            "(floor 7) imports gateviz.studies",
        ),
        ("studies/corpus.py", "from gateviz.studies.measure.run import measured", "(floor 6) imports gateviz.studies"),
        ("studies/measure/run.py", "from gateviz.studies.measure.command import command", "(floor 10)"),
        ("studies/measure/run.py", "from gateviz.cli.options import Reading", "(floor 10)"),
        ("studies/measure/report.py", "from gateviz.plot.style import Style", "which is for figure.py"),
        ("studies/measure/report.py", "import matplotlib", "imports matplotlib"),
        ("studies/measure/run.py", "import click", "imports click"),
        ("cli/main.py", "from gateviz.studies import measure", "imports the face of studies/measure"),
    ],
)
def test_the_proof_can_fail(relative, source, words):
    assert any(words in found for found in violations(relative, source))


def test_a_study_may_draw_and_have_a_command():
    assert violations("studies/measure/figure.py", "import matplotlib\nfrom gateviz.plot.style import Style") == []
    command = "import click\nfrom gateviz.cli.options import Reading\nfrom gateviz.studies.measure.run import measured"
    assert violations("studies/measure/command.py", command) == []
    assert violations("studies/measure/run.py", "from gateviz.studies.corpus import study") == []
