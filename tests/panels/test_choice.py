import pytest

from gateviz.data.gates import Quantity
from gateviz.errors import SelectionError
from gateviz.panels.choice import checked_units, chosen_quantities, chosen_traces, last_layer


def names(traces):
    return [trace.name for trace in traces]


def test_traces_are_chosen_in_network_order(recording):
    assert names(chosen_traces(recording)) == ["0.forward", "0.backward", "1.forward", "1.backward"]
    assert names(chosen_traces(recording, layers=[1, 0], directions=["backward"])) == ["0.backward", "1.backward"]
    assert names(chosen_traces(recording, directions="forward")) == ["0.forward", "1.forward"]
    assert last_layer(recording) == (1,)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layers": [0, 7]}, "no trace of layer 7; recorded are 0.forward, 0.backward, 1.forward, 1.backward"),
        ({"directions": ["upward"]}, "no upward trace of any layer; recorded are 0.forward"),
        ({"layers": [0], "directions": ["up"]}, "no up trace of layer 0"),
        ({"layers": []}, "nothing was chosen to draw; recorded are 0.forward"),
    ],
)
def test_what_was_not_recorded_is_named(recording, options, words):
    with pytest.raises(SelectionError, match=words):
        chosen_traces(recording, **options)


def test_quantities_by_name_and_letter(trace, gru):
    assert chosen_quantities([trace], ["f", "cell_state", "f"]) == (Quantity.FORGET_GATE, Quantity.CELL_STATE)
    assert chosen_quantities([trace], "o") == (Quantity.OUTPUT_GATE,)
    assert [quantity.letter for quantity in chosen_quantities([trace])] == ["i", "f", "g", "o", "c", "h"]
    assert [quantity.letter for quantity in chosen_quantities([gru])] == ["r", "z", "g", "h"]


def test_a_quantity_that_was_not_recorded_is_named(gru):
    with pytest.raises(SelectionError, match=r"no quantity forget_gate, x; recorded are reset_gate \(r\), update_gate"):
        chosen_quantities([gru], ["forget_gate", "x"])
    with pytest.raises(SelectionError, match="no quantity to draw"):
        chosen_quantities([gru], [])


def test_units_keep_the_order_asked_for(trace):
    assert checked_units(trace, Quantity.FORGET_GATE, [4, 0]) == (4, 0)
    with pytest.raises(SelectionError, match="layer 0 forward has no unit 5, -1 in its forget gate; units are 0 to 4"):
        checked_units(trace, Quantity.FORGET_GATE, [5, 2, -1])
    with pytest.raises(SelectionError, match="no unit of layer 0 forward was chosen to draw; units are 0 to 4"):
        checked_units(trace, Quantity.FORGET_GATE, [])
