"""How much a file of strangers may ask for: every bound on what reading one takes, with the reason for its size.

A few bytes can claim any number of bytes, axes, operations or seconds. So what is read is held against these
bounds before anything of that size is made, and the message says which bound it was, what was found and how
much there may be. A bound lies far above what recognizers, lines and recordings have, so that nobody who reads
honest files meets one, and far below what a machine of some gigabytes cannot give.
"""

from dataclasses import dataclass

from gateviz.errors import CheckpointError, GatevizError


@dataclass(frozen=True)
class Bound:
    """One bound.

    Attributes:
        name: what it is called in messages, such as ``pickle opcodes``.
        most: the largest number that is read.
        unit: what is counted, such as ``opcodes``.
        reason: why it is as large as it is.
    """

    name: str
    most: int
    unit: str
    reason: str

    def passed_by(self, found: float | int) -> bool:
        """True where a number lies beyond the bound; NaN does too, since it lies nowhere."""
        return not found <= self.most

    def words(self, found: float | int, subject: str, advice: str) -> str:
        """The sentence that says that a file passes the bound."""
        return (
            f"{subject} comes to {_said(found)} {self.unit}, and at most {self.most:,} are read "
            f"(the bound on {self.name}); {advice}"
        )

    def spent(self, subject: str, advice: str) -> str:
        """The sentence that says that something took more than the bound, of which nobody knows how much more."""
        return f"{subject} takes more than {self.most:,} {self.unit} (the bound on {self.name}); {advice}"

    def check(
        self,
        found: float | int,
        subject: str,
        *,
        advice: str = "it is no file of a line recognizer",
        error: type[GatevizError] = CheckpointError,
    ) -> None:
        """Refuses what lies beyond the bound.

        Args:
            found: what the file has or claims.
            subject: the file, or the part of it that claims so much.
            advice: what it therefore is, or what to do.
            error: which kind of file it is.

        Raises:
            GatevizError: the given kind; names the bound, its size and what was found.

        Example:
            >>> PICKLE_OPCODES.check(4, "crnn.pth")
        """
        if self.passed_by(found):
            raise error(self.words(found, subject, advice))


def _said(found: float | int) -> str:
    """A number for people; of more than twenty digits only how many there are, since writing all out takes time itself."""
    if isinstance(found, int) and found.bit_length() > 64:
        return f"some 10^{int(found.bit_length() * 0.30103)}"
    return f"{found:,}"


MEBIBYTE = 1024**2

# Of whole files.
MODEL_BYTES = Bound(
    "bytes of a model file",
    1024 * MEBIBYTE,
    "bytes",
    "the largest recognizers have 200 MB of weights, and their optimizer's state twice as much beside them",
)
UNPACKED_BYTES = Bound(
    "bytes that unpacking adds",
    64 * MEBIBYTE,
    "bytes more than it takes on the disk",
    "torch writes its archives uncompressed, and weights that someone packed shrink by a tenth",
)
ARCHIVE_DIRECTORY_BYTES = Bound(
    "bytes of an archive's directory",
    16 * MEBIBYTE,
    "bytes",
    "16 MiB name some 200,000 tensors, and recognizers have some hundreds",
)
HEADER_BYTES = Bound(
    "bytes of a safetensors header",
    4 * MEBIBYTE,
    "bytes",
    "a tensor takes a hundred bytes of it, and the largest alphabet half a megabyte",
)
DOCUMENT_BYTES = Bound(
    "characters of a document in a file",
    4 * MEBIBYTE,
    "characters",
    "the largest codecs, of 30,000 Chinese characters, take a megabyte",
)
PROGRAM_BYTES = Bound(
    "bytes of a Paddle program",
    16 * MEBIBYTE,
    "bytes",
    "programs of recognizers have one or two megabytes",
)
ALPHABET_BYTES = Bound(
    "bytes of an alphabet file",
    4 * MEBIBYTE,
    "bytes",
    "all of Unicode, a character a line, has 5 MiB, and no network has that many classes",
)

# Of what files are made of.
TENSORS = Bound(
    "tensors of a file", 50_000, "tensors", "recognizers have some hundreds, with an optimizer some thousands"
)
DIMS = Bound("axes of a tensor", 16, "axes", "weights have at most five")
DIGITS = Bound(
    "digits of a number", 18, "digits", "more do not fit into 64 bits, and Python takes long to read thousands"
)
PICKLE_BYTES = Bound(
    "bytes of a pickle",
    16 * MEBIBYTE,
    "bytes",
    "the pickle of a checkpoint holds names and shapes, its tensors lie beside it",
)
PICKLE_OPCODES = Bound(
    "pickle opcodes",
    400_000,
    "opcodes",
    "a tensor takes some forty, and a hundred thousand are read in a tenth of a second",
)
FIELDS = Bound(
    "fields of a protocol buffer",
    1_000_000,
    "fields",
    "models of recognizers have some ten thousand, each looked at some five times",
)
NODES = Bound("nodes of a graph", 10_000, "nodes", "the deepest recognizers have two thousand")
STEPS = Bound("steps of a recipe or geometry", 1000, "steps", "the deepest recognizers have two hundred")
DEPTH = Bound("levels of nesting", 32, "levels", "honest files nest three to eight deep")
VGSL_CHARACTERS = Bound(
    "characters of a VGSL specification", 65_536, "characters", "the longest of kraken's have a thousand"
)
WEIGHTS = Bound(
    "weights of a Tesseract network",
    1 << 24,
    "numbers",
    "the largest of the published models has two million",
)
SYMBOLS = Bound("symbols of an alphabet", 200_000, "symbols", "Unicode has 150,000 characters")

# Of line images, and of the files of lines and recordings.
IMAGE_BYTES = Bound(
    "bytes of an image file",
    512 * MEBIBYTE,
    "bytes",
    "the most pixels that any option allows, uncompressed in three colors",
)
DEFAULT_PIXELS = Bound(
    "pixels of an image", 25_000_000, "pixels", "a page at 600 dpi has 35 million, a line a tenth of that"
)
LARGEST_PIXELS = Bound("pixels of any image", 178_956_970, "pixels", "past this Pillow refuses by itself")
RECORDING_BYTES = Bound(
    "bytes of a recording",
    2048 * MEBIBYTE,
    "bytes",
    "65,536 columns of input give 16,384 frames, of two layers of 512 units some 1.6 GB",
)
LIST_BYTES = Bound(
    "bytes of a list of lines",
    256 * MEBIBYTE,
    "bytes",
    "a million lines with their paths and texts take a hundred megabytes",
)
TEXT_CHARACTERS = Bound(
    "characters of a line's text", 10_000, "characters", "the widest line has some thousand, and figures draw each"
)
SYMBOL_CHARACTERS = Bound(
    "characters of a symbol", 64, "characters", "the longest ligatures and emoji sequences have a dozen"
)
SETTINGS_BYTES = Bound(
    "bytes of a TOML file", MEBIBYTE, "bytes", "an alphabet of all Chinese characters in it takes a tenth of that"
)
KEY_PARTS = Bound("dots of a line of TOML", 16, "dots", "keys of settings have one or two parts")
CODE_LABELS = Bound("labels of a symbol", 64, "labels", "Tesseract spells the longest with nine")

# Of graphs that run.
GRAPH_BYTES = Bound(
    "bytes of an ONNX graph",
    512 * MEBIBYTE,
    "bytes",
    "recognizers have tens of megabytes, weights beside the graph included",
)
PACKED_BYTES = Bound(
    "bytes of packed whole numbers",
    32 * MEBIBYTE,
    "bytes",
    "each may grow to eight in memory, and exporters write weights as raw bytes",
)
INPUT_NUMBERS = Bound(
    "numbers of a graph's input",
    1 << 24,
    "numbers",
    "the widest line that is read, of 65,536 columns, has 12 million in 64 rows and three colors",
)
FRAMES_A_COLUMN = Bound(
    "frames that a graph makes of a column",
    4,
    "frames",
    "recognizers make one of four columns, and none makes more than two",
)
VALUE_NUMBERS = Bound(
    "numbers of one value",
    1 << 28,
    "numbers",
    "a view of one number may be as wide as the posteriors of the widest line",
)
GRAPH_NUMBERS = Bound(
    "numbers that a graph makes",
    1 << 24,
    "numbers (without those its input pays for)",
    "what a recognizer makes without an image are position codes and shapes",
)
NUMBERS_A_PIXEL = 1000
"""Numbers that a graph may make for each pixel it is fed: the posteriors of 6,600 classes and four values like them are 260."""

MULTIPLICATIONS = Bound(
    "multiplications of one matrix product",
    1 << 34,
    "multiplications (without those its input pays for)",
    "a second's work; a head of 6,600 classes over 512 features takes three million a frame",
)
MULTIPLICATIONS_A_PIXEL = 1_000_000
"""What a matrix product may take for each pixel that its graph is fed: the same head takes a tenth of it."""

WORKER_BYTES = Bound(
    "memory of the process that runs graphs",
    896 * MEBIBYTE,
    "bytes",
    "a VGG on a line of 32 x 20,000 pixels takes half of it",
)
RUN_SECONDS = Bound(
    "seconds of a run",
    5,
    "seconds of processor time",
    "a line of 320 columns takes a twentieth of a second",
)
PIXELS_A_SECOND = 10_000
"""Pixels that buy a run one more second; the slowest recognizers read twenty times as many."""

LOADING_SECONDS = Bound(
    "seconds of loading a graph",
    60,
    "seconds of processor time",
    "where columns are measured, a thousand runs of a fiftieth of a second are needed",
)
