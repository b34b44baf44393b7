"""Other people's checkpoints, one lineage a file, behind one registry."""
