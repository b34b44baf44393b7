"""Sets of packages that the tests are run against; the Makefile calls it.

packages.py torch             the pin of torch, as constraints.txt has it
packages.py oldest            constraints: the lower bounds of pyproject.toml, torch at its pin
packages.py known-good        constraints: what is installed beside this Python, torch at its pin
packages.py report NAME XML   what broke of a run of pytest (--junitxml), and against which versions
"""

import re
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
HEADER = """\
# A whole set of packages that the tests are known to pass with, written by `make update`: not by hand, but for torch's pin.
# What gateviz itself asks for are the lower bounds of pyproject.toml; `make test-newest` and `make test-oldest` try its ends.
"""
# They make an environment, and are not in it for gateviz' sake.
TOOLS = {"gateviz", "pip", "wheel"}
# What torch brings along where it is built for a graphics card, in versions of its own.
TORCHS_OWN = ("nvidia-", "cuda-", "triton")


def normal(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def known_good() -> dict[str, str]:
    """Versions by name, as constraints.txt has them."""
    lines = (line.strip() for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines())
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {normal(name): version for name, version in pairs}


def installed() -> dict[str, str]:
    """Versions by name beside this Python, without the label of a build (``+cpu``)."""
    found = {normal(each.metadata["Name"]): each.version.partition("+")[0] for each in distributions()}
    kept = {name for name in found if name not in TOOLS and not name.startswith(TORCHS_OWN)}
    return {name: found[name] for name in sorted(kept)}


def torch_pin() -> str:
    """The one package that is pinned by hand: the build at hand decides."""
    return f"torch=={known_good()['torch']}"


def oldest() -> list[str]:
    """A constraint for every lower bound: 3.9 is the newest 3.9.x, and 3.9.1 is 3.9.1."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
    lines = {torch_pin()}
    for requirement in asked:
        name, _, bound = requirement.partition(">=")
        if not bound or normal(name) == "torch":
            continue
        if not re.fullmatch(r"\d+(\.\d+)*", bound):
            raise SystemExit(
                f"pyproject.toml asks for {requirement!r}; only a lower bound such as name>=1.2 is understood"
            )
        parts = bound.split(".")
        lines.add(f"{normal(name)}=={bound}" if len(parts) > 2 else f"{normal(name)}=={'.'.join([*parts, '0'][:2])}.*")
    return sorted(lines)


def known_good_text() -> str:
    """What constraints.txt would hold for the packages beside this Python."""
    found = installed()
    if found.get("torch") != known_good()["torch"]:
        raise SystemExit(f"torch {found.get('torch')} is installed, and its pin is {known_good()['torch']}")
    return HEADER + "".join(f"{name}=={version}\n" for name, version in found.items())


def report(name: str, results: Path) -> str:
    """In which tests a run broke, and which of its packages are not the known good ones."""
    if not results.is_file():
        return f"{name}: pytest did not come to its end"
    cases = list(ElementTree.parse(results).iter("testcase"))
    broken = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    lines = [f"{name}: {len(broken)} of {len(cases)} tests broke"]
    lines += [f"  {case.get('classname')}::{case.get('name')}" for case in broken]
    good = known_good()
    other = [
        f"{package} {version} (known good: {good.get(package, 'none')})"
        for package, version in installed().items()
        if version != good.get(package)
    ]
    lines.append(f"{name} ran against: {', '.join(other) or 'the known good set'}")
    return "\n".join(lines)


def main(command: str, *words: str) -> None:
    """Print what was asked for."""
    answers = {
        "torch": torch_pin,
        "oldest": lambda: "\n".join(oldest()),
        "known-good": lambda: known_good_text().rstrip("\n"),
        "report": lambda: report(words[0], Path(words[1])),
    }
    sys.stdout.write(f"{answers[command]()}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
