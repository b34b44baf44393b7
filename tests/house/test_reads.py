"""What is read is read in one place, so that no run writes over it and what is loaded no longer depends on its file."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "gateviz"
READERS = {"read_bytes", "read_text", "safe_open", "memmap", "mmap", "fromfile", "truetype", "TTFont"}

# Who opens files otherwise, and why that is right.
APART = {
    "files/inputs.py": "the place itself",
    "files/images.py": "Pillow opens the image, which is noted before",
    "files/lmdb_lines.py": "LMDB opens the file, which is noted before",
    "typesetting/fonts.py": "Pillow and fontTools open fonts, which are noted before",
    "typesetting/glyphs.py": "Pillow opens the fonts that typesetting/fonts.py found",
    "adapters/core/torch_file.py": "looks once more at a file that open_model_file noted",
    "adapters/opening.py": "looks at the directory of an archive that open_model_file noted",
    "training/run_folder.py": "the run's own config and log, which it writes",
    "training/checkpoints.py": "the run's own state, which it writes",
    "studies/kept.py": "the study's own outcomes, which it writes",
    "adapters/onnx/worker_program.py": "the memory that the process itself has, as the system tells it",
    "widget/html.py": "a file of the package",
    "plot/fonts.py": "fonts of the system, for their format",
}


def reads(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        words = [value.value for value in (*node.args, *(k.value for k in node.keywords)) if isinstance(value, ast.Constant)]  # fmt: skip
        opens = (
            name == "open" and owner not in ("archive", "os") and not any(w in ("w", "wb", "a", "rb+") for w in words)
        )
        loads = name == "load" and owner in ("torch", "np") and "BytesIO" not in ast.unparse(node)
        if (
            opens
            or loads
            or (name in READERS and (owner or name != "read_text"))
            or (name == "ZipFile" and "BytesIO" not in ast.unparse(node))
        ):
            found.append(f"line {node.lineno}: {ast.unparse(node)[:70]}")
    return found


def test_files_are_read_in_one_place():
    offenders = [
        f"{path.relative_to(PACKAGE).as_posix()} {found}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).as_posix() not in APART
        for found in reads(path.read_text(encoding="utf-8"))
    ]
    assert offenders == [], "read by files.inputs, or say here why not"


def test_who_reads_apart_is_there_and_does():
    for name in APART:
        assert reads((PACKAGE / name).read_text(encoding="utf-8")), name


@pytest.mark.parametrize(
    "source",
    [
        "path.read_bytes()",
        "path.read_text(encoding='utf-8')",
        "open(path)",
        "path.open('rb')",
        "safe_open(path, framework='pt')",
        "torch.load(path, weights_only=True)",
        "np.memmap(path)",
        "zipfile.ZipFile(path)",
        "ImageFont.truetype(path, 16)",
    ],
)
def test_the_proof_can_fail(source):
    assert reads(source)


@pytest.mark.parametrize(
    "source", ["path.open('a')", "torch.load(io.BytesIO(data))", "archive.open(name)", "os.open(path, 0)"]
)
def test_what_is_no_reading_passes(source):
    assert reads(source) == []
