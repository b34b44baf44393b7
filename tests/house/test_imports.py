"""Imports stay light and silent."""

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "gateviz"
HEAVY = ("torch", "numpy", "matplotlib", "seaborn", "scipy", "cv2", "PIL")
NUMPY_ROOMS = ("data", "ctc", "measure", "panels")


def modules() -> list[str]:
    names = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = list(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        if parts[-1] == "__main__":
            continue
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


def loaded_after(statement: str, watched: tuple[str, ...]) -> list[str]:
    """Which of the watched libraries are loaded in a fresh process after a statement; it must say nothing."""
    script = f"{statement}\nimport sys\nsys.stderr.write(' '.join(n for n in {watched!r} if n in sys.modules))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return done.stderr.split()


def test_the_face_is_light():
    assert loaded_after("import gateviz", HEAVY) == []


def test_the_proof_can_fail():
    assert loaded_after("import numpy", HEAVY) == ["numpy"]


def test_numpy_rooms_know_nothing_heavier():
    statement = "\n".join(
        f"import {name}" for name in modules() if name.split(".")[1:2] and name.split(".")[1] in NUMPY_ROOMS
    )
    assert loaded_after(statement, ("torch", "matplotlib", "cv2", "PIL")) == []


def test_drawing_needs_no_torch():
    statement = "\n".join(f"import {name}" for name in modules() if name.split(".")[1:2] == ["plot"])
    assert loaded_after(statement, ("torch", "seaborn", "matplotlib.pyplot")) == []


def test_what_a_study_is_asked_and_what_it_says_need_no_torch():
    statement = "\n".join(
        f"import {name}"
        for name in modules()
        if name.split(".")[1:2] == ["studies"] and name.split(".")[-1] in ("request", "report", "page", "account")
    )
    assert "studies.measure.report" in statement
    assert loaded_after(statement, ("torch", "matplotlib", "click")) == []


@pytest.mark.parametrize("room", ["capture", "networks", "adapters", "cli"])
def test_rooms_import_silently(room):
    loaded_after("\n".join(f"import {name}" for name in modules() if name.split(".")[1:2] == [room]), HEAVY)
