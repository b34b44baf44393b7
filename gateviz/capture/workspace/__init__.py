"""oneDNN's workspace of an LSTM, read. Only ``capture.engines`` comes in."""
