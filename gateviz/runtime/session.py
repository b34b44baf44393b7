"""A graph that is open in ONNX Runtime, in this process."""

import os
import re
from collections.abc import Mapping

import numpy as np
import onnxruntime
from jaxtyping import Float32

from gateviz.errors import CheckpointError

THREADS_VARIABLE = "OMP_NUM_THREADS"
"""What torch's own threads obey too."""
_QUIET = 4
_CODE = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ")


class GraphSession:
    """A graph ready to run.

    Args:
        content: its bytes.

    Raises:
        CheckpointError: ONNX Runtime does not take it.
    """

    def __init__(self, content: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _QUIET
        options.intra_op_num_threads = thread_count()
        # Threads that wait for work by spinning take the processor from whoever else is at work.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        # Each of its errors is a class of its own beneath Exception.
        except Exception as error:
            raise CheckpointError(
                f"ONNX Runtime {onnxruntime.__version__} does not take the graph: {_words(error)}; export it again, or update "
                f"onnxruntime"
            ) from error
        self._input = self._session.get_inputs()[0].name
        self._outputs = [each.name for each in self._session.get_outputs()]

    @property
    def line_shape(self) -> tuple[int, int]:
        """Channels and rows of the lines it takes."""
        _, channels, rows, _ = self._session.get_inputs()[0].shape
        return int(channels), int(rows)

    @property
    def posteriors(self) -> str:
        """The name of the output that holds the posteriors."""
        return str(self._outputs[0])

    def run(self, pixels: Float32[np.ndarray, "B channels height width"]) -> Mapping[str, np.ndarray]:
        """Every output by its name.

        Raises:
            CheckpointError: the graph does not take an input of this size.
        """
        try:
            found = self._session.run(self._outputs, {self._input: pixels})
        except Exception as error:
            size = " x ".join(map(str, pixels.shape))
            raise CheckpointError(
                f"the graph does not run on lines of {size} (lines, channels, rows, columns): {_words(error)}"
            ) from error
        return dict(zip(self._outputs, map(np.asarray, found), strict=True))


def thread_count() -> int:
    """Threads that a run may use: what ``OMP_NUM_THREADS`` says, else all processors this process may run on.

    Example:
        >>> getfixture("monkeypatch").setenv("OMP_NUM_THREADS", "3")
        >>> thread_count()
        3
    """
    said = os.environ.get(THREADS_VARIABLE, "").split(",")[0]
    if said.isdecimal() and len(said) < 5 and int(said) > 0:
        return int(said)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def engine_name() -> str:
    """What recordings call the engine, such as ``onnxruntime 1.32``."""
    return f"onnxruntime {'.'.join(str(onnxruntime.__version__).split('.')[:2])}"


def _words(error: Exception) -> str:
    said = str(error).strip()
    return _CODE.sub("", said.splitlines()[0] if said else type(error).__name__)[:300]
