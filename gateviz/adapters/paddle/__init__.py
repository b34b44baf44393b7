"""PaddleOCR's CRNNs: Paddle's own files, the network under its ports' names, the lineage."""
