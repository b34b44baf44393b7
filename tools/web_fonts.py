"""Fetches the families of ``docs/fonts.md`` from npm and leaves them as .ttf files where ``find_fonts`` looks.

``make fonts`` runs it. A package of Fontsource brings a family as .woff2 files, one a range of characters; fontTools
joins those of a face to one font again. What is there already is not fetched again, and a family that cannot be had
is named and left out: training takes what fonts there are.
"""

import argparse
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fontTools.merge import Merger, Options
from fontTools.ttLib import TTFont
from tqdm import tqdm

HOME = Path("~/.local/share/fonts/gateviz")
LATIN = (
    "abril-fatface", "alegreya", "amatic-sc", "architects-daughter", "archivo-narrow", "arvo", "barlow-condensed", "bebas-neue",
    "bitter", "caveat", "comfortaa", "coming-soon", "cormorant-garamond", "courier-prime", "covered-by-your-grace", "crete-round",
    "crimson-pro", "cutive-mono", "dancing-script", "exo-2", "fira-code", "fira-sans", "gelasio", "gloria-hallelujah",
    "handlee", "homemade-apple", "ibm-plex-mono", "ibm-plex-sans", "indie-flower", "josefin-sans", "kalam", "karla",
    "libre-baskerville", "lobster", "lora", "merriweather", "montserrat", "nothing-you-could-do", "nunito", "old-standard-tt",
    "oswald", "patrick-hand", "permanent-marker", "playfair-display", "poppins", "pt-sans-narrow", "pt-serif", "quicksand",
    "raleway", "reenie-beanie", "roboto-slab", "rubik", "satisfy", "schoolbell", "shadows-into-light", "source-serif-4",
    "space-mono", "special-elite", "spectral", "titillium-web", "vollkorn", "vt323", "work-sans", "zilla-slab",
)  # fmt: skip
CHINESE = (
    "liu-jian-mao-cao", "long-cang", "ma-shan-zheng", "zcool-kuaile", "zcool-qingke-huangyou", "zcool-xiaowei",
    "zhi-mang-xing",
)  # fmt: skip
FREE = ("OFL-1.1", "Apache-2.0", "UFL-1.0", "MIT")
# What lays glyphs out and hints them; lines are set glyph by glyph.
_LAYOUT = ("GSUB", "GPOS", "GDEF", "BASE", "kern", "vhea", "vmtx", "VORG", "STAT", "meta")
_HINTS = ("fpgm", "prep", "cvt ", "gasp", "hdmx", "VDMX", "DSIG")


class UnavailableError(Exception):
    """A family that cannot be had."""


def main() -> int:
    """Fetch what is missing; 0 where all is there, 1 where some could not be had."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=HOME, help=f"folder of the fonts (default: {HOME})")
    parser.add_argument("--only", nargs="*", help="these families alone")
    given = parser.parse_args()
    home = given.out.expanduser()
    home.mkdir(parents=True, exist_ok=True)
    wanted = given.only or [*LATIN, *CHINESE]
    missing = [family for family in wanted if not any(home.glob(f"{family}-[0-9]*.ttf"))]
    without = []
    for family in tqdm(missing, unit="family", disable=None):
        try:
            fetch(family, home)
        except UnavailableError as reason:
            without.append(family)
            tqdm.write(f"{family}: {reason}", file=sys.stderr)
    print(f"{len(wanted) - len(without)} of {len(wanted)} families are in {home}")
    return 1 if without else 0


def fetch(family: str, home: Path) -> None:
    """Leave the faces of one family in a folder, regular and bold, upright and italic, as far as it has them.

    Raises:
        UnavailableError: the package cannot be had, holds no such face, or is not free.
    """
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        _unpack(family, place)
        package = place / "package"
        terms = json.loads((package / "package.json").read_text()).get("license")
        if terms not in FREE:
            raise UnavailableError(f"its license is {terms}, and only {', '.join(FREE)} are taken")
        faces = list(_faces(family, package / "files"))
        if not faces:
            raise UnavailableError("its package holds no regular or bold face")
        called = json.loads((package / "metadata.json").read_text())["family"]
        for weight, style, slices in faces:
            font = _merged(slices)
            _name(font, called, weight, style)
            name = f"{family}-{weight}-{style}.ttf"
            # Whole or not at all: a run that is broken off leaves no half font.
            font.save(place / name)
            (home / f".{name}").write_bytes((place / name).read_bytes())
            (home / f".{name}").replace(home / name)


def _unpack(family: str, place: Path) -> None:
    """The package, opened in a folder; nothing of it is run."""
    try:
        subprocess.run(
            ["npm", "pack", "--loglevel=error", "--ignore-scripts", f"@fontsource/{family}"],
            cwd=place, check=True, capture_output=True, text=True,
        )  # fmt: skip
        (package,) = place.glob("*.tgz")
        with tarfile.open(package) as content:
            content.extractall(place, filter="data")
    except FileNotFoundError as error:
        raise UnavailableError("npm is not installed (Debian: npm)") from error
    except subprocess.CalledProcessError as error:
        first = error.stderr.strip().splitlines()[:1] or ["npm pack failed"]
        raise UnavailableError(first[0]) from error
    except (ValueError, OSError, tarfile.TarError) as error:
        raise UnavailableError(f"its package cannot be opened: {error}") from error


def _faces(family: str, files: Path) -> Iterator[tuple[int, str, list[Path]]]:
    """Weight and style of each face and the files it is made of: Latin alone, or all slices of a Chinese face."""
    for style in ("normal", "italic"):
        for weight in (400, 700):
            kind = "*" if family in CHINESE else "latin"
            slices = sorted(files.glob(f"{family}-{kind}-{weight}-{style}.woff2"))
            if slices:
                yield weight, style, slices


def _merged(slices: list[Path]) -> TTFont:
    """One font of all slices."""
    if len(slices) == 1:
        font = TTFont(slices[0])
    else:
        font = Merger(Options(drop_tables=[*_LAYOUT, *_HINTS])).merge(list(map(str, slices)))
    font.flavor = None
    return font


def _name(font: TTFont, family: str, weight: int, style: str) -> None:
    """Call a face by its family and style alone; instances of variable fonts bear the name of their lightest weight."""
    words = ("Bold " if weight == 700 else "") + ("Italic" if style == "italic" else "")
    names = font["name"]
    for kind in (16, 17, 21, 22, 25):
        names.removeNames(nameID=kind)
    for kind, text in ((1, family), (2, words.strip() or "Regular"), (4, f"{family} {words}".strip())):
        names.setName(text, kind, 3, 1, 0x409)
        names.setName(text, kind, 1, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
