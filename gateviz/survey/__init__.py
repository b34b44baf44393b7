"""A whole corpus of lines: record each, measure, test claims, hold gates."""
