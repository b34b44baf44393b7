"""Which characters the classes of a Tesseract network spell.

The unicharset is text: a count, then one line a character whose first field is the character and
whose line number is its id. The recoder says which classes spell each id: one class almost
everywhere, several for Chinese characters and Hangul in most models that have them.
"""

from collections.abc import Sequence

from gateviz.adapters.tesseract.cursor import Cursor
from gateviz.data.alphabet import Alphabet
from gateviz.files import budget

LONGEST_CODE = 9

_SPACE = "NULL"
_SPECIAL = {1: "Joined", 2: "|Broken|0|1"}
_LIGATURES = {"\ue003": "ct", "\ue006": "ſh", "\ue007": "ſi", "\ue008": "ſl", "\ue009": "ſſ"}
"""Code points of the private use area that Tesseract writes out as two letters."""


def read_unicharset(cursor: Cursor) -> tuple[str, ...]:
    """The characters by their ids; an empty text for the ids that stand for no character.

    Raises:
        CheckpointError: fewer lines than announced, or a line without a character.
    """
    announced = cursor.line("the number of characters").split()
    if not announced or not announced[0].isdigit() or len(announced[0]) > 9:
        raise cursor.error("the character list does not begin with a number of characters")
    count = int(announced[0])
    cursor.count(budget.SYMBOLS, count, "its character list")
    if count > cursor.remaining:
        raise cursor.error(f"{count} characters are announced and {cursor.remaining} bytes are left")
    characters = []
    for number in range(count):
        fields = cursor.line(f"character {number} of {count}").split(maxsplit=1)
        if not fields:
            raise cursor.error(f"line {number} of {count} characters is empty")
        try:
            character = fields[0].decode("utf-8")
        except UnicodeDecodeError as error:
            raise cursor.error(f"character {number} of {count} is not UTF-8") from error
        if character == _SPECIAL.get(number):
            character = ""
        characters.append(" " if character == _SPACE else _LIGATURES.get(character, character))
    return tuple(characters)


def read_recoder(cursor: Cursor) -> tuple[tuple[int, ...], ...]:
    """The classes that spell each character, by its id.

    Raises:
        CheckpointError: fewer codes than announced, or a code of more than nine classes.
    """
    count = cursor.integer("u4", "the number of codes")
    budget.SYMBOLS.check(count, "its recoder", advice="the file is damaged or malicious")
    codes = []
    for number in range(count):
        cursor.take(1, f"code {number} of {count}")
        length = cursor.integer("u4", f"the length of code {number}")
        if length > LONGEST_CODE:
            raise cursor.error(f"code {number} of {count} has {length} classes, more than {LONGEST_CODE}")
        codes.append(tuple(int(label) for label in cursor.array("i4", length, f"code {number}")))
    return tuple(codes)


def alphabet_of(
    characters: Sequence[str], codes: Sequence[tuple[int, ...]], *, null_char: int, class_count: int, cursor: Cursor
) -> Alphabet:
    """The alphabet in which the network writes.

    Of several characters with one code, Tesseract writes the last; it comes first here, because
    an ``Alphabet`` reads a code as its first symbol. A character that stands twice keeps its first code.

    Raises:
        CheckpointError: a code names a class that the network does not have, or there is no character.
    """
    if not 0 <= null_char < class_count:
        raise cursor.error(f"the null character is class {null_char} of {class_count}")
    written: dict[tuple[int, ...], int] = {}
    for number, (character, code) in enumerate(zip(characters, codes, strict=False)):
        if any(not 0 <= label < class_count for label in code):
            raise cursor.error(f"character {number} is spelled {code} in a network of {class_count} classes")
        if character and code and null_char not in code:
            written[code] = number
    last = set(written.values())
    order = sorted(range(min(len(characters), len(codes))), key=lambda number: number not in last)
    entries: dict[str, tuple[int, ...]] = {}
    for number in order:
        if codes[number] in written and characters[number]:
            entries.setdefault(characters[number], codes[number])
    if not entries:
        raise cursor.error("its character list spells nothing with the network's classes")
    return Alphabet(tuple(entries), tuple(entries.values()), null_char, class_count)
