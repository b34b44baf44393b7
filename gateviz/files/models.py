"""Which model reads where nobody named one."""

import os
from pathlib import Path

from gateviz.errors import CheckpointError

DEFAULT_MODEL = "eng.traineddata"
_FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)


def default_model() -> Path:
    """Tesseract's English model, where the system has it: in ``TESSDATA_PREFIX``, then in the usual folders.

    Raises:
        CheckpointError: it is nowhere; says which package brings it.
    """
    prefix = os.environ.get("TESSDATA_PREFIX")
    folders = [Path(prefix), Path(prefix) / "tessdata"] if prefix else []
    for folder in (*folders, *map(Path, _FOLDERS)):
        if (folder / DEFAULT_MODEL).is_file():
            return folder / DEFAULT_MODEL
    raise CheckpointError(
        f"no model was named and Tesseract's {DEFAULT_MODEL} is not installed; name a checkpoint (--model), "
        f"or install the Debian package tesseract-ocr-eng"
    )
