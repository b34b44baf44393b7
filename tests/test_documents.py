"""What the documents promise is there: the examples run, the commands parse, the names exist."""

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

import gateviz
from gateviz.cli.main import main

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_run_and_leave_a_figure(example, tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(example)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    figures = [path for path in tmp_path.rglob("*.*") if path.suffix in {".png", ".pdf"}]
    assert figures
    assert all(figure.stat().st_size > 10_000 for figure in figures)


def test_every_example_is_named_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [example.name for example in EXAMPLES if f"(examples/{example.name})" not in text] == []


def commands() -> list[tuple[str, str]]:
    return [
        (document.name, line.strip())
        for document in DOCUMENTS
        for block in blocks(document, "")
        for line in block.splitlines()
        if line.strip().startswith("gateviz ")
    ]


@pytest.mark.parametrize(("document", "line"), commands())
def test_commands_in_the_documents_parse(document, line):
    _, name, *arguments = shlex.split(line, comments=True)
    command = main.get_command(click.Context(main), name)
    assert command is not None, f"{document} names an unknown command {name}"
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    options = [argument.split("=")[0] for argument in arguments if re.match(r"--?[a-z]", argument)]
    assert set(options) <= known


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_in_the_documents_uses_public_names(document):
    for block in blocks(document, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "gateviz":
                assert node.attr in gateviz.__all__


def test_the_proof_can_fail():
    assert commands()
    assert "no_such_name" not in gateviz.__all__
