"""The figure of the effective context draws the page's numbers."""

import numpy as np
import pytest

from gateviz.errors import ShapeError
from gateviz.panels.colors import INK, LAYERS
from gateviz.plot.style import style_named
from gateviz.studies.context.figure import WHOLE, Curve, CurvePanel, drawn

A4 = style_named("a4")
X = np.array([-1.0, 0.0, 1.0])
NORMS = CurvePanel(
    "norms",
    (
        Curve("layer 1 backward", 1, "backward", X, np.array([np.nan, 1.0, 0.5])),
        Curve("posterior", WHOLE, "both", X, np.array([0.2, 1.0, 0.1])),
    ),
    "columns",
    "norm",
    (1e-3, 1.5),
    limit=4.0,
    shaded=(-2.0, 2.0),
    shaded_label="receptive field",
)
FALLS = CurvePanel(
    "falls",
    (Curve("all", WHOLE, "both", X + 1, X + 2, X + 1.5, X + 2.5),),
    "symbols",
    "nats",
    (1e-3, 9.0),
    ticks=((0.0, "0"), (1.0, "0.5"), (2.0, "8")),
)


def test_every_curve_is_drawn_as_it_is():
    figure = drawn((NORMS, FALLS), A4, title="a title with $ in it", remark="remark", facts={"adapter": "crnn"})
    left, right = figure.axes
    backward, posterior = (line for line in left.lines if len(line.get_xdata()) == 3)
    np.testing.assert_array_equal(backward.get_ydata(), [np.nan, 1.0, 0.5])
    assert (backward.get_color(), backward.get_linestyle()) == (LAYERS[1], "--")
    assert (posterior.get_color(), posterior.get_linestyle()) == (INK, "-")
    assert (left.get_xlim(), left.get_ylim(), left.get_yscale()) == ((-4.0, 4.0), (1e-3, 1.5), "log")
    assert [text.get_text() for text in left.get_legend().get_texts()] == [
        "receptive field",
        "layer 1 backward",
        "posterior",
    ]
    assert [label.get_text() for label in right.get_xticklabels()] == ["0", "0.5", "8"]
    band = right.collections[0].get_paths()[0].get_extents()
    assert (band.y0, band.y1) == (0.5, 3.5)
    assert figure.facts == {"adapter": "crnn"}


def test_an_odd_number_of_panels_leaves_no_empty_axes():
    assert len(drawn((NORMS, FALLS, FALLS), A4).axes) == 3
    assert len(drawn((NORMS,), A4).axes) == 1


def test_nothing_cannot_be_drawn():
    with pytest.raises(ShapeError, match="needs at least one panel; nothing was measured"):
        drawn((), A4)
