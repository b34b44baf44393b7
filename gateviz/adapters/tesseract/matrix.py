"""Weight matrices as Tesseract stores them.

A byte tells the kind: bit 0 is set for int8 weights, bit 2 for weights trained with Adam, bit 7 for
the format in use since 2017, whose floating-point numbers are float64. The older format has float32
and, where training goes on, one more matrix.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int8, Shaped

from gateviz.adapters.tesseract.cursor import Cursor
from gateviz.files import budget

LARGEST_SIDE = 65_535
"""Rows or columns beyond which Tesseract itself refuses a matrix."""
LARGEST_INT8 = 127
LARGEST_WEIGHT = 1e9
"""Weights beyond this are taken for damage; real ones stay below a hundred."""

_INT8 = 1
_ADAM = 4
_DOUBLE = 128


@dataclass(frozen=True)
class WeightMatrix:
    """One weight matrix, the bias in its last column.

    Attributes:
        values: float64 weights or int8 steps; shape (outputs, inputs + 1).
        scales: of int8 weights, one an output: the weight is value x scale; None for float weights.
    """

    values: Float64[np.ndarray, "outputs columns"] | Int8[np.ndarray, "outputs columns"]
    scales: Float64[np.ndarray, " outputs"] | None

    @property
    def outputs(self) -> int:
        """Rows."""
        return int(self.values.shape[0])

    @property
    def inputs(self) -> int:
        """Columns without the bias."""
        return int(self.values.shape[1]) - 1

    def dense(self) -> Float64[np.ndarray, "outputs columns"]:
        """The weights as numbers.

        For int8 weights every weight is a multiple of its row's scale in the precision in which
        Tesseract holds it: float32 of scale / 127.
        """
        if self.scales is None:
            return self.values.astype(np.float64)
        held = (self.scales / LARGEST_INT8).astype(np.float32).astype(np.float64) * LARGEST_INT8
        return self.values * held[:, None]


def _double(numbers: Shaped[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
    # A signaling NaN in a damaged file warns when it is converted; it is refused right after.
    with np.errstate(invalid="ignore"):
        converted: Float64[np.ndarray, "*shape"] = numbers.astype(np.float64)
    return converted


def _rectangle(cursor: Cursor, kind: str, what: str) -> Shaped[np.ndarray, "rows columns"]:
    rows = cursor.integer("i4", f"the rows of {what}")
    columns = cursor.integer("i4", f"the columns of {what}")
    if not (1 <= rows <= LARGEST_SIDE and 1 <= columns <= LARGEST_SIDE):
        raise cursor.error(f"{what} is {rows} x {columns}")
    cursor.array(kind, 1, f"the empty value of {what}")
    cursor.count(budget.WEIGHTS, rows * columns, what)
    return cursor.array(kind, rows * columns, what).reshape(rows, columns)


def read_matrix(cursor: Cursor, *, training: bool, what: str) -> WeightMatrix:
    """The next matrix; ``training`` says that the optimizer's matrices follow, which are skipped.

    Raises:
        CheckpointError: the bytes hold no such matrix, or numbers that are no weights.
    """
    mode = cursor.integer("u1", f"the mode of {what}")
    real = "f8" if mode & _DOUBLE else "f4"
    scales: Float64[np.ndarray, " outputs"] | None = None
    if mode & _INT8:
        values = _rectangle(cursor, "i1", what).astype(np.int8)
        count = cursor.integer("u4", f"the number of scales of {what}")
        if count < len(values):
            raise cursor.error(f"{what} has {len(values)} rows and {count} scales")
        # A file that was written by a vectorized Tesseract has spare scales up to a round number.
        scales = _double(cursor.array(real, count, f"the scales of {what}")[: len(values)])
    else:
        values = _double(_rectangle(cursor, real, what))
    numbers = values if scales is None else scales
    if not (np.abs(numbers) < LARGEST_WEIGHT).all():
        raise cursor.error(f"{what} are no weights: their numbers are not finite or beyond {LARGEST_WEIGHT:g}")
    if training:
        if not mode & _DOUBLE:
            _rectangle(cursor, real, f"the updates of {what}")
            _rectangle(cursor, real, f"the errors of {what}")
        elif not mode & _INT8:
            _rectangle(cursor, real, f"the updates of {what}")
            if mode & _ADAM:
                _rectangle(cursor, real, f"the squared gradients of {what}")
    return WeightMatrix(values, scales)
