"""What an explorer shows at one time: recordings, their document, and what can be chosen of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateviz.panels.explorer import Document, Orders, explorer_document
from gateviz.recording import Recording
from gateviz.widget.selection import Choices


@dataclass(frozen=True, eq=False)
class Scene:
    """Made whole, or not at all.

    Attributes:
        recordings: one, or two to compare.
        document: what the front end is told of them.
        choices: what can be chosen.
    """

    recordings: tuple[Recording, ...]
    document: Document
    choices: Choices

    @classmethod
    def of(cls, recordings: Sequence[Recording], *, title: str, exact: bool, live: bool, orders: Orders) -> "Scene":
        """The scene of these recordings; arguments and errors as ``panels.explorer.explorer_document``."""
        document = explorer_document(recordings, title=title, exact=exact, live=live, orders=orders)
        return cls(tuple(recordings), document, Choices(recordings, document))
