"""Synthetic lines with true columns: text, fonts, type, wear. Knows no network."""
