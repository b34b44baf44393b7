"""Everything the project claims about speed and size, measured: ``python -m benchmarks [--quick] [NAME ...]``.

Some are programs of their own, with options: ``pages`` (how a model reads printed pages), ``crnn-vs-cnn``
(what the LSTM is good for), ``claims`` (what is told of gates), ``statistics`` (what intervals and p values hold),
``hostile-files`` and ``fuzz-readers`` (what broken files come to); ``python -m benchmarks pages --help`` tells more.
"""

import argparse
import importlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

# Each is a module benchmarks/NAME.py with ``run(quick: bool) -> Report``.
NAMES = ("lstm", "ctc", "figures", "reading", "bundled", "explorer")
# Each is a module benchmarks/NAME.py with ``main(arguments) -> int``.
PROGRAMS = {
    "pages": "printed_pages",
    "crnn-vs-cnn": "crnn_vs_cnn",
    "claims": "claims",
    "statistics": "statistics",
    "hostile-files": "hostile_files",
    "fuzz-readers": "fuzz_readers",
}
RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "system": platform.system(),
    }


def main() -> int:
    if sys.argv[1:] and sys.argv[1] in PROGRAMS:
        return importlib.import_module(f"benchmarks.{PROGRAMS[sys.argv[1]]}").main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="which to run; all without a name")
    parser.add_argument("--quick", action="store_true", help="a subset of shapes, in about two minutes")
    parser.add_argument("--no-save", action="store_true", help="do not write benchmarks/results/NAME.json")
    options = parser.parse_args()
    for name in options.names or NAMES:
        print(f"# {name}\n", flush=True)
        report = importlib.import_module(f"benchmarks.{name}").run(options.quick)
        print(report.markdown, flush=True)
        if not options.quick and not options.no_save:
            RESULTS.mkdir(exist_ok=True)
            document = {"machine": machine(), "measured": datetime.now(UTC).date().isoformat(), **report.numbers}
            (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
