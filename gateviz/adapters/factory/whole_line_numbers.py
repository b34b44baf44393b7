"""Cuts off numbers of a whole line (squeeze and excitation, normalization), so that windows can be told from them.

Works on torch's own operators (ATen), beneath every name by which Python may call them. Rows of the batch
differ in one column that is NaN: an operator that makes few numbers out of a map, and of a row that is NaN
in part a row that is NaN in full, has taken a number of the whole line. Its rows are exchanged for row 0,
which has no NaN.
"""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

_AT_LEAST = 8
"""A number of the whole line is made of at least as many."""

_BY_OWN_NUMBERS = (torch.ops.aten.native_group_norm.default, torch.ops.aten.native_layer_norm.default)
_BY_TRAINING_NUMBERS = {
    # Where the flag that says "by the batch's own numbers" stands; instance norm comes as these.
    torch.ops.aten.native_batch_norm.default: 5,
    torch.ops.aten._native_batch_norm_legit.default: 5,
    torch.ops.aten._native_batch_norm_legit.no_stats: 3,
}


class WholeLineNumbers(TorchDispatchMode):
    """Exchanges numbers of the whole line for those of row 0.

    Args:
        batch: rows of the batch.
        known: numbers of the operators whose results are exchanged, in the order they run; None finds them by NaN.

    Attributes:
        met: the operators that were found, by their numbers.
    """

    def __init__(self, batch: int, known: frozenset[int] | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._batch = batch
        self._known = known
        self._number = 0
        self.met: set[int] = set()

    def __enter__(self) -> "WholeLineNumbers":
        self._number = 0
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def again(self) -> "WholeLineNumbers":
        """For a run without NaN: what was met is exchanged again."""
        return WholeLineNumbers(self._batch, frozenset(self.met))

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The operator's result, or what stands in for it."""
        number, self._number = self._number, self._number + 1
        given = next((each for each in args if isinstance(each, torch.Tensor) and each.is_floating_point()), None)
        if func in _BY_TRAINING_NUMBERS and given is not None and args[_BY_TRAINING_NUMBERS[func]]:
            self.met.add(number)
            _, *rest = func(*args, **(kwargs or {}))
            return (given.clone(), *rest)
        result = func(*args, **(kwargs or {}))
        if given is None:
            return result
        parts = result if isinstance(result, tuple) else (result,)
        if self._known is not None:
            exchanged = number in self._known
        else:
            exchanged = any(self._is_of_whole_line(func, given, part) for part in parts)
        if not exchanged:
            return result
        self.met.add(number)
        if func in _BY_OWN_NUMBERS:
            return (given.clone(), *parts[1:])
        made = tuple(self._of_row_0(part) for part in parts)
        return made if isinstance(result, tuple) else made[0]

    def _is_of_whole_line(self, func: Any, given: torch.Tensor, part: Any) -> bool:
        if not isinstance(part, torch.Tensor) or not part.is_floating_point():
            return False
        if func not in _BY_OWN_NUMBERS and part.numel() * _AT_LEAST > given.numel():
            return False
        before, after = self._nan_rows(given), self._nan_rows(part)
        if before is None or after is None:
            return False
        hit = before.any(1)
        return bool(hit.any()) and bool(after[hit].all()) and not bool(before[hit].all(1).any())

    def _nan_rows(self, tensor: torch.Tensor) -> torch.Tensor | None:
        """Which numbers of each row of the batch are NaN, (B, N); None for a tensor without such an axis."""
        if self._batch not in tensor.shape:
            return None
        return torch.isnan(tensor.movedim(tensor.shape.index(self._batch), 0).reshape(self._batch, -1))

    def _of_row_0(self, part: Any) -> Any:
        if not isinstance(part, torch.Tensor) or self._batch not in part.shape:
            return part
        axis = part.shape.index(self._batch)
        return part.select(axis, 0).unsqueeze(axis).expand(part.shape).clone()
