"""Words that leave the page or run into a neighbor are broken or cut, once it is known where everything stands.

Layout engines make room for what stands beside axes, but not for the length of an axis label or a title: how long
these are depends on the font that a system has.
"""

from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import BboxBase

from gateviz.plot.fitting import cut, wrapped
from gateviz.plot.fonts import running_width

# Breaking a label takes height, which moves the rest: so often is looked again.
_PASSES = 5
# Free pixels at a border or before a neighbor, and by how much a word may miss that unnoticed.
_FREE, _SLACK = 4.0, 0.5
_BOLD = frozenset({"bold", "semibold", "demibold", "heavy", "extra bold", "black"})


def settle(figure: Figure) -> None:
    """Lay the figure out, and break or cut what does not fit until all does."""
    engine = figure.get_layout_engine()
    assert engine is not None, "figures of gateviz are laid out by an engine"
    for _ in range(_PASSES):
        engine.execute(figure)
        boxes = {axes: _box(axes) for axes in figure.axes}
        changed = [_settled(axes, boxes, figure.bbox) for axes in figure.axes]
        if not any(changed):
            return


def _box(axes: Axes) -> BboxBase:
    # Without the length of its labels, which are what is to be fitted.
    return axes.get_tightbbox(for_layout_only=True) or axes.bbox


def _settled(axes: Axes, boxes: dict[Axes, BboxBase], page: BboxBase) -> bool:
    """Fit the words of one axes; whether any had to change."""
    others = [box for other, box in boxes.items() if other is not axes]
    beside = [child for child in axes.get_children() if isinstance(child, Text) and child not in axes.texts]
    changed = [_break(text, _room(axes, others, page)) for text in (*beside, axes.xaxis.label)]
    if axes.yaxis.get_visible():
        changed.append(_break_upright(axes.yaxis.label, page))
    changed += [_cut(text, page) for text in axes.texts]
    changed.append(_thin(axes))
    return any(changed)


def _room(axes: Axes, others: Sequence[BboxBase], page: BboxBase) -> tuple[float, float]:
    """From where to where words above or below the axes may go, in pixels."""
    own = axes.bbox
    same_row = [box for box in others if box.y0 < own.y1 and own.y0 < box.y1]
    left = max([page.x0, *(box.x1 for box in same_row if box.x1 <= own.x0)])
    right = min([page.x1, *(box.x0 for box in same_row if box.x0 >= own.x1)])
    return left + _FREE, right - _FREE


def _break(text: Text, room: tuple[float, float]) -> bool:
    """Break words that stand above or below axes into lines that fit."""
    if not text.get_text() or not text.get_visible():
        return False
    box = text.get_window_extent()
    left, right = room
    if box.x0 >= left - _SLACK and box.x1 <= right + _SLACK:
        return False
    middle = (box.x0 + box.x1) / 2
    by_side = {"left": right - box.x0, "right": box.x1 - left}
    return _rewrite(text, by_side.get(text.get_horizontalalignment(), 2 * min(middle - left, right - middle)))


def _break_upright(text: Text, page: BboxBase) -> bool:
    """Break the words along a vertical axis into lines that fit the page."""
    if not text.get_text() or not text.get_rotation():
        return False
    box = text.get_window_extent()
    if box.y0 >= page.y0 - _SLACK and box.y1 <= page.y1 + _SLACK:
        return False
    middle = (box.y0 + box.y1) / 2
    return _rewrite(text, 2 * min(middle - page.y0, page.y1 - middle) - 2 * _FREE)


def _rewrite(text: Text, pixels: float) -> bool:
    size = float(text.get_fontsize())
    points = max(pixels * 72 / _dpi(text), 6 * size)
    lines = [part for line in text.get_text().split("\n") for part in wrapped(line, size, points, weight=_weight(text))]
    before = text.get_text()
    text.set_text("\n".join(lines))
    return text.get_text() != before


def _cut(text: Text, page: BboxBase) -> bool:
    """Cut words inside or beside axes that leave the page."""
    if not text.get_text():
        return False
    box = text.get_window_extent()
    over = max(page.x0 - box.x0, box.x1 - page.x1)
    if over <= _SLACK:
        return False
    before, weight = text.get_text(), _weight(text)
    lines = before.split("\n")
    # As a share of what is drawn: at a small size pixels are rounded, and some fonts are drawn wider than they say.
    longest = max(running_width(line, weight=weight) for line in lines)
    room = max(longest * (box.width - over - _FREE) / box.width, 1.0)
    text.set_text("\n".join(cut(line, room, weight=weight) for line in lines))
    return text.get_text() != before


def _thin(axes: Axes) -> bool:
    """Take fewer numbers on the horizontal axis where they touch each other."""
    locator = axes.xaxis.get_major_locator()
    if not isinstance(locator, MaxNLocator) or not axes.xaxis.get_visible():
        return False
    left, right = sorted(axes.get_xlim())
    numbers = [
        tick.label1
        for tick in axes.xaxis.get_major_ticks()
        if left <= tick.get_loc() <= right and tick.label1.get_visible() and tick.label1.get_text()
    ]
    boxes = sorted((number.get_window_extent() for number in numbers), key=lambda box: box.x0)
    if len(boxes) < 3 or all(one.x1 + _FREE <= other.x0 for one, other in pairwise(boxes)):
        return False
    locator.set_params(nbins=max(1, len(boxes) - 2))
    return True


def _weight(text: Text) -> int:
    weight = text.get_fontweight()
    return 700 if weight in _BOLD or (isinstance(weight, int) and weight >= 600) else 400


def _dpi(text: Text) -> float:
    figure = text.get_figure()
    assert figure is not None, "text is fitted where it stands in a figure"
    return float(figure.dpi)
