"""How well a recognizer reads lines whose text is known; they are read in batches of one size (``training/evaluate.py``)."""
