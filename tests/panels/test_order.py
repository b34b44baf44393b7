import numpy as np
import pytest

from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.errors import SelectionError
from gateviz.panels.choice import Order, _distances, order_named, unit_order

PEAKS = [6, 2, 4, 0]


@pytest.fixture
def peaky():
    """Units whose cell state peaks at known frames, and whose forget gates have known means."""
    cell = np.zeros((8, 4), dtype=np.float32)
    cell[PEAKS, range(4)] = [1, -3, 2, -1]
    forget = np.tile(np.array([0.9, 0.1, 0.5, 0.99], dtype=np.float32), (8, 1))
    hidden = np.zeros((8, 2), dtype=np.float32)
    hidden[[5, 1], [0, 1]] = 1
    values = {Quantity.FORGET_GATE: forget, Quantity.CELL_STATE: cell, Quantity.HIDDEN_STATE: hidden}
    return GateTrace(0, Direction.FORWARD, values)


@pytest.mark.parametrize(
    ("order", "rows"), [("index", [0, 1, 2, 3]), ("peak", [3, 1, 2, 0]), ("timescale", [1, 2, 0, 3])]
)
def test_all_quantities_of_a_trace_share_their_rows(peaky, order, rows):
    assert unit_order(peaky, Quantity.CELL_STATE, Order(order)).tolist() == rows
    assert unit_order(peaky, Quantity.FORGET_GATE, Order(order)).tolist() == rows


def test_a_projected_hidden_state_is_sorted_by_itself(peaky):
    assert unit_order(peaky, Quantity.HIDDEN_STATE, Order.PEAK).tolist() == [1, 0]
    assert unit_order(peaky, Quantity.HIDDEN_STATE, Order.TIMESCALE).tolist() == [0, 1]
    assert unit_order(peaky, Quantity.HIDDEN_STATE, Order.SIMILARITY).tolist() == [0, 1]


def test_units_that_do_the_same_are_neighbors():
    t = np.linspace(0, 6, 40)
    kinds = [np.sin(t), np.cos(3 * t), t**2]
    rng = np.random.default_rng(0)
    # Scale and level do not matter: only the course does.
    columns = [3 * kinds[unit % 3] * (1 + unit) + unit + 0.01 * rng.normal(size=40) for unit in range(12)]
    series = np.stack(columns, axis=1).astype(np.float32)
    rows = unit_order(
        GateTrace(0, Direction.FORWARD, {Quantity.CELL_STATE: series}), Quantity.CELL_STATE, Order.SIMILARITY
    )
    assert sorted(rows.tolist()) == list(range(12))
    assert (np.diff(rows % 3) != 0).sum() == 2


def test_the_distances_of_curves_are_those_of_scipy():
    distance = pytest.importorskip("scipy.spatial.distance")
    curves = np.random.default_rng(0).normal(size=(7, 30))
    curves[3] = 0
    curves /= np.maximum(np.linalg.norm(curves, axis=1, keepdims=True), 1e-9)
    curves[5] = curves[1]
    found = _distances(curves)
    np.testing.assert_allclose(found, distance.pdist(curves), atol=1e-6)
    assert distance.squareform(found)[1, 5] == 0


def test_constant_and_missing_series_can_be_sorted():
    series = np.ones((6, 5), dtype=np.float32)
    series[2, 3] = np.nan
    trace = GateTrace(0, Direction.FORWARD, {Quantity.HIDDEN_STATE: series})
    for order in (Order.PEAK, Order.SIMILARITY):
        assert sorted(unit_order(trace, Quantity.HIDDEN_STATE, order).tolist()) == list(range(5))


def test_errors_name_what_there_is(peaky):
    with pytest.raises(SelectionError, match="no unit order 'size'; choose one of index, peak, similarity, timescale"):
        order_named("size")
    bare = GateTrace(2, Direction.FORWARD, {Quantity.CELL_STATE: peaky.cell_state})
    with pytest.raises(
        SelectionError, match=r"layer 2 forward cannot be ordered by timescale .* recorded are cell_state"
    ):
        unit_order(bare, Quantity.CELL_STATE, Order.TIMESCALE)


def test_a_gru_is_ordered_by_its_update_gate(gru):
    rows = unit_order(gru, Quantity.HIDDEN_STATE, Order.TIMESCALE)
    assert rows.tolist() == gru.update_gate.mean(axis=0).argsort().tolist()


def test_units_are_joined_by_their_average_distance():
    """Curves whose tree, and with it the order of its leaves, is another by the nearest or the farthest pair."""
    from scipy.cluster.hierarchy import leaves_list, linkage

    rows = {}
    rng = np.random.default_rng(97)
    series = np.cumsum(rng.normal(size=(20, 9)), axis=0).astype(np.float32)
    trace = GateTrace(0, Direction.FORWARD, {Quantity.CELL_STATE: series})
    found = unit_order(trace, Quantity.CELL_STATE, Order.SIMILARITY)
    distances = np.sqrt(np.maximum(2 - 2 * np.corrcoef(series.T.astype(np.float64)), 0))[np.triu_indices(9, 1)]
    for method in ("average", "single", "complete", "weighted", "ward"):
        rows[method] = leaves_list(linkage(distances, method=method, optimal_ordering=True)).tolist()
    assert [method for method, order in rows.items() if order == found.tolist()] == ["average"]
