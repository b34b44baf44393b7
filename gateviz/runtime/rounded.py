"""What int8 did to a recognizer: how far its posteriors moved, and whether its own gates can be told from its graph."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from gateviz.errors import WitnessError
from gateviz.graphs.document import GraphDocument
from gateviz.graphs.recurrent_kinds import gate_output
from gateviz.runtime.posteriors import log_posteriors
from gateviz.runtime.session import GraphSession
from gateviz.runtime.witness import NEEDED, states_apart

EXACT = 1e-5
"""Largest difference of an int8 layer's hidden states from what its gates come to: what float32 leaves of sums and tanh."""


@dataclass(frozen=True)
class RoundedProof:
    """An int8 graph held against the float one, and against itself.

    Attributes:
        moved: the largest difference of a log posterior from the float graph's.
        same: share of the frames whose most probable class is the same.
        frames: how many were looked at.
        witness: the largest difference of a hidden state from what the gates of its layer come to; None without layers.
    """

    moved: float
    same: float
    frames: int
    witness: float | None

    @property
    def words(self) -> str:
        """The proof for people."""
        gates = ""
        if self.witness is not None:
            gates = f"; its own gates come to its hidden states within {self.witness:.2g}"
        return (
            f"in int8 {self.same:.1%} of {self.frames} frames keep their most probable class, log posteriors move by at most "
            f"{self.moved:.2g}{gates}"
        )


def rounded_proof(
    whole: bytes,
    rounded: bytes,
    document: GraphDocument,
    lines: Sequence[Float32[np.ndarray, "_ _ _ _"]],
) -> RoundedProof:
    """An int8 graph run beside the float one it was made from, one line a call.

    Args:
        whole: the float graph's bytes.
        rounded: those of the int8 graph with its gates as outputs.
        document: of both.
        lines: prepared lines, each a batch of its own.

    Raises:
        WitnessError: the gates of a layer do not come to the hidden states that it computed.
    """
    before, after = GraphSession(whole), GraphSession(rounded)
    moved, same, frames, witness = 0.0, 0, 0, 0.0
    for pixels in lines:
        found = after.run(pixels)
        one, other = (
            log_posteriors(numbers, document.alphabet, layout=document.layout, output=document.output)
            for numbers in (before.run(pixels)[before.posteriors], found[after.posteriors])
        )
        moved = max(moved, float(np.abs(one - other).max(initial=0.0)))
        same += int((one.argmax(-1) == other.argmax(-1)).sum())
        frames += one.shape[0] * one.shape[1]
        for layer in document.layers:
            for way in layer.directions:
                series = {each: found[gate_output(layer.kind, layer.node, way, each)] for each in NEEDED[layer.kind]}
                witness = max(witness, states_apart(layer.kind, way, series, f"layer {layer.layer} {way}"))
    if not witness <= EXACT:
        raise WitnessError(
            f"the gates of the int8 layers come to other hidden states than onnxruntime computed, by {witness:.3g} where {EXACT:g} "
            f"is allowed: its int8 LSTM rounds otherwise on this processor; export in float"
        )
    return RoundedProof(moved, same / max(frames, 1), frames, witness if document.layers else None)
