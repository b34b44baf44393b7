"""What is to be said of lines that a command read: once a line on stderr, counted where there are many."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gateviz.studies.account import CorpusLine

_KEY = "gateviz.remarks"


class _Heard:
    """The remarks of one run of a command, told when it ends: after its results, and also where it fails."""

    def __init__(self) -> None:
        self.lines: set[str] = set()
        self.remarks: dict[str, dict[str, None]] = {}

    def tell(self) -> None:
        from gateviz.data.remarks import counted

        for words in counted(self.remarks, len(self.lines)):
            click.echo(f"gateviz: {words}", err=True)


def note_remarks(line: str | Path, remarks: Iterable[str]) -> None:
    """Keep what is to be said of a line until the command ends; the same line may come again.

    Args:
        line: its file, or what it is called.
        remarks: of its recording; may be none, since the lines without any are counted too.
    """
    context = click.get_current_context()
    heard = context.meta.get(_KEY)
    if heard is None:
        heard = context.meta[_KEY] = _Heard()
        context.call_on_close(heard.tell)
    name = click.format_filename(line)
    heard.lines.add(name)
    for remark in remarks:
        heard.remarks.setdefault(name, {})[remark] = None


def note_corpus(lines: "Iterable[CorpusLine]") -> None:
    """Keep what is to be said of the lines of a corpus."""
    for line in lines:
        note_remarks(line.source.path, line.recording.remarks)
