"""Lines of one's own among synthetic ones."""

import numpy as np

from gateviz.typesetting.lines import LineSet, TrainingLine


class LineMix:
    """As many synthetic lines as asked for among lines of one's own; as endless as the synthetic ones.

    Args:
        own: lines that come up at random, each as often as the next.
        synthetic: lines that come up once each.
        share: of synthetic lines, 0 to 1.
        seed: of the mix.
    """

    def __init__(self, own: LineSet, synthetic: LineSet, share: float, seed: int) -> None:
        self.own = own
        self.synthetic = synthetic
        self.share = share
        self.seed = seed

    def __len__(self) -> int:
        """As many as there are synthetic lines."""
        return len(self.synthetic)

    def __getitem__(self, index: int) -> TrainingLine:
        """Line ``index``, from 0.

        Raises:
            IndexError: there is no such line.
        """
        rng = np.random.default_rng([self.seed, index])
        if rng.random() < self.share:
            return self.synthetic[index]
        if not 0 <= index < len(self):
            raise IndexError(f"line {index} of {len(self)}")
        return self.own[int(rng.integers(len(self.own)))]
