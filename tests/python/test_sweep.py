"""`mien sweep` through the binary: the product, its runs beside mien train's, the table in scipy, kills, bad grids."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
import yaml
from scipy import stats

from helpers import CONFIGS, Synthetic, metrics, refused, result_json, tree, write_video

KEYS = ["epochs=4", "batch_size=64", "head.layers=2", "head.width=24"]
GRID = "loss.cvar.alpha: [1, .3]\nsam:\n  rho: [0, .1]\nseed: [1, 2, 3]\n"
NAMES = [f"alpha={a},rho={r},seed={s}" for a in ("1", "0.3") for r in ("0", "0.1") for s in (1, 2, 3)]


class Sweeping:
    def __init__(self, mien, binary, folder):
        self.data = Synthetic(folder, seed=8, dim=16, rows_a_video=40)
        self.mien, self.binary, self.folder = mien, binary, folder
        (folder / "grid.yaml").write_text(GRID)

    def arguments(self, out, *more, grid=None, keys=KEYS, config="joint"):
        return ["sweep", CONFIGS / f"{config}.yaml", grid or self.folder / "grid.yaml", *self.data.arguments(), *keys,
                "--out", out, "--quiet", *more]

    def run(self, out, *more, **options):
        return self.mien(*self.arguments(out, "--json", *more, **options))

    def train(self, out, *keys):
        return self.mien("train", CONFIGS / "joint.yaml", *self.data.arguments(), *KEYS, *keys, "--out", out,
                         "--threads", 1, "--quiet")


@pytest.fixture(scope="module")
def sweeping(mien, mien_binary, tmp_path_factory):
    return Sweeping(mien, mien_binary, tmp_path_factory.mktemp("sweep"))


@pytest.fixture(scope="module")
def whole(sweeping):
    """(folder, what it printed) of a sweep that nothing disturbed."""
    return sweeping.folder / "whole", result_json(sweeping.run(sweeping.folder / "whole", "--jobs", 2))


WEIGHTS = ("best.safetensors", "last.safetensors")


def results(folder):
    files = tree(folder)
    return {name: [files[f"{name}/{weights}"] for weights in WEIGHTS]
            + [[{k: v for k, v in row.items() if k not in ("seconds", "samples_per_second")}
                for row in metrics(folder / name)]] for name in NAMES}


def test_the_runs_are_the_product_and_each_is_a_run_of_its_own(sweeping, whole, mien):
    folder, found = whole
    assert [line["run"] for line in found["runs"]] == NAMES and found["complete"] is True
    assert {p.name for p in folder.iterdir()} == {*NAMES, "sweep.csv", "sweep.json"}
    for line in found["runs"]:
        saved = yaml.safe_load((folder / line["run"] / "config.yaml").read_text())
        assert [saved["loss"]["cvar"]["alpha"], saved["sam"]["rho"], saved["seed"]] == [
            float(line["values"]["loss.cvar.alpha"]), float(line["values"]["sam.rho"]), int(line["values"]["seed"])]
        log = (folder / line["run"] / "log.txt").read_text()
        assert log.count("validation loss") == 4 and "epoch 4/4" in log and "training: " in log
    evaluated = result_json(mien("evaluate", folder / NAMES[0], "--bootstrap", 0, "--json", "--quiet"))
    for task in ("expr", "au"):
        assert evaluated["tasks"][task]["f1"] == found["runs"][0]["best"][f"{task}_f1"]


def test_a_run_is_bit_for_bit_what_mien_train_makes(sweeping, whole, tmp_path):
    folder, _ = whole
    for name, keys in ((NAMES[1], ["loss.cvar.alpha=1", "sam.rho=0", "seed=2"]),
                       (NAMES[9], ["loss.cvar.alpha=.3", "sam.rho=.1", "seed=1"])):
        done = sweeping.train(tmp_path / name, *keys)
        assert done.returncode == 0, done.stderr
        for file in (*WEIGHTS, "config.yaml"):
            assert (tmp_path / name / file).read_bytes() == (folder / name / file).read_bytes(), file


def test_the_table_is_what_scipy_makes_of_the_runs(whole):
    folder, found = whole
    value = {line["run"]: line["value"] for line in found["runs"]}
    for name in NAMES:
        means = [(float(r["validation_expr_f1"]) + float(r["validation_au_f1"])) / 2 for r in metrics(folder / name)]
        assert value[name] == pytest.approx(max(means), abs=1e-12)
    assert len(found["rows"]) == 4
    by_seed = lambda row: np.array([value[f"alpha={row['values']['loss.cvar.alpha']},rho={row['values']['sam.rho']},"
                                          f"seed={s}"] for s in (1, 2, 3)])  # noqa: E731
    first = next(r for r in found["rows"] if r["values"] == found["baseline"])
    assert found["baseline"] == {"loss.cvar.alpha": "1", "sam.rho": "0"} and first["difference"] is None
    for row in found["rows"]:
        ours = by_seed(row)
        low, high = stats.t.interval(.95, 2, loc=ours.mean(), scale=stats.sem(ours))
        assert [row["value"][k] for k in ("mean", "low", "high", "deviation")] == pytest.approx(
            [ours.mean(), low, high, ours.std(ddof=1)], abs=1e-12)
        assert row["best_value"] == ours.max() and value[row["best_run"]] == ours.max()
        assert row["metrics"]["expr_f1"] == pytest.approx(
            np.mean([line["best"]["expr_f1"] for line in found["runs"]
                     if all(line["values"][k] == v for k, v in row["values"].items())]), abs=1e-12)
        if row is first:
            continue
        gap = ours - by_seed(first)
        low, high = stats.t.interval(.95, 2, loc=gap.mean(), scale=stats.sem(gap))
        assert [row["difference"][k] for k in ("mean", "low", "high")] == pytest.approx([gap.mean(), low, high],
                                                                                       abs=1e-12)
    means = [row["value"]["mean"] for row in found["rows"]]
    assert means == sorted(means, reverse=True)
    assert json.loads((folder / "sweep.json").read_text()) == found
    with open(folder / "sweep.csv", newline="") as file:
        table = list(csv.DictReader(file))
    assert [float(row["mean"]) for row in table] == means
    assert [row["best_run"] for row in table] == [row["best_run"] for row in found["rows"]]
    assert [row["loss.cvar.alpha"] for row in table] == [row["values"]["loss.cvar.alpha"] for row in found["rows"]]


def test_the_table_for_people_has_a_line_a_combination(sweeping, whole):
    folder, found = whole
    done = sweeping.mien(*sweeping.arguments(folder, "--table"))
    lines = done.stdout.splitlines()
    assert lines[0].split()[:3] == ["alpha", "rho", "runs"] and len(lines) == 1 + 4 + 1
    assert lines[1].split()[:2] == [found["rows"][0]["values"][k] for k in ("loss.cvar.alpha", "sam.rho")]
    assert done.stdout.count("(from here)") == 1 and str(folder) in lines[-1]


def test_kill_9_and_resume_give_the_undisturbed_sweep(sweeping, whole, tmp_path):
    folder, killed, moments = tmp_path / "sweep", 0, random.Random(2)
    for _ in range(4):
        flags = ["--resume"] if folder.exists() else []
        process = subprocess.Popen([sweeping.binary, *map(str, sweeping.arguments(folder, "--jobs", 2, *flags))],
                                   stdout=subprocess.DEVNULL)
        time.sleep(moments.uniform(.3, 1.0))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.wait(timeout=60)
    assert killed >= 1
    found = result_json(sweeping.run(folder, "--jobs", 2, *(["--resume"] if folder.exists() else [])))
    assert found["complete"] is True and results(folder) == results(whole[0])
    assert found["rows"] == whole[1]["rows"]
    before = tree(folder)
    result_json(sweeping.run(folder, "--resume"))
    assert tree(folder) == before  # finished runs are not touched


def test_shards_share_the_runs_out_and_the_last_one_makes_the_table(sweeping, whole, tmp_path):
    folder, slurm = tmp_path / "sweep", {"SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "1",
                                         "SLURM_ARRAY_TASK_MAX": "5", "SLURM_ARRAY_TASK_STEP": "2"}
    for task in (1, 3, 5):
        env = os.environ | slurm | {"SLURM_ARRAY_TASK_ID": str(task)}
        found = result_json(sweeping.mien(*sweeping.arguments(folder, "--json"), env=env))
        finished = {line["run"] for line in found["runs"] if line["status"] == "finished"}
        assert finished == {n for i, n in enumerate(NAMES) if i % 3 <= (task - 1) // 2}
        assert found["complete"] is (task == 5)
    assert results(folder) == results(whole[0]) and found["rows"] == whole[1]["rows"]
    env = os.environ | slurm | {"SLURM_ARRAY_TASK_ID": "4"}
    refused(sweeping.mien(*sweeping.arguments(folder), env=env), "SLURM_ARRAY_TASK_ID = 4", "without gaps")
    refused(sweeping.run(folder, "--shard", "3/3"), "--shard = 3/3")


def test_a_run_without_a_number_is_recorded_and_the_others_go_on(sweeping, tmp_path):
    grid = tmp_path / "grid.yaml"
    grid.write_text("optimizer.lr: [.001, 1e30]\nseed: [1, 2]\n")
    keys = [*KEYS, "schedule.kind=constant", "schedule.warmup_epochs=0"]
    done = sweeping.run(tmp_path / "sweep", "--jobs", 2, grid=grid, keys=keys)
    assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith("error: sweep = "), done.stderr
    assert "2 of its runs failed" in done.stderr and "lr=1e+30,seed=" in done.stderr.splitlines()[-1]
    found = json.loads(done.stdout)
    assert [line["status"] for line in found["runs"]] == ["finished", "finished", "failed", "failed"]
    assert [(row["finished"], row["failed"]) for row in found["rows"]] == [(2, 0), (0, 2)]
    assert found["complete"] is True and found["rows"][1]["value"] is None
    assert "finite" in found["runs"][2]["failure"]
    again = json.loads(sweeping.run(tmp_path / "sweep", "--table", grid=grid, keys=keys).stdout)
    assert again == found  # from the records alone


def test_a_sweep_by_loss_has_the_lowest_first(sweeping, tmp_path):
    grid = tmp_path / "grid.yaml"
    grid.write_text("seed: [1, 2]\noptimizer.lr: [.01, 1e-5]\n")
    found = result_json(sweeping.run(tmp_path / "sweep", grid=grid, keys=[*KEYS, "select=loss"]))
    means = [row["value"]["mean"] for row in found["rows"]]
    assert means == sorted(means) and means[0] > 0
    row = found["rows"][0]
    losses = [min(float(r["validation_loss"]) for r in metrics(tmp_path / "sweep" / line["run"]))
              for line in found["runs"] if line["values"]["optimizer.lr"] == row["values"]["optimizer.lr"]]
    assert row["value"]["mean"] == pytest.approx(np.mean(losses), abs=1e-12)
    assert row["value"]["low"] < row["value"]["mean"] < row["value"]["high"] and row["best_value"] == min(losses)


def test_folds_and_tasks_each_read_their_own_rows(sweeping, tmp_path):
    grid = tmp_path / "grid.yaml"
    grid.write_text("split.fold: [0, 1]\ntasks: [[expr], [expr, au]]\nnormalize: [none, standardize]\n")
    found = result_json(sweeping.run(tmp_path / "sweep", "--jobs", 2, grid=grid, keys=[*KEYS, "split.folds=2"]))
    assert len(found["rows"]) == 8 and found["complete"] is True
    name = "fold=1,tasks=expr+au,normalize=standardize"
    done = sweeping.train(tmp_path / "one", "split.folds=2", "split.fold=1", "normalize=standardize")
    assert done.returncode == 0, done.stderr
    for file in WEIGHTS:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "sweep" / name / file).read_bytes()


def test_finished_runs_of_other_data_are_refused_and_of_the_same_rows_are_not(sweeping, tmp_path):
    bank, grid, sweep = tmp_path / "bank", tmp_path / "grid.yaml", tmp_path / "sweep"
    shutil.copytree(sweeping.data.bank, bank)
    keys = [*KEYS[1:], "epochs=1"]

    def run(*flags, seeds="[1, 2]"):
        grid.write_text(f"seed: {seeds}\n")
        arguments = sweeping.arguments(sweep, "--json", *flags, grid=grid, keys=keys)
        return sweeping.mien(*[f"bank={bank}" if str(a).startswith("bank=") else a for a in arguments])

    result_json(run())
    before = tree(sweep)
    write_video(bank, "of the test set", [1, 2], np.zeros((2, 16)))  # the bank grows: the same rows
    result_json(run("--resume"))
    assert tree(sweep) == before
    assert len(result_json(run("--resume", seeds="[1, 2, 3]"))["runs"]) == 3
    before = tree(sweep)
    video = sweeping.data.videos["train"]["102"]
    write_video(bank, "102", video["frames"], video["x"] + 1)
    for flags in (["--resume"], ["--resume", "--dry-run"]):
        refused(run(*flags, seeds="[1, 2, 3, 4]"), f"--resume = {sweep}/seed=1: the bank or the labels changed")
    assert tree(sweep) == before


def test_leaks_are_told_once_a_recording(sweeping, tmp_path):
    data = Synthetic(tmp_path, seed=3, dim=16, rows_a_video=20, train=["a_left", "b"], validation=["a_right", "c"])
    (tmp_path / "grid.yaml").write_text("seed: [1, 2]\ntasks: [[expr], [expr, au]]\n")
    done = sweeping.mien("sweep", CONFIGS / "joint.yaml", tmp_path / "grid.yaml", *data.arguments(), *KEYS,
                         "--out", tmp_path / "sweep", "--quiet", "--dry-run")
    assert done.returncode == 0
    assert done.stderr.splitlines() == ["warning: recording a is both in training and in validation"]


def test_runs_of_one_data_set_come_after_each_other(sweeping, tmp_path):
    (tmp_path / "grid.yaml").write_text("seed: [1, 2]\nsplit.fold: [0, 1]\n")
    sweep, keys = tmp_path / "sweep", [*KEYS[1:], "epochs=1", "split.folds=2"]
    result_json(sweeping.run(sweep, "--jobs", 1, grid=tmp_path / "grid.yaml", keys=keys))
    started = sorted(sweep.glob("seed=*"), key=lambda run: (run / "config.yaml").stat().st_mtime_ns)
    assert [run.name for run in started] == [f"seed={s},fold={f}" for f in (0, 1) for s in (1, 2)]


def test_threads_0_is_what_it_is_elsewhere(sweeping, tmp_path):
    doctor = result_json(sweeping.mien("doctor", "--threads", 0, "--json"))
    threads, processors = doctor["threads"], doctor["processors"]
    facts = [result_json(sweeping.run(tmp_path / "sweep", "--dry-run", *more))
             for more in ([], ["--threads", 0], ["--threads", 3])]
    assert [f["threads"] for f in facts] == [1, threads, 3]
    assert [f["jobs"] for f in facts] == [processors, max(1, processors // threads), max(1, processors // 3)]


def test_dry_run_lists_and_writes_nothing(sweeping, tmp_path):
    found = result_json(sweeping.run(tmp_path / "sweep", "--dry-run", "--jobs", 3))
    assert found["runs"] == [str(tmp_path / "sweep" / name) for name in NAMES] and found["jobs"] == 3
    assert not (tmp_path / "sweep").exists()


@pytest.mark.parametrize("grid, fragments", [
    ("sam.rhoo: [1]", ["grid.yaml:1: key = sam.rhoo", "did you mean sam.rho?"]),
    ("sam.rho: [0, -1]", ["grid.yaml:1: sam.rho = -1", "at least 0"]),
    ("seed: 5", ["grid.yaml:1: seed = 5", "a list of values"]),
    ("seed: [1, 1]", ["grid.yaml:1: seed = 1", "twice"]),
    ("epochs: [2]", ["epochs=4", "is swept by"]),
    ("select: [f1]", ["select", "cannot be swept"]),
    ("split.folds: [1, 2]", ["folds=1: split.fold"]),
    ("bank: [/nowhere]", ["bank=", "is swept by"]),
    ("init: [/nowhere]", ["init = /nowhere", "does not exist"]),
    ("seed: [1", ["grid = ", "is not YAML"]),
    ("", ["grid = ", "a mapping"])])
def test_bad_grids_are_refused_before_anything_starts(sweeping, tmp_path, grid, fragments):
    (tmp_path / "grid.yaml").write_text(grid + "\n")
    refused(sweeping.run(tmp_path / "sweep", grid=tmp_path / "grid.yaml"), *fragments)
    assert not (tmp_path / "sweep").exists()


def test_folders_and_flags_are_checked(sweeping, whole, tmp_path):
    folder, _ = whole
    before = tree(folder)
    refused(sweeping.run(folder), "--out", "exists already")
    refused(sweeping.run(folder, "--resume", keys=[*KEYS[1:], "epochs=5"]), "--resume", "epochs: 4 -> 5")
    assert tree(folder) == before
    refused(sweeping.run(tmp_path / "none", "--resume"), "--out", "does not exist")
    refused(sweeping.run(tmp_path / "none", "--table"), "--out", "does not exist")
    refused(sweeping.run(tmp_path / "none", "--jobs", 0), "--jobs = 0", "1 to 1024")
    refused(sweeping.run(tmp_path / "none", grid=tmp_path / "lost.yaml"), "GRID", "does not exist")
    assert not (tmp_path / "none").exists()
