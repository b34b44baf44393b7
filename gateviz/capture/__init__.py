"""Recording what a network did: instrumented layers, edits, the recorder."""
