"""A color stands for one thing, in every figure."""

from gateviz.plot.colors import LAYERS, ROLES


def test_no_color_stands_for_two_things():
    used = [*ROLES.values(), *LAYERS]
    assert len(set(used)) == len(used)
