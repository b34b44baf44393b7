"""Loading a checkpoint builds a skeleton and puts the weights in: torch's compiler stays out of it, whatever the lineage."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parent / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)

_LOADING = """
import json, sys
import gateviz
for name, path, adapter, options in json.load(sys.stdin):
    gateviz.load(path, adapter=adapter, **options)
    assert "torch._dynamo" not in sys.modules, name
if sys.argv[1:]:
    import torch
    torch.empty(2, device="meta").log()
print("torch._dynamo" in sys.modules)
"""


def compiler_is_loaded(files, *more):
    """Whether torch's compiler is there after a fresh process has loaded the files; names the first that brought it."""
    asked = [sys.executable, "-c", _LOADING, *more]
    done = subprocess.run(asked, input=json.dumps(files), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip() == "True"


def test_no_lineage_brings_torchs_compiler(tmp_path):
    files = []
    for case in conformance.all_cases():
        (tmp_path / case.name).mkdir()
        files.append((case.name, str(case.saved(tmp_path / case.name)), case.adapter, dict(case.options)))
    assert len({adapter for _, _, adapter, _ in files}) >= 14
    assert not compiler_is_loaded(files)


def test_the_proof_can_fail():
    assert compiler_is_loaded([], "and some arithmetic on a skeleton")
