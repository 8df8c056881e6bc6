"""`mien train` killed ten times, in mid-epoch and in mid-checkpoint: resumed, it leaves the uninterrupted run's bytes.

With everything on that has a memory: the averaged weights, a rhythm of sharpness-aware steps, patience, learned task weights.
"""

import random
import subprocess
import time

import pytest

from helpers import CONFIGS, Synthetic, metrics, result_json, tree
from test_training_resume import assert_same_result

KEYS = ["epochs=40", "batch_size=32", "head.width=160", "head.layers=2", "ema=.97", "sam.every=2", "early_stop=25",
        "schedule.min_lr=1e-4", "loss.task_weighting=learned"]


@pytest.fixture(scope="module")
def training(mien_binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    data = Synthetic(folder, seed=12, dim=24, rows_a_video=60)
    return folder, lambda run, *flags: list(map(str, [
        mien_binary, "train", CONFIGS / "joint.yaml", *data.arguments(), *KEYS, "--out", run, "--threads", "1",
        "--quiet", *flags]))


def epochs_of(run):
    try:
        return len(metrics(run))
    except FileNotFoundError:
        return 0


def temporaries(run):
    return [entry.name for entry in run.iterdir() if entry.name.startswith(".") and entry.name.endswith(".tmp")
            and "safetensors" in entry.name] if run.exists() else []


def until(process, condition):
    """Whether it came to be while the process ran."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if condition():
            return True
    return False


def test_ten_kills_in_mid_epoch_and_mid_checkpoint_change_no_byte(training, tmp_path):
    folder, command = training
    whole, run, moments = folder / "whole", tmp_path / "run", random.Random(11)
    subprocess.run(command(whole), check=True, timeout=200, stderr=subprocess.DEVNULL)
    kills = {"epoch": 0, "checkpoint": 0}
    for kill in range(10):
        process = subprocess.Popen(command(run, *(["--resume"] if run.exists() else [])), stderr=subprocess.DEVNULL)
        further = epochs_of(run) + moments.randint(1, 3)
        assert until(process, lambda: epochs_of(run) >= further)
        if kill % 2:
            place = "checkpoint" if until(process, lambda: temporaries(run)) else "epoch"
        else:
            time.sleep(moments.uniform(0, 0.06))
            place = "epoch"
        if process.poll() is None:
            process.kill()
            kills[place] += 1
        process.communicate(timeout=60)
        for name in tree(run):
            assert name.startswith(".") or not name.endswith(".tmp")
    assert sum(kills.values()) == 10 and kills["checkpoint"] >= 3, kills
    done = subprocess.run(command(run, "--resume", "--json"), capture_output=True, text=True, timeout=200)
    found = result_json(done)
    assert found["epochs"] == epochs_of(whole) == epochs_of(run)
    assert_same_result(run, whole)
    assert set(tree(whole)) - {n for n in tree(whole) if "tfevents" in n} <= set(tree(run))
