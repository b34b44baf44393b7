"""Every path of every command: looked at before anything heavy, and no output is an input.

The commands, their paths and their outputs are found in the program itself, so that a new one is not forgotten.
"""

import json
import os
import subprocess
import sys

import click
import pytest

from gateviz.cli import looks
from gateviz.cli.main import COMMANDS, main
from gateviz.cli.paths import PathsFirst, Reads, ReadsWords, Writes
from gateviz.training import run_folder

COMMAND = {name: main.get_command(click.Context(main), name) for name in COMMANDS}
EVERY = [(name, parameter) for name, command in COMMAND.items() for parameter in command.params]
READ = [(name, parameter) for name, parameter in EVERY if isinstance(parameter.type, Reads | ReadsWords)]
WRITTEN = [
    (name, parameter) for name, parameter in EVERY if isinstance(parameter.type, Writes) and not parameter.type.folder
]
FOLDERS = [(name, parameter) for name, parameter in EVERY if isinstance(parameter.type, Writes) and parameter.type.folder]  # fmt: skip
# What a command needs beside its paths.
FURTHER = {"synth": ["-n", "1"], "prune": ["--share", "0.3"]}
CLAIM = '[[claim]]\nname = "a"\ngate = "forget_gate"\nwhat = "punctuation"\nsign = "lower"\n'


def spelled(found):
    name, parameter = found
    return f"{name} {max(parameter.opts, key=len)}"


def word(parameter):
    """What stands before the value on a command line."""
    return [max(parameter.opts, key=len)] if isinstance(parameter, click.Option) else []


class Material:
    """Files of every kind that a command reads: what is named, and which files that means."""

    def __init__(self, folder):
        self.folder = folder
        lines, gates, fonts = folder / "lines", folder / "run" / "gates", folder / "fonts"
        for each in (lines, gates, fonts):
            each.mkdir(parents=True)
        manifest = self.file("lines/manifest.tsv", "a.png\tab\nb.png\tcd\n")
        pictures = [self.file("lines/a.png"), self.file("lines/b.png")]
        columns, text = self.file("lines/columns.jsonl", ""), self.file("lines/a.gt.txt", "ab")
        watched, font, code = self.file("run/gates/line.safetensors"), self.file("fonts/a.ttf"), self.file("net.py")
        symbols, claims = self.file("symbols.txt", "ab"), self.file("claims.toml", CLAIM)
        model, sidecar = self.file("crnn.pth"), self.file("crnn.gateviz.toml", "")
        beside, other = self.file("crnn.alphabet.txt", "ab"), self.file("other.pth")
        self.of = {
            looks.look_at_lines: (manifest, [manifest, *pictures, text]),
            looks.look_at_corpus: (manifest, [manifest, *pictures, text]),
            looks.look_at_true_lines: (manifest, [manifest, *pictures, columns]),
            looks.look_at_models: (model, [model, sidecar, beside]),
            looks.look_at_described: (model, [model]),
            looks.look_at_compared: ([model, other, manifest], [model, other, manifest, *pictures]),
            looks.look_at_watched: (folder / "run", [watched]),
            looks.look_at_claims: (claims, [claims]),
            looks.look_at_fonts: (fonts, [font]),
            looks.look_at_font_words: (fonts, [font]),
            looks.look_at_alphabet: (symbols, [symbols]),
            looks.look_at_named_symbols: (symbols, [symbols]),
            looks.look_at_factory: (f"{code}:build", [code]),
        }

    def file(self, name, content="some bytes"):
        path = self.folder / name
        path.write_text(content)
        return path

    def words(self, parameter):
        named = self.of[parameter.type.look][0]
        return [*word(parameter), *map(str, named if isinstance(named, list) else [named])]

    def command_line(self, name, *, without=None):
        """A command with all that it must be given, but for one parameter."""
        words = [name, *FURTHER.get(name, [])]
        for parameter in COMMAND[name].params:
            if parameter is without or not isinstance(parameter.type, Reads | ReadsWords):
                continue
            if isinstance(parameter, click.Argument) or parameter.required:
                words += self.words(parameter)
        for parameter in COMMAND[name].params:
            if parameter.required and isinstance(parameter.type, Writes) and parameter is not without:
                words += [*word(parameter), str(self.folder / "made")]
        return words


@pytest.fixture
def material(tmp_path):
    return Material(tmp_path / "material")


def test_every_path_says_what_it_is_for():
    assert all(isinstance(command, PathsFirst) for command in COMMAND.values())
    for name, parameter in EVERY:
        if isinstance(parameter.type, click.Path):
            assert isinstance(parameter.type, Reads | Writes), f"{name} {parameter.opts}"
        elif any(kind in (parameter.metavar or "") for kind in ("FILE", "FOLDER", "DIR", "CODE", "PATH", "CHECKPOINT")):
            assert isinstance(parameter.type, ReadsWords), f"{name} {parameter.opts}"
    assert {spelled(found) for found in FOLDERS} == {"train --run", "ablate --out", "synth --out"}
    assert len(WRITTEN) >= 10


# No output is an input


# What these read comes with gateviz; their own tests say that it stays.
GIVEN_FILES = [found for found in WRITTEN if found[0] not in ("demo", "sample")]


@pytest.mark.parametrize(("name", "output"), GIVEN_FILES, ids=map(spelled, GIVEN_FILES))
def test_no_output_of_a_command_is_one_of_its_inputs(run, material, name, output):
    (material.folder / "ways").mkdir()
    tried = 0
    for parameter in COMMAND[name].params:
        if not isinstance(parameter.type, Reads | ReadsWords):
            continue
        for number, read in enumerate(material.of[parameter.type.look][1]):
            before = read.read_bytes()
            soft, hard = (material.folder / "ways" / f"{parameter.name}{number}{kind}" for kind in ("soft", "hard"))
            soft.symlink_to(read)
            os.link(read, hard)
            for path in (read, soft, hard):
                words = material.command_line(name)
                words += [] if isinstance(parameter, click.Argument) else material.words(parameter)
                result = run(*words, *word(output), path)
                told = f"gateviz: error: {path} is what is read; name another output with"
                assert (result.exit_code, result.stderr[: len(told)]) == (2, told), words
                assert read.read_bytes() == before
                tried += 1
    assert tried >= 3


EDITED = [name for name in dict.fromkeys(found[0] for found in WRITTEN) if any(p.name == "edits" for p in COMMAND[name].params)]  # fmt: skip


@pytest.mark.parametrize("name", EDITED)
def test_the_recording_of_an_edit_is_an_input(run, material, name, saved):
    output = next(parameter for where, parameter in WRITTEN if where == name)
    words = [*material.command_line(name), "--edit", f"patch forget_gate {saved}", *word(output), saved]
    result = run(*words)
    assert (result.exit_code, "is what is read" in result.stderr) == (2, True), result.stderr


def test_an_output_whose_name_is_made_in_a_folder_is_no_input_either(run, here, saved):
    (here / "out").mkdir()
    (here / "line.gates.png").symlink_to(saved)
    result = run("plot", saved)
    assert (result.exit_code, result.stderr[:59]) == (2, "gateviz: error: line.gates.png is what is read; name anothe")
    os.link(saved, here / "out" / "line.gates.png")
    result = run("plot", saved, "-o", "out")
    assert "out/line.gates.png is what is read; name another output with -o" in result.stderr


@pytest.mark.parametrize("name", ["ablation.jsonl", "ablation.json", "ablation.png"])
def test_the_files_of_a_folder_are_no_inputs_of_ablate(run, material, name):
    words = material.command_line("ablate")
    path = material.folder / "lines" / name
    path.write_text("mine")
    (material.folder / "lines" / "manifest.tsv").write_text(f"a.png\tab\n{name}\tcd\n")
    result = run(*words, "-o", material.folder / "lines")
    assert (result.exit_code, path.read_text()) == (2, "mine")
    assert f"{path} is what is read; name another output with -o" in result.stderr


def test_a_run_does_not_write_over_the_model_it_goes_on_from(run, material):
    model = material.file("best.safetensors")
    result = run("train", *map(str, [material.folder / "lines"]), "--from", model, "-o", material.folder)
    assert result.exit_code == 1
    assert "holds a run already" in result.stderr
    model.rename(material.folder / "curves.png")
    result = run("train", material.folder / "lines", "--from", material.folder / "curves.png", "-o", material.folder)
    assert result.exit_code == 1
    assert "curves.png is what is read, and would be replaced" in result.stderr


def test_two_outputs_have_two_names(run, material, saved, tmp_path):
    (tmp_path / "soft.png").symlink_to(tmp_path / "one.png")
    result = run("plot", saved, "-o", tmp_path / "one.png", "--save-recording", tmp_path / "soft.png")
    assert (result.exit_code, "both name" in result.stderr) == (2, True)
    words = material.command_line("measure")
    result = run(*words, "-o", tmp_path / "a.html", "-o", tmp_path / "a.html")
    assert (result.exit_code, f"-o names {tmp_path}/a.html twice" in result.stderr) == (2, True)


@pytest.mark.parametrize(("name", "output"), FOLDERS, ids=map(spelled, FOLDERS))
def test_a_folder_is_not_made_under_the_name_of_a_file(run, material, name, output, tmp_path):
    words = material.command_line(name, without=output)
    result = run(*words, *word(output), tmp_path / "x.png")
    assert result.exit_code == 2
    assert f"{tmp_path}/x.png names one file, and {name} writes several; name a folder" in result.stderr
    assert not (tmp_path / "x.png").exists()


# Before anything heavy

LOOKED_AT = """
import contextlib, io, json, sys
from gateviz.cli.main import main
found = []
for words in json.loads(sys.stdin.read()):
    told = io.StringIO()
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
        try: main(words)
        except SystemExit as end: status = end.code
    heavy = [name for name in ("torch", "matplotlib", "scipy", "onnx", "onnxruntime", "lmdb", "tqdm") if name in sys.modules]
    found.append([status, told.getvalue(), heavy])
print(json.dumps(found))
"""


def nowhere(parameter):
    """Values that name nothing, as a user mistypes them."""
    look = parameter.type.look
    if look is looks.look_at_factory:
        return [["nowhere.py:build"], ["nowhere"]]
    if look in (looks.look_at_alphabet, looks.look_at_named_symbols):
        return [["nowhere.txt"]]
    if look is looks.look_at_compared:
        return [["nowhere.pth", "bundled", "a.png"], ["nowhere.png", "nowhere2.png"], ["bundled", "bundled", "nowhere"]]
    if look in (looks.look_at_lines, looks.look_at_corpus):
        return [["nowhere.png"], ["nowhere.safetensors"], ["nowhere.tsv"], ["nowhere"]]
    return [["nowhere"]]


def test_a_wrong_path_is_told_before_anything_heavy(material):
    cases = []
    for name, parameter in READ:
        for values in nowhere(parameter):
            rest = material.command_line(name, without=parameter)
            cases.append([*rest, *word(parameter), *values])
    cases += [["read", "a.png", "--edit", "patch forget_gate nowhere.safetensors"]]
    done = subprocess.run(
        [sys.executable, "-c", LOOKED_AT], input=json.dumps(cases), capture_output=True, text=True, check=True,
        cwd=material.folder / "lines",
    )  # fmt: skip
    for words, (status, told, heavy) in zip(cases, json.loads(done.stdout), strict=True):
        assert status in (1, 2), (words, told)
        assert told.startswith("gateviz: error: "), words
        assert "nowhere" in told, words
        assert told.count("\n") == 1, words
        assert heavy == [], words


def test_of_several_lines_the_missing_one_is_told_and_the_others_are_read(run, saved, tmp_path):
    result = run("read", tmp_path / "missing.safetensors", saved)
    assert (result.exit_code, result.stdout) == (1, f"{saved}\t0.9000\tab中\n")
    assert "there is no recording" in result.stderr


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [
        (["red"], "did you mean 'read'?"),
        (["traain"], "did you mean 'train'?"),
        (["Measure"], "did you mean 'measure'?"),
        (["xyz"], f"there are {', '.join(COMMANDS)}"),
    ],
)
def test_a_mistyped_command_is_guessed(run, words, suggestion):
    result = run(*words, "line.png")
    assert result.exit_code == 2
    assert result.stderr == f"gateviz: error: No such command {words[0]!r}; {suggestion}; see main --help\n"


def test_a_mistyped_option_is_guessed(run):
    result = run("read", "line.png", "--modle", "x.pth")
    assert result.exit_code == 2
    assert "--model" in result.stderr


def test_the_names_of_a_run_are_those_that_are_checked():
    """What ``train`` writes beside its best model and the gates, by the names that the folder spares."""
    assert {run_folder.CONFIG, run_folder.LOG, run_folder.STATE, run_folder.CURVES, run_folder.GATES} == {
        "config.json", "log.jsonl", "last.pt", "curves.png", "gates.png",
    }  # fmt: skip
