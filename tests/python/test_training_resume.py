"""`mien train` killed, interrupted and resumed: the result is the uninterrupted one; a changed config is refused."""

import json
import random
import shutil
import signal
import subprocess
import time

import pytest

from helpers import CONFIGS, Synthetic, metrics, read_safetensors, refused, tree, write_video

KEYS = ["epochs=30", "batch_size=32", "head.width=160", "head.layers=2"]


class Training:
    """One training of some seconds, done once without an interruption."""

    def __init__(self, binary, folder):
        self.data = Synthetic(folder, seed=12, dim=24, rows_a_video=60)
        self.binary = binary
        start = time.monotonic()
        assert self.start(folder / "whole").wait(timeout=200) == 0
        self.seconds = time.monotonic() - start
        self.whole = folder / "whole"

    def start(self, run, *flags, keys=()):
        command = [self.binary, "train", CONFIGS / "joint.yaml", *self.data.arguments(), *KEYS, *keys, "--out", run,
                   "--threads", "1", "--quiet", *flags]
        return subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def finish(self, run, *flags, keys=()):
        process = self.start(run, *flags, keys=keys)
        _, errors = process.communicate(timeout=200)
        return subprocess.CompletedProcess(process.args, process.returncode, "", errors)


@pytest.fixture(scope="module")
def training(mien_binary, tmp_path_factory):
    return Training(mien_binary, tmp_path_factory.mktemp("training"))


def wait_for(path, process):
    deadline = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)


def without_times(run):
    return [{k: v for k, v in row.items() if k not in ("seconds", "samples_per_second")} for row in metrics(run)]


def assert_same_result(run, whole):
    assert without_times(run) == without_times(whole)
    for name in ("last.safetensors", "best.safetensors"):
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name


def test_resuming_after_kill_9_equals_the_uninterrupted_run(training, tmp_path):
    run, moments, killed = tmp_path / "run", random.Random(5), 0
    flags = []
    for _ in range(3):
        process = training.start(run, *flags)
        time.sleep(moments.uniform(0.35, 0.7) * training.seconds)
        if process.poll() is None:
            process.kill()
            killed += 1
        process.communicate(timeout=60)
        flags = ["--resume"] if run.exists() else []
    assert killed >= 1
    done = training.finish(run, *flags)
    assert done.returncode == 0, done.stderr
    assert len(metrics(run)) == 30
    assert_same_result(run, training.whole)


def test_control_c_exits_130_and_resume_goes_on(training, tmp_path):
    run = tmp_path / "run"
    process = training.start(run)
    wait_for(run / "state.safetensors", process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in errors and "--resume" in errors
    assert 1 <= len(metrics(run)) < 30
    assert not [name for name in tree(run) if name.startswith(".")]
    assert training.finish(run, "--resume").returncode == 0
    assert_same_result(run, training.whole)


def test_a_run_killed_before_its_first_checkpoint_starts_over(training, tmp_path):
    run = tmp_path / "run"
    process = training.start(run)
    wait_for(run / "config.yaml", process)
    process.kill()
    process.communicate(timeout=60)
    assert not (run / "metrics.csv").exists() or len(metrics(run)) < 30
    for name in ("state.safetensors", "last.safetensors", "best.safetensors", "metrics.csv"):
        (run / name).unlink(missing_ok=True)  # whatever the moment of the kill: as before the checkpoint
    assert training.finish(run, "--resume").returncode == 0
    assert_same_result(run, training.whole)


def test_resume_of_no_folder_is_an_error_that_writes_nothing(training, tmp_path):
    refused(training.finish(tmp_path / "nothing", "--resume"), tmp_path / "nothing", "resume")
    assert not (tmp_path / "nothing").exists()


def test_resume_of_a_finished_run_changes_no_result(training, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(training.whole, run)
    assert training.finish(run, "--resume").returncode == 0
    assert_same_result(run, training.whole)


def test_a_changed_configuration_is_refused_with_the_differences(training, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(training.whole, run)
    before = tree(run)
    refused(training.finish(run, "--resume", keys=["sam.rho=.1", "batch_size=64"]), "sam.rho: 0.05 -> 0.1",
            "batch_size: 32 -> 64")
    refused(training.finish(run, "--resume", keys=["epochs=40"]), "epochs: 30 -> 40")  # the cosine would change
    assert tree(run) == before


def test_more_epochs_of_a_constant_rate_continue_the_run(training, tmp_path):
    flat = ["schedule.kind=constant", "schedule.warmup_epochs=0"]
    short, long = tmp_path / "short", tmp_path / "long"
    assert training.finish(short, keys=[*flat, "epochs=3"]).returncode == 0
    assert training.finish(long, keys=[*flat, "epochs=6"]).returncode == 0
    refused(training.finish(short, "--resume", keys=[*flat, "epochs=2"]), "epochs = 2", "at least the 3")
    assert "epochs: 3" in (short / "config.yaml").read_text()
    done = training.finish(short, "--resume", keys=[*flat, "epochs=6"])
    assert done.returncode == 0, done.stderr
    assert_same_result(short, long)
    log = (short / "log.txt").read_text()
    assert "changed since then: epochs: 3 -> 6" in log
    assert "resuming after epoch 3 of 6" in log and "learning rate constant, 0.001 to 0.001" in log


def test_more_epochs_may_not_lengthen_a_warm_up_that_was_cut(training, tmp_path):
    keys = ["schedule.kind=constant", "schedule.warmup_epochs=4"]
    assert training.finish(tmp_path / "run", keys=[*keys, "epochs=2"]).returncode == 0
    refused(training.finish(tmp_path / "run", "--resume", keys=[*keys, "epochs=6"]), "epochs: 2 -> 6")


def test_the_data_may_move_but_not_change(training, tmp_path):
    run, moved = tmp_path / "run", tmp_path / "moved"
    flat = ["schedule.kind=constant", "schedule.warmup_epochs=0"]
    assert training.finish(run, keys=[*flat, "epochs=2"]).returncode == 0
    for name in ("bank", "annotations"):
        shutil.copytree(getattr(training.data, name), moved / name)
    there = [f"bank={moved}/bank", f"annotations={moved}/annotations"]
    done = training.finish(run, "--resume", keys=[*flat, *there, "epochs=3"])
    assert done.returncode == 0, done.stderr
    assert len(metrics(run)) == 3 and str(moved / "bank") in (run / "config.yaml").read_text()
    for name in ("best", "last"):
        metadata = json.loads(read_safetensors(run / f"{name}.safetensors")[1]["mien"])
        assert (metadata["banks"], metadata["annotations"]) == ([f"{moved}/bank"], f"{moved}/annotations"), name
    before = tree(run)
    video = training.data.videos["train"]["102"]
    write_video(moved / "bank", "102", video["frames"], video["x"] + 1)
    shutil.copytree(moved, tmp_path / "further")
    further = [f"bank={tmp_path}/further/bank", f"annotations={tmp_path}/further/annotations"]
    refused(training.finish(run, "--resume", keys=[*flat, *further, "epochs=3"]), "changed")
    assert tree(run) == before


def test_resume_on_other_labels_or_embeddings_is_refused(training, tmp_path):
    run, bank = tmp_path / "run", tmp_path / "bank"
    shutil.copytree(training.data.bank, bank)
    keys = [f"bank={bank}", "epochs=2"]
    assert training.finish(run, keys=keys).returncode == 0
    video = training.data.videos["train"]["102"]
    write_video(bank, "102", video["frames"], video["x"] + 1)
    before = tree(run)
    refused(training.finish(run, "--resume", keys=keys), run, "changed")
    assert tree(run) == before


def test_weights_follow_data_that_moved_and_stay_what_they_are(training, tmp_path):
    run, moved = tmp_path / "run", tmp_path / "moved"
    keys = ["schedule.kind=constant", "schedule.warmup_epochs=0", "epochs=2", "ema=.9"]
    assert training.finish(run, keys=keys).returncode == 0
    before = {name: read_safetensors(run / f"{name}.safetensors") for name in ("best", "last")}
    shutil.copytree(training.data.bank, moved)
    done = training.finish(run, "--resume", keys=[*keys, f"bank={moved}"])
    assert done.returncode == 0, done.stderr
    for name, (arrays, metadata) in before.items():
        found, later = read_safetensors(run / f"{name}.safetensors")
        assert {k: v.tobytes() for k, v in found.items()} == {k: v.tobytes() for k, v in arrays.items()}
        assert json.loads(later["mien"]) == json.loads(metadata["mien"]) | {"banks": [str(moved)]}
