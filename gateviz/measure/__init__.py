"""Numbers about gate traces, numpy only."""
