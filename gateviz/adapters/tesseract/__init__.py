"""Tesseract's ``.traineddata``: the file, the network, the image preparation, the recognizer."""
