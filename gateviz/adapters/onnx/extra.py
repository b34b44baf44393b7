"""The two packages of the extra ``onnx``, imported when a graph is read."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from gateviz.errors import MissingExtraError

_WORDS = "reading an ONNX graph needs {}, which is not installed; pip install 'gateviz[onnx]'"


def onnx_package() -> Any:
    """The package ``onnx``, which reads and writes graphs.

    Raises:
        MissingExtraError: it is not installed.
    """
    return _imported("onnx")


def inliner() -> Any:
    """The module of ``onnx`` that writes functions out where they are called.

    Raises:
        MissingExtraError: onnx is not installed, or is older than 1.15.
    """
    return _imported("onnx.inliner")


def require_runtime() -> None:
    """Returns where the package ``onnxruntime``, which runs graphs in a process of its own, is installed.

    Raises:
        MissingExtraError: it is not.
    """
    if find_spec("onnxruntime") is None:
        raise MissingExtraError(_WORDS.format("onnxruntime"))


def _imported(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(_WORDS.format(name)) from error
