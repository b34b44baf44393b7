"""The two packages of the extra ``onnx``, imported when a graph is read."""

from importlib import import_module
from typing import Any

from gateviz.errors import MissingExtraError


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


def runtime_package() -> Any:
    """The package ``onnxruntime``, which runs graphs.

    Raises:
        MissingExtraError: it is not installed.
    """
    return _imported("onnxruntime")


def _imported(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            f"reading an ONNX graph needs {name}, which is not installed; pip install 'gateviz[onnx]'"
        ) from error
