"""``gateviz eval``: what it prints, draws and refuses, with a recognizer whose readings are known exactly."""

import csv
import io
import json
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import gateviz.api
from gateviz.adapters.registry import load_recognizer
from gateviz.cli.plot import STYLES
from gateviz.data.alphabet import Alphabet
from gateviz.errors import ImageError
from gateviz.measure.evaluation import GROUPINGS, Evaluation, ReadLine
from gateviz.networks.crnn import CrnnConfig
from gateviz.networks.crnn_file import load_crnn, save_crnn
from gateviz.studies.eval import command
from gateviz.studies.eval import figure as figures
from gateviz.studies.eval.report import eval_page
from gateviz.studies.page import as_text
from gateviz.training import evaluate as room
from gateviz.training.evaluate import evaluate
from gateviz.training.line_files import LineFiles
from gateviz.training.pupil import new_crnn
from gateviz.typesetting.line_writer import write_lines
from gateviz.typesetting.lines import TrainingLine
from gateviz.typesetting.synthetic import SyntheticLines, SyntheticStyle
from tests.one_thread import one_thread  # noqa: F401
from tests.training.barcodes import bar_line, barcode_recognizer

LINES = (
    bar_line("ab a", "ab- a", [(0, 4), (4, 8), (8, 16), (16, 20)], script="latin", font="Serif"),
    bar_line("all", "-all-", [(0, 8), (8, 12), (12, 16)], script="latin", font="Sans"),
    bar_line("中b", "中-a", script="mixed", font="Sans"),
    bar_line("né", "a", [(0, 2), (2, 4)]),
)


@pytest.fixture
def bars(monkeypatch):
    """``gateviz.load`` gives the recognizer of bars, whatever is asked for; what was asked for."""
    asked = []

    def load(checkpoint, **options):
        asked.append((checkpoint, options))
        return barcode_recognizer()

    monkeypatch.setattr(gateviz.api, "load", load)
    return asked


@pytest.fixture
def own(tmp_path, bars):
    write_lines(LINES, tmp_path / "lines")
    return tmp_path / "lines"


@pytest.fixture
def dejavu(font_folder, tmp_path):
    """A folder of two faces without Chinese characters."""
    folder = tmp_path / "fonts"
    folder.mkdir()
    for name in ("DejaVuSans.ttf", "DejaVuSerif.ttf"):
        (folder / name).symlink_to(font_folder / name)
    return folder


@pytest.fixture
def digits(tmp_path):
    """The file of a small network that nobody has trained."""
    config = CrnnConfig(11, "vgg_narrow", "lstm", hidden_size=4, depth=1, backbone_scale=0.1)
    pupil = new_crnn(config, Alphabet.from_symbols("0123456789", blank=0), seed=5)
    pupil.writer(tmp_path / "digits.safetensors", pupil.recognizer.module.eval(), {})
    return tmp_path / "digits.safetensors"


def test_the_lists_are_those_of_the_library(run):
    assert command.GROUPINGS == GROUPINGS
    done = run("eval", "--help")
    assert done.exit_code == 0
    for word in (*GROUPINGS, *STYLES, "--synthetic", "--held-out", "--worst", "--json", str(command.SEED)):
        assert word in done.stdout


# What it prints


def test_an_lstm_is_told_how_its_cells_fare(run, digits, tmp_path):
    """Biases that keep all and write all: every unit only adds up, and nothing is read of its own memory."""
    module = load_crnn(digits)[0]
    with torch.no_grad():
        for name, bias in module.recurrent.named_parameters():
            if name.startswith("bias"):
                bias.fill_(20.0)
    lines = tmp_path / "lines"
    rng = np.random.default_rng(1)
    write_lines([TrainingLine(rng.integers(0, 255, (32, 90), dtype=np.uint8), text) for text in ("12", "3")], lines)
    save_crnn(tmp_path / "adding.safetensors", module, load_crnn(digits)[1].alphabet)
    done = run("eval", lines, "--model", tmp_path / "adding.safetensors", "--json")
    assert done.exit_code == 0, done.stderr
    gates = json.loads(done.stdout)["gates"]
    assert (gates["units"], gates["accumulators"]) == (8, 1.0)
    # 22 frames, each adds 1; tanh 4 is 0.9993.
    assert gates["saturated_cells"] == pytest.approx(19 / 22, abs=0.01)
    assert gates["cell_quantile"] == pytest.approx(22, abs=0.1)
    assert len(gates["forgetful"]) == 1
    printed = run("eval", lines, "--model", tmp_path / "adding.safetensors").stdout
    assert "gates: 100.0 % of 8 cells only add up, 99.9 % of |c| below" in printed


def test_the_tables_hold_the_rates_the_mistakes_and_the_spans(run, own):
    done = run("eval", own)
    assert done.exit_code == 0, done.stderr
    tables = [part.splitlines() for part in done.stdout.strip().split("\n\n")]
    rates, spans, mistakes, counts, worst = tables
    assert " ".join(rates[0].split()) == "lines symbols CER % 95 % words right % 95 % lines right % 95 %"
    found = {" ".join(row.split()[:2]): row.split()[2:] for row in rates[1:-1]}
    assert list(found) == [
        "all lines",
        "script latin",
        "script mixed",
        "script unknown",
        "symbols 1–4",
    ]
    # Edits: none; an l is lost; b is read as a; two letters are none of the alphabet's.
    assert found["all lines"][:3] == ["4", "11", "36.36"]
    assert found["script latin"][:3] == ["2", "7", "14.29"]
    assert found["all lines"][4] == "40.00"
    assert found["all lines"][6] == "25.00"
    assert rates[-1] == "Intervals of fewer than 10 lines hold less than they say."
    assert spans[0].startswith("aligned spans, mean error  symbols  width px  center px  of width  left px")
    # Of "ab a" the space is spread over two frames of eight columns, the last frame is a's.
    assert spans[1].split()[:3] == ["all", "lines", "7"]
    assert [row.split() for row in mistakes] == [
        ["written", "read", "times"],
        ["b", "a", "1"],
        ["l", "nothing", "1"],
        ["n", "a", "1"],
        ["é", "nothing", "1"],
    ]
    assert counts == [
        "doubled letters read as one: 1 of 1: l 1",
        "symbols the alphabet does not have: 2 of 11 (18.18 %): n 1, é 1",
        counts[2],
    ]
    assert counts[2].startswith("lines whose text could not be aligned: 1, such as ")
    assert "'n', 'é', not among the alphabet's 5 symbols" in counts[2]
    assert worst[:4] == [
        "worst lines",
        f"  100.0 %  {own / 'images' / '000' / '0000003.png'}",
        "    written  né",
        "    read     a",
    ]
    assert f"  50.0 %  {own / 'images' / '000' / '0000002.png'}, mixed, Sans" in worst


def test_the_document_is_the_evaluation_of_the_library(run, own):
    done = run("eval", own, "--json", "--by", "font,script,length", "--worst", "1")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    expected = evaluate(barcode_recognizer(), LineFiles(own))
    cer = expected.total.cer
    assert document["all"]["cer"] == {
        "value": cer.value,
        "low": cer.low,
        "high": cer.high,
        "total": 4,
        "of": 11,
    }
    assert document["all"]["lost_repeats"]["total"] == document["lost_repeats"]["l"] == 1
    assert document["outside"] == {"n": 1, "é": 1}
    assert list(document["by"]) == ["font", "script", "length"]
    assert {name: score["lines"] for name, score in document["by"]["font"].items()} == {
        "Sans": 2,
        "Serif": 1,
        "unknown": 1,
    }
    assert document["mistakes"][1] == {"written": "l", "read": "", "count": 1}
    for edge in ("left", "right", "center"):
        assert document["all"]["spans"][edge]["value"] == pytest.approx(np.abs(getattr(expected.spans, edge)).mean())
        share = np.abs(getattr(expected.spans, edge)) / expected.spans.width
        assert document["all"]["spans"][f"{edge}_share"]["value"] == pytest.approx(share.mean())
    assert document["readings"][1]["spans"]["left"] == expected.lines[1].spans.left.tolist()
    assert document["readings"][0]["reading"] == "ab a"
    assert document["worst"] == [str(own / "images" / "000" / "0000003.png")]
    assert document["interval"] == {
        "rule": "jackknife, Student's t, skewness removed",
        "unit": "line",
        "level": 0.95,
    }
    assert document["model"] == {"lineage": "barcode", "checkpoint": "bars.pt", "sha256": "00ff"}
    assert document["source"] == {"files": [str(own)], "limit": None}
    assert set(document["versions"]) == {"gateviz", "torch", "numpy"}


def test_numbers_that_are_none_are_words_in_the_document(run, tmp_path, bars):
    write_lines([bar_line("ab", "ab")], tmp_path / "one")
    score = json.loads(run("eval", tmp_path / "one", "--json").stdout)["all"]
    assert score["lost_repeats"] == {"value": "nan", "low": "nan", "high": "nan", "total": 0, "of": 0}
    assert "spans" not in score


def test_lines_without_a_mistake_have_no_tables_of_them(run, tmp_path, bars):
    write_lines([bar_line("ab", "ab")], tmp_path / "one")
    done = run("eval", tmp_path / "one", "--by", "")
    assert done.stdout.splitlines()[1].split() == [
        "all", "lines", "1", "2", "0.00", "100.00", "100.00",
    ]  # fmt: skip
    assert done.stdout.splitlines()[3:] == [
        "",
        "doubled letters read as one: 0 of 0",
        "symbols the alphabet does not have: 0 of 2",
    ]


def test_the_worst_lines_are_as_many_as_asked_and_show_what_cannot_be_seen(run, own):
    assert "worst lines" not in run("eval", own, "--worst", "0").stdout
    shown = run("eval", own, "--worst", "1").stdout
    assert shown.count("    written  ") == 1
    evaluation = Evaluation((ReadLine("a\u200bb", "a\tb", name="x.png"),))
    words = as_text(eval_page(evaluation, (), 3, {"model": {"checkpoint": "bars.pt"}}))
    assert "    written  aU+200Bb\n    read     aU+0009b" in words


def test_a_limit_takes_the_first_lines_and_several_paths_follow_each_other(run, own, tmp_path):
    write_lines([bar_line("b", "b")], tmp_path / "more")
    document = json.loads(run("eval", own, tmp_path / "more", "--json", "--limit", "1").stdout)
    assert [line["truth"] for line in document["readings"]] == ["ab a"]
    assert document["source"]["limit"] == 1
    document = json.loads(run("eval", own, tmp_path / "more" / "manifest.tsv", "--json").stdout)
    assert [line["truth"] for line in document["readings"]] == ["ab a", "all", "中b", "né", "b"]


def test_the_model_is_chosen_as_for_every_command(run, own, bars, tmp_path):
    run("eval", own)
    model = tmp_path / "m.pt"
    model.write_bytes(b"weights")
    run("eval", own, "-m", model, "--alphabet", "ab", "--variant", "x", "--keep-ratio")
    assert [path for path, _ in bars] == [None, model]
    assert not any(bars[0][1].values())
    given = {name: value for name, value in bars[1][1].items() if value}
    assert given == {"alphabet": "ab", "variant": "x", "keep_ratio": True}


# Synthetic lines


def test_synthetic_lines_are_those_of_the_renderer(run, digits, dejavu):
    done = run(
        "eval", "--synthetic", 6, "--model", digits, "--fonts", dejavu, "--script", "number", "--seed", "0",
        "--hardness", "clean", "--longest", "5", "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    from gateviz.typesetting.fonts import find_fonts

    lines = SyntheticLines(
        tuple("0123456789"),
        seed=0,
        count=6,
        style=SyntheticStyle(scripts={"number": 1.0}, hardness="clean", longest=5),
        fonts=find_fonts(dejavu),
    )
    expected = evaluate(load_recognizer(digits), lines)
    assert [line["truth"] for line in document["readings"]] == [line.truth for line in expected.lines]
    assert [line["reading"] for line in document["readings"]] == [line.reading for line in expected.lines]
    assert document["all"]["spans"]["center"]["value"] == pytest.approx(np.abs(expected.spans.center).mean())
    assert set(document["by"]) == {"script", "length"}
    assert document["source"] == {
        "synthetic": 6,
        "seed": 0,
        "scripts": {"number": 1.0},
        "hardness": "clean",
        "longest": 5,
        "held_out": False,
        "fonts": str(dejavu),
        "limit": None,
    }


def test_synthetic_lines_have_a_seed_of_their_own(run, digits, dejavu):
    words = ("eval", "--synthetic", 2, "--model", digits, "--fonts", dejavu, "--script", "number", "--json")
    document = json.loads(run(*words).stdout)
    assert document["source"]["seed"] == command.SEED
    assert json.loads(run(*words, "--seed", command.SEED).stdout) == document
    assert json.loads(run(*words, "--seed", 1).stdout)["readings"] != document["readings"]


def test_symbols_without_a_font_name_the_package(run, bars, dejavu):
    done = run("eval", "--synthetic", 2, "--fonts", dejavu)
    assert done.exit_code == 1
    assert "'中'; install a font with Chinese characters (Debian: fonts-noto-cjk" in done.stderr


def test_a_script_that_the_alphabet_cannot_write_is_named(run, digits, dejavu):
    done = run("eval", "--synthetic", 2, "--model", digits, "--fonts", dejavu, "--script", "chinese")
    assert done.exit_code == 1
    assert "lines of chinese were asked for, and these 10 symbols can write number" in done.stderr


# Figures


@pytest.mark.parametrize(("name", "head"), [("a.pdf", b"%PDF"), ("a.svg", b"<?xml"), ("a.png", b"\x89PNG")])
def test_a_figure_goes_where_it_is_asked_for(run, own, here, name, head):
    done = run("eval", own, "-o", name, "--style", "ieee")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith(" ")
    assert (here / name).read_bytes().startswith(head)
    assert [entry.name for entry in here.iterdir()] == [name]


def test_a_figure_knows_what_it_shows(run, own, here):
    assert run("eval", own, "-o", "a.png", "--json").exit_code == 0
    with Image.open(here / "a.png") as picture:
        facts = json.loads(picture.info["gateviz"])
    assert facts["about"] == "How well bars.pt reads 4 lines"
    assert facts["checkpoint_sha256"] == "00ff"
    assert json.loads(facts["lines"]) == {"files": [str(own)], "limit": None}


def test_the_options_reach_the_figure(run, own, here, monkeypatch):
    drawn, whole = [], figures.error_rates

    def spy(evaluation, **options):
        drawn.append(options)
        return whole(evaluation, **options)

    monkeypatch.setattr(figures, "error_rates", spy)
    run("eval", own, "-o", "a.svg", "--by", " font, script", "--style", "slide")
    run("eval", own, "-o", "a.svg")
    assert [(options["groupings"], options["style"]) for options in drawn] == [
        (("font", "script"), "slide"),
        (None, "a4"),
    ]


def test_a_page_and_a_row_a_line(run, own, here):
    done = run("eval", own, "-o", "a.html", "--csv", "--worst", "1")
    assert done.exit_code == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["truth"], row["reading"], row["edits"]) for row in rows] == [
        ("ab a", "ab a", "0"), ("all", "al", "1"), ("中b", "中a", "1"), ("né", "a", "2"),
    ]  # fmt: skip
    page = (here / "a.html").read_text(encoding="utf-8")
    assert "<h1>How well bars.pt reads 4 lines</h1>" in page
    assert page.count("<img ") == 1
    assert page.count("<td>né</td><td>a</td>") == 1


# What goes wrong


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "there is nothing to read; name LINES, or give --synthetic N"),
        (["a.tsv", "--synthetic", "2"], "both LINES and --synthetic were given; evaluate them in two runs"),
        (
            ["--synthetic", "2", "--held-out", "--fonts", "f"],
            "--held-out chooses among the system's fonts, and --fonts names others; leave one out",
        ),
        (
            ["a.tsv", "--seed", "0", "--script", "latin", "--hardness", "clean", "--longest", "9", "--held-out"],
            "without --synthetic there is no meaning to --seed, --script, --hardness, --longest, --held-out; leave it",
        ),
        (["a.tsv", "--fonts", "f"], "without --synthetic there is no meaning to --fonts; leave it out"),
        (["a.tsv", "--style", "slide"], "--style is of the figure, and none is drawn; give -o FILE, or leave it out"),
        (["a.tsv", "--by", "script,colour"], "'colour' is no grouping; choose of script, length, font"),
        (["a.tsv", "--limit", "0"], "0 is not in the range x>=1"),
        (["a.tsv", "--worst", "-1"], "-1 is not in the range x>=0"),
        (["--synthetic", "0"], "0 is not in the range x>=1"),
        (["--synthetic", "2", "--script", "greek"], "the scripts are latin, chinese, mixed, number, uniform"),
        (["--synthetic", "2", "--hardness", "soft"], "'soft' is not one of 'clean', 'mixed', 'noisy', 'touching'"),
        (["a.tsv", "--style", "poster"], "'poster' is not one of"),
    ],
)
def test_a_wrong_command_line_is_told_before_a_model_is_loaded(run, here, bars, words, message):
    (here / "a.tsv").write_text("a.png\ta\n")
    for word in words:
        # Paths are looked at first.
        if word.isalpha() and not (here / word).exists():
            (here / word).mkdir()
    done = run("eval", *words)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stderr.endswith("; see main eval --help\n")
    assert bars == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "a.gif",
            "an evaluation cannot be written as a.gif; end its name in .html for a report, or in .png, .pdf, .svg",
        ),
        ("none/a.png", "there is no folder none to write a.png in; make it first"),
    ],
)
def test_a_figure_that_cannot_be_written_is_told_before_anything_is_read(run, own, here, bars, name, message):
    done = run("eval", own, "-o", name)
    assert (done.exit_code, done.stdout) == (1, "")
    assert message in done.stderr
    assert bars == []
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "the lines none cannot be read: it is not there; name a manifest (.tsv: path, tab, text)"),
        ("none.tsv", "there is no manifest none.tsv"),
        ("empty", "the folder empty holds no image with its text: 0 images and 0 files *.gt.txt"),
        ("bad.tsv", "line 1 of the manifest bad.tsv is 'a.png'; each line is a path, a tab and the text"),
    ],
)
def test_lines_that_are_none_are_named(run, here, bars, name, message):
    (here / "empty").mkdir()
    (here / "bad.tsv").write_text("a.png\n")
    done = run("eval", name)
    assert (done.exit_code, done.stdout) == (1, "")
    assert message in done.stderr


def test_lines_that_cannot_be_read_are_named_counted_and_end_with_1(run, own, here):
    for number in (0, 2):
        (own / "images" / "000" / f"000000{number}.png").unlink()
    done = run("eval", own, "--json", "-o", "a.svg")
    assert done.exit_code == 1
    rows = done.stderr.splitlines()
    gone = own / "images" / "000" / "0000000.png"
    assert rows[0] == f"gateviz: error: line 1: the image {gone} is not there; check its path"
    assert rows[1].startswith("gateviz: error: line 3: the image ")
    assert rows[2] == "gateviz: 2 of 4 lines could not be read"
    assert rows[3].startswith("gateviz: 2 lines read in ")
    document = json.loads(done.stdout)
    assert [line["name"] for line in document["failures"]] == ["line 1", "line 3"]
    assert document["lines"] == document["all"]["lines"] == 2
    assert (here / "a.svg").is_file()


def test_only_the_first_failures_are_told_one_by_one(run, tmp_path, bars):
    rows = [f"gone{number}.png\ta\n" for number in range(8)]
    (tmp_path / "m.tsv").write_text("".join(rows))
    done = run("eval", tmp_path / "m.tsv", "-o", tmp_path / "a.png")
    assert (done.exit_code, done.stdout) == (1, "")
    rows = done.stderr.splitlines()
    assert [row.split(":")[2] for row in rows[:5]] == [f" line {number}" for number in range(1, 6)]
    assert rows[5:] == [
        "gateviz: 8 of 8 lines could not be read",
        "gateviz: error: none of the 8 lines could be read, so there is nothing to evaluate; see the reasons",
    ]
    assert not (tmp_path / "a.png").exists()


def test_files_beside_the_lines_are_told_the_first_of_them(run, tmp_path, bars):
    folder = tmp_path / "pairs"
    folder.mkdir()
    for number in range(8):
        Image.fromarray(bar_line("ab", "ab").image).save(folder / f"{number}.png")
    (folder / "0.gt.txt").write_text("ab\n")
    done = run("eval", folder)
    assert done.exit_code == 0
    rows = done.stderr.splitlines()
    assert rows[0] == f"gateviz: the image {folder / '1.png'} has no text: there is no 1.gt.txt beside it"
    assert rows[5] == "gateviz: and 2 more that give no line"
    assert rows[6].startswith("gateviz: 1 line read in ")


def test_an_interrupt_leaves_nothing_half_written(run, own, here, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "evaluate", interrupted)
    done = run("eval", own, "-o", "a.png")
    assert done.exit_code == 130
    assert done.stderr.splitlines()[-1] == "gateviz: interrupted; nothing was left half-written"
    assert list(here.iterdir()) == []


def test_a_figure_that_fails_leaves_the_one_that_was_there(run, own, here, monkeypatch):
    (here / "a.png").write_bytes(b"before")

    def failing(*_, **__):
        raise ImageError("the figure cannot be drawn for the sake of this test")

    monkeypatch.setattr(figures, "error_rates", failing)
    done = run("eval", own, "-o", "a.png")
    assert done.exit_code == 1
    assert done.stdout.startswith(" "), "what was read is not lost"
    assert (here / "a.png").read_bytes() == b"before"


def test_a_model_that_is_not_there_is_named(run, tmp_path):
    write_lines([bar_line("ab", "ab")], tmp_path / "lines")
    done = run("eval", tmp_path / "lines", "--model", tmp_path / "none.pt")
    assert done.exit_code == 1
    assert "none.pt" in done.stderr


def test_the_traceback_is_shown_when_asked(run, here, bars):
    done = run("eval", "none", "--debug")
    assert done.exit_code == 1
    assert "Traceback (most recent call last)" in done.stderr
    assert "TrainingError: the lines none cannot be read" in done.stderr


def test_a_bar_shows_how_far_it_has_come_on_a_terminal(run, own, monkeypatch):
    import tqdm as library

    shown = []
    whole = library.tqdm

    def seen(*arguments, **options):
        assert options["file"] is sys.stderr
        assert options["disable"] is None, "only a terminal has a bar"
        shown.append(whole(*arguments, **options | {"disable": False}))
        return shown[-1]

    monkeypatch.setattr(library, "tqdm", seen)
    done = run("eval", own)
    assert "4/4" in done.stderr
    assert shown[0].total == 4
