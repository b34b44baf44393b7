"""``python -m benchmarks crnn-vs-cnn``: a tiny study from end to end, and the arithmetic of its report."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.crnn_report import compare, figure, networks_table, put_section, scripts_table, sentences, times
from benchmarks.crnn_study import (
    TEST_SETS,
    VARIANTS,
    Finding,
    Study,
    multiply_adds,
    open_run,
    parameter_count,
    variants_of,
)
from benchmarks.crnn_vs_cnn import main
from gateviz.adapters.registry import load_recognizer
from gateviz.data.alphabet import Alphabet
from gateviz.errors import SelectionError, TrainingError
from gateviz.measure.evaluation import Evaluation, ReadLine
from gateviz.measure.jackknife import Estimate
from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.training.evaluate import evaluate
from gateviz.training.pupil import new_crnn
from gateviz.training.trainer import Trainer
from tests.training.toy_lines import toy_line

STEPS = 3
RUN = ("lstm", "none", "none-widened")


def tiny(font_folder, **changes):
    return Study(
        **{
            "steps": STEPS,
            "alphabet": "digits",
            "backbone_scale": 0.1,
            "hidden_size": 4,
            "depth": 1,
            "longest": 4,
            "columns": 600,
            "chunk": 16,
            "validation_lines": 4,
            "test_lines": 4,
            "fonts": str(font_folder),
            "workers": 0,
            **changes,
        }
    )


def tiny_command(folder, font_folder, **changes):
    told = {
        "steps": STEPS, "alphabet": "digits", "scale": 0.1, "hidden": 4, "depth": 1, "longest": 4, "columns": 600,
        "chunk": 16, "validation-lines": 4, "test-lines": 4, "workers": 0, "fonts": font_folder,
        "runs": folder / "runs", "output": folder / "docs", "results": folder / "results", **changes,
    }  # fmt: skip
    return [part for name, value in told.items() for part in (f"--{name}", str(value))]


@pytest.fixture(scope="module")
def place(tmp_path_factory, font_folder):
    """Where a tiny study was stopped after its first step and then run to its end."""
    folder = tmp_path_factory.mktemp("study")
    command = tiny_command(folder, font_folder)
    run = Trainer.run

    def stopped(trainer, *reports):
        trainer.stop()
        return run(trainer, *reports)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "run", stopped)
        assert main(command) == 130
    assert [path.name for path in (folder / "runs" / "small").iterdir()] == ["lstm"]
    assert not (folder / "docs").exists()
    assert main(command) == 0
    return folder


@pytest.fixture
def measured(place):
    return json.loads((place / "results" / "crnn-vs-cnn-small.json").read_text(encoding="utf-8"))


def part(place):
    text = (place / "docs" / "crnn-vs-cnn.md").read_text(encoding="utf-8")
    return text.partition("<!-- begin: small -->")[2].partition("<!-- end: small -->")[0]


def rate(told):
    value, low, high = (f"{100 * told[name]:.1f}" for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def test_a_study_leaves_its_document_figure_and_numbers(place, measured):
    assert "](images/crnn-vs-cnn.png)" in part(place)
    assert (place / "docs" / "images" / "crnn-vs-cnn.png").read_bytes().startswith(b"\x89PNG")
    assert measured["study"]["steps"] == STEPS
    assert f"`{measured['command']}`" in part(place)
    assert tuple(measured["variants"]) == RUN
    assert measured["test_fonts"] == ["DejaVu Serif"]


def test_the_table_has_the_numbers_of_the_file(place, measured):
    lines = part(place).splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")]
    for name in TEST_SETS:
        start = next(number for number, row in enumerate(rows) if row[0] == name)
        for row, variant in zip(rows[start : start + len(RUN)], RUN, strict=True):
            scores = measured["variants"][variant]["sets"][name]["all"]
            assert scores["lines"] == 4
            assert row[1] == VARIANTS[variant]
            assert row[2:5] == [rate(scores[key]) for key in ("cer", "word_accuracy", "line_accuracy")]
    network = next(row for row in rows if row[0] == "CNN, widened")
    assert network[1] == f"{measured['variants']['none-widened']['parameters']:,}"


def test_the_numbers_are_those_of_the_models_that_were_left(place, measured, font_folder):
    study = tiny(font_folder)
    recognizer = load_recognizer(place / "runs" / "small" / "none" / "best.safetensors")
    found = measured["variants"]["none"]
    assert found["parameters"] == parameter_count(study.network("none"))
    assert (
        found["sets"]["clean"]["all"]["cer"]["value"] == evaluate(recognizer, study.test_set("clean")).total.cer.value
    )
    assert found["sets"]["clean"]["against_none"]["fewer_per_symbol"]["value"] == 0


def test_every_variant_learned_from_the_same_lines(measured):
    assert len({found["training_lines"] for found in measured["variants"].values()}) == 1
    assert all(
        [step for step, _ in found["validation_cer_by_step"]] == [1, 2, 3] for found in measured["variants"].values()
    )


def test_what_is_trained_is_not_trained_again(place, font_folder, capsys):
    before = {path: path.read_bytes() for path in sorted((place / "runs").rglob("*")) if path.is_file()}
    assert main(tiny_command(place, font_folder)) == 0
    assert {path: path.read_bytes() for path in sorted((place / "runs").rglob("*")) if path.is_file()} == before
    assert capsys.readouterr().err.count("trained already") == len(RUN)


def test_another_training_is_not_mixed_with_the_one_in_its_folder(place, font_folder, capsys):
    assert main(tiny_command(place, font_folder, rate=0.1)) == 1
    told = capsys.readouterr().err
    assert "was told otherwise about settings; name another folder with --runs, or delete this one" in told


def test_fonts_to_test_with_are_missed_before_the_training(tmp_path, font_folder, capsys):
    shutil.copy(font_folder / "DejaVuSans.ttf", tmp_path)
    assert main(tiny_command(tmp_path, tmp_path)) == 1
    assert f"no font in {tmp_path} is of a family to test with, and both kinds are needed" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_a_run_killed_before_its_first_checkpoint_begins_anew(tmp_path, font_folder):
    study = tiny(font_folder)
    folder = open_run(study, "none", tmp_path / "none")
    (folder.path / "log.jsonl").write_text('{"kind": "step", "step": 1}\n', encoding="utf-8")
    assert open_run(study, "none", tmp_path / "none").read_log() == []


def test_lines_are_tested_in_fonts_that_are_not_trained_on(font_folder):
    study = tiny(font_folder, longest=8)
    training = study.training_lines()
    assert not any(training[index].font.startswith("DejaVu Serif") for index in range(30))
    long = study.test_set("long")
    assert all(line.font.startswith("DejaVu Serif") and study.is_long(line) for line in long)
    assert len(long) == study.test_lines


@pytest.mark.parametrize(("script", "longest"), [("latin", 16), ("number", 14), ("uniform", 10)])
def test_a_long_line_has_more_code_points_than_any_training_line_of_its_script(script, longest):
    study = Study(longest=10)
    lines = [replace(toy_line("a" * count), script=script) for count in (longest, longest + 1)]
    assert [study.is_long(line) for line in lines] == [False, True]


@pytest.mark.parametrize("scale", [0.5, 0.75, 1.0])
def test_the_widened_network_has_as_many_parameters_as_the_one_with_the_lstm(scale):
    study = Study(backbone_scale=scale)
    lstm, wide = (parameter_count(study.network(name)) for name in ("lstm", "none-widened"))
    assert lstm <= wide <= 1.02 * lstm
    plain = study.network("none")
    assert replace(study.network("none-widened"), backbone_scale=plain.backbone_scale) == plain


def test_variants_begin_with_the_same_backbone(font_folder):
    study = tiny(font_folder)
    alphabet = Alphabet.from_symbols(study.symbols, blank=0)
    lstm, none = (new_crnn(study.network(name), alphabet, seed=5).recognizer.module for name in ("lstm", "none"))
    weights = lstm.backbone.state_dict()
    assert weights
    assert all(torch.equal(value, weights[name]) for name, value in none.backbone.state_dict().items())


def test_the_network_and_its_plain_rival_are_always_compared():
    assert variants_of([]) == ["lstm", "none"]
    assert variants_of(["gru", "none", "gru"]) == ["lstm", "none", "gru"]
    with pytest.raises(TrainingError, match=r"there is no variant 'rnn' to train; choose of lstm, none"):
        Study().network("rnn")


def test_multiply_adds_are_weights_times_positions():
    model = CRNN(CrnnConfig(5, "vgg_narrow", "lstm", hidden_size=3, depth=1, backbone_scale=0.1)).eval()
    convolutions = 9 * 2 * 32 * 32 + 2 * 9 * 6 * 16 * 16 + 6 * 9 * 14 * 8 * 8 + 14 * 9 * 19 * 4 * 8 + 19 * 6 * 26 * 8
    lstm = 2 * 4 * 3 * (26 + 3) * 8
    assert multiply_adds(model, columns=32) == convolutions + lstm + 6 * 5 * 8


def reading(*pairs, script="latin"):
    return Evaluation(tuple(ReadLine(truth, read, name=truth, script=script) for truth, read in pairs))


# Edits 1 and 0, and 2 and 2, in 4 and 6 symbols, ten times over.
FEWER = reading(*[("abcd", "abce"), ("abcdef", "abcdef")] * 10)
MORE = reading(*[("abcd", "ab"), ("abcdef", "xbcdex")] * 10)


def test_readings_are_compared_line_by_line():
    found = compare(FEWER, MORE)
    assert found.errors.value == 1 / 4
    assert 0 < found.errors.low < 1 / 4 < found.errors.high < 1
    assert found.fewer.value == 3 / 10
    assert 1 / 4 < found.fewer.low < 3 / 10 < found.fewer.high < 1 / 3
    # The mean of ten ones and ten zeros: Student's t with 19 degrees of freedom is 2.093.
    reach = 2.093 * np.std([0, 1] * 10, ddof=1) / np.sqrt(20)
    assert found.more_lines.value == 1 / 2
    assert (found.more_lines.low, found.more_lines.high) == pytest.approx((0.5 - reach, 0.5 + reach), abs=1e-3)
    assert (found.verdict, compare(MORE, FEWER).verdict, compare(MORE, MORE).verdict) == ("fewer", "more", "as many")
    assert times(Estimate(1, 4, 0.0, 0.5)) == "0.25 (0.00 to 0.50)"


def test_nothing_is_divided_by_no_errors():
    right = reading(("abcd", "abcd"))
    assert times(compare(right, right).errors) == "–"


def test_readings_of_other_lines_are_not_compared():
    with pytest.raises(SelectionError, match=r"readings of 20 and of 1 lines cannot be compared line by line"):
        compare(FEWER, reading(("abcd", "abcd")))


def finding(variant, readings):
    return Finding(variant, 1000, 2_400_000, 38, 1.25, 90.0, 500, 0, ((1, 1.0), (2, 0.5)), readings)


FOUND = [
    finding("lstm", {"clean": FEWER, "noisy": FEWER, "long": MORE}),
    finding("none", {"clean": MORE, "noisy": FEWER, "long": FEWER}),
]


def test_sentences_say_where_the_lstm_helps_and_where_not():
    assert sentences(FOUND).splitlines() == [
        "- Against the plain CNN, the LSTM makes fewer errors on these sets: clean.",
        "- Against the plain CNN, the LSTM makes neither more nor fewer errors, as far as these lines tell, "
        "on these sets: noisy.",
        "- Against the plain CNN, the LSTM makes more errors on these sets: long.",
    ]


def test_the_table_of_networks_says_what_a_frame_sees():
    assert networks_table(FOUND).splitlines()[2:] == [
        "| CNN + LSTM | 1,000 | 2.4 M | the whole line | 1.2 | 1.5 min |",
        "| CNN | 1,000 | 2.4 M | 38 columns | 1.2 | 1.5 min |",
    ]


def test_scripts_are_told_apart_where_there_are_several():
    assert scripts_table(FOUND, "clean") == ""
    both = Evaluation((*FEWER.lines, *reading(("17", "71"), script="number").lines))
    rows = scripts_table([finding("lstm", {"clean": both})], "clean").splitlines()
    assert rows[0] == "| clean, CER % | lines | CNN + LSTM |"
    assert [row.split("|")[1:3] for row in rows[2:]] == [[" latin ", " 20 "], [" number ", " 1 "]]


def test_the_figure_draws_every_network_on_every_set():
    rates, course = figure(FOUND).axes
    assert [label.get_text() for label in rates.get_yticklabels()] == ["clean", "noisy", "long"]
    assert rates.lines[0].get_xdata() == pytest.approx([10, 10, 40])
    assert rates.lines[1].get_xdata() == pytest.approx([40, 10, 10])
    assert course.lines[1].get_ydata() == pytest.approx([100, 50])


def test_a_section_is_put_between_its_markers(tmp_path):
    document = tmp_path / "in.md"
    document.write_text("A\n<!-- begin: small -->\nold\n<!-- end: small -->\nB\n", encoding="utf-8")
    put_section(document, "small", "new", tmp_path / "out.md")
    written = "A\n<!-- begin: small -->\n\nnew\n\n<!-- end: small -->\nB\n"
    assert (tmp_path / "out.md").read_text(encoding="utf-8") == written
    with pytest.raises(SelectionError, match=r"in.md has no part between <!-- begin: larger --> and <!-- end: larger"):
        put_section(document, "larger", "new", tmp_path / "out.md")
