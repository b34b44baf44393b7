"""Connectionist temporal classification: from log posteriors to text and spans, numpy only."""
