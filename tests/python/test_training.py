"""`mien train` through the binary on data that a test made: what it learns, counts, records, selects and refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from helpers import CONFIGS, EXPRESSIONS, Synthetic, metrics, read_safetensors, refused, result_json, tree, write_bank

SUMMARY = {"run", "epochs", "steps", "train_seconds", "samples_per_second", "best", "last"}
HEADER = ("epoch,lr,train_loss,validation_loss,validation_expr_f1,validation_au_f1,validation_va_ccc,seconds,"
          "samples_per_second,gradient_norm,sharpness,cvar_level_expr,cvar_level_au,validation_ema_loss,"
          "validation_ema_expr_f1,validation_ema_au_f1,validation_ema_va_ccc")
SHORT = ["epochs=4", "batch_size=64", "head.layers=2", "head.dropout=.1"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return Synthetic(tmp_path_factory.mktemp("data"), seed=8, dim=24, rows_a_video=50, noise=0.7)


@pytest.fixture
def train(mien, data, tmp_path):
    """train(name, keys...) -> CompletedProcess of joint.yaml, short, into tmp_path/name."""

    def run(name, *keys, config="joint", flags=("--json", "--quiet"), arguments=None):
        return mien("train", CONFIGS / f"{config}.yaml", *(arguments or data.arguments()), *SHORT, *keys, "--out",
                    tmp_path / name, "--threads", 1, *flags)

    return run


def labelled(values):
    return values.reshape(len(values), -1).max(1) >= 0


def weights(run, which="last"):
    return read_safetensors(run / f"{which}.safetensors")[0]


def head_of(run, which):
    return json.loads(read_safetensors(run / f"{which}.safetensors")[1]["mien"])


def test_the_summary_and_the_table_describe_the_run(train, data, tmp_path):
    found = result_json(train("run"))
    rows = len(data.rows("train", ["expr", "au"])[0])
    assert set(found) == SUMMARY and found["run"] == str(tmp_path / "run")
    assert found["epochs"] == 4 and found["steps"] == 4 * -(-rows // 64)
    assert found["samples_per_second"] == pytest.approx(4 * rows / found["train_seconds"], rel=1e-6)
    assert (tmp_path / "run" / "metrics.csv").read_text().splitlines()[0] == HEADER
    table = metrics(tmp_path / "run")
    assert [row["epoch"] for row in table] == ["1", "2", "3", "4"]
    for key, epoch in (("last", 4), ("best", found["best"]["epoch"])):
        row = table[epoch - 1]
        assert found[key]["epoch"] == epoch
        for task in ("expr", "au"):
            assert found[key][f"{task}_f1"] == float(row[f"validation_{task}_f1"])
    means = [(float(r["validation_expr_f1"]) + float(r["validation_au_f1"])) / 2 for r in table]
    assert found["best"]["epoch"] == 1 + int(np.argmax(means))
    assert sum(float(r["seconds"]) for r in table) == pytest.approx(found["train_seconds"], abs=0.01)
    files = set(tree(tmp_path / "run"))
    assert {"config.yaml", "record.json", "log.txt", "metrics.csv", "best.safetensors", "last.safetensors",
            "state.safetensors"} <= files
    assert not [name for name in files if name.startswith(".")]


def test_training_learns_what_the_data_holds(train, data):
    keys = ["epochs=25", "batch_size=32", "head.dropout=0", "head.width=64", "optimizer.lr=.01"]
    found = result_json(train("run", *keys))
    assert found["last"]["expr_f1"] > 0.9  # chance: 1/8
    ones = [2 * p / (1 + p) for p in np.mean(data.rows("validation", ["au"])[1]["au"].numpy() == 1, 0)]
    assert found["last"]["au_f1"] > 0.8 > np.mean(ones) + 0.15  # answering 1 everywhere


def test_a_task_that_is_not_trained_has_no_column_and_no_head(train, tmp_path):
    found = result_json(train("run", config="au"))
    assert found["best"]["expr_f1"] is None and found["best"]["au_f1"] > 0
    assert all(row["validation_expr_f1"] == "" for row in metrics(tmp_path / "run"))
    assert not [name for name in weights(tmp_path / "run") if "expr" in name]


def test_a_last_batch_of_one_row_joins_the_one_before(train, data):
    rows = len(data.rows("train", ["expr", "au"])[0])
    batch = next(b for b in range(20, rows) if rows % b == 1)
    assert result_json(train("one", f"batch_size={batch}", "epochs=1"))["steps"] == rows // batch
    batch = next(b for b in range(20, rows) if rows % b == 2)
    assert result_json(train("two", f"batch_size={batch}", "epochs=1"))["steps"] == rows // batch + 1


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(train, tmp_path):
    for name, *keys in (("a",), ("b",), ("c", "seed=6"), ("d", "shuffle=false")):
        assert train(name, *keys).returncode == 0
    digests = [tree(tmp_path / name)["last.safetensors"] for name in "abcd"]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def parted(ours, theirs):
    """Relative L2 distance of two runs' weights, the largest relative gap of a loss, the largest of an F1."""
    one, two = (np.concatenate([a.ravel().astype(float) for n, a in sorted(weights(run).items()) if "running" not in n])
                for run in (ours, theirs))
    pairs = list(zip(metrics(ours), metrics(theirs), strict=True))
    losses = [abs(float(a[c]) / float(b[c]) - 1) for a, b in pairs for c in ("train_loss", "validation_loss")]
    f1 = [abs(float(a[c]) - float(b[c])) for a, b in pairs for c in ("validation_expr_f1", "validation_au_f1")]
    return np.linalg.norm(one - two) / np.linalg.norm(two), max(losses), max(f1)


def has_tiles():
    """Whether products of matrices are mien's own, whose bits do not depend on the threads."""
    cpu = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    return " avx2 " in cpu and " fma " in cpu


def test_one_thread_and_two_agree(mien, tmp_path):
    """Bit for bit, or where a BLAS multiplies within the tolerance that trainer.h states; another seed is far off."""
    data = Synthetic(tmp_path, seed=3, dim=384, rows_a_video=120, noise=3)
    for name, threads, seed in (("one", 1, 5), ("two", 2, 5), ("other", 1, 6)):
        done = mien("train", CONFIGS / "joint.yaml", *data.arguments(), "epochs=15", "batch_size=256", f"seed={seed}",
                    "--out", tmp_path / name, "--threads", threads, "--json", "--quiet")
        assert result_json(done)["steps"] == 60
    distance, loss, f1 = parted(tmp_path / "one", tmp_path / "two")
    assert distance <= 1e-2 and loss <= 1e-3 and f1 <= 0.01, (distance, loss, f1)
    if has_tiles():
        for file in ("last.safetensors", "best.safetensors"):
            assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
        assert (loss, f1) == (0, 0)
    distance, loss, _ = parted(tmp_path / "other", tmp_path / "two")
    assert distance > 0.3 and loss > 1e-2, (distance, loss)


def test_bf16_trains_other_numbers_to_a_like_result(train, tmp_path):
    full = result_json(train("fp32", "epochs=8"))
    half = result_json(train("bf16", "epochs=8", "precision=bf16"))
    assert not np.array_equal(weights(tmp_path / "fp32")["trunk.0.linear.weight"],
                              weights(tmp_path / "bf16")["trunk.0.linear.weight"])
    assert all(array.dtype == np.float32 for array in weights(tmp_path / "bf16").values())
    assert half["last"]["expr_f1"] == pytest.approx(full["last"]["expr_f1"], abs=0.15)


def test_select_loss_keeps_the_epoch_of_the_lowest_validation_loss(train, tmp_path):
    keys = ["epochs=12", "optimizer.lr=.02", "schedule.kind=constant", "schedule.warmup_epochs=0"]
    found = result_json(train("run", "select=loss", *keys))
    losses = [float(row["validation_loss"]) for row in metrics(tmp_path / "run")]
    assert found["best"]["epoch"] == 1 + int(np.argmin(losses))
    assert head_of(tmp_path / "run", "best")["epoch"] == found["best"]["epoch"]
    assert head_of(tmp_path / "run", "last")["epoch"] == 12
    assert {row["lr"] for row in metrics(tmp_path / "run")} == {"0.02"}


def test_early_stop_ends_after_so_many_epochs_without_gain(train, tmp_path):
    found = result_json(train("run", "epochs=60", "early_stop=3", "optimizer.lr=.02", config="expr"))
    scores = [float(row["validation_expr_f1"]) for row in metrics(tmp_path / "run")]
    assert found["epochs"] == len(scores) < 60
    assert found["best"]["epoch"] == 1 + int(np.argmax(scores)) == len(scores) - 3


def test_config_yaml_is_the_whole_configuration_and_trains_the_same_again(train, mien, data, tmp_path):
    assert train("run", "sam.rho=.1").returncode == 0
    saved = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert saved["sam"]["rho"] == 0.1 and saved["epochs"] == 4 and saved["tasks"] == ["expr", "au"]
    assert saved["annotations"] == str(data.annotations) and saved["bank"] in ([str(data.bank)], str(data.bank))
    again = mien("train", tmp_path / "run" / "config.yaml", "--out", tmp_path / "again", "--threads", 1, "--quiet")
    assert again.returncode == 0, again.stderr
    assert tree(tmp_path / "again")["last.safetensors"] == tree(tmp_path / "run")["last.safetensors"]


def test_the_record_says_where_the_result_comes_from(train, data, tmp_path):
    assert train("run").returncode == 0
    record = json.loads((tmp_path / "run" / "record.json").read_text())
    assert "train" in record["command_line"] and "epochs=4" in record["command_line"]
    assert record["seed"] == 5 and record["machine"]["threads"] == 1 and record["version"] and record["git"]
    bank = json.loads((data.bank / "bank.json").read_text())["encoder"]
    assert record["banks"][0]["path"] == str(data.bank)
    assert record["banks"][0]["encoder_sha256"] == bank["file_sha256"]
    assert len(record["labels_sha256"]) == 64 and record["wall_seconds"] >= record["train_seconds"] > 0
    for split, name in (("train", "training"), ("validation", "validation")):
        x, labels = data.rows(split, ["expr", "au"])
        expr, au = labels["expr"].numpy(), labels["au"].numpy()
        assert (record[name]["rows"], record[name]["videos"]) == (len(x), len(data.videos[split]))
        assert record[name]["expr_counts"] == np.bincount(expr[expr >= 0], minlength=8).tolist()
        shares = [(au[:, u] == 1).sum() / (au[:, u] >= 0).sum() for u in range(12)]
        assert record[name]["au_shares"] == pytest.approx(shares, rel=1e-9)
        for task in ("expr", "au"):
            videos = data.videos[split].values()
            annotated = sum(int(labelled(v[f"all_{task}"]).sum()) for v in videos)
            embedded = sum(int(labelled(v[task]).sum()) for v in videos)
            counted = record[name]["tasks"][task]
            assert (counted["rows"], counted["without_embedding"]) == (embedded, annotated - embedded)
            assert annotated > embedded


def test_two_banks_side_by_side_train_as_one_bank_of_joined_rows(train, data, tmp_path):
    rng = np.random.default_rng(4)
    left, right, joined = {}, {}, {}
    for side in data.videos.values():
        for name, values in side.items():
            more = rng.normal(size=(len(values["x"]), 10)).astype(np.float16)
            keep = rng.random(len(more)) < 0.9  # frames that only one of the banks has are left out
            left[name], right[name] = (values["frames"], values["x"]), (values["frames"][keep], more[keep])
            joined[name] = (values["frames"][keep], np.concatenate([values["x"], more], 1)[keep])
    banks = [write_bank(tmp_path / n, v, d, n) for n, v, d in (("l", left, 24), ("r", right, 10), ("j", joined, 34))]
    annotations = f"annotations={data.annotations}"
    both = train("both", arguments=[f"bank=[{banks[0]},{banks[1]}]", annotations])
    assert result_json(both)["steps"] == result_json(train("one", arguments=[f"bank={banks[2]}", annotations]))["steps"]
    ours, theirs = weights(tmp_path / "both"), weights(tmp_path / "one")
    assert ours["trunk.0.linear.weight"].shape == (34, 34)
    for name, array in theirs.items():
        np.testing.assert_array_equal(ours[name], array, err_msg=name)
    assert [entry["dim"] for entry in head_of(tmp_path / "both", "best")["inputs"]] == [24, 10]


def test_folds_share_out_the_training_videos_without_overlap(train, data, tmp_path):
    total = len(data.rows("train", ["expr", "au"])[0])
    held_out, videos = 0, 0
    for fold in range(3):
        done = train(f"fold{fold}", "split.folds=3", f"split.fold={fold}", "epochs=1")
        assert done.returncode == 0, done.stderr
        record = json.loads((tmp_path / f"fold{fold}" / "record.json").read_text())
        assert record["training"]["rows"] + record["validation"]["rows"] == total
        assert record["training"]["videos"] + record["validation"]["videos"] == len(data.videos["train"])
        held_out += record["validation"]["rows"]
        videos += record["validation"]["videos"]
    assert held_out == total and videos == len(data.videos["train"])


def test_print_config_and_dry_run_show_and_write_nothing(train, data, tmp_path):
    shown = train("run", "sam.rho=.2", flags=["--print-config"])
    assert shown.returncode == 0 and yaml.safe_load(shown.stdout)["sam"]["rho"] == 0.2
    plan = train("run", flags=["--dry-run"])
    rows = len(data.rows("train", ["expr", "au"])[0])
    assert plan.returncode == 0, plan.stderr
    assert str(rows) in plan.stdout and "steps" in plan.stdout and "parameters" in plan.stdout
    assert all(name in plan.stdout for name in EXPRESSIONS) and "memory" in plan.stdout and "disk" in plan.stdout
    assert not (tmp_path / "run").exists()


def test_an_existing_folder_is_refused_and_force_replaces_a_run_only(train, tmp_path):
    assert train("run").returncode == 0
    (tmp_path / "run" / "evaluation").mkdir()
    (tmp_path / "run" / "evaluation" / "scores-0.safetensors").write_text("old")
    before = tree(tmp_path / "run")
    refused(train("run", "seed=9"), tmp_path / "run", "exists already", "--force")
    assert tree(tmp_path / "run") == before
    assert train("run", "seed=9", flags=["--quiet", "--force"]).returncode == 0
    after = tree(tmp_path / "run")
    assert after["last.safetensors"] != before["last.safetensors"] and "evaluation/scores-0.safetensors" not in after
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    refused(train("mine", flags=["--quiet", "--force"]), tmp_path / "mine")
    assert list(tree(tmp_path / "mine")) == ["thesis.txt"]


def test_out_is_by_default_runs_and_the_name_of_the_config(mien, data, tmp_path):
    done = mien("train", CONFIGS / "expr.yaml", *data.arguments(), *SHORT, "epochs=1", "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs" / "expr" / "best.safetensors").exists()
