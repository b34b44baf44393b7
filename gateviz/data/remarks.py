"""Remarks: what a reader of a result must know of its line, one sentence each.

A remark is plain text, ``KIND: what was found; what to do``. The kind has no value of the line in it and
no colon, so that a thousand lines with the same fault can be told in one sentence.
"""

from collections.abc import Iterable, Mapping


def kind_of(remark: str) -> str:
    """What the remark is about, the same words for every line of the kind.

    Example:
        >>> kind_of("higher than wide: 40 x 300 pixels; is the image rotated?")
        'higher than wide'
    """
    return remark.partition(":")[0]


def counted(remarks: Mapping[str, Iterable[str]], total: int) -> list[str]:
    """The remarks of many lines in one sentence a kind, the most frequent first; that of a single line as it is.

    Args:
        remarks: those of each line that has any, by the line's name.
        total: lines that were read.

    Example:
        >>> counted({"a.png": ["nothing was read: no ink"], "b.png": ["nothing was read: dark"]}, 40)
        ['2 of 40 lines: nothing was read; the first is a.png: no ink']
    """
    kinds: dict[str, list[tuple[str, str]]] = {}
    for name, said in remarks.items():
        for remark in said:
            kinds.setdefault(kind_of(remark), []).append((name, remark))
    told = []
    for kind, found in sorted(kinds.items(), key=lambda item: -len(item[1])):
        name, remark = found[0]
        lines = len({each for each, _ in found})
        if lines == 1:
            told.append(f"{name}: {remark}")
        else:
            told.append(f"{lines:,} of {total:,} lines: {kind}; the first is {name}:{remark.removeprefix(kind)[1:]}")
    return told
