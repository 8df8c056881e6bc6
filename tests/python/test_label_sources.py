"""Several sources of labels side by side, each with banks and words of its own; images named by file."""

import csv
import json

import numpy as np
import pytest
from safetensors.numpy import save_file
from sklearn.metrics import f1_score

DIM = 6
NAMES = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other".split(",")


def make_bank(folder, videos, seed, names=None, sha="0" * 64):
    """videos: {name: frames}; names: file names of images that are no film."""
    folder.mkdir(parents=True)
    encoder = {"embedding_dim": DIM, "file_sha256": sha, "image_size": 32, "mean": [.5] * 3, "std": [.5] * 3,
               "name": "made-up", "resize": "bilinear", "source": "a test", "weights_sha256": "1" * 64}
    (folder / "bank.json").write_text(json.dumps({"format": "mien-bank", "version": 1, "encoder": encoder,
                                                  "embedding_dim": DIM, "dtype": "F16", "sources": []}))
    random = np.random.default_rng(seed)
    for video, count in videos.items():
        metadata = {"failed": "[]", "every": "1"}
        if names:
            metadata["names"] = json.dumps({str(i + 1): name for i, name in enumerate(names[video])})
        save_file({"embeddings": random.normal(size=(count, DIM)).astype(np.float16),
                   "frames": np.arange(1, count + 1, dtype=np.int32)}, str(folder / f"{video}.safetensors"), metadata)
    return folder


def challenge(folder, videos, random):
    for split, names in videos.items():
        path = folder / "EXPR_Recognition_Challenge" / split
        path.mkdir(parents=True)
        for name in names:
            rows = [str(random.integers(-1, 8)) for _ in range(12)]
            (path / f"{name}.txt").write_text("\n".join([",".join(NAMES), *rows]) + "\n")


@pytest.fixture
def sources(tmp_path):
    """Photos with a table, and films in the challenge's layout."""
    random = np.random.default_rng(4)
    files = {"happy": [f"{p}-{i}.jpg" for p in ("ann", "bob", "eve") for i in range(6)],
             "sad": [f"{p}-{i}.jpg" for p in ("ann", "dan") for i in range(6)]}
    make_bank(tmp_path / "photos", {k: len(v) for k, v in files.items()}, 1, files)
    make_bank(tmp_path / "films", {"1": 12, "2": 12, "3": 12}, 2)
    challenge(tmp_path / "abaw", {"Train_Set": ["1", "2"], "Validation_Set": ["3"]}, random)
    with open(tmp_path / "photos.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "split", "group", "expr", "AU1", "AU12"])
        for folder, names in files.items():
            for name in names:
                label = ["happy", "contempt", "Sadness", "unsure"][random.integers(4)]
                split = "validation" if name.startswith(("ann", "dan")) else "train"
                writer.writerow([f"/data/faces/{folder}/{name}", split, name[:3], label,
                                 random.integers(2), "" if name.endswith("3.jpg") else random.integers(2)])
    return tmp_path


CONFIG = """
annotations:
  - path: {root}/photos.csv
    bank: {root}/photos
    map: {{expr: {{happy: Happiness, contempt: Other, unsure: ""}}}}
  - path: {root}/abaw
    bank: {root}/films
bank: {root}/films
tasks: [expr, {{name: units, kind: binary, labels: [AU1, AU12]}}]
head: {{layers: 1, width: 8}}
epochs: 2
batch_size: 8
"""


def ok(done):
    assert done.returncode == 0, done.stderr
    return done


def run_of(mien, sources, config=CONFIG):
    (sources / "config.yaml").write_text(config.format(root=sources))
    ok(mien("train", sources / "config.yaml", "--out", sources / "run"))
    return sources / "run"


def test_two_sources_train_one_head_and_are_scored_together(mien, sources):
    run = run_of(mien, sources)
    record = json.loads((run / "record.json").read_text())
    photos = list(csv.DictReader(open(sources / "photos.csv")))
    known = [row for row in photos if row["split"] == "train" and row["expr"] != "unsure"]
    films = [int(x) for v in "12" for x in
             (sources / f"abaw/EXPR_Recognition_Challenge/Train_Set/{v}.txt").read_text().split()[1:]]
    assert record["training"]["tasks"]["expr"]["rows"] == len(known) + sum(x >= 0 for x in films)
    assert record["training"]["tasks"]["units"]["rows"] == sum(row["split"] == "train" for row in photos)

    bank = f"{sources}/photos:{sources}/films"
    ok(mien("predict", run, "--bank", bank, "--out", sources / "out.csv"))
    rows = list(csv.DictReader(open(sources / "out.csv")))
    assert len(rows) == len(photos) + 36
    by_image = {(row["video"], row["image"]): row for row in rows if row["image"]}
    assert {f"{video}/{image}" for video, image in by_image} == {"/".join(r["image"].split("/")[-2:]) for r in photos}
    assert all(row["image"] == "" for row in rows if row["video"] in "123")

    words = {"happy": 4, "contempt": 7, "Sadness": 5}
    truth, decided = [], []
    for row in photos:
        if row["split"] == "validation" and row["expr"] in words:
            folder, image = row["image"].split("/")[-2:]
            truth.append(words[row["expr"]])
            decided.append(NAMES.index(by_image[folder, image]["expression"]))
    labels = (sources / "abaw/EXPR_Recognition_Challenge/Validation_Set/3.txt").read_text().split()[1:]
    of_film = [row for row in rows if row["video"] == "3"]
    for label, row in zip(labels, of_film, strict=True):
        if int(label) >= 0:
            truth.append(int(label))
            decided.append(NAMES.index(row["expression"]))
    result = json.loads(ok(mien("evaluate", run, "--json", "--bootstrap", 20)).stdout)["tasks"]["expr"]
    assert result["frames"] == len(truth)
    assert result["f1"] == pytest.approx(
        f1_score(truth, decided, labels=range(8), average="macro", zero_division=0), abs=1e-12)
    assert result["groups"] == 3, "ann, dan, and the film's recording"


def test_smoothing_leaves_photos_alone(mien, sources):
    run = run_of(mien, sources)
    bank = f"{sources}/photos:{sources}/films"
    ok(mien("predict", run, "--bank", bank, "--out", sources / "raw.csv"))
    decisions = {"format": "mien-decisions", "version": 1,
                 "runs": [{"path": ".", "weights": "best", "weights_sha256": sha256(run / "best.safetensors")}],
                 "tasks": {"expr": {"smoothing": {"kind": "box", "half_window": 3}}}}
    (run / "decisions.json").write_text(json.dumps(decisions))
    ok(mien("predict", run, "--bank", bank, "--out", sources / "smooth.csv"))
    raw, smooth = (list(csv.DictReader(open(sources / f"{name}.csv"))) for name in ("raw", "smooth"))
    for a, b in zip(raw, smooth, strict=True):
        same = all(a[f"p_{name}"] == b[f"p_{name}"] for name in NAMES)
        assert same == bool(a["image"]), "films are smoothed, photos are not"


def sha256(file):
    import hashlib

    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("change,expected", [
    (("bank: {root}/films\n", "bank: {root}/photos\n", 1), "bank"),
    (("    bank: {root}/photos\n", "    bnk: {root}/photos\n", 1), "did you mean bank?"),
    (("happy: Happiness", "happy: Hapiness", 1), "did you mean Happiness?"),
    (("path: {root}/abaw", "path: {root}/abaww", 1), "abaww"),
    (("unsure: \"\"", "unsur: \"\"", 1), "expr = unsure"),
])
def test_what_does_not_fit_is_told(mien, sources, change, expected):
    text = CONFIG
    if change[0].startswith("bank"):
        text = text.replace("    bank: {root}/films\n", "    bank: [{root}/films, {root}/photos]\n")
    else:
        text = text.replace(*change)
    (sources / "config.yaml").write_text(text.format(root=sources))
    done = mien("train", sources / "config.yaml", "--out", sources / "run")
    assert done.returncode == 2 and expected in done.stderr, done.stderr
    assert not (sources / "run").exists()


def test_one_video_in_two_joined_banks_is_refused(mien, sources):
    make_bank(sources / "more", {"1": 3}, 5)
    text = CONFIG.replace("    bank: {root}/photos\n", "    bank: {root}/more\n")
    (sources / "config.yaml").write_text(text.format(root=sources))
    done = mien("train", sources / "config.yaml", "--out", sources / "run")
    assert done.returncode == 2 and "has the video 1" in done.stderr


def test_folds_keep_groups_together(mien, sources):
    config = CONFIG + "split: {{folds: 3, fold: 0, group: ''}}\n"
    (sources / "photos.csv").write_text((sources / "photos.csv").read_text().replace("validation", "train"))
    run = run_of(mien, sources, config)
    found = json.loads(ok(mien("inspect", run, "--json")).stdout)
    assert found["recordings_in_both_splits"] == []


def test_inspect_prints_lines_that_train(mien, sources):
    found = json.loads(ok(mien("inspect", sources / "photos.csv", "--json")).stdout)
    assert found["kind"] == "labels" and found["tasks"]["au"]["train"]["labels"]["AU12"]["known"] > 0
    (sources / "pasted.yaml").write_text(found["config"] + f"bank: {sources}/photos\nepochs: 1\nhead: {{layers: 1}}\n")
    ok(mien("train", sources / "pasted.yaml", "--out", sources / "pasted"))
