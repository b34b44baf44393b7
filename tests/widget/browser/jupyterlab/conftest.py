"""A real JupyterLab on the loopback interface, in a folder of its own; all of it ends with the tests."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

# Long enough for any machine: they end a test that waits for what will never come.
WAIT_SECONDS = 180
# Nothing is asked of the network; nothing outside the folder is read or written.
OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port=0",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    # Should the tests be killed, it ends by itself.
    "--ServerApp.shutdown_no_activity_timeout=900",
    "--MappingKernelManager.cull_idle_timeout=600",
)
# It would ask the reader whether it may ask the network.
PAGE = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


class Lab:
    """A running JupyterLab.

    Attributes:
        url: with a slash at its end.
        token: what it lets in.
        folder: of its notebooks.
    """

    def __init__(self, url: str, token: str, folder: Path) -> None:
        self.url, self.token, self.folder = url, token, folder

    def call(self, path: str, method: str = "GET") -> Any:
        """What its REST interface answers."""
        request = Request(f"{self.url}api/{path}", method=method, headers={"Authorization": f"token {self.token}"})
        with urlopen(request, timeout=WAIT_SECONDS) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def write(self, name: str, *cells: str) -> str:
        """Write a notebook of these code cells, and return the address at which it opens."""
        import nbformat

        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        nbformat.write(notebook, self.folder / name)
        return f"{self.url}lab/tree/{name}?token={self.token}"


@pytest.fixture(scope="session")
def lab(tmp_path_factory) -> Iterator[Lab]:
    pytest.importorskip("jupyterlab", reason="needs jupyterlab, which pip installs")
    pytest.importorskip("jupyterlab_widgets", reason="needs ipywidgets, which pip installs")
    home, token = tmp_path_factory.mktemp("jupyterlab"), secrets.token_hex(16)
    folders = {name: home / name.lower() for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    notebooks = home / "notebooks"
    for folder in (notebooks, *folders.values(), folders["JUPYTER_CONFIG_DIR"] / "labconfig"):
        folder.mkdir()
    (folders["JUPYTER_CONFIG_DIR"] / "labconfig" / "page_config.json").write_text(json.dumps(PAGE))
    environment = {
        **os.environ,
        **{name: str(folder) for name, folder in folders.items()},
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        # A kernel is started by the name ``python``: the one of these tests.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "jupyterlab", *OPTIONS, f"--ServerApp.root_dir={notebooks}"]
    command.append(f"--IdentityProvider.token={token}")
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, cwd=notebooks, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield Lab(address(server, folders["JUPYTER_RUNTIME_DIR"], home / "log"), token, notebooks)
    finally:
        # Asked to end it ends its kernels; a kernel whose server was killed ends by itself.
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@pytest.fixture
def open_notebook(lab, browser) -> Iterator[Callable[..., Any]]:
    """Open a notebook of these cells; afterwards nothing may have gone wrong, and nothing been asked of the network."""
    contexts, troubles = [], []

    def opened(name: str, *cells: str) -> Any:
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        context.set_default_timeout(1000 * WAIT_SECONDS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else 0)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "request",
            lambda request: 0 if request.url.startswith((lab.url, "data:", "blob:")) else troubles.append(request.url),
        )
        page.goto(lab.write(name, *cells))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not troubles, "\n".join(troubles)


def address(server: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """Where the server listens, as it writes itself, once it answers."""
    found = runtime / f"jpserver-{server.pid}.json"
    patience = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < patience and server.poll() is None:
        try:
            url = json.loads(found.read_text())["url"]
            with urlopen(f"{url}api", timeout=WAIT_SECONDS):
                return str(url)
        except (FileNotFoundError, json.JSONDecodeError, URLError):
            time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")
