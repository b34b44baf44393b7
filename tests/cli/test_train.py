"""``gateviz train`` and ``gateviz synth``."""

import dataclasses
import io
import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gateviz.cli import scripts, synth, train_options
from gateviz.cli.train_bars import LookBar
from gateviz.errors import OutputError, TrainingError
from gateviz.files.watch_files import read_watch
from gateviz.measure.gate_alarms import GateAlarms
from gateviz.networks.crnn import CrnnConfig
from gateviz.training.plan import TrainPlan, computes_bfloat16
from gateviz.training.settings import TrainSettings
from gateviz.training.trainer import Trainer
from gateviz.typesetting.degrade import HARDNESS
from gateviz.typesetting.fonts import BASIC
from gateviz.typesetting.line_writer import write_lines
from gateviz.typesetting.synthetic import SCRIPTS
from tests.one_thread import one_thread  # noqa: F401
from tests.plot.made_fonts import make_fonts
from tests.training.toy_lines import ToyLines

TINY = ("--hidden", "4", "--scale", "0.1")
LOOP = ("--columns", "400", "--validate-every", "2", "--workers", "0")
FAST = ("--steps", "4", *LOOP, *TINY)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Chunks of 20 lines: no option sets them, and making 1,024 lines for three batches would be most of the time."""
    whole = Trainer.__init__

    def made(self, pupil, settings, *rest):
        whole(self, pupil, dataclasses.replace(settings, chunk=20), *rest)

    monkeypatch.setattr(Trainer, "__init__", made)


@pytest.fixture
def own(tmp_path):
    write_lines(ToyLines(6, 40), tmp_path / "lines")
    return str(tmp_path / "lines")


@pytest.fixture
def dejavu(font_folder, tmp_path):
    """A folder of two faces without Chinese characters."""
    folder = tmp_path / "fonts"
    folder.mkdir()
    for name in ("DejaVuSans.ttf", "DejaVuSerif.ttf"):
        (folder / name).symlink_to(font_folder / name)
    return folder


def test_the_lists_are_those_of_the_library():
    for backbone in train_options.BACKBONES:
        for recurrent in train_options.RECURRENT:
            CrnnConfig(4, backbone, recurrent)
    assert set(scripts.SCRIPTS) == {*SCRIPTS, "uniform"}
    assert set(synth.HARDNESS) == set(HARDNESS)


# What it does


def test_a_run_leaves_its_config_log_state_model_and_curves(run, own, tmp_path):
    folder = tmp_path / "run"
    done = run("train", own, "-o", str(folder), *FAST)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.strip() == str(folder / "best.safetensors")
    assert {entry.name for entry in folder.iterdir()} == {
        "config.json",
        "log.jsonl",
        "last.pt",
        "best.safetensors",
        "curves.png",
        "gates",
        "gates.png",
    }
    assert [record.step for record in read_watch(folder).records] == [0, 2, 4]
    assert "40 lines looked at: 40 can be trained on" in done.stderr
    assert json.loads((folder / "config.json").read_text())["settings"]["steps"] == 4
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    cer = [f"CER {100 * entry['cer']:.2f} %" for entry in log if entry["kind"] == "validation"]
    assert len(cer) == 2
    rows = done.stderr.replace("\r", "\n").splitlines()
    assert any(row.startswith(f"step 2: {cer[0]}, lines right ") for row in rows)
    assert any(row.startswith("looking at lines: 100%") and "40/40" in row for row in rows)
    last = [row for row in rows if "4/4 [" in row][-1]
    assert f"loss {log[-2]['loss']:.3f}, CTC {log[-2]['ctc']:.3f}, {cer[1]}, " in last
    assert last.rstrip().endswith("lines/s]")


def test_a_run_that_is_interrupted_is_saved_and_goes_on_with_resume(run, own, tmp_path, monkeypatch):
    folder = str(tmp_path / "my run")
    learn = Trainer._learn

    def interrupted(self, batch, sums):
        learn(self, batch, sums)
        if self.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(Trainer, "_learn", interrupted)
    stopped = run("train", own, "-o", folder, *FAST)
    monkeypatch.setattr(Trainer, "_learn", learn)
    assert stopped.exit_code == 130
    assert stopped.stderr.splitlines()[-1] == (
        f"gateviz: interrupted at step 3; go on with: gateviz train -o '{folder}' --resume"
    )
    assert signal.getsignal(signal.SIGINT) is before
    again = run("train", own, "-o", folder, *FAST)
    assert again.exit_code == 1
    assert "holds a run already; go on with --resume" in again.stderr
    done = run("train", "-o", folder, "--resume")
    assert done.exit_code == 0, done.stderr
    rows = done.stderr.replace("\r", "\n").splitlines()
    assert any(" 3/4 [" in row for row in rows)
    log = [json.loads(line) for line in (tmp_path / "my run" / "log.jsonl").read_text().splitlines()]
    assert [(entry["kind"], entry["step"]) for entry in log] == [("validation", 2), ("step", 4), ("validation", 4)]
    assert [record.step for record in read_watch(folder).records] == [0, 2, 4]


def test_what_goes_wrong_with_the_gates_is_said_and_logged(run, own, tmp_path, monkeypatch):
    def broken(self, record):
        return [f"a look at step {record.step}"] if record.step == 2 else []

    monkeypatch.setattr(GateAlarms, "look", broken)
    done = run("train", own, "-o", str(tmp_path / "run"), *FAST)
    assert done.exit_code == 0, done.stderr
    assert done.stderr.replace("\r", "\n").splitlines().count("step 2: a look at step 2") == 1
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    told = [entry for entry in log if entry["kind"] == "gates"]
    assert told == [{"kind": "gates", "step": 2, "words": "a look at step 2"}]


def test_nobody_looks_at_the_gates_of_a_run_that_is_not_to_be_watched(run, own, tmp_path):
    folder = tmp_path / "run"
    done = run("train", own, "-o", str(folder), "--no-watch", *FAST)
    assert done.exit_code == 0, done.stderr
    assert not {"gates", "gates.png"} & {entry.name for entry in folder.iterdir()}


def test_the_options_are_the_plan(run, tmp_path, monkeypatch):
    asked = []

    def caught(self, folder, **_):
        asked.append(self)
        raise TrainingError("this is as far as the test goes")

    monkeypatch.setattr(TrainPlan, "prepare", caught)
    monkeypatch.chdir(tmp_path)
    for name in ("a.tsv", "v.tsv"):
        Path(name).write_text("a.png\ta\n")
    for name in ("b", "f"):
        Path(name).mkdir()
    Path("m.safetensors").write_bytes(b"weights")
    words = (
        "a.tsv b --alphabet ab --validation v.tsv --validation-share 0.2 --skip-bad --synthetic-share 0.3 "
        "--script latin=2,number --longest 9 --long-share 0.4 --fonts f --backbone vgg --scale 0.5 --recurrent gru "
        "--hidden 7 --depth 3 --dropout 0.1 --half --steps 11 --columns 640 --rate 0.01 --average 0.9 "
        "--frame-weight 0.6 --backbone-weight 0.7 --validate-every 12 --patience 13 --seed 14 --workers 2 "
        "--device cuda:1 --mixed-precision --widen 2 --not-normalized --cell-weight 0.2 --photo-share 0.5 --loose-share 0.25 "
        "--backbone-from m.safetensors --frozen 0.3 --no-crop"
    )
    onward = ["--from", "m.safetensors", "--shrink", "0.5", "--crop", "--widen", "1.5"]
    for given in (words.split(), ["--from", "m.safetensors"], [], onward):
        assert run("train", "-o", str(tmp_path / "run"), *given).exit_code == 1
    settings = TrainSettings(
        steps=11, columns=640, rate=0.01, average=0.9, frame_weight=0.6, backbone_weight=0.7, seed=14,
        validate_every=12, patience=13, workers=2, device="cuda:1", mixed_precision=True, normalized=False,
        cell_weight=0.2, frozen=0.3,
    )  # fmt: skip
    network = {
        "backbone": "vgg", "backbone_scale": 0.5, "recurrent": "gru", "hidden_size": 7, "depth": 3, "dropout": 0.1,
    }  # fmt: skip
    assert asked[0] == TrainPlan(
        settings, ("a.tsv", "b"), ("v.tsv",), 0.2, synthetic_share=0.3, scripts={"latin": 2.0, "number": 1.0},
        longest=9, long_share=0.4, photo_share=0.5, loose_share=0.25, fonts="f", alphabet="ab", network=network,
        widen=2.0, crop=False, half=True, skip_bad=True, backbone_start="m.safetensors",
    )  # fmt: skip
    default = TrainSettings(steps=20_000, average=0.998, backbone_weight=0.5, mixed_precision=computes_bfloat16("cpu"))
    shares = {"long_share": 0.1, "photo_share": 0.15, "loose_share": 0.06}
    assert asked[1] == TrainPlan(default, start="m.safetensors", **shares)
    network = {"backbone": "vgg_narrow", "hidden_size": 96}
    assert asked[2] == TrainPlan(default, network=network, widen=1.25, crop=True, **shares)
    CrnnConfig(4, **network)
    assert asked[3] == TrainPlan(default, start="m.safetensors", shrink=0.5, crop=True, widen=1.5, **shares)


@pytest.mark.parametrize("native", [True, False])
def test_without_a_word_the_precision_is_the_processors_and_it_is_said(run, own, tmp_path, monkeypatch, native):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": native}, raising=False)
    done = run("train", own, "-o", str(tmp_path / "run"), *FAST)
    assert done.exit_code == 0
    said = (
        "training in bfloat16, which cpu computes"
        if native
        else "training in float32, since cpu does not compute bfloat16"
    )
    assert said in done.stderr
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["settings"]["mixed_precision"] is native


# What it is told wrongly


def test_an_option_beside_resume_is_named_as_it_was_written(run, tmp_path):
    start = tmp_path / "a.safetensors"
    start.write_bytes(b"weights")
    done = run(
        "train", str(tmp_path), "-o", str(tmp_path / "run"), "--resume", "--rate", "0.1", "--from", str(start), "--half"
    )
    assert done.exit_code == 2
    assert "goes on as it was told at its start; leave LINES, --from, --half, --rate out" in done.stderr
    assert not (tmp_path / "run").exists()


def test_there_must_be_a_run_to_resume(run, tmp_path):
    done = run("train", "-o", str(tmp_path / "run"), "--resume")
    assert done.exit_code == 1
    assert f"there is no run to resume in {tmp_path / 'run'}: it has no last.pt; start without --resume" in done.stderr


@pytest.mark.parametrize("told", ["greek=1", "latin=x", "latin=-1"])
def test_a_script_that_cannot_be_is_a_wrong_command_line(run, told, tmp_path):
    done = run("train", "-o", str(tmp_path / "run"), "--script", told)
    assert done.exit_code == 2
    assert told in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.tsv"], "there is no manifest none.tsv"),
        (["none"], "the lines none cannot be read: it is not there; name a manifest (.tsv: path, tab, text)"),
        (["--alphabet", "aab"], "the alphabet has 'a' more than once; a symbol stands for one class, so remove one"),
        (["--alphabet", "none.txt"], "the alphabet file none.txt cannot be read: No such file or directory"),
        (["--alphabet", "ab", "--synthetic-share", "0.5"], "no lines of your own to mix them with"),
        (["--device", "gpu"], "there is no device 'gpu'; train on cpu, cuda or cuda:1"),
        (["--from", "none.pt"], "none.pt"),
        (["--fonts", "none"], "there is no folder of fonts none; check the path"),
    ],
)
def test_what_is_not_there_or_does_not_go_together_begins_no_run(run, here, words, message):
    done = run("train", "-o", "run", *words, *LOOP)
    assert done.exit_code == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (here / "run").exists()


def test_symbols_without_a_font_name_the_package(run, tmp_path, dejavu):
    done = run("train", "-o", str(tmp_path / "run"), "--alphabet", "好中国", "--fonts", str(dejavu), *FAST)
    assert done.exit_code == 1
    assert "fonts-noto-cjk" in done.stderr
    assert not (tmp_path / "run").exists()


def test_events_need_their_package(run, own, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard.writer", None)
    done = run("train", own, "-o", str(tmp_path / "run"), "--tensorboard", *FAST)
    assert done.exit_code == 1
    assert "events for TensorBoard need its package; run pip install tensorboard" in done.stderr


# Lines that cannot be learned from


@pytest.fixture
def bad(tmp_path):
    """A manifest of 46 lines, of which lines 41 to 45 are bad in ways of their own, and a row that is none."""
    folder = tmp_path / "lines"
    write_lines(ToyLines(6, 40), folder)
    Image.fromarray(np.full((32, 16), 255, np.uint8)).save(folder / "narrow.png")
    for name in ("odd", "empty", "good"):
        Image.fromarray(np.full((32, 80), 255, np.uint8)).save(folder / f"{name}.png")
    content = (folder / "odd.png").read_bytes()
    (folder / "cut.png").write_bytes(content[: len(content) // 2])
    texts = {"gone": "a", "odd": "añé", "narrow": "abcabcabc", "cut": "b", "empty": "", "good": "ab"}
    with (folder / "manifest.tsv").open("a", encoding="utf-8") as handle:
        handle.writelines(f"{name}.png\t{text}\n" for name, text in texts.items())
        handle.write("good.png ab\n")
    return folder


def test_bad_lines_are_listed_with_their_numbers_before_training_begins(run, bad, tmp_path):
    done = run("train", str(bad), "-o", str(tmp_path / "run"), "--alphabet", "abc", *FAST)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert not (tmp_path / "run").exists()
    report = done.stderr.replace("\r", "\n").splitlines()
    start = report.index("46 lines looked at: 41 can be trained on, 5 cannot")
    assert report[start + 1 : start + 4] == [
        "2 lines with an image that cannot be read:",
        f"  line 41: the image {bad / 'gone.png'} is not there; check its path",
        f"  line 44: {next(row for row in report if 'cut.png' in row).removeprefix('  line 44: ')}",
    ]
    assert report[start + 4 : start + 8] == [
        "1 line without a text:",
        f"  line 45: {bad / 'empty.png'} has the text ''",
        "1 line with symbols outside the alphabet:",
        f"  line 42: {bad / 'odd.png'} has 'ñ', 'é' in 'añé'",
    ]
    assert report[start + 8] == "1 line with a text that needs more frames than the image gives:"
    assert report[start + 9].startswith(f"  line 43: {bad / 'narrow.png'} gives ")
    assert report[start + 9].endswith(" frames and 'abcabcabc' needs 9")
    assert report[start + 10] == "symbols outside the alphabet of 3: 'ñ' once, 'é' once"
    assert report[start + 11 : start + 13] == [
        "1 file or row gives no line:",
        f"  line 47 of the manifest {bad / 'manifest.tsv'} is 'good.png ab'; each line is a path, a tab and the text",
    ]
    assert report[-1] == (
        "gateviz: error: 5 of 46 lines cannot be trained on: 2 with an image that cannot be read, 1 without a text, "
        "1 with symbols outside the alphabet, 1 with a text that needs more frames than the image gives, "
        "1 file or row gives no line; mend them, or leave them out with --skip-bad"
    )
    assert not (tmp_path / "run").exists()


def test_bad_lines_are_left_out_when_asked(run, bad, tmp_path):
    done = run(
        "train", str(bad), "-o", str(tmp_path / "run"), "--skip-bad", "--alphabet", "abc", *LOOP, *TINY, "--steps", "2"
    )
    assert done.exit_code == 0, done.stderr
    assert "46 lines looked at: 41 can be trained on, 5 cannot" in done.stderr
    assert (tmp_path / "run" / "best.safetensors").is_file()


def test_records_without_a_text_are_listed_where_the_lines_bring_their_alphabet(run, tmp_path):
    lmdb = pytest.importorskip("lmdb")
    picture = io.BytesIO()
    Image.fromarray(np.full((32, 80), 255, np.uint8)).save(picture, format="PNG")
    with lmdb.open(str(tmp_path / "lines"), map_size=1 << 22) as environment, environment.begin(write=True) as writing:
        writing.put(b"num-samples", b"3")
        for number in (1, 2, 3):
            writing.put(b"image-%09d" % number, picture.getvalue())
        writing.put(b"label-000000001", b"ab")
        writing.put(b"label-000000003", b"\xff")
    done = run("train", str(tmp_path / "lines"), "-o", str(tmp_path / "run"), *FAST)
    assert done.exit_code == 1
    assert "2 lines with a text that cannot be read:\n  line 2: record 2 of the LMDB" in done.stderr
    assert "\n  line 3: record 3 of the LMDB" in done.stderr
    assert "2 of 3 lines cannot be trained on: 2 with a text that cannot be read; mend them, or" in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_bar_for_each_set_of_lines(capsys):
    bar = LookBar()
    for done, count in ((64, 70), (70, 70), (3, 3), (64, 900)):
        bar(done, count)
    bar.close()
    bar.close()
    rows = capsys.readouterr().err.replace("\r", "\n").splitlines()
    ends = [row.split("[")[0].split("|")[-1].strip() for row in rows if row]
    assert [end for end in dict.fromkeys(ends) if not end.startswith("0/")] == ["70/70", "3/3", "64/900"]


# Lines made up


def test_synth_writes_lines_that_train_and_eval_read(run, tmp_path, dejavu):
    out = tmp_path / "lines"
    done = run("synth", "-n", "12", "-o", str(out), "--alphabet", "ascii", "--fonts", str(dejavu), "--seed", "3")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.strip() == str(out / "manifest.tsv")
    assert len((out / "manifest.tsv").read_text(encoding="utf-8").splitlines()) == 12
    known = [json.loads(line) for line in (out / "columns.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all(len(entry["columns"]) >= 1 and entry["font"].startswith("DejaVu") for entry in known)
    again = run("synth", "-n", "12", "-o", str(out), "--alphabet", "ascii", "--fonts", str(dejavu))
    assert again.exit_code == 1
    assert "is not empty" in again.stderr


def test_synth_without_a_font_for_its_symbols_names_the_package(run, tmp_path, dejavu):
    done = run("synth", "-n", "2", "-o", str(tmp_path / "lines"), "--alphabet", "好中国", "--fonts", str(dejavu))
    assert done.exit_code == 1
    assert "fonts-noto-cjk" in done.stderr
    assert not (tmp_path / "lines" / "manifest.tsv").exists()


def test_synth_with_basic_fonts_makes_the_same_lines_whatever_else_is_there(run, tmp_path, monkeypatch):
    def made(name, faces, *words):
        fonts = make_fonts(tmp_path / f"fonts-{name}", faces, range(0x21, 0x7F))
        monkeypatch.setattr("gateviz.typesetting.fonts.FOLDERS", (str(fonts),))
        done = run("synth", "-n", "12", "-o", str(tmp_path / name), "--alphabet", "ascii", "--seed", "3", *words)
        assert done.exit_code == 0, done.stderr
        lines = {path.name: path.read_bytes() for path in (tmp_path / name / "images").rglob("*.png")}
        entries = (tmp_path / name / "columns.jsonl").read_text(encoding="utf-8").splitlines()
        return lines, {json.loads(line)["font"] for line in entries}

    more = [*BASIC, *[(f"Made {letter}", "Regular") for letter in "ABCDEFGH"]]
    lines, fonts = made("basic", BASIC, "--basic-fonts")
    assert len(lines) == 12
    assert fonts <= {family for family, _ in BASIC}
    assert made("more", more, "--basic-fonts")[0] == lines
    assert made("all", more)[0] != lines


def test_synth_with_basic_fonts_that_are_not_there_or_with_others_makes_nothing(run, tmp_path, monkeypatch):
    fonts = make_fonts(tmp_path / "fonts", BASIC[1:], range(0x21, 0x7F))
    monkeypatch.setattr("gateviz.typesetting.fonts.FOLDERS", (str(fonts),))
    out = tmp_path / "lines"
    done = run("synth", "-n", "2", "-o", str(out), "--alphabet", "ascii", "--basic-fonts")
    assert done.exit_code == 1
    assert f"the basic fonts are {len(BASIC)} faces, and 1 are not here: {' '.join(BASIC[0])}; run make" in done.stderr
    for words in (["--fonts", str(fonts)], ["--held-out"]):
        done = run("synth", "-n", "2", "-o", str(out), "--basic-fonts", *words)
        assert done.exit_code == 2
        assert "--basic-fonts names its fonts, and --fonts and --held-out choose others; leave one out" in done.stderr
    assert not out.exists()


@pytest.mark.parametrize("resume", [False, True])
def test_a_run_that_never_came_to_a_checkpoint_begins_anew(run, own, tmp_path, monkeypatch, resume):
    folder = tmp_path / "run"

    def full(self):
        raise OutputError("the disk is full")

    with monkeypatch.context() as at_first:
        at_first.setattr(Trainer, "save", full)
        assert run("train", own, "-o", str(folder), *FAST).exit_code == 1
    assert (folder / "log.jsonl").exists()
    assert not (folder / "last.pt").exists()
    words = ["--resume"] if resume else [own, *FAST]
    done = run("train", "-o", str(folder), *words)
    assert done.exit_code == 0, done.stderr
    assert f"gateviz: the run in {folder} was stopped before its first checkpoint, so it begins anew" in done.stderr
    entries = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in entries if entry["kind"] == "validation"] == [2, 4]
    assert (folder / "best.safetensors").exists()
    assert [record.step for record in read_watch(folder).records] == [0, 2, 4]
