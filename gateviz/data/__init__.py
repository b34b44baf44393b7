"""The nouns: frozen dataclasses over numpy arrays. No input, no output, no drawing."""
