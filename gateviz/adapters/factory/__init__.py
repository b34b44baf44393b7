"""A network that no lineage knows, built by the user's own code and looked at by running it."""
