"""What three recognizers' gates do: the stated claims over lines rendered for them, as docs/claims.md tells.

``python -m benchmarks claims``: renders two corpora (natural words with sentences, English and
Chinese), runs ``gateviz claims`` with the bundled model on both, with Tesseract's eng on the first
and its chi_sim on the second, and writes the reports, the figures of the document and the numbers.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateviz.adapters.registry import load_recognizer
from gateviz.files.folders import read_manifest
from gateviz.files.images import read_line_image
from gateviz.measure.events import SENTENCE_ENDS, What, symbol_class
from gateviz.typesetting.alphabets import symbols_of
from gateviz.typesetting.fonts import basic_fonts
from gateviz.typesetting.line_writer import MANIFEST, write_lines
from gateviz.typesetting.lines import TrainingLine
from gateviz.typesetting.synthetic import SyntheticLines, SyntheticStyle

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "claims.json"
IMAGES = ROOT / "docs" / "images"
TESSDATA = (Path("/usr/share/tesseract-ocr/5/tessdata"), Path("/usr/share/tesseract-ocr/4.00/tessdata"))
LINES = 300
SEED = 60_000_003
# A word, as prose has it: no code, no paths, no words run together, no numbers.
WORD = re.compile(r"[“\"(]?[A-Za-z]?[a-z]*('[a-z]{1,2})?[,.;:!?]?[”\")]?")
HAN_MARKS = frozenset("，。、；：！？“”《》（）")
ALPHABETS = {"latin": "ascii", "chinese": "bundled"}


@dataclass(frozen=True)
class Study:
    """One run.

    Attributes:
        name: of its files.
        corpus: the script of its lines.
        model: the file of a Tesseract model; empty for the bundled one.
    """

    name: str
    corpus: str
    model: str = ""


STUDIES = (
    Study("bundled-latin", "latin"),
    Study("bundled-chinese", "chinese"),
    Study("tesseract-eng", "latin", "eng.traineddata"),
    Study("tesseract-chi-sim", "chinese", "chi_sim.traineddata"),
)

# Name of the picture: the claim, and which of its pictures; 0 is its course, the lines follow.
PICTURES = {
    "claims-bundled-latin-forget": ("punctuation-clears-memory", 1),
    "claims-bundled-latin-spaces": ("spaces-clear-memory", 0),
    "claims-bundled-latin-input": ("input-high-at-symbol-onsets", 0),
    "claims-bundled-latin-output": ("output-stable-after-symbols", 0),
}


class Prose:
    """Lines whose text is prose: at least one sentence begins within, two marks or more, nothing but words.

    Args:
        script: ``latin`` or ``chinese``.
        count: how many.
    """

    def __init__(self, script: str, count: int) -> None:
        style = SyntheticStyle(
            height=48,
            shortest=28,
            longest=38,
            scripts={script: 1.0},
            uniform_share=0.0,
            hardness="clean",
            held_out=None,
        )
        self._source = SyntheticLines(
            symbols_of(ALPHABETS[script]), seed=SEED, count=200 * count, style=style, fonts=basic_fonts()
        )
        self._count = count
        self._found: list[TrainingLine] = []
        self._rest: Iterator[TrainingLine] = (self._source[index] for index in range(len(self._source)))

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> TrainingLine:
        if not 0 <= index < self._count:
            raise IndexError(f"line {index} of {self._count}")
        while len(self._found) <= index:
            self._found.append(next(line for line in self._rest if is_prose(line.text)))
        return self._found[index]


def is_prose(text: str) -> bool:
    """Whether a text has a sentence's start within, two marks, and nothing but words.

    Example:
        >>> is_prose("of the house. The man, who came"), is_prose("x = 3; y = 4. Run"), is_prose("of the house")
        (True, False, False)
    """
    classes = [symbol_class(symbol) for symbol in text]
    if What.HAN in classes:
        words = all(kind == What.HAN or symbol in HAN_MARKS for symbol, kind in zip(text, classes, strict=True))
    else:
        words = all(WORD.fullmatch(word) for word in text.split(" "))
    starts = any(
        mark in SENTENCE_ENDS and len(rest := text[place + 1 :].lstrip(" ")) > 3 and rest[0].isalpha()
        for place, mark in enumerate(text)
        if place > 3
    )
    return words and starts and classes.count(What.PUNCTUATION) >= 2 and len(text) >= 12


def render(script: str, count: int, folder: Path) -> Path:
    """The manifest of a rendered corpus, in fonts that are named; one that is there already is taken as it is.

    Raises:
        AlphabetError: a font is missing, so that the lines would be others than those of the document.
    """
    manifest = folder / MANIFEST
    return manifest if manifest.exists() else write_lines(Prose(script, count), folder)


def digest(manifest: Path) -> str:
    """SHA-256 of the texts and images of a corpus, by which another machine sees whether it has the same lines."""
    found = hashlib.sha256(manifest.read_bytes())
    for source in read_manifest(manifest):
        found.update(read_line_image(source.path).tobytes())
    return found.hexdigest()


def spelled_for(model: Path, manifest: Path) -> Path:
    """A manifest of the same lines in the symbols of a model: ！ is written ! where it knows only that one."""
    symbols = set(load_recognizer(model).alphabet.symbols)

    def spelled(symbol: str) -> str:
        plain = unicodedata.normalize("NFKC", symbol)
        return plain if symbol not in symbols and plain in symbols else symbol

    rows = [
        f"{source.path.relative_to(manifest.parent)}\t{''.join(map(spelled, source.text or ''))}"
        for source in read_manifest(manifest)
    ]
    found = manifest.with_name(f"manifest-{model.stem}.tsv")
    found.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return found


def run_study(study: Study, manifest: Path, home: Path, extra: list[str]) -> dict[str, Any]:
    """The document that ``gateviz claims --json`` prints, with the seconds it took."""
    corpus, model = digest(manifest), []
    if study.model:
        file = _tesseract(study.model)
        manifest, model = spelled_for(file, manifest), ["--model", str(file)]
    out = home / f"{study.name}.html"
    command = ["gateviz", "claims", str(manifest), *model, *extra, "-o", str(out), "--json"]
    print(" ".join(command), file=sys.stderr, flush=True)
    started = time.monotonic()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-m", *command], stdout=subprocess.PIPE, check=True, env=environment)
    seconds = round(time.monotonic() - started)
    document: dict[str, Any] = json.loads(_homeless(done.stdout.decode()))
    return {"seconds": seconds, "command": _homeless(" ".join(command)), "corpus_sha256": corpus, **document}


def _homeless(words: str) -> str:
    """Words without the folders of this machine."""
    for folder in (ROOT, *TESSDATA):
        words = words.replace(f"{folder}/", "")
    return words


def markdown(name: str, document: dict[str, Any]) -> str:
    """One study as a table: a row a claim, a column a layer and direction, the effect (d, or the share) with the verdict."""
    places = [(one["layer"], one["direction"]) for one in document["claims"][0]["outcomes"]]
    header = [name, *(f"{layer} {direction}" for layer, direction in places)]
    rows = [
        [claim["name"], *(_cell(claim["statistic"], one) for one in claim["outcomes"])] for claim in document["claims"]
    ]
    rows = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(statistic: str, outcome: dict[str, Any]) -> str:
    words = {"supported": "**supported**", "contradicted": "*contradicted*"}.get(outcome["verdict"], outcome["verdict"])
    if isinstance(outcome["effect"], str):
        return words
    share = {"timescale": 0, "context": 1}.get(statistic)
    effect = f"{outcome['effect']:+.2f}" if share is None else f"{100 * outcome['effect']:.{share}f} %"
    return f"{effect} {words}"


def copy_pictures(study: str, report: Path) -> None:
    """The report's pictures that the document shows, each as a file of its own."""
    sections = report.read_text(encoding="utf-8").split("<h2>")
    for name, (claim, number) in PICTURES.items():
        if name.startswith(f"claims-{study}-"):
            section = next(section for section in sections if section.startswith(claim))
            found = re.findall(r'src="data:image/png;base64,([^"]+)"', section)[number]
            (IMAGES / f"{name}.png").write_bytes(base64.b64decode(found))


def main(arguments: list[str]) -> int:
    """Run the studies that are asked for, all without a name."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks claims", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="STUDY", help=", ".join(study.name for study in STUDIES))
    parser.add_argument("--lines", type=int, default=LINES, help="of each corpus (default: %(default)s)")
    parser.add_argument("--home", type=Path, default=ROOT / "out" / "claims", help="for corpora and reports")
    parser.add_argument("--jobs", type=int, default=2, help="studies at once, one thread each (default: %(default)s)")
    parser.add_argument("--no-save", action="store_true", help="leave the numbers and figures of the document alone")
    options = parser.parse_args(arguments)
    if strange := set(options.names) - {study.name for study in STUDIES}:
        parser.error(f"there is no study {', '.join(sorted(strange))}")
    chosen = [study for study in STUDIES if not options.names or study.name in options.names]
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    # First all lines, so that two studies of one corpus do not render it both.
    manifests = {
        corpus: render(corpus, options.lines, options.home / f"{corpus}-{options.lines}")
        for corpus in dict.fromkeys(study.corpus for study in chosen)
    }

    def run(study: Study) -> dict[str, Any]:
        figure = [] if options.no_save else ["--figure", str(IMAGES / f"claims-{study.name}.png"), "--dpi", "100"]
        return run_study(study, manifests[study.corpus], options.home, figure)

    with ThreadPoolExecutor(options.jobs) as pool:
        documents = list(pool.map(run, chosen))
    for study, document in zip(chosen, documents, strict=True):
        print(f"{study.name}: {document['lines']} lines, {document['seconds']} s\n", flush=True)
        print(markdown(study.name, document) + "\n", flush=True)
        known[study.name] = document
        if not options.no_save:
            copy_pictures(study.name, options.home / f"{study.name}.html")
    if not options.no_save:
        RESULTS.write_text(json.dumps(known, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def _tesseract(name: str) -> Path:
    for folder in TESSDATA:
        if (folder / name).exists():
            return folder / name
    raise SystemExit(f"Tesseract's {name} is in none of {', '.join(map(str, TESSDATA))}; install it (make test-system)")
