"""The sets of packages that the Makefile installs: a whole known-good one, and the lower bounds."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("packages", ROOT / ".ci" / "packages.py")
packages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(packages)


def requirements():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["test"]]


def as_numbers(version):
    return [int(part) for part in re.findall(r"\d+", version)]


def test_the_known_good_set_holds_all_that_is_asked_for_and_says_nothing_of_where_it_came_from():
    good = packages.known_good()
    for requirement in requirements():
        name, _, bound = requirement.partition(">=")
        assert packages.normal(name) in good, name
        assert as_numbers(good[packages.normal(name)]) >= as_numbers(bound), requirement
    # What they ask for in turn is pinned too.
    assert {"sympy", "protobuf", "tornado", "pluggy", "kiwisolver"} <= good.keys()
    lines = packages.CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins == sorted(pins, key=lambda line: line.partition("==")[0])
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in pins)


def test_the_oldest_set_is_that_of_the_lower_bounds(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["a_b>=1", "c>=2.5", "d>=3.1.4", "torch>=2.4"]\n'
        '[project.optional-dependencies]\nx = ["e>=0.9", "types-e"]\ny = ["c>=2.5"]\n'
    )
    (tmp_path / "constraints.txt").write_text("# words\nc==2.9\ntorch==2.13.0\n")
    monkeypatch.setattr(packages, "ROOT", tmp_path)
    monkeypatch.setattr(packages, "CONSTRAINTS", tmp_path / "constraints.txt")
    assert packages.oldest() == ["a-b==1.0.*", "c==2.5.*", "d==3.1.4", "e==0.9.*", "torch==2.13.0"]
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["a>=1,<2"]\n[project.optional-dependencies]\n')
    with pytest.raises(SystemExit, match="asks for 'a>=1,<2'; only a lower bound such as"):
        packages.oldest()


def test_the_report_names_what_broke_and_what_is_not_the_known_good(tmp_path, monkeypatch):
    results = tmp_path / "results.xml"
    results.write_text(
        '<testsuites><testsuite><testcase classname="tests.a" name="one"/><testcase classname="tests.a" name="two">'
        "<failure/></testcase></testsuite></testsuites>"
    )
    monkeypatch.setattr(packages, "installed", lambda: {"numpy": "2.9.9", "torch": "2.13.0"})
    monkeypatch.setattr(packages, "known_good", lambda: {"numpy": "2.4.6", "torch": "2.13.0"})
    assert packages.report("test-newest", results).splitlines() == [
        "test-newest: 1 of 2 tests broke",
        "  tests.a::two",
        "test-newest ran against: numpy 2.9.9 (known good: 2.4.6)",
    ]
    assert packages.report("test-newest", tmp_path / "none") == "test-newest: pytest did not come to its end"


def test_builds_and_what_torch_brings_for_graphics_cards_are_no_part_of_the_set(monkeypatch):
    class Found:
        def __init__(self, name, version):
            self.metadata, self.version = {"Name": name}, version

    there = [("Torch", "2.13.0+cpu"), ("nvidia-cublas", "1"), ("triton", "3"), ("pip", "24"), ("gateviz", "0.1")]
    monkeypatch.setattr(packages, "distributions", lambda: [Found(*each) for each in there])
    assert packages.installed() == {"torch": "2.13.0"}
