"""kraken's recognizers: the file, the network by its VGSL string, the image preparation, the recognizer."""
