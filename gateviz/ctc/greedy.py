"""Placeholder until ctc lands."""

from gateviz.data.alignment import Alignment
from gateviz.data.emission import Emission


def greedy(emission: Emission) -> Alignment:
    """The most probable path."""
    raise NotImplementedError
