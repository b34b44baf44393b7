"""Lines of one's own, the training loop and the evaluation."""
