"""Synthetic lines, lines of one's own, the training loop and the evaluation."""
