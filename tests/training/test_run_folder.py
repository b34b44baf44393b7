"""The folder of a run."""

import pytest

from gateviz.errors import TrainingError
from gateviz.training import run_folder
from gateviz.training.progress import StepReport, ValidationReport
from gateviz.training.run_folder import LOG, RunFolder


def step(number):
    return StepReport(number, number * 10, 1.5, 2.0, 1.0, 0.5, 0.0, 0.001, 3.0, 0)


def test_the_log_is_read_as_it_was_written(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.log(step(20))
    folder.log(ValidationReport(20, 0.5, 0.1, True, (("好", "奸"),)))
    first, second = folder.read_log()
    assert (first["kind"], first["step"], first["ctc"]) == ("step", 20, 1.0)
    assert (second["kind"], second["cer"], second["samples"]) == ("validation", 0.5, [["好", "奸"]])


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path):
    folder = RunFolder(tmp_path)
    folder.log(step(20))
    with (tmp_path / LOG).open("a") as handle:
        handle.write('{"kind": "st')
    assert [entry["step"] for entry in folder.read_log()] == [20]


def test_a_line_that_a_full_disk_cut_short_in_the_middle_is_left_out(tmp_path):
    folder = RunFolder(tmp_path)
    folder.log(step(20))
    with (tmp_path / LOG).open("a") as handle:
        handle.write('{"kind": "step", "st')
    folder.log(step(40))
    folder.log(step(60))
    assert [entry["step"] for entry in folder.read_log()] == [20, 60]


def test_steps_that_will_be_made_again_leave_the_log(tmp_path):
    folder = RunFolder(tmp_path)
    for number in (20, 40, 60):
        folder.log(step(number))
    folder.forget_after(40)
    assert [entry["step"] for entry in folder.read_log()] == [20, 40]


def test_a_run_is_not_written_over(tmp_path):
    RunFolder(tmp_path).log(step(20))
    with pytest.raises(TrainingError, match="holds a run already; go on with --resume"):
        RunFolder(tmp_path)


def test_without_a_state_there_is_nothing_to_resume(tmp_path):
    with pytest.raises(TrainingError, match=r"no run to resume in .*: it has no last\.pt"):
        RunFolder(tmp_path, resume=True)
    with pytest.raises(TrainingError, match="no run to resume"):
        RunFolder(tmp_path / "none", resume=True)
    assert not (tmp_path / "none").exists()


def test_the_config_comes_back_and_a_damaged_one_is_named(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_config({"alphabet": "好"})
    assert folder.read_config() == {"alphabet": "好"}
    (tmp_path / "config.json").write_text("[1]")
    with pytest.raises(TrainingError, match="is no JSON object"):
        folder.read_config()
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(TrainingError, match="cannot be read"):
        folder.read_config()


def begun(folder, *, log=True):
    """A run that was killed before its first checkpoint."""
    run = RunFolder(folder)
    run.write_config({"settings": {}, "lines": []})
    if log:
        run.log(step(20))
    return run


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("log", [False, True])
def test_a_run_that_never_came_to_a_checkpoint_begins_anew(tmp_path, resume, log):
    begun(tmp_path, log=log)
    (tmp_path / "gates").mkdir()
    for name in ("line.safetensors", "00000000.safetensors", "notes.txt"):
        (tmp_path / "gates" / name).write_text("left")
    run = RunFolder(tmp_path, resume=resume)
    assert run.begun_anew == f"the run in {tmp_path} was stopped before its first checkpoint, so it begins anew"
    run.forget_unborn()
    assert not (tmp_path / LOG).exists()
    assert [entry.name for entry in (tmp_path / "gates").iterdir()] == ["notes.txt"]
    assert run.read_config()["settings"] == {}


@pytest.mark.parametrize("kept", ["last.pt", "best.safetensors", "best.pth"])
def test_a_run_with_a_checkpoint_or_a_model_is_not_begun_anew(tmp_path, kept):
    begun(tmp_path)
    (tmp_path / kept).write_text("weights")
    with pytest.raises(TrainingError, match="holds a run already; go on with --resume"):
        RunFolder(tmp_path)
    if kept != "last.pt":
        with pytest.raises(TrainingError, match=r"no run to resume in .*: it has no last\.pt"):
            RunFolder(tmp_path, resume=True)
    else:
        assert RunFolder(tmp_path, resume=True).begun_anew == ""


@pytest.mark.parametrize("name", ["best.safetensors", "last.pt"])
def test_a_model_in_the_folder_is_not_written_over(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(TrainingError, match="holds a run already"):
        RunFolder(tmp_path)


@pytest.mark.parametrize("content", ['{"compilerOptions": {}}', "[1]", "no JSON"])
def test_somebody_elses_config_is_not_written_over(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(TrainingError, match=r"has a config\.json that is no run's and would be replaced"):
        RunFolder(tmp_path)
    (tmp_path / LOG).write_text("mine\n")
    with pytest.raises(TrainingError, match="holds a run already"):
        RunFolder(tmp_path)


def test_the_config_of_every_run_is_known_for_one():
    from gateviz.training.plan import TrainPlan
    from gateviz.training.settings import TrainSettings

    assert run_folder.PLANNED in TrainPlan(TrainSettings(steps=1)).as_document()
