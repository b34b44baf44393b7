"""The explorer as one HTML file, which asks the network for nothing."""

import base64
import hashlib
import html
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from gateviz.files.atomic import write_whole
from gateviz.files.json_text import json_text
from gateviz.panels.wire import Wire, encode

MODULE = "explorer.js"
START = "gatevizExplorer.showPage();"
"""Shows what the page holds; `render` alone leaves that to a notebook."""

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-{hash}'; \
style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="gateviz">
<title>{title}</title>
<style>html, body {{ margin: 0; min-height: 100%; }} html {{ scrollbar-gutter: stable; }}</style>
</head>
<body>
<div id="gateviz"></div>
<noscript>This page draws with JavaScript, which is switched off here.</noscript>
<script id="gateviz-document" type="application/json">{document}</script>
<script id="gateviz-state" type="application/json">{state}</script>
<script id="gateviz-data" type="text/plain">{data}</script>
<script type="module">{module}</script>
</body>
</html>
"""


def static_text(name: str) -> str:
    """A file of the front end."""
    return (files("gateviz") / "widget" / "static" / name).read_text(encoding="utf-8")


def initial_state(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the front end's model holds at first, beside the document and its data.

    The layer nearest to the output is shown, as in ``plot.gates``, with all its quantities.
    """
    last = document["recordings"][0]["traces"][-1]
    forward = next(trace for trace in document["recordings"][0]["traces"] if trace["layer"] == last["layer"])
    return {
        "trace": forward["name"],
        "quantities": list(forward["quantities"]),
        "order": "index",
        "selected_units": [],
        "columns": [],
        "view": "both" if len(document["recordings"]) > 1 else "first",
        "theme": "auto",
        "edits": [],
        "status": {"busy": False, "words": ""},
    }


def html_page(wire: Wire, state: Mapping[str, Any]) -> str:
    """The page: the document, the arrays as base64, and the front end.

    Args:
        wire: an encoded ``panels.explorer.explorer_document``.
        state: what the front end's model holds, such as ``initial_state``.
    """
    module = f"\n{static_text(MODULE)}\n{START}\n"
    digest = hashlib.sha256(module.encode("utf-8")).digest()
    return _PAGE.format(
        hash=base64.b64encode(digest).decode("ascii"),
        title=html.escape(f"{wire.header['title']} · gateviz"),
        document=_json(wire.header),
        state=_json(state),
        data=base64.b64encode(wire.data).decode("ascii"),
        module=module,
    )


def write_html(path: str | Path, document: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> None:
    """Write the page of a document, whole or not at all.

    Args:
        path: the file; what is there is replaced.
        document: what ``panels.explorer.explorer_document`` returned.
        state: what is chosen at first; None takes ``initial_state``.

    Raises:
        OutputError: the file cannot be written.
    """
    page = html_page(encode(document), initial_state(document) if state is None else state)
    write_whole(path, page.encode("utf-8", "backslashreplace"))


def _json(value: Any) -> str:
    """JSON that may stand inside a script element: nothing in it can end the element."""
    return json_text(value).replace("<", "\\u003c")
