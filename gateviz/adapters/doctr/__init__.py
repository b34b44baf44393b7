"""docTR's CRNNs: the networks, the lineage."""
