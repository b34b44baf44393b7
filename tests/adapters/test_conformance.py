"""One suite over every lineage: what is predicted is what the network does, and what does not fit is said."""

import dataclasses
import hashlib
import importlib.util
import os
import resource
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import gateviz
from gateviz.adapters import registry
from gateviz.adapters.core.deferred import with_torch
from gateviz.adapters.opening import open_model_file
from gateviz.adapters.registry import sniff_all
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.recognizer import Recognizer
from gateviz.errors import AlphabetError, CheckpointError, GatevizError
from gateviz.geometry.axis_steps import Adaptive, Join, WholeLine
from gateviz.geometry.canvas import Normalize
from gateviz.geometry.preprocess import Color, Gray, Preprocess
from gateviz.geometry.receptive import AxisGeometry
from tests import rounding

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parent / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(conformance.FOLDER / "golden" / "formula.py")
gradient_proof = conformance.load_file(conformance.FOLDER.parent / "capture" / "gradient_proof.py")

CASES = conformance.all_cases()
RECURRENT = (nn.LSTM, nn.GRU, nn.LSTMCell, nn.GRUCell)


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request):
    part = request.node.originalname.removeprefix("test_")
    if part in request.param.without:
        pytest.skip(request.param.without[part])
    return request.param


@pytest.fixture
def plain(case):
    """A case that is an ordinary torch file, which may be wrapped and prefixed."""
    if case.save is not None:
        pytest.skip("its files are no torch dictionaries")
    return case


@cache
def state_of(case_name):
    """The weights of a case; batch norms scale by about 1, so that an image still tells at the network's end."""
    state = dict(next(case for case in CASES if case.name == case_name).state())
    for name in state:
        scale = state.get(f"{name.removesuffix('running_var')}weight")
        if name.endswith("running_var") and scale is not None and float(scale.abs().mean()) < 0.5:
            state[f"{name.removesuffix('running_var')}weight"] = scale + 1
    return state


def loaded(case, folder, state=None):
    """The recognizer by its own adapter: that no other claims it has a test of its own."""
    path = case.saved(folder, dict(state_of(case.name)) if state is None else state)
    return gateviz.load(path, adapter=case.adapter, **case.options)


@cache
def recognizer_of(case_name):
    """The recognizer of a case, loaded once: most tests only look at it."""
    case = next(case for case in CASES if case.name == case_name)
    with tempfile.TemporaryDirectory() as folder:
        return loaded(case, Path(folder))


def pixels_of(case, width, batch=1):
    return formula.image(batch, case.channels, case.height, width)


def log_probs_of(recognizer, pixels):
    with torch.inference_mode():
        return recognizer.log_probs(pixels)


def refused(case, path, kinds=(CheckpointError,), adapter=None):
    """The one sentence with which a file is refused, by all adapters or by one."""
    with pytest.raises(GatevizError) as refusal:
        gateviz.load(path, adapter=adapter, **case.options)
    assert isinstance(refusal.value, kinds), refusal.value
    words = str(refusal.value)
    assert "\n" not in words
    assert path.name in words
    return words


# What is predicted is what happens.


def test_the_lineage_is_the_one_and_no_other_claims_it(case, tmp_path):
    file = open_model_file(case.saved(tmp_path, dict(state_of(case.name))))
    (adapter, match), *others = sniff_all(file)
    assert (adapter.name, match.ok) == (case.adapter, True)
    assert [other.name for other, match in others if match.ok] == []
    recognizer = adapter.build(file, registry.LoadOptions(**case.options))
    assert isinstance(recognizer, Recognizer)
    assert recognizer.card.lineage == case.adapter
    assert recognizer.card.evidence
    assert recognizer.card.preprocessing
    assert len(recognizer.card.checkpoint_sha256) == 64
    assert not recognizer.module.training


def test_frames_predicted_are_frames_produced(case):
    recognizer = recognizer_of(case.name)
    assert len(set(case.widths)) == conformance.WIDTH_COUNT
    for width in case.widths:
        produced = log_probs_of(recognizer, pixels_of(case, width))
        assert produced.shape[:2] == (1, recognizer.frame_grid(width).frame_count), width


def test_blank_and_alphabet(case):
    recognizer = recognizer_of(case.name)
    alphabet = recognizer.alphabet
    assert alphabet.blank == case.blank
    assert len(alphabet.symbols) == case.symbols
    log_probs = log_probs_of(recognizer, pixels_of(case, case.wide))
    assert log_probs.shape[-1] == alphabet.class_count
    spelled = {label for code in alphabet.codes for label in code}
    assert case.blank not in spelled
    assert len(set(range(alphabet.class_count)) - spelled - {case.blank}) == case.extra_classes
    torch.testing.assert_close(log_probs.exp().sum(-1), torch.ones(log_probs.shape[:2]))


def test_batch_equals_single(case):
    recognizer = recognizer_of(case.name)
    pixels = pixels_of(case, case.wide, batch=3)
    together = log_probs_of(recognizer, pixels)
    assert not torch.allclose(together[0], together[1], atol=1e-4)
    for line, numbers in zip(pixels, together, strict=True):
        torch.testing.assert_close(log_probs_of(recognizer, line[None])[0], numbers, atol=1e-5, rtol=1e-5)


# Where the frames look.


class Reached(Exception):  # noqa: N818
    """The run came to the recurrent part."""


def traced(recognizer):
    """The recurrent modules that read along the line, by name."""
    modules = {name: module for name, module in recognizer.module.named_modules() if isinstance(module, RECURRENT)}
    names = getattr(recognizer, "traced_modules", None)
    return modules if names is None else {name: modules[name] for name in names if name in modules}


def features_of(recognizer, name, module):
    """What the first recurrent layer is given, in the layout (1, D, 1, T) of a stack's last convolution."""
    kept = []

    def keep(layer, arguments):
        sequence = arguments[0]
        batch_first = getattr(layer, "batch_first", False)
        kept.append(sequence if batch_first else sequence.transpose(0, 1))
        raise Reached

    hooks = [layer.register_forward_pre_hook(keep) for layer in traced(recognizer).values()]
    backward = name in getattr(recognizer, "reversed_modules", ()) or getattr(module, "reads_backward", False)

    def run(image):
        kept.clear()
        with pytest.raises(Reached):
            recognizer.module(image)
        (sequence,) = kept
        sequence = sequence.flip(1) if backward else sequence
        return sequence.transpose(1, 2)[:, :, None]

    return run, hooks


def without_whole_line(steps):
    """The steps without the means over the line (squeeze and excitation), which see everything."""
    kept = []
    for step in steps:
        if isinstance(step, Join):
            branches = [branch for branch in step.branches if not any(s == Adaptive(1) for s in branch)]
            kept.append(Join(tuple(without_whole_line(branch) for branch in branches)))
        elif not isinstance(step, WholeLine):
            kept.append(step)
    return tuple(kept)


def detach_means(module):
    """Cuts the gradient where a mean over the whole line is spread over it again."""
    for layer in module.modules():
        if isinstance(layer, nn.AdaptiveAvgPool2d) and layer.output_size in (1, (1, 1)):
            layer.register_forward_hook(lambda layer, inputs, output: output.detach())


def neutral_norms(module):
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.running_mean.zero_()
            layer.running_var.fill_(1.0)


def test_columns_are_where_the_gradient_is(case, tmp_path):
    recognizer = loaded(case, tmp_path)
    # Only the predictions of the untouched recognizer are held against the gradient.
    network = gradient_proof.averaging(gradient_proof.make_positive(recognizer.module))
    neutral_norms(network)
    detach_means(network)
    name, first = next(iter(traced(recognizer).items()))
    run, _ = features_of(recognizer, name, first)
    width = case.wide
    network.requires_grad_(False)
    spans = gradient_proof.supports(run, case.channels, case.height, width, images=2)
    grid = recognizer.frame_grid(width)
    assert len(spans) == grid.frame_count
    geometry = getattr(recognizer, "geometry", None)
    if isinstance(geometry, AxisGeometry):
        local = AxisGeometry(without_whole_line(geometry.steps))
        assert [local.seen_columns(frame, width) for frame in range(len(spans))] == [tuple(span) for span in spans]
        near, whole = local.frame_grid(width), geometry.whole_line
    else:
        near, whole = grid, False
    for frame, (start, stop) in enumerate(spans):
        low, high = near.receptive_span(frame)
        assert low <= start
        assert stop <= high, (frame, start, stop, low, high)
        if low > 0 and high < width and not whole:
            assert (start, stop) == (low, high)
            assert (start + stop) / 2 == grid.centers[frame]


def at_input_size(recognizer):
    """The recognizer with nothing but numbers done to an image, so that its columns are the network's own."""
    recognizer = with_torch(recognizer)
    assert isinstance(recognizer, CtcRecognizer)
    paint = Gray() if recognizer.preprocess.steps and pixels_are_gray(recognizer) else Color()
    return dataclasses.replace(recognizer, preprocess=Preprocess((paint, Normalize())))


def pixels_are_gray(recognizer):
    return recognizer.prepare(np.full((48, 200), 255, np.uint8)).pixels.shape[0] == 1


def test_traces_are_in_reading_order(case):
    """A forward layer does not know what comes after its frame, a backward layer not what came before it."""
    recognizer = at_input_size(recognizer_of(case.name))
    if getattr(recognizer.geometry, "whole_line", False):
        pytest.skip("every frame sees the whole line")
    width = case.wide
    image = np.random.default_rng(0).integers(0, 256, (case.height, width), dtype=np.uint8)
    border = width // 2
    other_right, other_left = image.copy(), image.copy()
    other_right[:, border:] = 255 - image[:, border:]
    other_left[:, :border] = 255 - image[:, :border]
    base, right, left = gateviz.record(recognizer, [image, other_right, other_left], witness=False)
    grid, checked = base.grid, 0
    for trace, after_right, after_left in zip(base.traces, right.traces, left.traces, strict=True):
        if trace.layer:
            continue
        forward = str(trace.direction) == "forward"
        changed = after_right if forward else after_left
        differs = ~np.isclose(trace.hidden_state, changed.hidden_state, atol=1e-5).all(1)
        spans = [grid.receptive_span(frame) for frame in range(grid.frame_count)]
        ignorant = np.array([(high <= border) if forward else (low >= border) for low, high in spans])
        assert differs.any()
        assert not differs[ignorant].any()
        checked += int(ignorant.sum())
    if not checked:
        pytest.skip(f"every frame of {width} columns sees the middle of the line")


def test_every_layer_is_traced_and_witnessed(case):
    recognizer = recognizer_of(case.name)
    image = np.random.default_rng(0).integers(0, 256, (case.height, case.wide), dtype=np.uint8)
    recording = gateviz.record(recognizer, image, witness=True)
    assert tuple(f"{trace.layer}.{trace.direction}" for trace in recording.traces) == case.layers
    assert recording.provenance.witness is not None
    assert recording.provenance.witness < 1e-4
    modules = {trace.module.removesuffix(".layer") for trace in recording.traces}
    assert all(any(name == module or name.startswith(module) for module in modules) for name in traced(recognizer))
    for trace in recording.traces:
        assert trace.hidden_state.shape[0] == recording.grid.frame_count
        assert np.isfinite(trace.hidden_state).all()


# Every way the same weights lie.


def assert_same_recognizer(one, other, pixels):
    """They hold the very same weights, and so compute the same."""
    weights = other.module.state_dict()
    assert one.module.state_dict().keys() == weights.keys()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in one.module.state_dict().items())
    rounding.assert_near(log_probs_of(one, pixels), log_probs_of(other, pixels), rounding.FLOAT32)


@pytest.mark.parametrize(
    "change",
    [
        lambda state: {f"module.{name}": tensor for name, tensor in state.items()},
        lambda state: {f"module.module.{name}": tensor for name, tensor in state.items()},
        lambda state: {"state_dict": state, "epoch": 4, "best": 0.9},
        lambda state: {"model": {f"module.{name}": tensor for name, tensor in state.items()}, "optimizer": {}},
    ],
    ids=["module", "module.module", "state_dict", "model with module"],
)
def test_prefixed_and_wrapped(plain, tmp_path, change):
    state = dict(state_of(plain.name))
    torch.save(change(state), tmp_path / "other.pth")
    other = gateviz.load(tmp_path / "other.pth", adapter=plain.adapter, **plain.options)
    assert other.card.lineage == plain.adapter
    assert_same_recognizer(other, recognizer_of(plain.name), pixels_of(plain, plain.wide))


def test_float16_weights(case, tmp_path):
    half = {name: t.half() if t.is_floating_point() else t for name, t in state_of(case.name).items()}
    rounded = {name: t.float() if t.is_floating_point() else t for name, t in half.items()}
    (tmp_path / "half").mkdir()
    recognizer = loaded(case, tmp_path / "half", half)
    assert {parameter.dtype for parameter in recognizer.module.parameters()} == {torch.float32}
    assert_same_recognizer(recognizer, loaded(case, tmp_path, rounded), pixels_of(case, case.wide))


# Every way they do not fit.


def spread(names, count=3):
    """The first, the last and some between."""
    return [names[round(i * (len(names) - 1) / (count - 1))] for i in range(count)]


def asked(case, place):
    """All lineages about the first place, which takes longer than the rest of a test; the case's own about others."""
    return case.adapter if place else None


def weights(case):
    return [name for name, tensor in state_of(case.name).items() if tensor.ndim]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_missing_tensor_is_named(case, tmp_path, place):
    state = dict(state_of(case.name))
    name = spread(weights(case))[place]
    del state[name]
    assert name in refused(case, case.saved(tmp_path, state), adapter=asked(case, place))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_vector_off_by_one_is_named(case, tmp_path, place):
    state = dict(state_of(case.name))
    name = spread([name for name in weights(case) if state[name].ndim == 1])[place]
    state[name] = torch.cat([state[name], state[name][:1]])
    words = refused(case, case.saved(tmp_path, state), adapter=asked(case, place))
    # Where the sizes are read from this very tensor, its neighbors are what does not fit.
    assert name.rpartition(".")[0] in words
    assert "which has [" in words


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_matrix_off_by_one_is_refused(case, tmp_path, place):
    state = dict(state_of(case.name))
    name = spread([name for name in weights(case) if state[name].ndim > 1])[place]
    state[name] = torch.cat([state[name], state[name][:1]])
    words = refused(case, case.saved(tmp_path, state), (CheckpointError, AlphabetError), asked(case, place))
    assert "which has [" in words or "classes" in words


def test_a_tensor_too_many_is_named(case, tmp_path):
    state = {**state_of(case.name), case.extra_tensor: torch.zeros(3)}
    assert case.extra_tensor in refused(case, case.saved(tmp_path, state))


def test_another_alphabet(case, tmp_path):
    recognizer = recognizer_of(case.name)
    path = case.saved(tmp_path, dict(state_of(case.name)))
    given = "".join(chr(0x4E00 + n) for n in range(case.symbols + 3))
    with pytest.raises(AlphabetError) as refusal:
        gateviz.load(path, adapter=case.adapter, **{**case.options, "alphabet": given})
    words = str(refusal.value)
    assert str(recognizer.alphabet.class_count) in words
    assert str(len(given)) in words
    assert "\n" not in words


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_truncated_file(case, tmp_path, share):
    path = case.saved(tmp_path, state_of(case.name))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    refused(case, path)


class Evil:
    def __reduce__(self):
        return (print, ("this must never be run",))


def test_pickled_code_is_not_run(plain, tmp_path, capsys):
    torch.save({**state_of(plain.name), "config": Evil()}, tmp_path / "model.pth")
    assert ".print" in refused(plain, tmp_path / "model.pth")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("position", [0, 6, 16, 100])
def test_eight_bytes_of_a_huge_number_anywhere_in_the_head(case, tmp_path, position):
    path = case.saved(tmp_path, state_of(case.name))
    whole = bytearray(path.read_bytes())
    whole[position : position + 8] = (10 * 1024**3).to_bytes(8, "little")
    path.write_bytes(bytes(whole))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        recognizer = gateviz.load(path, adapter=None if position == 100 else case.adapter, **case.options)
    except GatevizError as refusal:
        assert "\n" not in str(refusal)
    else:
        assert recognizer.card.lineage == case.adapter
    # In KiB: what is claimed is never asked for.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1024**2


# The suite itself.


def test_every_adapter_has_a_case():
    assert {entry.name for entry in registry._OWN} - {case.adapter for case in CASES} == set()


def test_names_are_told_apart_and_reasons_are_of_parts_that_exist():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    parts = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {part for case in CASES for part in case.without} <= parts


def test_what_is_loaded_is_ours(case, tmp_path):
    """The hash is that of the file, and neither other bytes in it nor none change what was loaded."""
    recognizer = loaded(case, tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert recognizer.card.checkpoint_sha256 in {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    pixels = pixels_of(case, case.wide)
    with torch.inference_mode():
        before = recognizer.log_probs(pixels).clone()
        for path in files:
            with path.open("r+b") as handle:
                handle.write(b"\x3f" * path.stat().st_size)
        overwritten = recognizer.log_probs(pixels).clone()
        for path in files:
            os.truncate(path, 0)
        # Weights that were still mapped to their file would end the process here.
        cut_short = recognizer.log_probs(pixels)
    torch.testing.assert_close(overwritten, before, rtol=0, atol=1e-5)
    torch.testing.assert_close(cut_short, before, rtol=0, atol=1e-5)
