"""The kinds of recurrent nodes, what they compute, and how the outputs that show it are named."""

from gateviz.data.gates import GRU_QUANTITIES, LSTM_QUANTITIES, Direction, Quantity

ROUNDED_LSTM, ROUNDED_DOMAIN = "DynamicQuantizeLSTM", "com.microsoft"
"""onnxruntime's LSTM in int8, and whose operator it is."""

KINDS = {"LSTM": "lstm", "GRU": "gru", ROUNDED_LSTM: "lstm"}
"""What documents call the operators."""
QUANTITIES = {"lstm": LSTM_QUANTITIES, "gru": GRU_QUANTITIES}


def gate_output(kind: str, layer: int, direction: Direction | str, quantity: Quantity | str) -> str:
    """The name of the output that holds a series.

    Example:
        >>> gate_output("lstm", 0, Direction.FORWARD, Quantity.FORGET_GATE)
        'lstm.0.forward.forget_gate'
    """
    return f"{kind}.{layer}.{direction}.{quantity}"
