"""Everything in a ``.traineddata`` that reading a line needs."""

from dataclasses import dataclass

from gateviz.adapters.tesseract.charset import alphabet_of, read_recoder, read_unicharset
from gateviz.adapters.tesseract.container import LEGACY_PARTS, Part, read_container
from gateviz.adapters.tesseract.records import Record, read_record
from gateviz.data.alphabet import Alphabet
from gateviz.errors import CheckpointError

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
        network, alphabet, specification, bool(flags & _INT_MODE), sample_iteration, container.version
    )
