"""The line images that come with gateviz."""

from pathlib import Path

from gateviz.errors import ImageError

FOLDER = Path(__file__).parents[1] / "assets"

SAMPLES = {
    "english": "a sentence with commas and doubled letters",
    "chinese": "a Chinese sentence",
    "ten_characters": "ten Chinese characters",
    "doubled_letters": "words with doubled letters",
    "hello_ascii_comma": "a Chinese greeting with an ASCII comma",
    "hello_fullwidth_comma": "the same greeting with a full-width comma",
}
"""Their names, and what is on them."""


def sample(name: str = "english") -> Path:
    """The file of a line image that comes with gateviz.

    Args:
        name: one of ``SAMPLES``.

    Raises:
        ImageError: there is none of this name, or it is missing: an installation without its data.

    Example:
        >>> sample("chinese").name
        'chinese.png'
    """
    if name not in SAMPLES:
        raise ImageError(f"gateviz comes with no line {name!r}; there are {', '.join(SAMPLES)}")
    path = FOLDER / f"{name}.png"
    if not path.is_file():
        raise ImageError(f"the line {name!r} that comes with gateviz is missing ({path}); install gateviz again")
    return path
