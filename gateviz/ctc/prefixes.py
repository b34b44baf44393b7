"""The tree of label prefixes that a beam search has met."""

from gateviz.ctc.spelling import Spelled, Speller

ROOT = 0
NO_LABEL = -1


class PrefixTree:
    """Numbers label prefixes, so that one prefix has one number on whatever paths it is reached.

    A prefix is its parent prefix and one more label; prefix 0 is empty.
    """

    def __init__(self, speller: Speller | None) -> None:
        self.parents = [NO_LABEL]
        self.labels = [NO_LABEL]
        self._speller = speller
        self._spelled = [speller.beginning] if speller else []
        self._numbers: dict[tuple[int, int], int] = {}
        self._extensions: dict[tuple[int, int], tuple[Spelled, float]] = {}

    @property
    def spells(self) -> bool:
        """True where prefixes are scored by what they spell."""
        return self._speller is not None

    def child(self, prefix: int, label: int) -> int:
        """The number of the prefix with one more label."""
        number = self._numbers.setdefault((prefix, label), len(self.parents))
        if number == len(self.parents):
            self.parents.append(prefix)
            self.labels.append(label)
            if self._speller:
                self._spelled.append(self._extension(self._speller, prefix, label)[0])
        return number

    def spelling_score(self, prefix: int, label: int) -> float:
        """The speller's score of the prefix with one more label; 0 without a speller."""
        return self._extension(self._speller, prefix, label)[1] if self._speller else 0.0

    def spelling_bound(self, prefix: int) -> float:
        """What the speller's score of the prefix can at most be with one more label; 0 without a speller."""
        return self._speller.bound(self._spelled[prefix]) if self._speller else 0.0

    def finish(self, prefix: int) -> tuple[float, float]:
        """The n-gram model's log probability of the prefix as a whole line, and its weighted score; 0 without a speller."""
        return self._speller.finish(self._spelled[prefix]) if self._speller else (0.0, 0.0)

    def labels_of(self, prefix: int) -> list[int]:
        """The labels of a prefix."""
        labels = []
        while prefix != ROOT:
            labels.append(self.labels[prefix])
            prefix = self.parents[prefix]
        return labels[::-1]

    def _extension(self, speller: Speller, prefix: int, label: int) -> tuple[Spelled, float]:
        key = (prefix, label)
        if key not in self._extensions:
            spelled = speller.extend(self._spelled[prefix], label)
            self._extensions[key] = spelled, speller.score(spelled)
        return self._extensions[key]
