"""A run that left tests out says so in one line: how many, and for want of what."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.skips import skips_said

ROOT = Path(__file__).parents[2]
NO_DATA, NO_PACKAGE = "no recorded engine output at hand", "needs the Debian package chromium"


def skipped(reason):
    return pytest.TestReport("a.py::b", ("a.py", 1, "b"), {}, "skipped", ("a.py", 1, f"Skipped: {reason}"), "setup")


def test_reasons_stand_with_their_counts_the_commonest_first():
    reports = [skipped(NO_PACKAGE), *[skipped(NO_DATA)] * 3]
    assert skips_said(reports) == f"4 skipped: 3 ({NO_DATA}); 1 ({NO_PACKAGE})"
    assert skips_said([]) == ""


def test_rare_reasons_are_counted_together():
    reports = [skipped(str(number)) for number in range(6) for _ in range(9 - number)]
    assert skips_said(reports) == "39 skipped: 9 (0); 8 (1); 7 (2); 6 (3); 9 for 2 other reasons, which -rs lists"


def test_workers_skips_are_said_too(tmp_path):
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_terminal_summary\n")
    (tmp_path / "test_it.py").write_text(
        f"import pytest\n\n@pytest.mark.parametrize('n', range(3))\ndef test_it(n):\n    pytest.skip({NO_DATA!r})\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-c", "/dev/null", "--rootdir", str(tmp_path)]
    done = subprocess.run([*command, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"3 skipped: 3 ({NO_DATA})" in done.stdout.splitlines()
