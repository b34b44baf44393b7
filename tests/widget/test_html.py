"""One file that asks for nothing: what is in it, what may run in it, how large it is."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from gateviz.data.frames import FrameGrid
from gateviz.errors import OutputError
from gateviz.panels.explorer import explorer_document
from gateviz.panels.wire import Wire, decode, encode
from gateviz.recording import Recording
from gateviz.widget.html import MODULE, START, html_page, initial_state, static_text, write_html
from tests.widget.conftest import large_trace

MEGABYTES = 1_000_000


class Page(HTMLParser):
    """The scripts of a page by id, its policy, its title, and every address it names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: dict[str, str] = {}
        self.policy, self.title = "", ""
        self.addresses: list[str] = []
        self._open, self._id = "", ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        about = dict(attributes)
        self._open, self._id = tag, about.get("id", about.get("type", ""))
        if about.get("http-equiv") == "Content-Security-Policy":
            self.policy = about["content"]
        self.addresses += [about[name] for name in ("src", "href", "action") if name in about]

    def handle_data(self, data):
        if self._open == "script":
            self.scripts[self._id] = self.scripts.get(self._id, "") + data
        elif self._open == "title":
            self.title += data

    def handle_endtag(self, tag):
        self._open = ""

    @property
    def wire(self) -> Wire:
        return Wire(json.loads(self.scripts["gateviz-document"]), base64.b64decode(self.scripts["gateviz-data"]))


def page_of(recording, **options) -> Page:
    document = explorer_document([recording], **options)
    return Page(html_page(encode(document), initial_state(document)))


def test_the_page_holds_the_document_and_its_arrays(recording):
    page = page_of(recording)
    found = decode(page.wire)["recordings"][0]
    assert found["text"] == recording.text
    codes = found["traces"][2]["quantities"]["forget_gate"]["values"]
    np.testing.assert_allclose(codes.values, recording.trace(1).forget_gate.T, atol=1 / 255)


def test_an_exact_page_holds_every_number_as_it_was_recorded(recording):
    found = decode(page_of(recording, exact=True).wire)["recordings"][0]
    for part, trace in zip(found["traces"], recording.traces, strict=True):
        for quantity, each in part["quantities"].items():
            assert each["values"].tobytes() == np.ascontiguousarray(trace[quantity].T).tobytes()


def test_it_begins_with_the_layer_nearest_to_the_output(recording):
    state = json.loads(page_of(recording).scripts["gateviz-state"])
    assert (state["trace"], state["view"], state["order"], state["theme"]) == ("1.forward", "first", "index", "auto")
    assert state["quantities"] == [
        "input_gate", "forget_gate", "candidate", "output_gate", "cell_state", "hidden_state",
    ]  # fmt: skip
    two = explorer_document([recording, recording])
    assert initial_state(two)["view"] == "both"


def test_nothing_but_the_front_end_may_run_and_nothing_may_be_fetched(recording):
    page = page_of(recording)
    module = page.scripts["module"]
    digest = base64.b64encode(hashlib.sha256(module.encode()).digest()).decode()
    rules = dict(rule.strip().split(" ", 1) for rule in page.policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'sha256-{digest}'"
    assert rules["img-src"] == "data: blob:"
    assert not {"connect-src", "worker-src", "font-src", "frame-src"} & rules.keys()
    assert page.addresses == []
    assert not re.search(r"https?://(?!www\.w3\.org/)", module)


def test_the_front_end_is_one_module_that_a_page_can_hold():
    module = static_text(MODULE)
    assert "</script" not in (module + START).lower()
    assert "<!--" not in module + START
    assert re.search(r"^(async )?function render\(", module, re.MULTILINE)
    assert re.search(r"^export default ", module, re.MULTILINE)
    assert not re.search(r"^\s*import\b", module, re.MULTILINE)
    assert START not in module


@pytest.mark.parametrize("name", ["</script><script>alert(1)</script>", "<!--", "a & b", "\u2028", "中"])
def test_no_name_can_leave_its_place(recording, name):
    page = page_of(recording, title=name)
    assert page.title == f"{name} · gateviz"
    assert page.wire.header["title"] == name
    assert set(page.scripts) == {"gateviz-document", "gateviz-state", "gateviz-data", "module"}


def test_a_file_is_written_whole_or_not_at_all(recording, tmp_path):
    document = explorer_document([recording])
    path = tmp_path / "gates.html"
    path.write_text("old")
    write_html(path, document)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(OutputError, match=r"there is no folder .*nowhere to write gates\.html in; make it first"):
        write_html(tmp_path / "nowhere" / "gates.html", document)
    with pytest.raises(OutputError, match="is a folder; name the file to write in it"):
        write_html(tmp_path, document)
    assert [entry.name for entry in tmp_path.iterdir()] == ["gates.html"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_in_is_named(recording, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot be written in"):
        write_html(tmp_path / "gates.html", explorer_document([recording]))


def test_four_wide_traces_of_a_long_line_stay_under_twelve_megabytes():
    traces = tuple(large_trace(layer, way) for layer in (0, 1) for way in ("forward", "backward"))
    image = np.zeros((64, 1600, 3), np.uint8)
    recording = Recording(image, FrameGrid(400, 4.0, 2.0, 54.0, 1600), traces)
    document = explorer_document([recording])
    kinds = {each["values"].codes.dtype for part in document["recordings"][0]["traces"] for each in part["quantities"].values()}  # fmt: skip
    assert kinds == {np.dtype(np.uint8)}
    page = html_page(encode(document), initial_state(document))
    assert 4 * 512 * 400 * 6 < len(page.encode()) < 12 * MEGABYTES


def test_a_page_needs_neither_jupyter_nor_torch(recording, tmp_path):
    recording.save(tmp_path / "line.safetensors")
    script = (
        "import sys\n"
        "for name in ('anywidget', 'ipywidgets', 'traitlets', 'torch', 'matplotlib'): sys.modules[name] = None\n"
        "from gateviz.panels.explorer import explorer_document\n"
        "from gateviz.recording import open_recording\n"
        "from gateviz.widget.html import write_html\n"
        "write_html(sys.argv[2], explorer_document([open_recording(sys.argv[1])]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "line.safetensors", tmp_path / "gates.html"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "gates.html").stat().st_size > 10_000
