"""Everything in a ``.traineddata`` that reading a line needs.

The file begins with a uint32 count of parts and as many int64 offsets, -1 for a part that is not
there; a part ends where the next present one begins. Files of the other byte order are recognized
by their impossible count, as Tesseract recognizes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from gateviz.adapters.tesseract.charset import alphabet_of, read_recoder, read_unicharset
from gateviz.adapters.tesseract.cursor import Cursor
from gateviz.adapters.tesseract.records import Record, read_record
from gateviz.data.alphabet import Alphabet
from gateviz.errors import CheckpointError

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
