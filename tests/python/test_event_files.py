"""The event file of `mien train`, read by TensorBoard itself: it says what metrics.csv says, each epoch once."""

import json
import signal
import subprocess
import time

import numpy as np
import pytest
from safetensors.numpy import save_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from helpers import CONFIGS, Synthetic, metrics, read_safetensors

TAGS = {"lr": "lr", "train_loss": "train/loss", "validation_loss": "validation/loss",
        "validation_expr_f1": "validation/expr_f1", "validation_au_f1": "validation/au_f1",
        "validation_va_ccc": "validation/va_ccc", "seconds": "seconds",
        "samples_per_second": "samples/per_second", "gradient_norm": "gradient/norm", "sharpness": "sharpness",
        "cvar_level_expr": "cvar/level_expr", "cvar_level_au": "cvar/level_au",
        "validation_ema_loss": "validation/ema_loss", "validation_ema_expr_f1": "validation/ema_expr_f1",
        "validation_ema_au_f1": "validation/ema_au_f1", "validation_ema_va_ccc": "validation/ema_va_ccc"}
ROUNDED = {"seconds": 0.0005, "samples_per_second": 0.05}  # half of metrics.csv's last digit


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return Synthetic(tmp_path_factory.mktemp("data"), seed=21, dim=24, rows_a_video=50)


@pytest.fixture
def command(mien_binary, data, tmp_path):
    def arguments(*more, config="joint"):
        return list(map(str, [mien_binary, "train", CONFIGS / f"{config}.yaml", *data.arguments(), "batch_size=32",
                              "head.layers=2", "--out", tmp_path / "run", "--threads", 1, "--quiet", *more]))

    return arguments


def trained(arguments):
    started = time.time()
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return started, time.time()


def event_files(run):
    return list(run.glob("*tfevents*")) + list(run.glob(".*tfevents*"))


def scalars(run):
    """{tag: its events} of the run's one file."""
    (file,) = event_files(run)
    accumulator = EventAccumulator(str(file), size_guidance={"scalars": 0}).Reload()
    assert accumulator.file_version == 2.0
    return {tag: accumulator.Scalars(tag) for tag in accumulator.Tags()["scalars"]}


def assert_events_are_metrics(run):
    found, table = scalars(run), metrics(run)
    assert set(found) == {TAGS[c] for c in table[0] if c != "epoch" and table[0][c] != ""}
    for column, tag in TAGS.items():
        if tag not in found:
            continue
        assert [event.step for event in found[tag]] == [int(row["epoch"]) for row in table]
        ours, theirs = [event.value for event in found[tag]], [float(row[column]) for row in table]
        if column in ROUNDED:  # there in text, here to fp32
            assert np.all(np.abs(np.subtract(ours, theirs)) <= ROUNDED[column] + 2.0**-23 * np.array(theirs)), column
        else:
            assert ours == np.asarray(theirs, np.float32).tolist(), column
    return found


def test_the_events_are_the_table_with_the_times_of_the_epochs(command, tmp_path):
    begin, end = trained(command("epochs=5", "ema=.9"))
    found = assert_events_are_metrics(tmp_path / "run")
    assert set(found) == {tag for tag in TAGS.values() if not tag.endswith("va_ccc")} and [event.step for event in found["lr"]] == [1, 2, 3, 4, 5]
    times = [event.wall_time for event in found["lr"]]
    assert times == sorted(times) and begin <= times[0] and times[-1] <= end


def test_a_task_that_is_not_trained_has_no_scalar(command, tmp_path):
    trained(command("epochs=2", config="au"))
    found = assert_events_are_metrics(tmp_path / "run")
    assert "validation/au_f1" in found and "validation/expr_f1" not in found


def test_force_leaves_the_new_run_only(command, tmp_path):
    trained(command("epochs=5"))
    trained(command("epochs=3", "seed=9", "--force"))
    assert len(assert_events_are_metrics(tmp_path / "run")["lr"]) == 3


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_killed_and_resumed_each_epoch_is_there_once(command, tmp_path, stop):
    run, arguments = tmp_path / "run", command("epochs=40", "head.width=160")
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (run / "metrics.csv").exists() or len(metrics(run)) < 3:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    watched = [event.step for event in scalars(run)["lr"]]  # while it trains
    assert watched == list(range(1, len(watched) + 1)) and len(watched) >= 2
    process.send_signal(stop)
    process.wait(timeout=60)
    before = scalars(run)["lr"]
    if stop == signal.SIGKILL:
        (file,) = event_files(run)
        with open(file, "ab") as torn:
            torn.write(b"\x80\x00\x00")  # a record that the kill cut
    trained([*arguments, "--resume"])
    after = assert_events_are_metrics(run)["lr"]
    assert len(after) == 40 and len(before) < 40
    assert after[:len(before)] == before  # with their times


def test_resuming_a_finished_run_keeps_its_events(command, tmp_path):
    trained(command("epochs=4"))
    before = scalars(tmp_path / "run")
    trained(command("epochs=4", "--resume"))
    assert scalars(tmp_path / "run") == before


def test_a_checkpoint_without_times_is_resumed(command, tmp_path):
    run, flat = tmp_path / "run", ["schedule.kind=constant", "schedule.warmup_epochs=0"]
    trained(command("epochs=2", *flat))
    tensors, metadata = read_safetensors(run / "state.safetensors")
    state = json.loads(metadata["training_state"])
    assert all(entry.pop("wall_time") > 0 for entry in state["history"])
    for entry in state["history"]:  # what came later still
        for column in ("gradient_norm", "sharpness", "cvar_level_expr", "cvar_level_au", "validation_ema_loss",
                       "validation_ema_expr_f1", "validation_ema_au_f1"):
            del entry[column]
    assert state.pop("best_is_average") is False
    save_file(tensors, run / "state.safetensors", metadata | {"training_state": json.dumps(state)})
    trained(command("epochs=3", *flat, "--resume"))
    table, found = metrics(run), scalars(run)
    assert [row["gradient_norm"] != "" for row in table] == [False, False, True]
    assert [event.step for event in found["gradient/norm"]] == [3]
    times = [event.wall_time for event in found["lr"]]
    assert times[:2] == [0, 0] and times[2] > 0
