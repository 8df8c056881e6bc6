"""Tasks of one's own in what people read: predict's table, its overlay, the report's page; and images that are no film."""

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from browser import asked
from crop_helpers import moving_faces
from helpers import Projection, read_safetensors, refused, result_json, write_encoder
from mp4_edit import write_clip
from test_export import picture
from test_predict_video import frames_of

SIZE, DIM, FRAMES, CLOSE = 16, 12, 9, 1e-5
FILMS = {"train": ["a", "b", "c"], "validation": ["x", "y"]}
PEOPLE = ["ann.png", "bob.png", "cat.png", "eve at 5.png"]
MOODS = ["calm", "happy", "very sad"]
SIGNS = [f"sign number {i}" for i in range(20)]
TASKS = [{"name": "mood", "kind": "classes", "labels": MOODS},
         {"name": "signs", "kind": "binary", "labels": SIGNS},
         {"name": "pain", "kind": "continuous", "labels": ["level", "unrest"], "range": [0, 10]}]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit


def label_rows(rng):
    """Half of the signs unknown in each row, one without any positive label."""
    for split, films in FILMS.items():
        for film in films:
            for frame in range(1, FRAMES + 1):
                signs = [str(v) if known else "" for v, known in zip(rng.integers(0, 2, 20), rng.random(20) < 0.5)]
                signs[7] = signs[7] and "0"
                yield [film, frame, split, MOODS[rng.integers(3)], *signs, *rng.uniform(0, 10, 2).round(2)]


@pytest.fixture(scope="module")
def world(mien, tmp_path_factory):
    """Films and photographs of people, an encoder, a bank of them, a run of the three tasks."""
    w = tmp_path_factory.mktemp("own")
    rng = np.random.default_rng(5)
    for film in sum(FILMS.values(), []):
        (w / "images" / film).mkdir(parents=True)
        for frame in range(1, FRAMES + 1):
            Image.fromarray(picture(rng).astype(np.uint8)).save(w / "images" / film / f"{frame:05d}.png")
    (w / "images" / "people").mkdir()
    for name in PEOPLE:
        Image.fromarray(picture(rng).astype(np.uint8)).save(w / "images" / "people" / name)
    cat = w / "images" / "people" / "cat.png"
    cat.write_bytes(cat.read_bytes()[:60])
    write_encoder(w / "encoder.pt", Projection(SIZE, DIM), SIZE, DIM, extra={})
    result_json(mien("encode", "--images", w / "images", "--encoder", w / "encoder.pt", "--bank", w / "bank", "--dtype",
                     "fp32", "--json", "--quiet"))
    with open(w / "labels.csv", "w", newline="") as file:
        csv.writer(file).writerows([["video", "frame", "split", "mood", *SIGNS, "level", "unrest"], *label_rows(rng)])
    (w / "own.yaml").write_text(f"tasks: {json.dumps(TASKS)}\nepochs: 3\nbatch_size: 8\n")
    result_json(mien("train", w / "own.yaml", f"bank={w / 'bank'}", f"annotations={w / 'labels.csv'}", "--out", w / "run",
                     "--json", "--quiet", "--threads", 1))
    return w


def forward(run, x):
    """{task: values [n, K]} of the head in fp64 numpy."""
    tensors, _ = read_safetensors(run / "best.safetensors")
    w = {name: value.astype(np.float64) for name, value in tensors.items()}
    h, block = np.asarray(x, np.float16).astype(np.float64), 0
    while (at := f"trunk.{block}") + ".linear.weight" in w:
        h = h @ w[f"{at}.linear.weight"].T + w[f"{at}.linear.bias"]
        h = (h - w[f"{at}.norm.running_mean"]) / np.sqrt(w[f"{at}.norm.running_var"] + 1e-5)
        h = np.maximum(h * w[f"{at}.norm.weight"] + w[f"{at}.norm.bias"], 0)
        block += 1
    z = {name: h @ w[f"heads.{name}.weight"].T + w[f"heads.{name}.bias"] for name in ("mood", "signs", "pain")}
    powers = np.exp(z["mood"])
    return {"mood": powers / powers.sum(1, keepdims=True), "signs": 1 / (1 + np.exp(-z["signs"])),
            "pain": 5 + 5 * np.tanh(z["pain"])}


def predicted(mien, world, out, *flags, run=None):
    result_json(mien("predict", run or world / "run", "--bank", world / "bank", "--out", out, "--json", "--quiet", *flags))
    with open(out, newline="") as file:
        return list(csv.DictReader(file))


def numbers(rows, names):
    return np.array([[float(row[name]) for name in names] for row in rows])


def expect_answers(rows, expected):
    assert np.abs(numbers(rows, [f"p_{name}" for name in MOODS]) - expected["mood"]).max() < CLOSE
    assert np.abs(numbers(rows, [f"p_{name}" for name in SIGNS]) - expected["signs"]).max() < CLOSE
    assert np.abs(numbers(rows, ["level", "unrest"]) - expected["pain"]).max() < 10 * CLOSE
    assert [row["mood"] for row in rows] == [MOODS[i] for i in expected["mood"].argmax(1)]
    assert (numbers(rows, SIGNS) == (numbers(rows, [f"p_{name}" for name in SIGNS]) >= 0.5)).all()


def test_the_table_has_the_outputs_names_and_the_head_s_answers(mien, world, tmp_path):
    rows = predicted(mien, world, tmp_path / "rows.csv")
    assert list(rows[0]) == ["video", "frame", "image", "face", "mood", *(f"p_{m}" for m in MOODS), "level", "unrest",
                             *SIGNS, *(f"p_{s}" for s in SIGNS), "seconds", "reason"]
    of_film = [row for row in rows if row["video"] == "x"]
    tensors, _ = read_safetensors(world / "bank" / "x.safetensors")
    assert [row["frame"] for row in of_film] == [str(n) for n in range(1, FRAMES + 1)]
    assert {row["image"] for row in of_film} == {""}
    expect_answers(of_film, forward(world / "run", tensors["embeddings"]))


def people_of(rows):
    return [row for row in rows if row["video"] == "people"]


def test_photographs_keep_their_names_and_their_own_answers(mien, world, tmp_path):
    rows = people_of(predicted(mien, world, tmp_path / "rows.csv"))
    assert [row["image"] for row in rows] == PEOPLE and [row["face"] for row in rows] == list("1101")
    tensors, _ = read_safetensors(world / "bank" / "people.safetensors")
    expect_answers([row for row in rows if row["face"] == "1"], forward(world / "run", tensors["embeddings"]))
    cat = rows[2]
    assert cat["reason"] and not any(cat[name] for name in [*MOODS, *SIGNS, "mood", "level"] if name in cat)
    lines = predict_lines(mien, world, tmp_path / "rows.jsonl")
    people = [line for line in lines if line["video"] == "people"]
    assert [line["image"] for line in people] == PEOPLE and people[2]["mood"] is people[2]["level"] is None
    assert next(line for line in lines if line["video"] == "x")["image"] is None


def predict_lines(mien, world, out):
    result_json(mien("predict", world / "run", "--bank", world / "bank", "--out", out, "--format", "jsonl", "--json",
                     "--quiet"))
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_what_was_tuned_over_time_leaves_photographs_alone(mien, world, tmp_path):
    run = shutil.copytree(world / "run", tmp_path / "run")
    plain = predicted(mien, world, tmp_path / "plain.csv", run=run)
    result_json(mien("tune", run, "--json", "--quiet"))
    decisions = json.loads((run / "decisions.json").read_text())
    for rule in decisions["tasks"].values():
        rule.pop("bias", None), rule.pop("thresholds", None)
        rule["smoothing"] = {"kind": "box", "half_window": 3}
    (run / "decisions.json").write_text(json.dumps(decisions))
    smooth = predicted(mien, world, tmp_path / "smooth.csv", run=run)
    assert people_of(smooth) == people_of(plain) and smooth[0] != plain[0]


def test_submit_says_which_task_the_run_lacks(mien, world, tmp_path):
    (tmp_path / "form.txt").write_text("image_location,valence,arousal\nx/00001.jpg,\n")
    refused(mien("submit", world / "run", "--template", tmp_path / "form.txt", "--bank", world / "bank", "--out",
                 tmp_path / "out.txt"), "expected a run with the task va; RUN predicts mood, signs, pain")
    assert not (tmp_path / "out.txt").exists()


# -- what is drawn ------------------------------------------------------------------------------------


def test_the_overlay_has_sixteen_bars_and_a_line_for_each_value(mien, world, mtcnn, tmp_path):
    video = write_clip(tmp_path / "two.mp4", list(moving_faces(6)), rate=25)
    result_json(mien("predict", world / "run", "--video", video, "--encoder", world / "encoder.pt", "--detector-file", mtcnn,
                     "--dtype", "fp32", "--out", tmp_path / "rows.csv", "--overlay", tmp_path / "seen.mp4", "--json",
                     "--quiet"))
    before, after = frames_of(video), frames_of(tmp_path / "seen.mp4")
    with open(tmp_path / "rows.csv", newline="") as file:
        shown = [int(row["frame"]) - 1 for row in csv.DictReader(file) if row["face"] == "1"]
    grey = after[shown][:, :, 2:5].mean((0, 2, 3))  # down the left edge: darkened as far as the panel reaches
    height = int((6 + 6 + 16 * 14) * 440 / 360)
    was = before[shown][:, :, 2:5].mean((0, 2, 3))
    assert (grey[:height - 6] < 0.8 * was[:height - 6]).mean() > 0.95
    assert (np.abs(grey[height + 6:] - was[height + 6:]) < 12).mean() > 0.95


@pytest.fixture(scope="module")
def page(mien, world):
    result_json(mien("report", world / "run", "--json", "--quiet"))
    return world / "run" / "report.html"


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_legible_at_any_width(page, tmp_path, width):
    answer, console = asked(page, tmp_path, width=width)
    assert console == [] and answer["overflow"] <= 0 and answer["smallest_text"] >= 7
    for box in answer["boxes"]:
        assert not box["open"] or (box["width"] > 60 and box["height"] > 60), box


def test_the_page_holds_the_numbers_of_every_output(page, world):
    evaluation = json.loads((world / "run" / "evaluation" / "validation.json").read_text())["tasks"]
    text = page.read_text()
    for task, key in (("mood", "per_class"), ("signs", "per_output"), ("pain", "per_output")):
        for value in evaluation[task][key].values():
            assert value is None or f"<td>{value:.4f}" in text
    assert evaluation["signs"]["left_out"] == ["sign number 7"]
    known = evaluation["signs"]["known"]["sign number 7"]
    assert f"sign number 7</th><td>no positive label</td><td>0 of {known}</td>" in text
    for errors in evaluation["pain"]["errors"].values():
        assert f"{errors['pearson']:.4f} / {errors['mae']:.4f} / {errors['rmse']:.4f}" in text
    for chart in ("mood: confusion", "signs F1, validation", "pain: CCC of each output", "Precision against recall"):
        assert chart in text
