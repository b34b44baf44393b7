"""Steps as data: the frozen dataclasses that recipes and geometries are made of, by class name and fields, and back.

What is read is trusted in nothing: a class is one of a table, every field has the type its class says, and numbers lie in bounds.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from gateviz.errors import CheckpointError
from gateviz.files import budget
from gateviz.geometry.axis_steps import Adaptive, Join, WholeLine, Window
from gateviz.geometry.canvas import Deskew, Normalize, Pad, PadToWidth
from gateviz.geometry.crop_to_ink import CropToInk
from gateviz.geometry.easyocr_line import EasyOcrLine, RaiseContrast
from gateviz.geometry.line_sizes import FitInside, Narrow, PadAround, PaddleResize, PadToHeight, RescaleToHeight
from gateviz.geometry.preprocess import WIDEST, Clahe, Color, Gray, Invert, ResizeToHeight, Stretch
from gateviz.geometry.straighten import FromBrightest, RowsAsFeatures, Straighten, ToHeight

Table = Mapping[str, type]

RECIPE_STEPS: Table = {
    kind.__name__: kind
    for kind in (
        *(Clahe, Color, CropToInk, Deskew, Gray, Invert, Normalize, Pad, PadToWidth, ResizeToHeight, Stretch),
        *(EasyOcrLine, FitInside, FromBrightest, Narrow, PadAround, PadToHeight, PaddleResize, RaiseContrast),
        *(RescaleToHeight, RowsAsFeatures, Straighten, ToHeight),
    )
}
"""What a recipe (``geometry.preprocess.Preprocess``) may be made of."""

AXIS_STEPS: Table = {kind.__name__: kind for kind in (Adaptive, Join, WholeLine, Window)}
"""What a geometry (``geometry.receptive.AxisGeometry``) may be made of."""


def steps_out(steps: Sequence[Any], table: Table) -> list[dict[str, Any]]:
    """Steps as JSON has them.

    Raises:
        CheckpointError: a step is none of the table.

    Example:
        >>> steps_out([Gray("opencv"), Pad(left=2)], RECIPE_STEPS)[0]
        {'step': 'Gray', 'formula': 'opencv'}
    """
    return [_step_out(step, table) for step in steps]


def steps_in(given: Any, table: Table) -> tuple[Any, ...]:
    """The steps that JSON holds.

    Raises:
        CheckpointError: it holds none, or a step, a field or a number that cannot be.

    Example:
        >>> steps_in([{"step": "Gray", "formula": "opencv"}], RECIPE_STEPS)
        (Gray(formula='opencv'),)
    """
    return _steps_in(given, table, 0)


def _step_out(step: Any, table: Table) -> dict[str, Any]:
    kind: Any = type(step)
    name = kind.__name__
    if kind not in table.values():
        raise CheckpointError(
            f"the step {name} of this recognizer ({getattr(step, 'words', step)}) is one that no exported file can hold; "
            f"there are {', '.join(sorted(table))}"
        )
    return {"step": name} | {each.name: _out(getattr(step, each.name), table) for each in fields(kind)}


def _out(value: Any, table: Table) -> Any:
    if isinstance(value, tuple):
        return [_out(each, table) for each in value]
    return _step_out(value, table) if is_dataclass(value) else value


def _steps_in(given: Any, table: Table, depth: int) -> tuple[Any, ...]:
    if not isinstance(given, list):
        raise CheckpointError(f"steps are a list, and the file has {_shown(given)}")
    budget.DEPTH.check(depth, "what its steps hold", advice="it is damaged or malicious")
    budget.STEPS.check(len(given), "a row of its steps", advice="it is damaged or malicious")
    return tuple(_step_in(each, table, depth) for each in given)


def _step_in(given: Any, table: Table, depth: int) -> Any:
    name = given.get("step") if isinstance(given, dict) else None
    kind = table.get(name) if isinstance(name, str) else None
    if kind is None:
        raise CheckpointError(
            f"{_shown(name or given)} is no step that this gateviz knows ({', '.join(sorted(table))}); update gateviz"
        )
    hints = get_type_hints(kind)
    wanted = {each.name: hints[each.name] for each in fields(kind)}
    if strange := sorted(set(given) - {"step"} - set(wanted)):
        raise CheckpointError(
            f"the step {name} has {strange[0][:40]!r}, which this gateviz does not know; update gateviz"
        )
    values = {}
    for field, hint in wanted.items():
        if field not in given:
            continue
        values[field] = _value(given[field], hint, f"{field} of the step {name}", (table, depth))
    try:
        return kind(**values)
    except TypeError as error:
        missing = [field for field in wanted if field not in given]
        raise CheckpointError(f"the step {name} needs {', '.join(missing)}, which the file does not say") from error


def _value(given: Any, hint: Any, place: str, at: tuple[Table, int]) -> Any:
    """A value of the type that a hint says; the first of several that takes it."""
    if get_origin(hint) in (Union, UnionType):
        for each in get_args(hint):
            if _fits(given, each):
                return _value(given, each, place, at)
    elif get_origin(hint) is tuple and isinstance(given, list):
        inner = get_args(hint)
        if inner[-1] is Ellipsis:
            budget.STEPS.check(len(given), place, advice="it is damaged or malicious")
            return tuple(_value(each, inner[0], place, at) for each in given)
        if len(given) == len(inner):
            return tuple(_value(each, kind, place, at) for each, kind in zip(given, inner, strict=True))
    elif _is_step(hint):
        table, depth = at
        return _steps_in([given], table, depth + 1)[0]
    elif _fits(given, hint):
        return float(given) if hint is float else given
    raise CheckpointError(f"{place} is {_shown(given)}, which cannot be; the file is damaged")


def _fits(given: Any, hint: Any) -> bool:
    if hint is type(None):
        return given is None
    if get_origin(hint) is Literal:
        return isinstance(given, str) and given in get_args(hint)
    if hint is bool or isinstance(given, bool):
        return hint is bool and isinstance(given, bool)
    if hint is float:
        return isinstance(given, int | float) and abs(given) <= budget.MODEL_BYTES.most and math.isfinite(given)
    # No count of a recipe is larger than the widest line.
    return hint is int and isinstance(given, int) and abs(given) <= WIDEST


def _is_step(hint: Any) -> bool:
    return getattr(hint, "__name__", "") == "Step"


def _shown(value: Any) -> str:
    return repr(value)[:60]
