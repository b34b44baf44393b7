"""clovaai/deep-text-recognition-benchmark and EasyOCR: the networks, the line images, the two lineages."""
