"""Every error gateviz raises on purpose.

The tree (each child also is the builtin a caller would expect)::

    GatevizError
    ├── ShapeError          (ValueError)     an array does not have the shape that was asked for
    ├── GeometryError       (ValueError)     frames and columns cannot be put together
    ├── AlphabetError       (ValueError)     symbols, labels and classes disagree
    ├── AlignmentError      (ValueError)     a text cannot be aligned to these frames
    ├── NgramError          (ValueError)     text or a document that gives no character n-gram model
    ├── SelectionError      (LookupError)    a layer, direction, quantity or unit that is not there
    ├── WitnessError        (RuntimeError)   the recorded run is not the run of the plain layer
    ├── CheckpointError     (ValueError)     a file that holds no recognizer gateviz can build
    ├── ImageError          (ValueError)     a file that holds no line image gateviz can read
    ├── RecordingFileError  (ValueError)     a file that holds no recording gateviz can open
    ├── TrainingError       (RuntimeError)   training cannot start or go on; the last good checkpoint stays
    ├── OutputError         (OSError)        a result could not be written; nothing was left half-written
    └── MissingExtraError   (ImportError)    an optional part is not installed

``GatevizWarning`` is the base of its warnings, each of which the command line says in one line.

A message says what was asked, what was found (with its values), and what to do, in one or two
sentences. Context such as the file name is added once, at the public door, with ``raise ... from``.
"""


class GatevizError(Exception):
    """Base of every error gateviz raises on purpose."""


class GatevizWarning(UserWarning):
    """Base of the warnings that the command line says in one line: what was drawn or read is not all it could be."""


class ShapeError(GatevizError, ValueError):
    """An array does not have the shape that was asked for."""


class GeometryError(GatevizError, ValueError):
    """Frames and columns cannot be put together."""


class AlphabetError(GatevizError, ValueError):
    """Symbols, labels and classes disagree."""


class AlignmentError(GatevizError, ValueError):
    """A text cannot be aligned to these frames."""


class NgramError(GatevizError, ValueError):
    """Text or a document gives no character n-gram model."""


class SelectionError(GatevizError, LookupError):
    """A layer, direction, quantity or unit was asked for that is not there."""


class WitnessError(GatevizError, RuntimeError):
    """The recorded run is not the run of the plain layer."""


class CheckpointError(GatevizError, ValueError):
    """A file holds no recognizer that gateviz can build."""


class ImageError(GatevizError, ValueError):
    """A file holds no line image that gateviz can read."""


class RecordingFileError(GatevizError, ValueError):
    """A file holds no recording that gateviz can open."""


class TrainingError(GatevizError, RuntimeError):
    """Training cannot start or cannot go on; the last good checkpoint stays."""


class OutputError(GatevizError, OSError):
    """A result could not be written; nothing was left half-written."""


class MissingExtraError(GatevizError, ImportError):
    """An optional part of gateviz is not installed."""
