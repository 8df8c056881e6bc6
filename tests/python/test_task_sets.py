"""Random sets of tasks through train, evaluate, tune, predict and export, against numpy and scikit-learn.

MIEN_TASK_SETS=200 tries more of them than the test suite does.
"""

import csv
import json
import math
import os

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from sklearn.metrics import accuracy_score, f1_score

SETS = int(os.environ.get("MIEN_TASK_SETS", 8))
SIDE, DIM, VIDEOS, FRAMES = 6, 12, 10, 14
EXACT = 1e-12


class Encoder(torch.nn.Module):
    """Random projections of the pixels."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.linear = torch.nn.Linear(3 * SIDE * SIDE, DIM)

    def forward(self, x):
        return self.linear(x.flatten(1)) * 3


@pytest.fixture(scope="module")
def ready(mien, tmp_path_factory):
    """An encoder, images of films and their bank."""
    root = tmp_path_factory.mktemp("tasks")
    random = np.random.default_rng(1)
    for video in range(VIDEOS):
        folder = root / "images" / f"v{video}"
        folder.mkdir(parents=True)
        for frame in range(1, FRAMES + 1):
            pixels = random.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{frame:05d}.png")
    info = {"name": "pixels", "image_size": SIDE, "embedding_dim": DIM, "mean": [.5] * 3, "std": [.5] * 3,
            "resize": "bilinear", "source": "a test", "weights_sha256": "0" * 64}
    model = torch.jit.trace(Encoder().eval(), torch.zeros(2, 3, SIDE, SIDE))
    torch.jit.save(model, str(root / "encoder.pt"), _extra_files={"mien.json": json.dumps(info)})
    ok(mien("encode", "--images", root / "images", "--encoder", root / "encoder.pt", "--bank", root / "bank",
            "--dtype", "fp32"))
    return root


def ok(done):
    assert done.returncode == 0, done.stderr
    return done


def random_tasks(random):
    tasks = []
    for t in range(random.integers(1, 5)):
        kind = ["classes", "binary", "continuous"][random.integers(3)]
        outputs = int(random.integers(2 if kind == "classes" else 1, 41 if random.random() < .2 else 9))
        task = {"name": f"{kind}{t}", "kind": kind, "labels": [f"{kind[0]}{t}-{i} x" for i in range(outputs)]}
        if kind == "continuous" and random.random() < .6:
            low = round(float(random.uniform(-20, 5)), 2)
            task["range"] = [low, round(low + float(random.uniform(.5, 30)), 2)]
        tasks.append(task)
    return tasks


def random_labels(random, tasks):
    """(rows of the table, labels by task [rows, outputs] with NaN where nobody said)."""
    has_groups, has_weights = random.random() < .5, random.random() < .5
    rows, labels = [], {task["name"]: [] for task in tasks}
    for video in range(VIDEOS):
        for frame in range(1, FRAMES + 1):
            row = {"video": f"v{video}", "frame": frame, "split": "train" if video % 2 else "validation"}
            if has_groups:
                row["group"] = f"g{video % 2}-{random.integers(3)}"
            if has_weights:
                row["weight"] = round(float(random.uniform(0, 3)), 3)
            for task in tasks:
                labels[task["name"]].append(random_row(random, task, row))
            rows.append(row)
    return rows, {name: np.array(values, float) for name, values in labels.items()}


def random_row(random, task, row):
    count = len(task["labels"])
    if task["kind"] == "classes":
        label = int(random.integers(count)) if random.random() < .85 else None
        row[task["name"]] = "" if label is None else task["labels"][label] if random.random() < .5 else label
        return [math.nan if label is None else label]
    low, high = task.get("range", [-1, 1])
    values = []
    for i, output in enumerate(task["labels"]):
        known = random.random() < .7 and not (i == 3)  # the fourth output is never labelled
        if task["kind"] == "binary":
            value = int(random.random() < .4)
        else:
            value = round(float(random.uniform(low, high)), 4)
        row[output] = value if known else ""
        values.append(value if known else math.nan)
    return values


def write_inputs(folder, ready, tasks, rows, options):
    with open(folder / "labels.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    config = {"bank": str(ready / "bank"), "annotations": str(folder / "labels.csv"), "tasks": tasks,
              "epochs": 2, "batch_size": 16, "head": {"layers": 1, "width": 16, "dropout": .1}, **options}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def single(text):
    """The number in single precision that the digits stand for."""
    return float(np.float32(text))


def predictions(file, tasks):
    """Decisions and probabilities of each task, by (video, frame)."""
    with open(file, newline="") as opened:
        rows = {(row["video"], int(row["frame"])): row for row in csv.DictReader(opened)}
    out = {}
    for task in tasks:
        names = task["labels"]
        for key, row in rows.items():
            if task["kind"] == "classes":
                decided = [names.index(row[task["name"]])]
            else:
                decided = [single(row[name]) for name in names]
            prefix = "" if task["kind"] == "continuous" else "p_"
            out[task["name"], key] = decided, [single(row[prefix + name]) for name in names]
    return out


def ccc(x, y):
    if np.ptp(x) == 0 and np.ptp(y) == 0:
        return 0.0
    return 2 * np.mean((x - x.mean()) * (y - y.mean())) / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)


def check_metrics(result, task, truth, decided):
    """`truth`, `decided` [rows, columns] of the validation rows."""
    if task["kind"] == "classes":
        known = ~np.isnan(truth[:, 0])
        t, d = truth[known, 0].astype(int), decided[known, 0].astype(int)
        expected = f1_score(t, d, average=None, labels=range(len(task["labels"])), zero_division=0)
        assert result["f1"] == pytest.approx(expected.mean(), abs=EXACT)
        assert list(result["per_class"][name] for name in task["labels"]) == pytest.approx(expected, abs=EXACT)
        assert result["accuracy"] == pytest.approx(accuracy_score(t, d), abs=EXACT)
        assert result["frames"] == known.sum()
        return
    scores, left_out = [], []
    for i, name in enumerate(task["labels"]):
        known = ~np.isnan(truth[:, i])
        t, d = truth[known, i], decided[known, i]
        assert result["known"][name] == known.sum()
        if task["kind"] == "binary":
            if t.sum() == 0:
                left_out.append(name)
                assert result["per_output"][name] is None
                continue
            score = f1_score(t, d, zero_division=0)
        else:
            if not known.any():
                left_out.append(name)
                continue
            score = ccc(t, d)
            errors = result["errors"][name]
            assert errors["mae"] == pytest.approx(np.abs(t - d).mean(), abs=1e-10)
            assert errors["rmse"] == pytest.approx(np.sqrt(((t - d) ** 2).mean()), abs=1e-10)
            if np.ptp(t) > 0 and np.ptp(d) > 0:
                assert errors["pearson"] == pytest.approx(np.corrcoef(t, d)[0, 1], abs=1e-10)
        assert result["per_output"][name] == pytest.approx(score, abs=EXACT)
        scores.append(score)
    assert result["left_out"] == left_out
    assert result["f1" if task["kind"] == "binary" else "ccc"] == pytest.approx(np.mean(scores), abs=EXACT)


def validation_rows(rows):
    return [i for i, row in enumerate(rows) if row["split"] == "validation"]


def decisions_of(task, table, rows, chosen, which=0):
    return np.array([table[task["name"], (rows[i]["video"], rows[i]["frame"])][which] for i in chosen])


def evaluated(mien, run, *flags):
    return json.loads(ok(mien("evaluate", run, "--json", "--bootstrap", 0, *flags)).stdout)["tasks"]


@pytest.mark.parametrize("seed", range(SETS))
def test_a_random_set_of_tasks(mien, ready, tmp_path, seed):
    random = np.random.default_rng(seed)
    tasks = random_tasks(random)
    rows, labels = random_labels(random, tasks)
    options = {"sampler": "balanced"} if random.random() < .3 and any(
        task["kind"] != "continuous" for task in tasks) else {}
    write_inputs(tmp_path, ready, tasks, rows, options)
    run = tmp_path / "run"
    ok(mien("train", tmp_path / "config.yaml", "--out", run))
    chosen = validation_rows(rows)

    ok(mien("predict", run, "--bank", ready / "bank", "--out", tmp_path / "raw.csv"))
    raw = predictions(tmp_path / "raw.csv", tasks)
    results = evaluated(mien, run)
    last = list(csv.DictReader(open(run / "metrics.csv")))
    for task in tasks:
        result, truth = results[task["name"]], labels[task["name"]][chosen]
        check_metrics(result, task, truth, decisions_of(task, raw, rows, chosen))
        metric = "ccc" if task["kind"] == "continuous" else "f1"
        column = [float(row[f"validation_{task['name']}_{metric}"]) for row in last]
        assert any(value == pytest.approx(result[metric], abs=1e-6) for value in column)

    groups = {row.get("group") for row in (rows[i] for i in chosen)}
    if None not in groups:
        assert {results[task["name"]]["groups"] for task in tasks} == {len(groups)}

    tuned = json.loads(ok(mien("tune", run, "--json", "--ingredients", "levels", "--bootstrap", 0, "--folds", 3))
                       .stdout)
    ok(mien("predict", run, "--bank", ready / "bank", "--out", tmp_path / "tuned.csv"))
    table = predictions(tmp_path / "tuned.csv", tasks)
    again = evaluated(mien, run)
    for task in tasks:
        metric = "ccc" if task["kind"] == "continuous" else "f1"
        of_task, truth = tuned[task["name"]], labels[task["name"]][chosen]
        assert of_task[f"raw_{metric}"] == pytest.approx(results[task["name"]][metric], abs=EXACT)
        assert of_task[f"in_sample_{metric}"] == pytest.approx(again[task["name"]][metric], abs=EXACT)
        decided = decisions_of(task, table, rows, chosen)
        check_metrics(again[task["name"]], task, truth, decided)
        p = decisions_of(task, raw, rows, chosen, 1)
        if task["kind"] == "binary":
            assert (decided == (p >= np.array(of_task["thresholds"]))).all()
        if task["kind"] == "classes":
            levels = np.log(np.maximum(p, 1e-30)) + np.array(of_task["bias"])
            assert (decided[:, 0] == levels.argmax(1)).all()

    ok(mien("export", run, "--encoder", ready / "encoder.pt", "--out", tmp_path / "model.pt"))
    check_export(tmp_path / "model.pt", ready, tasks, table)


def check_export(file, ready, tasks, table):
    extra = {"mien.json": ""}
    model = torch.jit.load(str(file), _extra_files=extra)
    names = json.loads(extra["mien.json"])["names"]
    keys = [(f"v{video}", frame) for video in range(2) for frame in (1, 5, FRAMES)]
    crops = [np.array(Image.open(ready / "images" / video / f"{frame:05d}.png")) for video, frame in keys]
    answers = model(torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).contiguous())
    for task in tasks:
        name = task["name"]
        assert names[name] == task["labels"]
        expected = np.array([table[name, key][1] for key in keys])
        low, high = task.get("range", [-1, 1])
        scale = (high - low) / 2 if task["kind"] == "continuous" else 1
        np.testing.assert_allclose(answers[name].numpy(), expected, atol=1e-4 * scale)
