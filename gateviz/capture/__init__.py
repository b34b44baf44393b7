"""Recording what a network did: instrumented layers, edits, geometry, preprocessing, the recorder."""
