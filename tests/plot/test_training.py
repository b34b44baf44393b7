"""The figure of a training's course."""

import numpy as np
import pytest

from gateviz.errors import SelectionError
from gateviz.plot.training import TrainingCurves, training

LOG = [
    {"kind": "step", "step": 20, "loss": 8.0, "ctc": 6.0, "frames": 4.0, "rate": 1e-3, "lines": 64},
    {"kind": "step", "step": 40, "loss": 2.0, "ctc": 1.5, "frames": 1.0, "rate": 2e-3, "lines": 128},
    {"kind": "validation", "step": 40, "cer": 0.25, "line_accuracy": 0.6, "best": True},
    {"kind": "step", "step": 60, "loss": 0.5, "ctc": 0.4, "frames": 0.2, "rate": 1e-3, "lines": 192},
    {"kind": "validation", "step": 60, "cer": 0.03, "line_accuracy": 0.9, "best": True},
]


def test_the_curves_are_the_numbers_of_the_log():
    figure = training(TrainingCurves.of_log(LOG))
    losses, errors = figure.axes
    drawn = {line.get_label(): line for line in losses.lines}
    ctc = next(line for name, line in drawn.items() if "CTC" in str(name))
    np.testing.assert_allclose(ctc.get_xdata(), [20, 40, 60])
    np.testing.assert_allclose(ctc.get_ydata(), [6.0, 1.5, 0.4])
    cer, lines = errors.lines
    np.testing.assert_allclose(cer.get_ydata(), [0.25, 0.03])
    np.testing.assert_allclose(lines.get_ydata(), [0.4, 0.1])


def test_numbers_stand_at_few_places_and_as_people_write_them():
    figure = training(TrainingCurves.of_log(LOG))
    figure.canvas.draw()
    for axes in figure.axes:
        told = [label.get_text() for label in axes.get_yticklabels() if label.get_text()]
        assert told
        assert all(float(text) > 0 for text in told)
        assert not any(label.get_text() for label in axes.get_yticklabels(minor=True))


def test_an_unknown_style_is_refused():
    with pytest.raises(SelectionError, match="style"):
        training(TrainingCurves.of_log(LOG), style="poster of a cat")


def test_the_health_of_the_gates_stands_under_them():
    gates = {"units": 8, "accumulators": 0.25, "cell_quantile": 4.0, "saturated_cells": 0.125}
    figure = training(TrainingCurves.of_log([*LOG[:-1], {**LOG[-1], "gates": gates}]))
    adding, saturated = figure.axes[2].lines
    np.testing.assert_allclose(adding.get_ydata(), [np.nan, 0.25])
    np.testing.assert_allclose(saturated.get_ydata(), [np.nan, 0.125])
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "step"]


def test_what_a_memory_is_good_for_stands_beside_it():
    gates = {"units": 8, "accumulators": 0.25, "cell_quantile": 4.0, "saturated_cells": 0.125, "forgetful": [0.7, 0.9]}
    figure = training(TrainingCurves.of_log([*LOG[:-1], {**LOG[-1], "gates": gates}]))
    drawn = {str(line.get_label()): line.get_ydata() for line in figure.axes[2].lines}
    np.testing.assert_allclose(drawn["lines read otherwise with f = 0, layer 0"], [np.nan, 0.7])
    np.testing.assert_allclose(drawn["lines read otherwise with f = 0, layer 1"], [np.nan, 0.9])
