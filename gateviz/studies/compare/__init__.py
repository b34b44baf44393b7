"""Where two models part on the same lines, or two images as one model reads them, and what it costs in text."""
