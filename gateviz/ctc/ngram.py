"""A character n-gram model: how probable the next character of a line is."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gateviz.errors import NgramError

LINE_END = "\n"  # Begins and ends every line, so no line can hold it.
HIGHEST_ORDER = 12
HIGHEST_COUNT = 2**53
FORMAT = "gateviz character n-gram"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class CharacterNgram:
    """An n-gram model over code points with interpolated Witten-Bell smoothing.

    P(x | h) = (c(h x) + N(h) P(x | h')) / (c(h) + N(h)), where h' is the history h without its
    oldest character, c counts, and N(h) is the number of different characters seen after h
    (Witten and Bell 1991, method C; in this form Chen and Goodman 1998, section 2.5). The recursion
    ends in a uniform distribution over the characters seen, the end of the line and one more
    outcome that stands for each character never seen.

    Attributes:
        order: n; a character is predicted from the n - 1 before it.
        counts: for each history of 0 to n - 1 characters, how often each character followed it.
    """

    order: int
    counts: Mapping[str, Mapping[str, int]]

    def __post_init__(self) -> None:
        if not 1 <= self.order <= HIGHEST_ORDER:
            raise NgramError(f"an n-gram model of order {self.order} was asked for; give 1 to {HIGHEST_ORDER}")
        if not self.counts.get(""):
            raise NgramError("an n-gram model needs text to count in, and there was none; give lines of text")

    @classmethod
    def train(cls, lines: Iterable[str], *, order: int = 5) -> "CharacterNgram":
        """The model of some lines of text; empty lines are left out.

        Raises:
            NgramError: there is no text, or the order is out of bounds.

        Example:
            >>> model = CharacterNgram.train(["abab", "abba"], order=3)
            >>> model.log_prob("a", "b") > model.log_prob("a", "a")
            True
        """
        counts: dict[str, dict[str, int]] = {}
        for text in lines:
            for line in text.splitlines():
                if not line:
                    continue
                padded = LINE_END + line + LINE_END
                for position in range(1, len(padded)):
                    character = padded[position]
                    for length in range(min(order, position + 1)):
                        followers = counts.setdefault(padded[position - length : position], {})
                        followers[character] = followers.get(character, 0) + 1
        return cls(order, counts)

    @cached_property
    def _totals(self) -> dict[str, int]:
        return {history: sum(followers.values()) for history, followers in self.counts.items()}

    @cached_property
    def _uniform(self) -> float:
        """One share each for the characters seen, the end of the line and what was never seen."""
        return 1 / (len(self.counts[""].keys() | {LINE_END}) + 1)

    @property
    def characters(self) -> frozenset[str]:
        """The characters seen, without the end of the line."""
        return frozenset(self.counts[""]) - {LINE_END}

    @property
    def beginning(self) -> str:
        """The history at the beginning of a line."""
        return self.advance("", LINE_END)

    def advance(self, history: str, character: str) -> str:
        """The history after one more character: what the next one is predicted from."""
        longer = history + character
        return longer[max(len(longer) - self.order + 1, 0) :]

    def log_prob(self, history: str, character: str) -> float:
        """Log probability that a character follows a history, of which at most n - 1 characters count.

        Histories come from `beginning` and `advance`; ``LINE_END`` asks for the end of the line.
        """
        probability = self._uniform
        for length in range(len(history) + 1):
            suffix = history[len(history) - length :]
            followers = self.counts.get(suffix)
            if followers is None:
                break
            seen, total = len(followers), self._totals[suffix]
            probability = (followers.get(character, 0) + seen * probability) / (total + seen)
        return math.log(probability)

    def line_log_prob(self, text: str) -> float:
        """Log probability of a whole line, its end included."""
        log_prob, history = 0.0, self.beginning
        for character in text + LINE_END:
            log_prob += self.log_prob(history, character)
            history = self.advance(history, character)
        return log_prob

    def to_json(self) -> str:
        """The model as a JSON document, which `from_json` reads."""
        document = {"format": FORMAT, "format_version": FORMAT_VERSION, "order": self.order, "counts": self.counts}
        return json.dumps(document, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, document: str) -> "CharacterNgram":
        """The model that a JSON document of `to_json` holds.

        Raises:
            NgramError: the document is no JSON, none of an n-gram model, or its numbers are out of bounds.
        """
        try:
            fields = json.loads(document)
        except (ValueError, RecursionError) as error:
            raise NgramError(f"an n-gram model must be a JSON document: {error}") from error
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            raise NgramError(f"the JSON document holds no {FORMAT!r}; write one with CharacterNgram.to_json")
        if fields.get("format_version") != FORMAT_VERSION:
            raise NgramError(
                f"the n-gram model has format version {fields.get('format_version')!r} and this gateviz reads "
                f"{FORMAT_VERSION}; train it again"
            )
        order, counts = fields.get("order"), fields.get("counts")
        if type(order) is not int or not isinstance(counts, dict):
            raise NgramError(
                f"the n-gram model needs an integer order and counts, not {order!r} and {type(counts).__name__}"
            )
        for history, followers in counts.items():
            _check_followers(order, history, followers)
        return cls(order, counts)


def _check_followers(order: int, history: str, followers: Any) -> None:
    """Nothing, if the counts after one history can be counts.

    Raises:
        NgramError: names the history and what is wrong.
    """
    if len(history) >= order:
        raise NgramError(
            f"the n-gram model of order {order} counts after {history!r}, which is {len(history)} characters"
        )
    if not isinstance(followers, dict) or not followers:
        raise NgramError(f"the n-gram model has no counts after {history!r}, but {type(followers).__name__}")
    for character, count in followers.items():
        if len(character) != 1 or type(count) is not int or not 1 <= count <= HIGHEST_COUNT:
            raise NgramError(
                f"the n-gram model counts {character!r} after {history!r} as {count!r}; "
                f"single characters and counts of 1 to {HIGHEST_COUNT} are wanted"
            )
