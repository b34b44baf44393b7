"""Everything in a ``.traineddata`` that reading a line needs.

The file begins with a uint32 count of parts and as many int64 offsets, -1 for a part that is not
there; a part ends where the next present one begins. Files of the other byte order are recognized
by their impossible count, as Tesseract recognizes them.

Which characters the classes spell stands in two of the parts. The unicharset is text: a count, then one line a
character whose first field is the character and whose line number is its id. The recoder says which classes spell
each id: one class almost everywhere, several for Chinese characters and Hangul in most models that have them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from gateviz.adapters.tesseract.cursor import Cursor
from gateviz.adapters.tesseract.records import Record, read_record
from gateviz.data.alphabet import Alphabet
from gateviz.errors import CheckpointError
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


MOST_PARTS = 1000
"""More parts than any file has; a larger count means the other byte order."""


class Part(IntEnum):
    """Position of a part in the table of offsets."""

    UNICHARSET = 1
    INTTEMP = 3
    PFFMTABLE = 4
    NORMPROTO = 5
    SHAPETABLE = 13
    LSTM = 17
    LSTM_UNICHARSET = 21
    LSTM_RECODER = 22
    VERSION = 23


LEGACY_PARTS = (Part.INTTEMP, Part.PFFMTABLE, Part.NORMPROTO, Part.SHAPETABLE)
"""Character prototypes of Tesseract's engine before version 4."""


@dataclass(frozen=True)
class Container:
    """The parts of a file, by their position.

    Attributes:
        parts: the bytes of every part that is there.
        byte_order: of all numbers in the file.
    """

    parts: Mapping[int, bytes]
    byte_order: Literal["<", ">"]

    @property
    def version(self) -> str:
        """The version text of the training tools, such as ``4.00.00alpha:eng:...``; empty if there is none."""
        return self.parts.get(Part.VERSION, b"")[:200].decode("utf-8", "replace").strip("\0 \n")

    def cursor(self, part: Part, place: str) -> Cursor:
        """A cursor at the start of one part.

        Raises:
            CheckpointError: the part is not there.
        """
        try:
            return Cursor(self.parts[part], place, self.byte_order)
        except KeyError as error:
            raise CheckpointError(f"the {place} of this traineddata is missing; take the complete file") from error


def read_container(data: bytes) -> Container:
    """The parts of a ``.traineddata`` file.

    Raises:
        CheckpointError: the table of offsets does not fit the file.
    """
    place = "table of parts"
    byte_order: Literal["<", ">"] = "<"
    count = Cursor(data, place).integer("u4", "the number of parts")
    if count > MOST_PARTS:
        byte_order = ">"
        count = Cursor(data, place, byte_order).integer("u4", "the number of parts")
    cursor = Cursor(data, place, byte_order)
    cursor.take(4, "the number of parts")
    if not 0 < count <= MOST_PARTS:
        raise cursor.error(f"it announces {count} parts")
    offsets = [int(offset) for offset in cursor.array("i8", count, "the table of offsets")]
    parts: dict[int, bytes] = {}
    end = len(data)
    for part in range(count - 1, -1, -1):
        start = offsets[part]
        if start == -1:
            continue
        if not cursor.position <= start <= end:
            raise cursor.error(f"part {part} begins at byte {start} of {len(data)} and should end at {end}")
        parts[part] = data[start:end]
        end = start
    return Container(parts, byte_order)


_INT_MODE = 1
_RECODED = 64


@dataclass(frozen=True)
class TesseractModel:
    """The LSTM half of a ``.traineddata``, as it stands in the file.

    Attributes:
        network: the tree of layers.
        alphabet: what the classes spell.
        specification: the network in VGSL, such as ``[1,36,0,1Ct3,3,16Mp3,3Lfys48Lfx96Lrx96Lfx192O1c1]``.
        int8: True if activations are rounded to 127ths between layers and in the recurrence.
        sample_iteration: training samples seen; Tesseract seeds its noise with it.
        version: version text of the training tools.
    """

    network: Record
    alphabet: Alphabet
    specification: str
    int8: bool
    sample_iteration: int
    version: str


def read_model(data: bytes) -> TesseractModel:
    """The model in the bytes of a ``.traineddata``.

    Raises:
        CheckpointError: the bytes are damaged, hold only Tesseract's old engine, or hold a network
            of a kind that is not supported.
    """
    container = read_container(data)
    if Part.LSTM not in container.parts:
        engine = "only Tesseract's legacy engine" if set(LEGACY_PARTS) & set(container.parts) else "no recognizer"
        raise CheckpointError(
            f"this traineddata holds {engine} (parts {', '.join(map(str, sorted(container.parts))) or 'none'}) "
            "and no LSTM network; take one from tessdata, tessdata_fast or tessdata_best"
        )
    cursor = container.cursor(Part.LSTM, "LSTM network")
    network = read_record(cursor)
    apart = Part.LSTM_UNICHARSET in container.parts and Part.LSTM_RECODER in container.parts
    if apart:
        characters = read_unicharset(container.cursor(Part.LSTM_UNICHARSET, "character list"))
    else:
        characters = read_unicharset(cursor)
    specification = cursor.string("the network specification")
    flags, _, sample_iteration, null_char = (int(number) for number in cursor.array("i4", 4, "the training state"))
    cursor.array("f4", 3, "the learning rates")
    if not flags & _RECODED:
        # One class a character; where no id stands for the blank, the class after the last does.
        codes: tuple[tuple[int, ...], ...] = tuple((number,) for number in range(len(characters)))
    else:
        codes = read_recoder(container.cursor(Part.LSTM_RECODER, "recoder") if apart else cursor)
    alphabet = alphabet_of(characters, codes, null_char=null_char, class_count=network.outputs, cursor=cursor)
    return TesseractModel(
        network=network,
        alphabet=alphabet,
        specification=specification,
        int8=bool(flags & _INT_MODE),
        sample_iteration=sample_iteration,
        version=container.version,
    )
