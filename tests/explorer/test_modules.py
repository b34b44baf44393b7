"""The explorer's modules: their own tests, and that the file made of them is the one that ships."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "gateviz" / "widget" / "explorer"
SHIPPED = ROOT / "gateviz" / "widget" / "static" / "explorer.js"
MOST_LINES = 350


def node(*arguments: str) -> str:
    """What a program of Node prints; without Node the test skips."""
    if not shutil.which("node"):
        pytest.skip("needs the Debian package nodejs")
    done = subprocess.run(["node", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sources() -> list[Path]:
    return sorted(path for path in MODULES.rglob("*") if path.is_file())


@pytest.mark.system
def test_the_modules_pass_their_own_tests():
    tests = sorted(path.relative_to(ROOT).as_posix() for path in Path(__file__).parent.glob("*.test.js"))
    said = node("--test", "--test-reporter=tap", *tests)
    assert int(re.search(r"^# pass (\d+)$", said, re.MULTILINE)[1]) >= len(tests) > 5
    assert re.search(r"^# skipped 0$", said, re.MULTILINE)


@pytest.mark.system
def test_the_shipped_file_is_what_the_modules_make(tmp_path):
    if not (ROOT / "node_modules" / "esbuild").is_dir():
        pytest.skip("needs the packages of package-lock.json, which make lint installs where npm is")
    node("tools/bundle_explorer.mjs", str(tmp_path / "explorer.js"))
    assert (tmp_path / "explorer.js").read_bytes() == SHIPPED.read_bytes(), (
        "gateviz/widget/static/explorer.js is stale: make explorer, and commit it with the modules"
    )


def test_the_shipped_file_says_where_it_comes_from_and_whose_work_is_in_it():
    head = SHIPPED.read_text(encoding="utf-8").partition('"use strict"')[0]
    assert "Made by `npm run build` from the modules in gateviz/widget/explorer: change those, not this." in head
    assert "Copyright (c) 2015-present Jason Miller" in head
    assert "Permission is hereby granted, free of charge" in head


def test_no_module_is_long_and_none_asks_for_the_name_of_a_class():
    long = {path.name: lines for path in sources() if (lines := path.read_text("utf-8").count("\n")) > MOST_LINES}
    assert long == {}
    named = [path.name for path in sources() if "constructor.name" in path.read_text("utf-8")]
    assert named == []


def test_versions_are_pinned_and_the_lock_names_no_registry():
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all("resolved" not in package and ("integrity" in package or not name) for name, package in lock.items())


def imports() -> dict[str, set[str]]:
    """Of every module those that it loads; a type from another loads nothing."""
    found = {}
    for path in [each for each in sources() if each.suffix in (".js", ".jsx")]:
        named = re.findall(r'^import [^"]*"(\.[^"]+)";$|^\} from "(\.[^"]+)";$', path.read_text("utf-8"), re.MULTILINE)
        loaded = {(path.parent / (one or other)).resolve() for one, other in named}
        found[path.relative_to(MODULES).as_posix()] = {each.relative_to(MODULES).as_posix() for each in loaded}
    return found


def test_no_module_loads_itself_by_way_of_others():
    left = {name: {each for each in needs if not each.endswith(".css")} for name, needs in imports().items()}
    assert len(left) > 20
    while ready := {name for name, needs in left.items() if not needs & left.keys()}:
        left = {name: needs for name, needs in left.items() if name not in ready}
    assert left == {}


def test_every_module_is_loaded_by_the_entry():
    found = imports()
    seen, ahead = set(), {"index.js"}
    while ahead:
        seen |= ahead
        ahead = {each for name in ahead for each in found.get(name, ())} - seen
    kept = {path.relative_to(MODULES).as_posix() for path in sources() if not path.name.endswith(".d.ts")}
    assert seen == kept
