"""The right adapter for a file, or what each of them found missing."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest
import torch
from safetensors.torch import save_file

import gateviz
from gateviz.adapters import registry
from gateviz.adapters.core.evidence import Adapter, Match, refusal_by_keys
from gateviz.adapters.core.files import Container
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.crnn_pytorch import ADAPTER as CRNN_PYTORCH
from gateviz.adapters.crnn_pytorch import CrnnPytorch, CrnnPytorchShape
from gateviz.adapters.opening import open_model_file
from gateviz.adapters.registry import adapter_names, sniff_all
from gateviz.errors import CheckpointError

SMALL = CrnnPytorchShape(1, (2, 2, 2, 3, 3, 3, 4), (5, 5), (5, 37))


class Foreign:
    """Another package's adapter: builds whatever begins with its mark."""

    name = "foreign"

    def sniff(self, file):
        found = file.head.startswith(b"FOREIGN")
        return Match(1.0, ("the mark FOREIGN",)) if found else Match(0.5, (), ("the mark FOREIGN at the beginning",))

    def build(self, file, options):
        return CRNN_PYTORCH.build(file, options)


FOREIGN = Foreign()


@pytest.fixture
def with_foreign(monkeypatch):
    def points(group):
        assert group == "gateviz.adapters"
        return [EntryPoint("foreign", "a_package_of_another:ADAPTER", group)]

    module = type(sys)("a_package_of_another")
    module.ADAPTER = FOREIGN
    monkeypatch.setitem(sys.modules, "a_package_of_another", module)
    monkeypatch.setattr(registry, "entry_points", points)


def crnn(path):
    torch.manual_seed(0)
    torch.save(CrnnPytorch(SMALL).state_dict(), path)
    return path


def test_own_adapters_keep_the_contract():
    for entry in registry._OWN:
        adapter = registry.import_module(entry.module).ADAPTER
        assert isinstance(adapter, Adapter)
        assert adapter.name == entry.name


def test_own_adapters_are_named():
    assert adapter_names()[:2] == ("gateviz", "crnn_pytorch")
    assert adapter_names()[: len(registry._OWN)] == tuple(entry.name for entry in registry._OWN)


def test_the_fitting_adapter_builds(tmp_path):
    assert gateviz.load(crnn(tmp_path / "m.pth")).card.lineage == "crnn_pytorch"
    save_file(CrnnPytorch(SMALL).state_dict(), tmp_path / "m.safetensors")
    assert gateviz.load(str(tmp_path / "m.safetensors")).card.lineage == "crnn_pytorch"


def test_the_nearest_lineage_is_told_first(tmp_path):
    state = CrnnPytorch(SMALL).state_dict()
    del state["cnn.conv0.bias"]
    save_file(state, tmp_path / "m.safetensors")
    matches = sniff_all(open_model_file(tmp_path / "m.safetensors"))
    assert matches[0][0].name == "crnn_pytorch"
    assert [match.score for _, match in matches] == sorted((match.score for _, match in matches), reverse=True)
    words = r"crnn_pytorch \(98% found\) misses cnn\.conv0\.bias \[2\]\. \w+ \(\d+% found\) misses .*more lineages fit no better"
    with pytest.raises(CheckpointError, match=words):
        gateviz.load(tmp_path / "m.safetensors")


def test_long_lists_are_cut(tmp_path):
    torch.save({"foo": torch.zeros(1)}, tmp_path / "m.pth")
    with pytest.raises(CheckpointError, match=r"; and \d+ more\."):
        gateviz.load(tmp_path / "m.pth")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (
            "module.Prediction.attention_cell.i2h.weight",
            r"has an attention decoder \(clovaai's Attn\), whose steps are",
        ),
        ("decoder.attention_cell.score.weight", "has an attention decoder, whose steps are characters"),
        ("decoder.layers.0.multihead_attn.in_proj_weight", "has a transformer decoder and no recurrent layer"),
        ("encoder.0.self_attn.in_proj_weight", "is a transformer and has no recurrent layer"),
        ("blocks.0.attn.qkv.weight", "is a vision transformer"),
    ],
)
def test_attention_is_refused_by_name(tmp_path, key, words):
    torch.save({key: torch.zeros(2, 2), "module.x": torch.zeros(1)}, tmp_path / "m.pth")
    with pytest.raises(CheckpointError, match=words):
        gateviz.load(tmp_path / "m.pth")
    assert refusal_by_keys(["cnn.conv0.weight"]) == ""


def test_an_adapter_by_name(tmp_path):
    path = crnn(tmp_path / "m.pth")
    assert gateviz.load(path, adapter="crnn_pytorch").card.lineage == "crnn_pytorch"
    with pytest.raises(
        CheckpointError, match=r"there is no adapter 'keras'; there are gateviz, crnn_pytorch, .*tesseract"
    ):
        gateviz.load(path, adapter="keras")
    with pytest.raises(CheckpointError, match="of the kind torch zip archive, which tesseract does not read"):
        gateviz.load(path, adapter="tesseract")


def test_a_file_that_nobody_reads(tmp_path):
    (tmp_path / "m.pth").write_text("hello")
    with pytest.raises(CheckpointError, match=r"m\.pth is a text file that begins with 'hello'"):
        gateviz.load(tmp_path / "m.pth")
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        gateviz.load(tmp_path / "none.pth")


@pytest.mark.parametrize(
    ("head", "kind"), [(b"\x89PNG\r\n", "PNG"), (b"\xff\xd8\xff\xe0", "JPEG"), (b"II*\x00", "TIFF")]
)
def test_a_picture_in_the_place_of_a_checkpoint(tmp_path, head, kind):
    (tmp_path / "line").write_bytes(head + bytes(99))
    with pytest.raises(CheckpointError, match=rf"line is a picture \({kind}\) and no checkpoint; give it as the line"):
        gateviz.load(tmp_path / "line")


def test_traineddata_is_known_by_its_table(tmp_path):
    path = tmp_path / "eng.lstm"
    path.write_bytes(
        (2).to_bytes(4, "little") + (-1).to_bytes(8, "little", signed=True) + (20).to_bytes(8, "little") + b"x" * 9
    )
    assert open_model_file(path).container is Container.TRAINEDDATA
    (tmp_path / "eng.traineddata").write_bytes(b"cut short")
    assert open_model_file(tmp_path / "eng.traineddata").container is Container.TRAINEDDATA


def test_adapters_of_other_packages_are_asked(tmp_path, with_foreign):
    assert adapter_names()[-1] == "foreign"
    path = tmp_path / "m.foreign"
    path.write_bytes(b"FOREIGN file")
    ((adapter, match),) = sniff_all(open_model_file(path))
    assert adapter is FOREIGN
    assert match.ok
    torch.save({"foo": torch.zeros(1)}, tmp_path / "m.pth")
    words = r"foreign \(50% found\) misses the mark FOREIGN at the beginning\. crnn_pytorch \(0% found\)"
    with pytest.raises(CheckpointError, match=words):
        gateviz.load(tmp_path / "m.pth")


def test_a_broken_adapter_of_another_package_is_named(tmp_path, monkeypatch):
    point = EntryPoint("broken", "a_package_that_is_not_there:ADAPTER", "gateviz.adapters")
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    words = r"the adapter 'broken' of another package \(a_package_that_is_not_there:ADAPTER\) cannot be imported"
    with pytest.raises(CheckpointError, match=words):
        gateviz.load(crnn(tmp_path / "m.pth"))


def test_the_registry_is_light():
    """torch is imported when a file of tensors is opened, not before."""
    script = (
        "import sys\n"
        "from gateviz.adapters.registry import adapter_names, open_model_file\n"
        "adapter_names()\n"
        "open_model_file(sys.executable)\n"
        "sys.stdout.write(' '.join(name for name in ('torch', 'numpy', 'cv2', 'PIL') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_options_have_defaults():
    assert LoadOptions() == LoadOptions(alphabet=None, variant=None, keep_ratio=False, factory=None)
