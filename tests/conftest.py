"""Shared by all tests: what is at hand, what was skipped for want of it, and a word about files that grow."""

import ast
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.skips import skips_said

# For all rooms: how long an example takes says nothing on a busy machine.
settings.register_profile("gateviz", deadline=None)
settings.load_profile("gateviz")

collect_ignore_glob = ["adapters/golden/*"]
"""What makes the golden numbers needs the originals' own packages, and is no test."""

ROOT = Path(__file__).parents[1]
FILE_LINES = 300
FUNCTION_LINES = 60


def pytest_terminal_summary(terminalreporter):
    """Names files and functions past the size at which a wall is usually missing: a signal, not a law.

    Before them, in one line, what was not tested and why; workers' skips are in the same list.
    """
    if said := skips_said(terminalreporter.stats.get("skipped", ())):
        terminalreporter.line("")
        terminalreporter.line(said)
    notes = []
    for path in sorted((ROOT / "gateviz").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if (lines := source.count("\n")) > FILE_LINES:
            notes.append(f"{path.relative_to(ROOT)}: {lines} lines")
        functions = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
        notes.extend(
            f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length} lines"
            for node in functions
            if (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
        )
    if notes:
        terminalreporter.section("long files and functions")
        for note in notes:
            terminalreporter.line(note)


def real_data_folder() -> Path:
    """Where recorded numbers of Tesseract's own engine would be; they are not part of the repository."""
    return Path(os.environ.get("GATEVIZ_REAL_DATA", ROOT.parent / "shared" / "real"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """That folder; without it the test skips, in CI too."""
    if not real_data_folder().is_dir():
        pytest.skip("no recorded engine output at hand: set GATEVIZ_REAL_DATA to its folder")
    return real_data_folder()


@pytest.fixture(scope="session")
def font_folder() -> Path:
    """Fonts that every machine with matplotlib has: DejaVu Sans, Sans Mono and Serif, and fonts of symbols."""
    import matplotlib as mpl

    return Path(mpl.get_data_path(), "fonts", "ttf")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI every system package is installed, so a skipped system test is a failure in disguise."""
    report = yield
    wants_data = "real_data" in item.fixturenames and not real_data_folder().is_dir()
    must_run = item.get_closest_marker("system") and os.environ.get("GATEVIZ_NO_SYSTEM_SKIPS") and not wants_data
    if report.skipped and must_run:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} skipped although CI installs the system packages: {call.excinfo.value}"
    return report
