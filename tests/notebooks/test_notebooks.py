"""Every notebook runs from top to bottom, what it says is so, and nothing of a run is kept in it."""

import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
# Long enough for any machine: it ends a cell that waits for what will never come.
CELL_SECONDS = 600

# What the words of a notebook rest on, as regular expressions over what it prints.
CLAIMS = {
    "one_line.ipynb": [r"A balloon committee, 27 Coffee Street\."],
    "punctuation.ipynb": [
        r"ASCII marks: +你好,世界!\n",
        r"full-width marks: 你好，世界！\n",
        r"(\d+) of 384 units part marks from characters in both lines",
    ],
    "any_lstm.ipynb": [r"forget gate: \(80, 4\)"],
    "instrumented_lstm.ipynb": [
        r"InstrumentedLSTM\(8, 12, batch_first=True, bidirectional=True\)\nthe very same layer: True   weights: True\n",
        r"the same keys: True\noutputs differ by less than 1e-6: True\n",
        r"0 backward \w+ \{'input_gate': \(1, 48, 12\)",
        r"step 240: loss 0\.0\d+   mean forget gate: forward 0\.\d+, backward 0\.\d+\n",
        r"written: +([im]+)\nread: +\1\n",
        r"gradient left of the frame: True   right of it: False\n",
        r"held: 0\.0   and so the model's own traces: 0\.0\nLSTM True False\n",
    ],
    "hold_a_gate.ipynb": [
        r"as it is: +A balloon committee, 27 Coffee Street\.\nall f held at 0: A\S+\n",
        r"f held at 0 there: A balloon committee, 27 Coffee Street\. ",
        r"f held at 1 there: (?!A balloon committee, 27 Coffee Street\. )",
        r"largest change before: 0\.000\n",
        r"\['forget gate in layer 1 forward, held at 1 in columns \[120, 200\)'\]",
        r"\('A balloon committee, 27 Coffee Street\.', \[\]\)",
    ],
}
BETWEEN = "mean f: at marks ([0-9.]+), at characters ([0-9.]+), between symbols ([0-9.]+)"


def test_there_is_a_claim_for_every_notebook():
    assert [path.name for path in NOTEBOOKS] == sorted(CLAIMS)


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What a notebook printed and returned, run once."""
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient, which pip installs")
    pytest.importorskip("ipykernel", reason="needs ipykernel, which pip installs")
    known = {}

    def run(name: str) -> str:
        if name not in known:
            folder = tmp_path_factory.mktemp("notebook")
            notebook = nbformat.read(next(path for path in NOTEBOOKS if path.name == name), as_version=4)
            client = nbclient.NotebookClient(
                notebook, timeout=CELL_SECONDS, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
            )
            client.execute()
            known[name] = "\n".join(words(cell) for cell in notebook.cells if cell.cell_type == "code")
        return known[name]

    return run


def words(cell) -> str:
    """What a cell printed, and its value as text; a warning is an error."""
    said = [output for output in cell.outputs if output.output_type == "stream"]
    assert "".join(output.text for output in said if output.name == "stderr") == ""
    values = [output.data["text/plain"] for output in cell.outputs if "data" in output]
    return "".join(output.text for output in said) + "\n".join(values)


@pytest.mark.parametrize("name", sorted(CLAIMS))
def test_it_runs_and_prints_what_its_words_rest_on(printed, name):
    said = printed(name)
    for claim in CLAIMS[name]:
        assert re.search(claim, said), f"{claim!r} is not in\n{said}"


def test_marks_are_lower_than_characters_and_like_gaps(printed):
    """As the notebook on punctuation says of the means of the layers."""
    means = [tuple(map(float, found)) for found in re.findall(BETWEEN, printed("punctuation.ipynb"))]
    assert len(means) == 8
    assert all(marks < characters for marks, characters, _ in means)
    assert all(gaps < marks + 0.1 for marks, _, gaps in means)


def test_the_units_that_part_marks_do_not_do_so_among_latin_letters(printed):
    said = printed("punctuation.ipynb")
    picked, chinese, english = (
        int(re.search(pattern, said)[1])
        for pattern in (
            r"of (\d+) units that part marks from characters in the first two lines",
            r"(\d+) do so in the other Chinese line",
            r"(\d+) do so in the English line as well",
        )
    )
    assert 2 * picked / 3 > chinese > picked / 3  # "about half"
    assert english < picked / 10


def test_the_keeper_shuts_its_forget_gates_to_store_and_needs_them(printed):
    said = printed("any_lstm.ipynb")
    storing, elsewhere = (
        [float(value) for value in found.split()]
        for found in re.search(r"forget_gate +where it stores \[(.+?)\] +elsewhere \[(.+?)\]", said).groups()
    )
    assert all(one < other for one, other in zip(storing, elsewhere, strict=True))
    errors = [float(re.search(rf"{words} +([0-9.]+)", said)[1]) for words in ("as it is", "held at 0", "held at 1")]
    assert min(errors[1:]) > 10 * errors[0]
    kept = [float(value) for value in re.search(r"state is left after \[(.+?)\] steps", said)[1].split()]
    assert max(kept) < int(re.search(r"longest time without a flag: (\d+)", said)[1]) / 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_nothing_of_a_run_is_kept(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert set(notebook.metadata.language_info) == {"name"}
    assert not re.search(r"/(home|root|tmp|work|Users)/|[A-Z]:\\\\", path.read_text(encoding="utf-8"))
